'use strict';

// Heaps: blocks of all sizes.

const { test, ok, is, same, throws, MEMORIES } = require('./tap');
const { Space, Heap } = require('../lib');

const SIZE = 2 ** 25;

for (const memory of MEMORIES) {
  test(`all small sizes in ${memory} memory`, () => {
    const space = new Space({ memory, size: SIZE });
    const heap = new Heap(space);
    const blocks = [];
    for (let size = 1; size <= 1300; size++) {
      const handle = heap.alloc(size);
      space.fill(handle, size % 251, size);
      blocks.push({ handle, size });
    }
    ok(blocks.every(({ handle, size }) => heap.usableSize(handle) >= size),
      'have what was asked for');
    ok(blocks.every(({ handle }) => (handle - 1000) % 16 === 0),
      'are at multiples of 16');
    ok(blocks.every(({ handle, size }) => space.view(handle, size)
      .every((byte) => byte === size % 251)), 'are apart');
    is(heap.stats().blocks, 1300, 'are counted');
    const told = heap.blocks();
    is(told.length, 1300, 'are told of');
    const all = new Map(told.map(({ address, size }) => [address, size]));
    ok(blocks.every(({ handle, size }) => all.get(handle) >= size),
      'each with its size');
    heap.verify();
    blocks.forEach(({ handle }) => heap.free(handle));
    is(heap.stats().used, 0, 'can all be freed');
    let wrong = 0;
    for (const { handle } of blocks) {
      try {
        heap.free(handle);
        wrong++;
      } catch (error) {
        if (error.code !== 'ERR_MEMS_ADDRESS') throw error;
      }
    }
    is(wrong, 0, 'but none twice');
    heap.verify();
    space.verify();
    space.destroy();
  });
}

test('sizes', () => {
  const space = new Space({ size: SIZE });
  const heap = new Heap(space);
  for (const wrong of [0, -0, -1, 1.5, NaN, Infinity, 2 ** 60]) {
    throws(() => heap.alloc(wrong), 'ERR_MEMS_RANGE', String(wrong));
  }
  for (const wrong of [undefined, null, '64', {}, true]) {
    throws(() => heap.alloc(wrong), 'ERR_MEMS_TYPE', typeof wrong);
  }
  throws(() => heap.alloc(64n), TypeError, 'bigint');
  throws(() => heap.alloc(2 ** 40), 'ERR_MEMS_NO_MEMORY', '2^40');
  throws(() => heap.alloc(2 ** 32 + 16), 'ERR_MEMS_NO_MEMORY', '2^32 + 16');
  heap.verify();
  space.destroy();
});

test('large blocks', () => {
  const space = new Space({ size: SIZE });
  const heap = new Heap(space);
  const handle = heap.alloc(2 ** 20);
  space.fill(handle, 1, 2 ** 20);
  is(heap.stats().largeBlocks, 1, 'are counted');
  ok(heap.usableSize(handle) >= 2 ** 20, 'have their size');
  throws(() => heap.free(handle + 16), 'ERR_MEMS_ADDRESS', 'have an inside');
  throws(() => space.free(handle), 'ERR_MEMS_ADDRESS', 'are not the space\'s');
  heap.free(handle);
  throws(() => heap.free(handle), 'ERR_MEMS_ADDRESS', 'are freed once');
  heap.verify();
  space.destroy();
});

test('resize', () => {
  const space = new Space({ size: SIZE });
  const heap = new Heap(space);
  let handle = heap.alloc(10);
  let had = 10;
  space.fill(handle, 42, 10);
  for (const size of [20, 100, 1000, 5000, 100000, 3000, 900, 30, 5]) {
    handle = heap.resize(handle, size);
    const kept = Math.min(had, size);
    ok(space.view(handle, kept).every((byte) => byte === 42),
      `to ${size} keeps the bytes`);
    ok(heap.usableSize(handle) >= size, `to ${size} gives as many`);
    space.fill(handle, 42, size);
    had = size;
  }
  is(heap.stats().blocks, 1, 'leaves one block');
  throws(() => heap.resize(handle, 0), 'ERR_MEMS_RANGE', 'to 0');
  throws(() => heap.resize(handle, -1), 'ERR_MEMS_RANGE', 'to -1');
  throws(() => heap.resize(handle, 'x'), 'ERR_MEMS_TYPE', 'to x');
  throws(() => heap.resize(handle, 2 ** 40), 'ERR_MEMS_NO_MEMORY', 'to 2^40');
  throws(() => heap.resize(handle + 1, 10), 'ERR_MEMS_ADDRESS', 'of no block');
  throws(() => heap.resize('x', 10), 'ERR_MEMS_TYPE', 'of x');
  is(heap.contains(handle), true, 'that fails leaves the block');
  heap.verify();
  space.destroy();
});

test('bytes and texts', () => {
  const space = new Space({ size: SIZE });
  const heap = new Heap(space);
  const dirty = heap.alloc(500);
  space.fill(dirty, 255, 500);
  heap.free(dirty);
  ok(space.view(heap.calloc(500), 500).every((byte) => byte === 0),
    'calloc gives 0');
  const { handle, length } = heap.allocString('Ärger', 'latin1');
  is(length, 5, 'a text has its length');
  is(space.readString(handle, length, 'latin1'), 'Ärger', 'and is read again');
  is(heap.allocString('').length, 0, 'an empty one has length 0');
  throws(() => heap.allocString(5), 'ERR_MEMS_TYPE', 'of a number');
  throws(() => heap.allocString('a', 'nonsense'), 'ERR_MEMS_RANGE',
    'in no encoding');
  space.destroy();
});

test('shrink', () => {
  const space = new Space({ size: SIZE });
  const heap = new Heap(space);
  const handles = [];
  for (let i = 0; i < 20000; i++) handles.push(heap.alloc(1 + i % 600));
  const { held } = heap.stats();
  handles.forEach((handle) => heap.free(handle));
  heap.shrink();
  ok(heap.stats().held < held / 4, 'gives memory back');
  is(typeof heap.alloc(100), 'number', 'after which there are blocks again');
  heap.verify();
  space.verify();
  space.destroy();
});

test('two handles of a thread', () => {
  const space = new Space({ size: SIZE });
  const one = new Heap(space);
  const two = Heap.attach(one, space);
  const handles = [];
  for (let i = 0; i < 2000; i++) {
    handles.push(one.alloc(1 + i % 500), two.alloc(1 + i * 7 % 500));
  }
  is(new Set(handles).size, 4000, 'never give the same block');
  handles.forEach((handle, i) => (i % 3 === 0 ? one : two).free(handle));
  is(one.stats().blocks, 0, 'free blocks of each other');
  one.verify();
  one.destroy();
  throws(() => one.alloc(16), 'ERR_MEMS_CLOSED', 'end alone');
  is(typeof two.alloc(16), 'number', 'the other goes on');
  two.destroy();
  space.verify();
  space.destroy();
});

test('a full space', () => {
  const space = new Space({ size: 2 ** 20 });
  const heap = new Heap(space);
  const handles = [];
  throws(() => {
    for (;;) handles.push(heap.alloc(100));
  }, 'ERR_MEMS_NO_MEMORY', 'is told of');
  ok(handles.length > 2000, 'late');
  is(new Set(handles).size, handles.length, 'no block is given twice');
  heap.verify();
  space.verify();
  handles.forEach((handle) => heap.free(handle));
  is(heap.stats().blocks, 0, 'all can be freed');
  is(typeof heap.alloc(100), 'number', 'and had again');
  space.destroy();
});

test('a destroyed heap', () => {
  const space = new Space({ size: SIZE });
  const heap = new Heap(space);
  const handle = heap.alloc(64);
  heap.free(heap.alloc(64));
  heap.destroy();
  const calls = {
    alloc: [64], calloc: [64], resize: [handle, 70], allocString: ['x'],
    free: [handle], usableSize: [handle], contains: [handle], blocks: [],
    stats: [], shrink: [], verify: [], destroy: [],
    allocBulk: [64, new Float64Array(2)], freeBulk: [Float64Array.of(handle)]
  };
  for (const name of Object.keys(calls)) {
    throws(() => heap[name](...calls[name]), 'ERR_MEMS_CLOSED', name);
  }
  throws(() => new Heap(), 'ERR_MEMS_TYPE', 'new Heap()');
  throws(() => new Heap({}), 'ERR_MEMS_TYPE', 'new Heap({})');
  same(space.nodes().length, 1, 'the space goes on');
  space.verify();
  space.destroy();
});
