'use strict';

// The calls of MeMS, as its users in Node know them.

const { test, ok, is, same, throws, diag } = require('./tap');
const { run, ending } = require('./child');
const mems = require('../lib');

test('before init()', () => {
  for (const name of ['malloc', 'get', 'free', 'stats', 'toSVG', 'printStats',
    'finish']) {
    throws(() => mems[name](1000n), 'ERR_MEMS_CLOSED', name);
  }
});

test('addresses', () => {
  is(mems.init(), undefined, 'init() gives nothing');
  throws(() => mems.init(), 'ERR_MEMS_CLOSED', 'init() twice');
  const first = mems.malloc(1000);
  is(first, 1000n, 'begin at 1000n');
  is(mems.malloc(1000n), 2000n, 'a size may be a BigInt');
  is(typeof mems.get(first), 'bigint', 'get() gives a BigInt');
  is(mems.get(1500n) - mems.get(first), 500n, 'of an inner address as well');
  is(mems.get(1999n) - mems.get(first), 999n, 'of the last one');
  throws(() => mems.get(3000n), 'ERR_MEMS_ADDRESS', 'but of no hole');
  throws(() => mems.get(999n), 'ERR_MEMS_ADDRESS', 'nor below');
  is(mems.free(first), undefined, 'free() gives nothing');
  throws(() => mems.free(first), 'ERR_MEMS_ADDRESS', 'twice');
  throws(() => mems.get(first), 'ERR_MEMS_ADDRESS', 'get() of a freed one');
  throws(() => mems.free(2001n), 'ERR_MEMS_ADDRESS', 'an inner one');
  is(mems.malloc(1), 1000n, 'the first hole is used');
  mems.finish();
  throws(() => mems.finish(), 'ERR_MEMS_CLOSED', 'finish() twice');
  mems.init();
  is(mems.malloc(8), 1000n, 'they begin anew after finish() and init()');
  mems.finish();
});

test('misuse', () => {
  mems.init();
  for (const wrong of [0, -1, 1.5, NaN, 0n, -1n, 2n ** 64n, 2n ** 53n + 1n]) {
    throws(() => mems.malloc(wrong), 'ERR_MEMS_RANGE',
      `malloc(${wrong}) (${typeof wrong})`);
  }
  for (const wrong of [undefined, null, '5', {}, true]) {
    throws(() => mems.malloc(wrong), 'ERR_MEMS_TYPE', `malloc: ${wrong}`);
    throws(() => mems.free(wrong), 'ERR_MEMS_TYPE', `free: ${wrong}`);
    throws(() => mems.get(wrong), 'ERR_MEMS_TYPE', `get: ${wrong}`);
  }
  throws(() => mems.free(1000), 'ERR_MEMS_TYPE', 'free: a number');
  for (const wrong of [0n, -1n, 1n, 2n ** 40n, 2n ** 64n, 2n ** 53n]) {
    throws(() => mems.free(wrong), 'ERR_MEMS_ADDRESS', `free: ${wrong}n`);
    throws(() => mems.get(wrong), 'ERR_MEMS_ADDRESS', `get: ${wrong}n`);
  }
  throws(() => mems.malloc(2 ** 53), 'ERR_MEMS_NO_MEMORY', 'malloc(2^53)');
  mems.finish();
});

test('sizes of more than 32 bits', () => {
  mems.init();
  let address;
  try {
    address = mems.malloc(5e9);
  } catch (error) {
    is(error.code, 'ERR_MEMS_NO_MEMORY', 'there is no room, but no other size');
  }
  if (address !== undefined) {
    ok(mems.stats().used >= 5e9, 'are whole');
    is(mems.get(address + 4999999999n) - mems.get(address), 4999999999n,
      'to the last byte');
    mems.free(address);
  }
  mems.finish();
});

test('stats and picture', () => {
  mems.init();
  mems.malloc(1000);
  const { pages, unused, nodes, used, blocks } = mems.stats();
  same([pages, unused, nodes, used, blocks], [1, 3096, 1, 1000, 1],
    'are those of the space');
  ok(mems.toSVG().includes('<svg'), 'toSVG() gives a picture');
  mems.finish();
});

test('printStats()', () => {
  const end = run(`
    const mems = require(lib);
    mems.init();
    mems.malloc(1000);
    mems.printStats();
    mems.finish();`);
  is(end.status, 0, 'ends well');
  is(end.stdout, 'MeMS Stats:\n' +
    'MAIN[1000:5095] -> <P>[SVA:1000:EVA:1999] <-> ' +
    '<H>[SVA:2000:EVA:5095] <-> <NULL>\n' +
    'Page used: 1\nSpace unused: 3096\nMain Chain Length: 1\n' +
    'Sub-chain Length array: 2\n', 'is what MeMS printed');
  is(end.stderr, '', 'nothing else is printed');
  if (end.status !== 0) diag(ending(end));
});

test('printStats() of several nodes', () => {
  const end = run(`
    const mems = require(lib);
    mems.init();
    const a = [];
    for (let i = 0; i < 4; i++) a.push(mems.malloc(1000));
    for (let i = 0; i < 2; i++) a.push(mems.malloc(3000));
    mems.free(a[1]);
    mems.printStats();
    mems.free(a[4]);
    mems.printStats();`);
  is(end.stdout, 'MeMS Stats:\n' +
    'MAIN[1000:5095] -> <P>[SVA:1000:EVA:1999] <-> ' +
    '<H>[SVA:2000:EVA:2999] <-> <P>[SVA:3000:EVA:3999] <-> ' +
    '<P>[SVA:4000:EVA:4999] <-> <H>[SVA:5000:EVA:5095] <-> <NULL>\n' +
    'MAIN[5096:9191] -> <P>[SVA:5096:EVA:8095] <-> ' +
    '<H>[SVA:8096:EVA:9191] <-> <NULL>\n' +
    'MAIN[9192:13287] -> <P>[SVA:9192:EVA:12191] <-> ' +
    '<H>[SVA:12192:EVA:13287] <-> <NULL>\n' +
    'Page used: 3\nSpace unused: 3288\nMain Chain Length: 3\n' +
    'Sub-chain Length array: 5 2 2\n' +
    'MeMS Stats:\n' +
    'MAIN[1000:5095] -> <P>[SVA:1000:EVA:1999] <-> ' +
    '<H>[SVA:2000:EVA:2999] <-> <P>[SVA:3000:EVA:3999] <-> ' +
    '<P>[SVA:4000:EVA:4999] <-> <H>[SVA:5000:EVA:5095] <-> <NULL>\n' +
    'MAIN[5096:9191] -> <H>[SVA:5096:EVA:9191] <-> <NULL>\n' +
    'MAIN[9192:13287] -> <P>[SVA:9192:EVA:12191] <-> ' +
    '<H>[SVA:12192:EVA:13287] <-> <NULL>\n' +
    'Page used: 3\nSpace unused: 6288\nMain Chain Length: 3\n' +
    'Sub-chain Length array: 5 1 2\n', 'is what MeMS printed');
  const empty = run('const m = require(lib); m.init(); m.printStats();');
  is(empty.stdout, 'MeMS Stats:\nPage used: 0\nSpace unused: 0\n' +
    'Main Chain Length: 0\nSub-chain Length array: \n', 'of none');
});

test('the package', () => {
  const end = run(`
    const mems = require(lib);
    mems.init();
    const address = mems.malloc(100);
    mems.get(address);
    mems.free(address);
    mems.finish();`);
  is(end.stdout + end.stderr, '', 'prints only when asked');
  is(end.status, 0, 'and ends well');
});
