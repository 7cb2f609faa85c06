'use strict';

// Many blocks by one call.

const { test, ok, is, throws, MEMORIES } = require('./tap');
const { Space, Heap, Slab, Arena } = require('../lib');

const SIZE = 2 ** 24;

function sources(space) {
  return [
    ['a space', space],
    ['a heap', new Heap(space)],
    ['a slab', new Slab(space, { size: 64 })],
    ['an intermediate arena', new Arena(space, { lifetime: 'intermediate' })]
  ];
}

for (const checked of [false, true]) {
  for (const memory of MEMORIES) {
    const kind = `${memory}${checked ? ', checked' : ''}`;
    test(`blocks (${kind})`, () => {
      const space = new Space({ memory, size: SIZE, checked });
      for (const [name, source] of sources(space)) {
        const before = space.stats().used;
        const handles = new Float64Array(500);
        source.allocBulk(64, handles);
        is(new Set(handles).size, 500, `${name}: are all different`);
        ok(handles.every((handle) => handle >= 1000), `${name}: are there`);
        handles.forEach((handle, i) => space.fill(handle, i % 251, 64));
        ok(handles.every((handle, i) => space.view(handle, 64)
          .every((byte) => byte === i % 251)), `${name}: are apart`);
        source.freeBulk(handles.subarray(0, 250));
        for (const handle of handles.subarray(250)) source.free(handle);
        if (source === space) is(space.stats().used, before, 'are freed');
        else is(source.stats().blocks, 0, `${name}: are freed`);
        source.verify();
      }
      space.verify();
      space.destroy();
    });
  }
}

test('sizes of their own', () => {
  const space = new Space({ size: SIZE });
  for (const [name, source] of sources(space)) {
    if (name === 'a slab') continue;
    for (const Numbers of [Int32Array, Uint32Array, Float64Array]) {
      const sizes = Numbers.from({ length: 50 }, (_, i) => 1 + i * 30);
      const handles = new Uint32Array(50);
      source.allocBulk(sizes, handles);
      sizes.forEach((size, i) => space.fill(handles[i], i, size));
      ok(sizes.every((size, i) => space.view(handles[i], size)
        .every((byte) => byte === i)), `${name}: ${Numbers.name}`);
      source.freeBulk(handles);
    }
    source.verify();
  }
  space.destroy();
});

test('all or nothing', () => {
  const space = new Space({ size: SIZE });
  for (const [name, source] of sources(space)) {
    const blocks = () => source.stats().blocks;
    const before = blocks();
    if (name !== 'a slab') {
      throws(() => source.allocBulk(Float64Array.of(8, 0, 8),
        new Float64Array(3)), 'ERR_MEMS_RANGE', `${name}: size 0`);
      throws(() => source.allocBulk(Float64Array.of(8, -8, 8),
        new Float64Array(3)), 'ERR_MEMS_RANGE', `${name}: size -8`);
      throws(() => source.allocBulk(Float64Array.of(8, NaN, 8),
        new Float64Array(3)), 'ERR_MEMS_RANGE', `${name}: size NaN`);
      throws(() => source.allocBulk(Float64Array.of(8, 2.5, 8),
        new Float64Array(3)), 'ERR_MEMS_RANGE', `${name}: size 2.5`);
      throws(() => source.allocBulk(Float64Array.of(8, 2 ** 40, 8),
        new Float64Array(3)), 'ERR_MEMS_NO_MEMORY', `${name}: size 2^40`);
      throws(() => source.allocBulk(2 ** 22, new Float64Array(9)),
        'ERR_MEMS_NO_MEMORY', `${name}: one too many`);
    }
    throws(() => source.allocBulk(new Float64Array(2), new Float64Array(3)),
      'ERR_MEMS_RANGE', `${name}: fewer sizes`);
    is(blocks(), before, `${name}: is none`);
    source.allocBulk(16, new Float64Array(0));
    is(blocks(), before, `${name}: of none`);
  }
  space.verify();
  space.destroy();
});

test('wrong arrays', () => {
  const space = new Space({ size: SIZE });
  for (const [name, source] of sources(space)) {
    for (const wrong of [undefined, null, 5, [1], new Uint8Array(4),
      new DataView(new ArrayBuffer(8)), {}, new BigInt64Array(2)]) {
      const what = Object.prototype.toString.call(wrong);
      throws(() => source.allocBulk(16, wrong), 'ERR_MEMS_TYPE',
        `${name}: alloc into ${what}`);
      throws(() => source.freeBulk(wrong), 'ERR_MEMS_TYPE',
        `${name}: free of ${what}`);
    }
    throws(() => source.allocBulk('x', new Float64Array(1)), 'ERR_MEMS_TYPE',
      `${name}: size x`);
    throws(() => source.allocBulk(undefined, new Float64Array(1)),
      'ERR_MEMS_TYPE', `${name}: no size`);
  }
  space.destroy();
});

test('wrong addresses', () => {
  const space = new Space({ size: SIZE });
  for (const [name, source] of sources(space)) {
    const handles = new Float64Array(4);
    const refill = () => source.allocBulk(64, handles);
    refill();
    const [first, second] = handles;
    throws(() => source.freeBulk(Float64Array.of(first, first, second)),
      'ERR_MEMS_ADDRESS', `${name}: twice the same`);
    is(source.contains(second), true, `${name}: what is behind stays`);
    is(source.contains(first), false, `${name}: what is before is freed`);
    for (const wrong of [0, -1, NaN, 1e300, second + 1, -Infinity]) {
      throws(() => source.freeBulk(Float64Array.of(wrong)),
        'ERR_MEMS_ADDRESS', `${name}: ${wrong}`);
    }
    throws(() => source.freeBulk(Float64Array.of(second + 0.5)),
      'ERR_MEMS_ADDRESS', `${name}: a fraction is no address`);
    is(source.contains(second), true, `${name}: and frees nothing`);
    source.verify();
  }
  space.destroy();
});

test('an array too small for addresses', () => {
  let space;
  try {
    space = new Space({ memory: 'mapped', size: 2 ** 34 });
    space.alloc(2 ** 32 + 2 ** 20);
  } catch (error) {
    if (!/NO_MEMORY|NO_EXTERNAL/.test(error.code)) throw error;
  }
  if (space === undefined) return;
  const { blocks } = space.stats();
  // Holes below may be used first.
  throws(() => space.allocBulk(2 ** 20, new Uint32Array(20)),
    'ERR_MEMS_RANGE', 'is refused');
  is(space.stats().blocks, blocks, 'and nothing is lost');
  space.destroy();
});

test('arrays in the space itself', () => {
  const space = new Space({ size: SIZE });
  const heap = new Heap(space);
  const handle = heap.alloc(800);
  const bytes = space.view(handle, 800);
  const pad = -bytes.byteOffset & 7;
  const inside = new Float64Array(bytes.buffer, bytes.byteOffset + pad, 90);
  heap.allocBulk(64, inside);
  is(new Set(inside).size, 90, 'take addresses');
  heap.freeBulk(inside);
  is(heap.stats().blocks, 1, 'and give them');
  const sizes = new Float64Array(10).fill(100);
  heap.allocBulk(sizes, sizes);
  is(new Set(sizes).size, 10, 'sizes may be replaced by addresses');
  heap.verify();
  space.destroy();
});

test('bulk and single calls', () => {
  const space = new Space({ size: SIZE });
  for (const source of [new Heap(space), new Slab(space, { size: 64 })]) {
    const live = new Set();
    const handles = new Uint32Array(33);
    for (let round = 0; round < 300; round++) {
      if (round % 3 === 0) {
        source.allocBulk(64, handles);
        handles.forEach((handle) => live.add(handle));
      } else if (round % 3 === 1) {
        for (let i = 0; i < 40; i++) live.add(source.alloc(64));
        for (const handle of [...live].slice(0, 20)) {
          source.free(handle);
          live.delete(handle);
        }
      } else {
        const some = Uint32Array.from([...live].slice(5, 45));
        source.freeBulk(some);
        some.forEach((handle) => live.delete(handle));
      }
    }
    is(source.stats().blocks, live.size, `${source.constructor.name}: agree`);
    source.verify();
  }
  space.verify();
  space.destroy();
});
