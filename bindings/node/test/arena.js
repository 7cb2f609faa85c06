'use strict';

// Arenas: lifetimes, marks, caps, references, shared ones.

const { test, ok, is, same, throws, MEMORIES } = require('./tap');
const { Space, Arena, Heap } = require('../lib');

const SIZE = 2 ** 24;
const LIFETIMES = ['transient', 'intermediate', 'persistent'];

for (const lifetime of LIFETIMES) {
  test(`a ${lifetime} arena`, () => {
    const space = new Space({ size: SIZE });
    const arena = new Arena(space, { lifetime });
    is(arena.lifetime, lifetime, 'tells its lifetime');
    is(arena.space, space, 'its space');
    is(arena.shared, false, 'and that it is not shared');
    const handles = [];
    for (let i = 0; i < 3000; i++) {
      const handle = arena.alloc(1 + i % 200);
      space.fill(handle, i % 251, 1 + i % 200);
      handles.push(handle);
    }
    is(new Set(handles).size, 3000, 'gives each block once');
    ok(handles.every((handle) => (handle - 1000) % 16 === 0),
      'at multiples of 16');
    ok(handles.every((handle, i) => space.view(handle, 1 + i % 200)
      .every((byte) => byte === i % 251)), 'which keep their bytes');
    ok(handles.every((handle) => arena.contains(handle)), 'and contains them');
    arena.verify();
    const stats = arena.stats();
    is(stats.lifetime, lifetime, 'its stats tell the lifetime');
    ok(stats.used >= 3000 * 16 && stats.held >= stats.used, 'and bytes');
    const { generation } = arena;
    arena.reset();
    ok(arena.generation !== generation, 'a reset begins a generation');
    ok(!arena.contains(handles[2999]), 'and ends blocks');
    is(arena.stats().used, 0, 'all of them');
    is(typeof arena.alloc(64), 'number', 'more can be had');
    arena.verify();
    space.verify();
    arena.destroy();
    throws(() => arena.alloc(64), 'ERR_MEMS_CLOSED', 'none when destroyed');
    space.destroy();
  });
}

test('sizes', () => {
  const space = new Space({ size: SIZE });
  const arena = new Arena(space);
  for (const wrong of [0, -1, 1.5, NaN, -0, Infinity]) {
    throws(() => arena.alloc(wrong), 'ERR_MEMS_RANGE', String(wrong));
  }
  for (const wrong of [undefined, null, '64', {}]) {
    throws(() => arena.alloc(wrong), 'ERR_MEMS_TYPE', typeof wrong);
  }
  // Of JavaScript itself, since a size is counted with at once.
  throws(() => arena.alloc(64n), TypeError, 'bigint');
  throws(() => arena.alloc(2 ** 40), 'ERR_MEMS_NO_MEMORY', '2^40');
  throws(() => arena.alloc(2 ** 32 + 16), 'ERR_MEMS_NO_MEMORY', '2^32 + 16');
  const large = arena.alloc(2 ** 20);
  space.fill(large, 1, 2 ** 20);
  const small = arena.alloc(1);
  ok(small >= large + 2 ** 20 || small < large, 'large blocks are apart');
  arena.verify();
  space.destroy();
});

test('the same place', () => {
  const space = new Space({ size: SIZE });
  const arena = new Arena(space);
  const first = arena.alloc(64);
  for (let i = 0; i < 10; i++) arena.alloc(64);
  arena.reset();
  is(arena.alloc(64), first, 'is had again after a reset');
  for (let i = 0; i < 10000; i++) arena.alloc(64);
  ok(arena.stats().chunks > 1, 'chunks are added');
  arena.reset();
  is(arena.stats().chunks, 1, 'and given up by a reset');
  is(arena.alloc(64), first, 'with the same place again');
  arena.verify();
  space.destroy();
});

test('alignment', () => {
  const space = new Space({ size: SIZE });
  for (const lifetime of LIFETIMES) {
    const arena = new Arena(space, { lifetime });
    for (const alignment of [1, 8, 64, 4096]) {
      const handle = arena.alignedAlloc(alignment, 10);
      is(Number(space.pointer(handle) % BigInt(alignment)), 0,
        `${lifetime}: ${alignment}`);
    }
    throws(() => arena.alignedAlloc(3, 10), 'ERR_MEMS_RANGE',
      `${lifetime}: 3 is none`);
    throws(() => arena.alignedAlloc(2 ** 20, 10), 'ERR_MEMS_RANGE',
      `${lifetime}: nor is 2^20`);
    arena.verify();
  }
  space.destroy();
});

test('a cap', () => {
  const space = new Space({ size: SIZE });
  for (const lifetime of LIFETIMES) {
    const arena = new Arena(space, { lifetime, cap: 1024 });
    let count = 0;
    throws(() => {
      while (count < 1000) {
        arena.alloc(64);
        count++;
      }
    }, 'ERR_MEMS_NO_MEMORY', `${lifetime}: is kept`);
    is(count, 16, `${lifetime}: exactly`);
    is(arena.stats().cap, 1024, `${lifetime}: is told`);
    arena.reset();
    is(typeof arena.alloc(64), 'number', `${lifetime}: holds till a reset`);
    arena.verify();
  }
  space.destroy();
});

test('options', () => {
  const space = new Space({ size: SIZE });
  throws(() => new Arena(), 'ERR_MEMS_TYPE', 'no space');
  throws(() => new Arena({}), 'ERR_MEMS_TYPE', 'another object');
  throws(() => new Arena(space, { lifetime: 'eternal' }), 'ERR_MEMS_RANGE',
    'no lifetime');
  throws(() => new Arena(space, { lifetime: 3 }), 'ERR_MEMS_RANGE', '3');
  throws(() => new Arena(space, { first: -1 }), 'ERR_MEMS_RANGE', 'first -1');
  throws(() => new Arena(space, { first: 2 ** 31 }), 'ERR_MEMS_RANGE',
    'first 2^31');
  throws(() => new Arena(space, { cap: 'x' }), 'ERR_MEMS_TYPE', 'cap x');
  throws(() => new Arena(space, { shared: 1 }), 'ERR_MEMS_TYPE', 'shared 1');
  throws(() => new Arena(space, { first: 2 ** 29 }), 'ERR_MEMS_NO_MEMORY',
    'first 2^29');
  throws(() => Arena.attach({}, space), 'ERR_MEMS_TYPE', 'attach({})');
  throws(() => Arena.attach({ type: 'mems.arena', address: 1016 }, space),
    'ERR_MEMS_ADDRESS', 'attach where none is');
  for (const posted of [null, undefined, 5]) {
    throws(() => Arena.attach(posted, space), 'ERR_MEMS_TYPE',
      `attach(${posted})`);
  }
  is(new Arena(space, { lifetime: 1 }).lifetime, 'intermediate', 'a number');
  space.destroy();
});

test('marks', () => {
  const space = new Space({ size: SIZE });
  for (const lifetime of ['transient', 'persistent']) {
    const arena = new Arena(space, { lifetime });
    const kept = arena.alloc(64);
    space.fill(kept, 7, 64);
    const mark = arena.mark();
    const next = arena.alloc(64);
    arena.alloc(100);
    arena.rewind(mark);
    ok(arena.contains(kept), `${lifetime}: what was before stays`);
    is(space.view(kept, 64)[63], 7, `${lifetime}: as it was`);
    ok(!arena.contains(next), `${lifetime}: what came after ended`);
    is(arena.alloc(64), next, `${lifetime}: its place is had again`);
    for (let i = 0; i < 5000; i++) arena.alloc(64);
    arena.rewind(mark);
    is(arena.stats().used, 64, `${lifetime}: over many chunks too`);
    arena.verify();
    space.verify();
    arena.reset();
    throws(() => arena.rewind(mark), 'ERR_MEMS_STALE',
      `${lifetime}: not after a reset`);
    const late = arena.mark();
    const other = new Arena(space, { lifetime });
    throws(() => other.rewind(late), 'ERR_MEMS_TYPE',
      `${lifetime}: nor in another arena`);
    throws(() => arena.rewind({ ...late }), 'ERR_MEMS_TYPE',
      `${lifetime}: nor by something like it`);
    throws(() => arena.rewind(), 'ERR_MEMS_TYPE', `${lifetime}: or nothing`);
    const deep = arena.mark();
    arena.alloc(64);
    const deeper = arena.mark();
    arena.rewind(deep);
    throws(() => arena.rewind(deeper), 'ERR_MEMS_STALE',
      `${lifetime}: nor forwards`);
    arena.destroy();
    throws(() => arena.mark(), 'ERR_MEMS_CLOSED',
      `${lifetime}: when destroyed`);
    throws(() => arena.rewind(late), 'ERR_MEMS_CLOSED',
      `${lifetime}: nor back`);
  }
  throws(() => new Arena(space, { lifetime: 'intermediate' }).mark(),
    'ERR_MEMS_NOT_SUPPORTED', 'an intermediate arena has none');
  throws(() => new Arena(space, { shared: true }).mark(),
    'ERR_MEMS_NOT_SUPPORTED', 'a shared arena neither');
  space.destroy();
});

test('single frees', () => {
  const space = new Space({ size: SIZE });
  const middle = new Arena(space, { lifetime: 'intermediate' });
  const handle = middle.alloc(64);
  middle.free(handle);
  throws(() => middle.free(handle), 'ERR_MEMS_ADDRESS',
    'twice in an intermediate arena');
  is(middle.alloc(64), handle, 'and the block is had again');
  middle.free(handle, 64);
  throws(() => middle.free(handle + 1), 'ERR_MEMS_ADDRESS', 'an inside');
  const last = new Arena(space, { lifetime: 'persistent' });
  const kept = last.alloc(64);
  last.free(kept);
  is(last.stats().frees, 1, 'are counted in a persistent arena');
  ok(last.alloc(64) !== kept, 'where nothing is had again');
  throws(() => last.free(handle), 'ERR_MEMS_ADDRESS', 'of another arena');
  const first = new Arena(space);
  const top = first.alloc(64);
  first.free(top, 64);
  is(first.alloc(64), top, 'of the last block of a transient one');
  throws(() => first.free(0), 'ERR_MEMS_ADDRESS', 'of 0');
  throws(() => first.free('x'), 'ERR_MEMS_TYPE', 'of a string');
  space.verify();
  space.destroy();
});

test('references', () => {
  const space = new Space({ size: SIZE });
  const arena = new Arena(space);
  const handle = arena.alloc(64);
  const reference = arena.refer(handle);
  is(arena.find(reference), handle, 'find their block');
  arena.reset();
  throws(() => arena.find(reference), 'ERR_MEMS_STALE', 'till a reset');
  arena.alloc(64);
  throws(() => arena.find(reference), 'ERR_MEMS_STALE', 'also when reused');
  throws(() => arena.refer(handle + 4096), 'ERR_MEMS_STALE',
    'to what is no block');
  const mark = arena.mark();
  const later = arena.refer(arena.alloc(64));
  arena.rewind(mark);
  throws(() => arena.find(later), 'ERR_MEMS_STALE', 'till a rewind');
  space.destroy();
});

test('views and texts', () => {
  const space = new Space({ size: SIZE });
  const arena = new Arena(space);
  const view = arena.allocView(32);
  is(view.length, 32, 'allocView gives a view');
  is(Object.getPrototypeOf(view), Uint8Array.prototype, 'which is plain');
  const buffer = arena.allocBuffer(32);
  ok(Buffer.isBuffer(buffer), 'allocBuffer gives a Buffer');
  const { handle, length } = arena.allocString('grün');
  is(length, 5, 'allocString tells bytes');
  is(space.readString(handle, length), 'grün', 'which are the text');
  is(arena.allocString('').length, 0, 'an empty one has none');
  arena.reset();
  space.fill(arena.alloc(256), 255, 256);
  arena.reset();
  ok(space.view(arena.calloc(256), 256).every((byte) => byte === 0),
    'calloc gives bytes that are 0');
  space.destroy();
});

test('a shared arena', () => {
  const space = new Space({ size: SIZE });
  const arena = new Arena(space, { shared: true });
  const other = Arena.attach(arena, space);
  is(other.shared, true, 'is one for all who have it');
  const seen = new Set();
  for (let i = 0; i < 5000; i++) {
    seen.add(arena.alloc(1 + i % 100));
    seen.add(other.alloc(1 + i % 100));
  }
  is(seen.size, 10000, 'each block is given once');
  ok([...seen].every((handle) => arena.contains(handle)), 'by one or other');
  throws(() => arena.alloc(0), 'ERR_MEMS_RANGE', 'size 0');
  throws(() => arena.alloc(2 ** 40), 'ERR_MEMS_NO_MEMORY', 'too much');
  arena.verify();
  arena.destroy();
  is(typeof other.alloc(64), 'number', 'goes on with the other holder');
  const before = space.stats().used;
  other.destroy();
  ok(space.stats().used < before, 'and ends with it');
  space.verify();
  space.destroy();
  for (const memory of MEMORIES) {
    const where = new Space({ memory, size: SIZE });
    const there = new Arena(where, { shared: true });
    is(typeof there.alloc(64), 'number', `works in ${memory} memory`);
    where.destroy();
  }
});

test('an arena and others', () => {
  const space = new Space({ size: SIZE });
  const arena = new Arena(space);
  const heap = new Heap(space);
  throws(() => heap.free(arena.alloc(64)), 'ERR_MEMS_ADDRESS',
    'a heap frees none of its blocks');
  throws(() => arena.free(heap.alloc(64)), 'ERR_MEMS_ADDRESS',
    'nor it one of a heap');
  throws(() => space.free(arena.alloc(64)), 'ERR_MEMS_ADDRESS',
    'nor the space one of it');
  throws(() => Heap.attach(arena, space), 'ERR_MEMS_TYPE', 'it is no heap');
  space.destroy();
});

test('a destroyed arena', () => {
  const space = new Space({ size: SIZE });
  const { used } = space.stats();
  const arena = new Arena(space);
  const handle = arena.alloc(64);
  const reference = arena.refer(handle);
  for (let i = 0; i < 5000; i++) arena.alloc(64);
  arena.destroy();
  ok(space.stats().used - used < 2 ** 13, 'gives its memory back');
  const calls = {
    alloc: [64], alignedAlloc: [16, 64], calloc: [64], allocView: [64],
    allocBuffer: [64], allocString: ['x'], free: [handle], reset: [],
    mark: [], contains: [handle], refer: [handle], stats: [], verify: [],
    destroy: [], allocBulk: [64, new Float64Array(1)],
    freeBulk: [Float64Array.of(handle)]
  };
  for (const name of Object.keys(calls)) {
    throws(() => arena[name](...calls[name]), 'ERR_MEMS_CLOSED', name);
  }
  throws(() => arena.find(reference), Error, 'find');
  space.verify();
  space.destroy();
});

test('bulk calls that fail', () => {
  const space = new Space({ size: SIZE });
  for (const lifetime of ['transient', 'persistent']) {
    const arena = new Arena(space, { lifetime });
    const first = arena.alloc(3000);
    space.fill(first, 7, 3000);
    const { used } = arena.stats();
    // Over the end of the chunk, and then more than there is.
    const sizes = new Float64Array(4).fill(1000);
    sizes[3] = 2 ** 40;
    throws(() => arena.allocBulk(sizes, new Float64Array(4)),
      'ERR_MEMS_NO_MEMORY', `${lifetime}: are told of`);
    is(arena.stats().used, used, `${lifetime}: leave nothing behind`);
    const next = Array.from({ length: 300 }, () => arena.alloc(32));
    next.forEach((handle) => space.fill(handle, 9, 32));
    ok(space.view(first, 3000).every((byte) => byte === 7),
      `${lifetime}: are followed by blocks that lie over no others`);
    ok(next.every((handle) => arena.contains(handle)),
      `${lifetime}: but in the arena`);
    arena.verify();
  }
  space.verify();
  space.destroy();
});

test('many arenas', () => {
  const space = new Space({ size: SIZE });
  const before = space.stats();
  for (let round = 0; round < 3; round++) {
    const arenas = Array.from({ length: 500 }, () => new Arena(space));
    arenas.forEach((arena) => arena.alloc(100));
    arenas.forEach((arena) => arena.destroy());
  }
  const after = space.stats();
  ok(after.used - before.used < 2 ** 16, 'leave nothing behind');
  space.verify();
  const arena = new Arena(space);
  same([arena.stats().used, arena.stats().chunks], [0, 1], 'a new one is new');
  space.destroy();
});
