'use strict';

// The soft limit, which is told of; and the hard limit, which is kept.

const { test, ok, is, same, throws, diag, MEMORIES } = require('./tap');
const { run, ending } = require('./child');
const { Space, Heap, Arena, Slab } = require('../lib');

const SIZE = 2 ** 24;

// Events come from the loop: give it a few rounds.
async function settle() {
  for (let i = 0; i < 20; i++) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

test('a hard limit', () => {
  for (const memory of MEMORIES) {
    const space = new Space({ memory, size: SIZE, hardLimit: 65536 });
    is(space.stats().hardLimit, 65536, `${memory}: is told`);
    const handle = space.alloc(60000);
    throws(() => space.alloc(10000), 'ERR_MEMS_NO_MEMORY',
      `${memory}: is kept`);
    throws(() => new Heap(space).alloc(10000), 'ERR_MEMS_NO_MEMORY',
      `${memory}: by heaps`);
    throws(() => new Arena(space, { first: 10000 }), 'ERR_MEMS_NO_MEMORY',
      `${memory}: by arenas`);
    throws(() => new Slab(space, { size: 10000 }).alloc(),
      'ERR_MEMS_NO_MEMORY', `${memory}: by slabs`);
    space.limit({ hard: 100000 });
    is(space.contains(space.alloc(10000)), true, `${memory}: can be raised`);
    space.limit({ hard: 1000 });
    throws(() => space.alloc(16), 'ERR_MEMS_NO_MEMORY', `${memory}: lowered`);
    space.free(handle);
    space.limit({});
    is(space.stats().hardLimit, 0, `${memory}: and lifted`);
    is(space.contains(space.alloc(2 ** 20)), true, `${memory}: for good`);
    space.verify();
    space.destroy();
  }
});

test('limits', () => {
  const space = new Space({ size: SIZE });
  throws(() => space.limit({ soft: 2, hard: 1 }), 'ERR_MEMS_RANGE',
    'soft above hard');
  throws(() => space.limit({ soft: -1 }), 'ERR_MEMS_RANGE', 'soft -1');
  throws(() => space.limit({ hard: 'x' }), 'ERR_MEMS_TYPE', 'hard x');
  throws(() => space.limit({ hard: 0.5 }), 'ERR_MEMS_RANGE', 'hard 0.5');
  space.limit();
  same([space.stats().softLimit, space.stats().hardLimit], [0, 0], 'none');
  throws(() => space.on('end', () => {}), 'ERR_MEMS_RANGE', 'no such event');
  throws(() => space.on('softlimit'), 'ERR_MEMS_TYPE', 'no listener');
  throws(() => space.on('softlimit', 5), 'ERR_MEMS_TYPE', 'no function');
  space.destroy();
});

test('the soft limit', async () => {
  const space = new Space({ size: SIZE, softLimit: 65536 });
  const heard = [];
  const listener = function listener(used) {
    heard.push({ used, space: this });
  };
  is(space.on('softlimit', listener), space, 'on() gives the space');
  space.alloc(1000);
  await settle();
  is(heard.length, 0, 'is not told of below');
  const handle = space.alloc(70000);
  is(heard.length, 0, 'is not told of at once');
  await settle();
  is(heard.length, 1, 'but soon');
  ok(heard[0].used >= 70000, 'with what is in use');
  is(heard[0].space, space, 'and the space');
  space.alloc(1000);
  await settle();
  is(heard.length, 1, 'once');
  space.free(handle);
  space.alloc(70000);
  await settle();
  is(heard.length, 2, 'until use has fallen');
  is(space.off('softlimit', listener), space, 'off() gives the space');
  space.limit({ soft: 100 });
  space.free(space.alloc(70000));
  await settle();
  is(heard.length, 2, 'after which nothing is told');
  space.on('softlimit', listener);
  space.limit({ soft: 100000 });
  space.alloc(200000);
  await settle();
  is(heard.length, 3, 'until on() again');
  space.destroy();
});

test('several listeners', async () => {
  const one = new Space({ size: SIZE, softLimit: 65536 });
  const same2 = Space.attach(one);
  const two = new Space({ size: SIZE, softLimit: 65536 });
  const heard = [];
  one.on('softlimit', () => heard.push('one'));
  one.on('softlimit', () => heard.push('one again'));
  same2.on('softlimit', () => heard.push('attached'));
  two.on('softlimit', () => heard.push('two'));
  one.alloc(70000);
  await settle();
  same(heard.sort(), ['attached', 'one', 'one again'], 'hear of their space');
  heard.length = 0;
  one.destroy();
  two.alloc(70000);
  await settle();
  same(heard, ['two'], 'and of no other');
  heard.length = 0;
  same2.limit({ soft: 100000 });
  same2.alloc(300000);
  await settle();
  same(heard, ['attached'], 'also when another object of it ended');
  same2.destroy();
  two.destroy();
});

test('an event under way', async () => {
  const space = new Space({ size: SIZE, softLimit: 65536 });
  let heard = 0;
  space.on('softlimit', () => heard++);
  space.alloc(70000);
  space.destroy();
  await settle();
  is(heard, 0, 'is not told of a space that was destroyed');
});

test('a process that listens', () => {
  const end = run(`
    const { Space } = require(lib);
    const space = new Space({ size: 2 ** 24, softLimit: 65536 });
    space.on('softlimit', () => console.log('told'));
    setImmediate(() => space.alloc(70000));
    setTimeout(() => console.log('end'), 50);`);
  is(end.stdout, 'told\nend\n', 'hears');
  is(end.status, 0, 'and ends when there is nothing else to do');
  if (end.status !== 0) diag(ending(end));
  const thrown = run(`
    const { Space } = require(lib);
    const space = new Space({ size: 2 ** 24, softLimit: 65536 });
    space.on('softlimit', () => { throw new Error('on purpose'); });
    process.on('uncaughtException', (error) => console.log(error.message));
    space.alloc(70000);
    setTimeout(() => console.log('end'), 50);`);
  is(thrown.stdout, 'on purpose\nend\n', 'may throw');
  is(thrown.status, 0, 'and go on');
});

test('a default size that cannot be had', () => {
  const end = run(`
    const Right = SharedArrayBuffer;
    let refused = 0;
    global.SharedArrayBuffer = class extends Right {
      constructor(size, options = { maxByteLength: size }) {
        if (options.maxByteLength > 2 ** 28) {
          refused++;
          throw new RangeError('Array buffer allocation failed');
        }
        super(size, options);
      }
    };
    const { Space } = require(lib);
    const space = new Space();
    console.log(refused, space.maximum > 2 ** 25, space.alloc(64) > 0);
    try {
      new Space({ size: 2 ** 29 });
    } catch (error) {
      console.log(error.code);
    }`);
  const [small, asked] = end.stdout.split('\n');
  ok(/^\d+ true true$/.test(small), 'is made smaller');
  is(asked, 'ERR_MEMS_NO_MEMORY', 'one that was asked for is not');
  if (end.status !== 0) diag(ending(end));
});
