'use strict';

// Programs for @sambhav-gautam/osmemoryallocator.

const { test, ok, is, throws, diag } = require('./tap');
const { run, ending } = require('./child');

const HEAD = 'const mems = require(`${lib}/compat/osmemoryallocator`);';
const FINISHED =
  '..........Successfully UnMapped the Memory without Errors .........\n';

test('a program', () => {
  const end = run(`${HEAD}
    mems.init();
    const address = mems.malloc(1000);
    mems.printStats();
    if (address !== 1000n) throw new Error(address);
    if (typeof mems.get(address) !== 'bigint') throw new Error('get');
    mems.free(address);
    mems.printStats();
    mems.finish();`);
  is(end.stdout, 'MeMS Stats:\n' +
    'MAIN[1000:5095] -> <P>[SVA:1000:EVA:1999] <-> ' +
    '<H>[SVA:2000:EVA:5095] <-> <NULL>\n' +
    'Page used: 1\nSpace unused: 3096\nMain Chain Length: 1\n' +
    'Sub-chain Length array: 2\n' +
    'MeMS Stats:\nMAIN[1000:5095] -> <H>[SVA:1000:EVA:5095] <-> <NULL>\n' +
    'Page used: 1\nSpace unused: 4096\nMain Chain Length: 1\n' +
    `Sub-chain Length array: 1\n${FINISHED}`, 'prints what it did');
  is(end.stderr, '', 'and nothing else');
  is(end.status, 0, 'and ends well');
  if (end.status !== 0) diag(ending(end));
});

test('three nodes', () => {
  const end = run(`${HEAD}
    mems.init();
    mems.malloc(1000);
    mems.malloc(4000);
    const a = [1, 2, 3, 4].map(() => mems.malloc(1000));
    mems.printStats();`);
  ok(/\nSub-chain Length array: \d+( \d+)+\n$/.test(end.stdout),
    'have an array with blanks between');
  ok(/\nMain Chain Length: [23]\n/.test(end.stdout), 'and a chain');
});

test('process.stdout', () => {
  const end = run(`${HEAD}
    const seen = [];
    const { write } = process.stdout;
    process.stdout.write = (text) => { seen.push(text); return true; };
    mems.init();
    mems.malloc(1000);
    mems.printStats();
    mems.finish();
    process.stdout.write = write;
    console.log(seen.join('').split('\\n').length);`);
  is(end.stdout, '8\n', 'takes all that is printed');
});

test('what the package has', () => {
  const compat = require('../lib/compat/osmemoryallocator');
  for (const name of ['init', 'malloc', 'get', 'free', 'printStats',
    'finish']) {
    is(typeof compat[name], 'function', name);
  }
  throws(() => compat.finish(), 'ERR_MEMS_CLOSED', 'finish() before init()');
  throws(() => compat.malloc(10), 'ERR_MEMS_CLOSED', 'malloc() before init()');
  compat.init();
  throws(() => compat.malloc(0), 'ERR_MEMS_RANGE', 'malloc(0)');
  throws(() => compat.free(1n), 'ERR_MEMS_ADDRESS', 'free(1n)');
  is(compat.malloc(5), 1000n, 'malloc()');
  require('../lib').finish();
});
