'use strict';

// Programs for r-alloc's addon: all its calls, in both orders of arguments, and
// what crashed there.

const { test, ok, is, same, throws, skip, diag } = require('./tap');
const { run, ending } = require('./child');
const r = require('../lib/compat/r-alloc');

const { TRANSIENT, INTERMEDIATE, PERSISTENT } = r.LIFETIME;
const LIFETIMES = [TRANSIENT, INTERMEDIATE, PERSISTENT];

test('names', () => {
  same(LIFETIMES, [0, 1, 2], 'LIFETIME');
  for (const name of ['init', 'rAlloc', 'rFree', 'rDefrag', 'createArena',
    'rArena', 'rReset', 'rDestroy', 'rArenaFree', 'initArenas', 'siteStats']) {
    is(typeof r[name], 'function', name);
  }
});

test('blocks', () => {
  is(r.init(), undefined, 'init()');
  r.init();
  const first = r.rAlloc(64);
  is(typeof first, 'bigint', 'are BigInt');
  ok(first > 0n, 'and not 0n');
  const second = r.rAlloc(64n);
  ok(second !== first, 'are apart');
  r.rFree(first);
  r.rFree(second);
  r.rDefrag();
  const many = Array.from({ length: 1000 }, (_, i) => r.rAlloc(1 + i));
  is(new Set(many).size, 1000, 'many are too');
  many.forEach((address) => r.rFree(address));
});

test('what crashed', () => {
  throws(() => r.rFree(123n), 'ERR_MEMS_ADDRESS', 'rFree(123n)');
  throws(() => r.rFree(5), 'ERR_MEMS_TYPE', 'rFree(5)');
  throws(() => r.rArena(0n, 64), 'ERR_MEMS_CLOSED', 'rArena(0n, 64)');
  const address = r.rAlloc(64);
  r.rFree(address);
  throws(() => r.rFree(address), 'ERR_MEMS_ADDRESS', 'a double free');
  throws(() => r.rFree(0n), 'ERR_MEMS_ADDRESS', 'rFree(0n)');
  throws(() => r.rFree(-1n), 'ERR_MEMS_ADDRESS', 'rFree(-1n)');
  throws(() => r.rFree(2n ** 64n), 'ERR_MEMS_ADDRESS', 'rFree(2n ** 64n)');
  throws(() => r.rFree(), 'ERR_MEMS_TYPE', 'rFree()');
  const arena = r.createArena(1024);
  r.rDestroy(arena);
  throws(() => r.rArena(arena, 64), 'ERR_MEMS_CLOSED', 'rArena after destroy');
  throws(() => r.rReset(arena), 'ERR_MEMS_CLOSED', 'rReset after destroy');
  throws(() => r.rDestroy(arena), 'ERR_MEMS_CLOSED', 'rDestroy twice');
  throws(() => r.rArenaFree(arena, 1000n, 8), 'ERR_MEMS_CLOSED',
    'rArenaFree after destroy');
  const next = r.createArena(1024);
  throws(() => r.rArena(arena, 64), 'ERR_MEMS_CLOSED',
    'rArena after destroy, when there is another arena');
  ok(next !== arena, 'which has another handle');
  r.rDestroy(next);
});

test('sizes', () => {
  for (const wrong of [0, -1, 1.5, NaN, Infinity, 0n, -1n]) {
    throws(() => r.rAlloc(wrong), 'ERR_MEMS_RANGE',
      `rAlloc: ${wrong} (${typeof wrong})`);
    throws(() => r.createArena(wrong), 'ERR_MEMS_RANGE',
      `createArena: ${wrong} (${typeof wrong})`);
  }
  for (const wrong of [undefined, null, 'x', {}, true]) {
    throws(() => r.rAlloc(wrong), 'ERR_MEMS_TYPE', `rAlloc: ${wrong}`);
    throws(() => r.createArena(wrong), 'ERR_MEMS_TYPE',
      `createArena: ${wrong}`);
  }
  is(r.rAlloc(2 ** 40), 0n, 'that there is no room for give 0n');
  is(r.rAlloc(2n ** 50n), 0n, 'as a BigInt, too');
  throws(() => r.rAlloc(2n ** 80n), 'ERR_MEMS_RANGE', 'beyond all numbers');
});

test('arenas', () => {
  for (const lifetime of [undefined, ...LIFETIMES]) {
    const arena = lifetime === undefined ? r.createArena(1024) :
      r.createArena(1024, lifetime);
    is(typeof arena, 'bigint', `${lifetime}: are BigInt`);
    let count = 0;
    let address = r.rArena(arena, 64);
    const first = address;
    while (address !== 0n && count < 100) {
      count++;
      address = r.rArena(arena, 64);
    }
    is(count, 16, `${lifetime}: give what they were created with`);
    is(address, 0n, `${lifetime}: then 0n`);
    is(r.rArena(arena, 2 ** 40), 0n, `${lifetime}: as for what is too large`);
    r.rReset(arena);
    ok(r.rArena(arena, 64n) !== 0n, `${lifetime}: more after a reset`);
    r.rReset(arena);
    const again = r.rArena(arena, 64);
    if (lifetime !== INTERMEDIATE) {
      is(again, first, `${lifetime}: from the start`);
    }
    r.rArenaFree(arena, again, 64);
    if (lifetime === INTERMEDIATE) {
      throws(() => r.rArenaFree(arena, again, 64), 'ERR_MEMS_ADDRESS',
        'an intermediate one frees once');
    }
    throws(() => r.rArenaFree(arena, 5n, 64), 'ERR_MEMS_ADDRESS',
      `${lifetime}: rArenaFree of what is none`);
    throws(() => r.rArenaFree(arena, 5, 64), 'ERR_MEMS_TYPE',
      `${lifetime}: rArenaFree of a number`);
    throws(() => r.rArena(arena, 0), 'ERR_MEMS_RANGE', `${lifetime}: size 0`);
    throws(() => r.rArena(arena), 'ERR_MEMS_TYPE', `${lifetime}: no size`);
    r.rDestroy(arena);
  }
  throws(() => r.createArena(64, 3), 'ERR_MEMS_RANGE', 'lifetime 3');
  throws(() => r.createArena(64, 'x'), 'ERR_MEMS_RANGE', 'lifetime x');
  throws(() => r.rReset(99999n), 'ERR_MEMS_CLOSED', 'rReset of none');
  throws(() => r.rDestroy(5), 'ERR_MEMS_TYPE', 'rDestroy of a number');
  throws(() => r.rDestroy(), 'ERR_MEMS_TYPE', 'rDestroy of nothing');
});

// Where memory is taken at once there is little of it; see README.md.
const isSmall = process.platform === 'win32' &&
  Number(process.versions.node.split('.')[0]) < 20;

test('a large arena', () => {
  if (isSmall) {
    skip('has its size', 'there are but 64 MiB');
    return;
  }
  const arena = r.createArena(100e6);
  ok(arena !== 0n, 'can be created');
  ok(r.rArena(arena, 64) !== 0n, 'and gives blocks, not 0n only');
  ok(r.rArena(arena, 50e6) !== 0n, 'large ones too');
  is(r.rArena(arena, 60e6), 0n, 'up to its size');
  r.rDestroy(arena);
});

test('the common arenas', () => {
  throws(() => r.rArena(64, TRANSIENT), 'ERR_MEMS_CLOSED',
    'before initArenas()');
  r.initArenas();
  r.initArenas();
  for (const lifetime of LIFETIMES) {
    const first = r.rArena(64, lifetime);
    is(typeof first, 'bigint', `${lifetime}: size first`);
    ok(r.rArena(64, lifetime) !== first, `${lifetime}: are apart`);
    r.rReset(lifetime);
    const again = r.rArena(64, lifetime);
    ok(again > 0n, `${lifetime}: are reset by their lifetime`);
    throws(() => r.rArena(0, lifetime), 'ERR_MEMS_RANGE',
      `${lifetime}: size 0`);
  }
  throws(() => r.rArena(64, 3), 'ERR_MEMS_RANGE', 'lifetime 3');
  throws(() => r.rArena(64), 'ERR_MEMS_RANGE', 'no lifetime');
  throws(() => r.rReset(7), 'ERR_MEMS_RANGE', 'reset of lifetime 7');
  throws(() => r.rReset(), 'ERR_MEMS_RANGE', 'reset of none');
});

test('call sites', () => {
  const before = r.siteStats().length;
  is(before, 0, 'are not counted unless asked for');
  const addresses = [1, 2, 3].map(() => r.rAlloc(100, 7));
  r.rFree(addresses[0]);
  r.rFree(r.rAlloc(50, 8));
  r.rFree(r.rAlloc(50));
  const sites = new Map(r.siteStats().map((site) => [site.siteId, site]));
  same([...sites.keys()].sort(), [7, 8], 'are those that were named');
  const seven = sites.get(7);
  same([seven.allocations, seven.frees, seven.bytes], [3, 1, 300],
    'have counts');
  ok(seven.lifetimeNs >= 0, 'and lifetimes');
  same([sites.get(8).allocations, sites.get(8).frees], [1, 1], 'each its own');
  r.rFree(addresses[1]);
  throws(() => r.rFree(addresses[1]), 'ERR_MEMS_ADDRESS', 'a double free');
  is(r.siteStats().find(({ siteId }) => siteId === 7).frees, 2,
    'is not counted');
  for (const wrong of [-1, 1.5, 'x', NaN, {}]) {
    throws(() => r.rAlloc(64, wrong), 'ERR_MEMS_RANGE', `site ${wrong}`);
  }
  r.rFree(addresses[2]);
});

test('exhaustion', () => {
  const size = isSmall ? 2 ** 22 : 2 ** 26;
  const end = run(`
    const r = require(\`\${lib}/compat/r-alloc\`);
    const all = [];
    for (;;) {
      const address = r.rAlloc(${size});
      if (address === 0n) break;
      all.push(address);
    }
    console.log(all.length > 4, r.rAlloc(${size}), r.rAlloc(2 ** 52));
    for (const address of all) r.rFree(address);
    console.log(r.rAlloc(${size}) !== 0n);`);
  is(end.stdout, 'true 0n 0n\ntrue\n',
    'gives 0n, till something is freed');
  if (end.status !== 0) diag(ending(end));
});

test('a program', () => {
  const end = run(`
    const addon = require(\`\${lib}/compat/r-alloc\`);
    addon.init();
    for (let request = 0; request < 200; request++) {
      const arena = addon.createArena(8192);
      for (let i = 0; i < 100; i++) {
        if (addon.rArena(arena, 64) === 0n) throw new Error('full');
      }
      addon.rDestroy(arena);
    }
    for (let request = 0; request < 200; request++) {
      const list = [];
      for (let i = 0; i < 100; i++) list.push(addon.rAlloc(64));
      for (let i = 0; i < 100; i++) addon.rFree(list[i]);
    }
    addon.rDefrag();
    console.log('done');`);
  is(end.stdout, 'done\n', 'of the seed runs');
  is(end.stderr, '', 'without a word');
});

test('the entry by its name', () => {
  const fs = require('fs');
  const path = require('path');
  const root = path.join(__dirname, '..');
  const { exports: map } = JSON.parse(
    fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
  for (const name of ['./compat/r-alloc', './compat/osmemoryallocator']) {
    ok(fs.existsSync(path.join(root, map[name].default)), name);
  }
});
