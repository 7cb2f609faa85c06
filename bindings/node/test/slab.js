'use strict';

// Slab caches: equal slots.

const { test, ok, is, same, throws, MEMORIES } = require('./tap');
const { Space, Slab, Heap } = require('../lib');

const SIZE = 2 ** 24;

for (const memory of MEMORIES) {
  test(`slots in ${memory} memory`, () => {
    const space = new Space({ memory, size: SIZE });
    for (const size of [1, 7, 16, 24, 64, 100, 1000, 5000, 100000]) {
      const slab = new Slab(space, { size });
      const count = size > 10000 ? 20 : 500;
      const handles = [];
      for (let i = 0; i < count; i++) {
        const handle = slab.alloc();
        space.fill(handle, i % 251, size);
        handles.push(handle);
      }
      ok(new Set(handles).size === count &&
        handles.every((handle, i) => space.view(handle, size)
          .every((byte) => byte === i % 251)), `${size}: are apart`);
      ok(handles.every((handle) => slab.contains(handle)),
        `${size}: are contained`);
      is(slab.stats().blocks, count, `${size}: are counted`);
      slab.verify();
      handles.forEach((handle) => slab.free(handle));
      is(slab.stats().blocks, 0, `${size}: all can be freed`);
      slab.verify();
      throws(() => slab.free(handles[3]), 'ERR_MEMS_ADDRESS',
        `${size}: but not twice`);
      slab.destroy();
    }
    space.verify();
    space.destroy();
  });
}

test('a slot', () => {
  const space = new Space({ size: SIZE });
  const slab = new Slab(space, { size: 48 });
  const handle = slab.alloc();
  is(slab.usableSize(handle), 48, 'has its size');
  is(slab.usableSize(handle + 1), 0, 'inside there is none');
  is(slab.contains(handle), true, 'is contained');
  is(slab.contains(handle + 16), false, 'its inside is not');
  for (const wrong of [handle + 16, handle - 48, 0, 1000, 2 ** 40, 2 ** 52]) {
    throws(() => slab.free(wrong), 'ERR_MEMS_ADDRESS', `${wrong} is no slot`);
  }
  for (const wrong of [-1, 0.5, NaN, Infinity, handle + 0.5, 2 ** 60]) {
    throws(() => slab.free(wrong), 'ERR_MEMS_RANGE', `${wrong} is no address`);
  }
  for (const wrong of [undefined, null, 'x', {}, [handle], 5n]) {
    throws(() => slab.free(wrong), TypeError, `${typeof wrong} is no number`);
  }
  same(slab.blocks(), [{ address: handle, size: 48 }], 'is told of');
  slab.free(handle);
  is(slab.stats().blocks, 0, 'and no more when freed');
  slab.verify();
  space.destroy();
});

test('options', () => {
  const space = new Space({ size: SIZE });
  throws(() => new Slab(), 'ERR_MEMS_TYPE', 'no space');
  throws(() => new Slab({}, { size: 16 }), 'ERR_MEMS_TYPE', 'another object');
  throws(() => new Slab(space), 'ERR_MEMS_TYPE', 'no size');
  throws(() => new Slab(space, { size: 0 }), 'ERR_MEMS_RANGE', 'size 0');
  throws(() => new Slab(space, { size: -1 }), 'ERR_MEMS_RANGE', 'size -1');
  throws(() => new Slab(space, { size: 2 ** 27 }), 'ERR_MEMS_RANGE',
    'size 2^27');
  throws(() => new Slab(space, { size: 16, alignment: 3 }), 'ERR_MEMS_RANGE',
    'alignment 3');
  throws(() => new Slab(space, { size: 16, cap: -1 }), 'ERR_MEMS_RANGE',
    'cap -1');
  throws(() => Slab.attach({}, space), 'ERR_MEMS_TYPE', 'attach({})');
  throws(() => Slab.attach({ type: 'mems.slab', address: 1016 }, space),
    'ERR_MEMS_ADDRESS', 'attach where none is');
  const aligned = new Slab(space, { size: 100, alignment: 256 });
  const handles = [1, 2, 3].map(() => aligned.alloc());
  ok(handles.every((handle) => space.pointer(handle) % 256n === 0n),
    'alignment 256');
  space.destroy();
});

test('a cap', () => {
  const space = new Space({ size: SIZE });
  const slab = new Slab(space, { size: 64, cap: 10 });
  const handles = [];
  for (let i = 0; i < 10; i++) handles.push(slab.alloc());
  throws(() => slab.alloc(), 'ERR_MEMS_NO_MEMORY', 'is kept');
  is(slab.stats().cap, 10, 'is told');
  slab.free(handles.pop());
  is(typeof slab.alloc(), 'number', 'counts slots in use');
  throws(() => slab.alloc(), 'ERR_MEMS_NO_MEMORY', 'and no others');
  slab.verify();
  space.destroy();
});

test('shrink', () => {
  const space = new Space({ size: SIZE });
  const slab = new Slab(space, { size: 64 });
  const handles = [];
  for (let i = 0; i < 20000; i++) handles.push(slab.alloc());
  const { held } = slab.stats();
  handles.forEach((handle) => slab.free(handle));
  ok(slab.shrink() >= 0, 'tells bytes');
  ok(slab.stats().held < held / 10, 'gives slabs back');
  const more = Array.from({ length: 1000 }, () => slab.alloc());
  is(new Set(more).size, 1000, 'after which there are slots again');
  slab.verify();
  space.verify();
  space.destroy();
});

test('two handles of a thread', () => {
  const space = new Space({ size: SIZE });
  const one = new Slab(space, { size: 32 });
  const two = Slab.attach(one, space);
  const handles = new Set();
  for (let i = 0; i < 1000; i++) {
    handles.add(one.alloc());
    handles.add(two.alloc());
  }
  is(handles.size, 2000, 'never give the same slot');
  is(one.stats().handles, 2, 'are counted');
  let i = 0;
  for (const handle of handles) (i++ % 2 === 0 ? two : one).free(handle);
  is(one.stats().blocks, 0, 'free slots of each other');
  for (const handle of handles) {
    let code = '';
    try {
      one.free(handle);
    } catch (error) {
      ({ code } = error);
    }
    if (code !== 'ERR_MEMS_ADDRESS') {
      throw new Error(`a double free of ${handle}: ${code}`);
    }
  }
  const again = new Set();
  for (let j = 0; j < 1000; j++) {
    again.add(one.alloc());
    again.add(two.alloc());
  }
  is(again.size, 2000, 'and use them again, once');
  one.verify();
  one.destroy();
  is(typeof two.alloc(), 'number', 'one goes on when the other ends');
  two.verify();
  two.destroy();
  space.verify();
  space.destroy();
});

test('a destroyed slab', () => {
  const space = new Space({ size: SIZE });
  const slab = new Slab(space, { size: 64 });
  const handle = slab.alloc();
  slab.free(slab.alloc());
  const posted = slab.token;
  slab.destroy();
  const calls = {
    alloc: [], free: [handle], usableSize: [handle], contains: [handle],
    blocks: [], stats: [], shrink: [], verify: [], destroy: [],
    allocBulk: [0, new Float64Array(2)], freeBulk: [Float64Array.of(handle)]
  };
  for (const name of Object.keys(calls)) {
    throws(() => slab[name](...calls[name]), 'ERR_MEMS_CLOSED', name);
  }
  throws(() => Slab.attach(posted, space), 'ERR_MEMS_ADDRESS', 'attach');
  space.verify();
  space.destroy();
});

test('a slot of another', () => {
  const space = new Space({ size: SIZE });
  const one = new Slab(space, { size: 64 });
  const two = new Slab(space, { size: 64 });
  const heap = new Heap(space);
  const handle = one.alloc();
  two.alloc();
  heap.alloc(64);
  throws(() => two.free(handle), 'ERR_MEMS_ADDRESS', 'slab is not freed');
  throws(() => heap.free(handle), 'ERR_MEMS_ADDRESS', 'kind neither');
  throws(() => space.free(handle), 'ERR_MEMS_ADDRESS', 'nor by the space');
  throws(() => Heap.attach(one, space), 'ERR_MEMS_TYPE', 'a slab is no heap');
  one.free(handle);
  space.destroy();
});
