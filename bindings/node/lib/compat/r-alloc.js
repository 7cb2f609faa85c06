'use strict';

// In place of r-alloc's addon: its calls on one space of the thread. Handles are
// BigInt, and 0n is what an allocation gives when there is no room.

const { performance } = require('perf_hooks');
const { Space } = require('../space');
const { Arena, LIFETIME } = require('../arena');
const { Heap } = require('../store');
const { closed, wrongType, wrongRange, wrongAddress } = require('../errors');

const ENDED = 'the arena was destroyed, or never was one';
const NAMES = ['transient', 'intermediate', 'persistent'];

let space = null;
let heap = null;
// By the low half of their handles, from 1; the high half tells one arena from
// the next that has its place.
const places = [null];
const unused = [];
// Some that were destroyed, for the next that are made just like them.
const waiting = [];
const WAITING_MOST = 16;
const WAITING_SIZE = 65536;
let common = null;          // the handles of initArenas()
let sites = null;           // siteId profiling, once it was asked for

// Has it all been said? The first use does.
function init() {
  if (space !== null) return;
  space = new Space();
  heap = new Heap(space);
}

function sizeOf(size) {
  // Most are these.
  if (typeof size === 'number' && size >>> 0 === size && size > 0) return size;
  const number = typeof size === 'bigint' ? Number(size) : size;
  if (typeof number !== 'number') throw wrongType('a size is a number');
  if (!Number.isSafeInteger(number) || number <= 0) {
    throw wrongRange('a size is a whole number above 0');
  }
  return number;
}

// A BigInt and its halves as numbers: faster than BigInt() and Number().
const whole = new BigUint64Array(1);
const halves = new Uint32Array(whole.buffer);
halves[0] = 1;
const LOW = whole[0] === 1n ? 0 : 1;
const HIGH = 1 - LOW;
const HALF = 2 ** 32;

function toBigInt(number) {
  halves[LOW] = number;
  halves[HIGH] = number / HALF;
  return whole[0];
}

function split(big, what) {
  if (typeof big !== 'bigint') throw wrongType(`${what} is a BigInt`);
  whole[0] = big;
  // It has digits above these.
  if (whole[0] !== big) halves[LOW] = halves[HIGH] = 0;
}

function addressOf(address) {
  split(address, 'an address');
  const number = halves[LOW] + halves[HIGH] * HALF;
  if (number === 0 || number > Number.MAX_SAFE_INTEGER) {
    throw wrongAddress('no live block begins there');
  }
  return number;
}

function placeOf(handle) {
  split(handle, 'an arena');
  const index = halves[LOW];
  const place = index < places.length ? places[index] : null;
  if (place === null || place.arena === null ||
      place.generation !== halves[HIGH]) {
    throw closed(ENDED);
  }
  return place;
}

function isFull(error) {
  if (error.code !== 'ERR_MEMS_NO_MEMORY') throw error;
  // What waits may be what is missing.
  const had = waiting.length;
  for (const { arena } of waiting.splice(0)) arena.destroy();
  return had === 0;
}

function rAlloc(size, siteId) {
  init();
  const bytes = sizeOf(size);
  if (siteId !== undefined) wantSite(siteId);
  let address;
  try {
    address = toBigInt(heap.alloc(bytes));
  } catch (error) {
    return isFull(error) ? 0n : rAlloc(size, siteId);
  }
  if (siteId !== undefined) noteAlloc(address, bytes, siteId);
  return address;
}

function rFree(address) {
  init();
  heap.free(addressOf(address));
  if (sites !== null) noteFree(address);
}

function rDefrag() {
  init();
  heap.shrink();
  return space.defrag();
}

// -------------------------------------------------------------------- arenas

function handleOf(index) {
  halves[LOW] = index;
  halves[HIGH] = places[index].generation;
  return whole[0];
}

function add(arena, lifetime, cap) {
  const index = unused.length > 0 ? unused.pop() : places.length;
  const generation = index < places.length ? places[index].generation : 0;
  places[index] = { arena, lifetime, cap, generation };
  return handleOf(index);
}

function make(lifetime, cap) {
  const like = waiting.findIndex((one) => one.cap === cap);
  if (lifetime === LIFETIME.TRANSIENT && like >= 0) {
    return waiting.splice(like, 1)[0].arena;
  }
  // In one chunk, if it can be.
  const first = lifetime === LIFETIME.INTERMEDIATE ? 0 :
    Math.min(cap, 2 ** 30);
  return new Arena(space, { lifetime, cap, first });
}

function createArena(size, lifetime = LIFETIME.TRANSIENT) {
  init();
  const cap = sizeOf(size);
  if (!(lifetime in NAMES)) throw wrongRange('there is no such lifetime');
  try {
    return add(make(lifetime, cap), lifetime, cap);
  } catch (error) {
    return isFull(error) ? 0n : createArena(size, lifetime);
  }
}

function initArenas() {
  init();
  if (common === null) {
    common = NAMES.map((name, lifetime) =>
      add(new Arena(space, { lifetime }), lifetime, 0));
  }
}

// rArena(arena, size), and rArena(size, lifetime) of the first form.
function rArena(first, second) {
  const inArena = typeof first === 'bigint';
  const { arena } = placeOf(inArena ? first : commonOf(second));
  const bytes = sizeOf(inArena ? second : first);
  try {
    return toBigInt(arena.alloc(bytes));
  } catch (error) {
    return isFull(error) ? 0n : rArena(first, second);
  }
}

function commonOf(lifetime) {
  if (!(lifetime in NAMES)) throw wrongRange('there is no such lifetime');
  if (common === null) throw closed('initArenas() was not called');
  return common[lifetime];
}

function rReset(which) {
  placeOf(typeof which === 'bigint' ? which : commonOf(which)).arena.reset();
}

function rDestroy(handle) {
  const place = placeOf(handle);
  const index = halves[LOW];
  if (common !== null && common.includes(handle)) {
    throw wrongRange('the arenas of initArenas() last as long as the thread');
  }
  const { arena, cap, lifetime } = place;
  // The handle that is known here is of no arena any more.
  place.arena = null;
  place.generation = place.generation + 1 >>> 0;
  unused.push(index);
  if (lifetime === LIFETIME.TRANSIENT && cap <= WAITING_SIZE &&
      waiting.length < WAITING_MOST) {
    arena.reset();
    waiting.push({ arena, cap });
  } else {
    arena.destroy();
  }
}

function rArenaFree(handle, address, size) {
  const { arena } = placeOf(handle);
  arena.free(addressOf(address), size === undefined ? 0 : sizeOf(size));
}

// ----------------------------------------------------------------- call sites

function wantSite(siteId) {
  if (!Number.isSafeInteger(siteId) || siteId < 0) {
    throw wrongRange('a site is a whole number');
  }
}

function noteAlloc(address, size, siteId) {
  sites = sites || { counts: new Map(), live: new Map() };
  const counts = sites.counts.get(siteId) || {
    siteId, allocations: 0, frees: 0, bytes: 0, lifetimeNs: 0
  };
  sites.counts.set(siteId, counts);
  counts.allocations++;
  counts.bytes += size;
  sites.live.set(address, { counts, born: performance.now() });
}

function noteFree(address) {
  const block = sites.live.get(address);
  if (block === undefined) return;
  sites.live.delete(address);
  block.counts.frees++;
  block.counts.lifetimeNs += (performance.now() - block.born) * 1e6;
}

// What each site did: { siteId, allocations, frees, bytes, lifetimeNs }.
function siteStats() {
  return sites === null ? [] : [...sites.counts.values()];
}

module.exports = {
  init, rAlloc, rFree, rDefrag, createArena, rArena, rReset, rDestroy,
  rArenaFree, initArenas, siteStats, LIFETIME
};
