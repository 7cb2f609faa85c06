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
// By the low half of their handles; the high half counts the arenas there were.
const arenas = [];
const unused = [];
let common = null;          // the handles of initArenas()
let sites = null;           // siteId profiling, once it was asked for

// Has it all been said? The first use does.
function init() {
  if (space !== null) return;
  space = new Space();
  heap = new Heap(space);
}

function sizeOf(size) {
  const number = typeof size === 'bigint' ? Number(size) : size;
  if (typeof number !== 'number') throw wrongType('a size is a number');
  if (!Number.isSafeInteger(number) || number <= 0) {
    throw wrongRange('a size is a whole number above 0');
  }
  return number;
}

function addressOf(address) {
  if (typeof address !== 'bigint') throw wrongType('an address is a BigInt');
  if (address <= 0n || address > 2n ** 53n) {
    throw wrongAddress('no live block begins there');
  }
  return Number(address);
}

const LOW = 2n ** 32n;
const FIRST_MOST = 2 ** 30;

function placeOf(handle) {
  if (typeof handle !== 'bigint') throw wrongType('an arena is a BigInt');
  const index = handle > 0n ? Number(handle % LOW) : 0;
  const place = arenas[index];
  if (place === undefined || place.handle !== handle) throw closed(ENDED);
  return place;
}

function arenaOf(handle) {
  return placeOf(handle).arena;
}

// The address of a block, or 0n if there is no room for it.
function orNone(allocate) {
  try {
    return BigInt(allocate());
  } catch (error) {
    if (error.code === 'ERR_MEMS_NO_MEMORY') return 0n;
    throw error;
  }
}

function rAlloc(size, siteId) {
  init();
  const bytes = sizeOf(size);
  if (siteId !== undefined) wantSite(siteId);
  const address = orNone(() => heap.alloc(bytes));
  if (siteId !== undefined && address !== 0n) noteAlloc(address, bytes, siteId);
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

function add(arena) {
  const index = unused.length > 0 ? unused.pop() : arenas.length + 1;
  const { handle } = arenas[index] || { handle: BigInt(index) - LOW };
  arenas[index] = { arena, handle: handle + LOW };
  return arenas[index].handle;
}

function createArena(size, lifetime = LIFETIME.TRANSIENT) {
  init();
  const cap = sizeOf(size);
  if (!(lifetime in NAMES)) throw wrongRange('there is no such lifetime');
  return orNone(() => add(new Arena(space, {
    lifetime, cap, first: lifetime === LIFETIME.INTERMEDIATE ? 0 :
      Math.min(cap, FIRST_MOST)
  })));
}

function initArenas() {
  init();
  if (common === null) {
    common = NAMES.map((lifetime) => add(new Arena(space, { lifetime })));
  }
}

// rArena(arena, size), and rArena(size, lifetime) of the first form.
function rArena(first, second) {
  if (typeof first === 'bigint') {
    const arena = arenaOf(first);
    const bytes = sizeOf(second);
    return orNone(() => arena.alloc(bytes));
  }
  const bytes = sizeOf(first);
  const arena = arenaOf(commonOf(second));
  return orNone(() => arena.alloc(bytes));
}

function commonOf(lifetime) {
  if (!(lifetime in NAMES)) throw wrongRange('there is no such lifetime');
  if (common === null) throw closed('initArenas() was not called');
  return common[lifetime];
}

function rReset(which) {
  arenaOf(typeof which === 'bigint' ? which : commonOf(which)).reset();
}

function rDestroy(handle) {
  const place = placeOf(handle);
  if (common !== null && common.includes(handle)) {
    throw wrongRange('the arenas of initArenas() last as long as the thread');
  }
  place.arena.destroy();
  // The handle that is known here is of no arena any more.
  place.handle += LOW;
  unused.push(Number(handle % LOW));
}

function rArenaFree(handle, address, size) {
  const arena = arenaOf(handle);
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
