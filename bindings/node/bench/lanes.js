'use strict';

// Requests that allocate and are over: V8 against what the package has, lane by
// lane in turn, in one process. Each lane does the same work on its memory.
//
//   node --expose-gc bench/lanes.js [ROUNDS]

const { Space, Arena, Heap, Slab } = require('..');
const seed = require('../lib/compat/r-alloc');
const { compare, growthOf } = require('./measure');

const REQUESTS = 10000;
const BLOCKS = 100;
const SIZE = 64;
const FIRST = 1000;

// One that does not grow: views of it are made faster.
const space = new Space({ size: 2 ** 30 });
const arena = new Arena(space, { first: 16384 });
const shared = new Arena(space, { first: 16384, shared: true });
const slab = new Slab(space, { size: SIZE });
const heap = new Heap(space);
const { i32 } = space.window;
const slots = new Int32Array(BLOCKS);
const sizes = Int32Array.from({ length: BLOCKS }, (_, i) => 16 + i * 37 % 240);

// What a lane gives is added up, so that no compiler may drop its work.
const lanes = {
  'V8 Buffer, pushed'() {
    let sum = 0;
    for (let r = 0; r < REQUESTS; r++) {
      const list = [];
      for (let i = 0; i < BLOCKS; i++) list.push(Buffer.allocUnsafe(SIZE));
      sum += list.length;
    }
    return sum;
  },
  'V8 object, pushed'() {
    let sum = 0;
    for (let r = 0; r < REQUESTS; r++) {
      const list = [];
      for (let i = 0; i < BLOCKS; i++) list.push({ a: i, b: r, c: 1, d: 2 });
      sum += list.length;
    }
    return sum;
  },
  'arena, address only'() {
    let sum = 0;
    for (let r = 0; r < REQUESTS; r++) {
      for (let i = 0; i < BLOCKS; i++) sum ^= arena.alloc(SIZE);
      arena.reset();
    }
    return sum;
  },
  'arena, four fields'() {
    let sum = 0;
    for (let r = 0; r < REQUESTS; r++) {
      for (let i = 0; i < BLOCKS; i++) {
        const at = arena.alloc(SIZE) - FIRST >> 2;
        i32[at] = i;
        i32[at + 1] = r;
        i32[at + 2] = 1;
        i32[at + 3] = 2;
        sum ^= at;
      }
      arena.reset();
    }
    return sum;
  },
  'arena, address pushed'() {
    let sum = 0;
    for (let r = 0; r < REQUESTS; r++) {
      const list = [];
      for (let i = 0; i < BLOCKS; i++) list.push(arena.alloc(SIZE));
      sum += list.length;
      arena.reset();
    }
    return sum;
  },
  'arena, a Buffer each, pushed'() {
    let sum = 0;
    for (let r = 0; r < REQUESTS; r++) {
      const list = [];
      for (let i = 0; i < BLOCKS; i++) list.push(arena.allocBuffer(SIZE));
      sum += list.length;
      arena.reset();
    }
    return sum;
  },
  'arena of all threads, address only'() {
    let sum = 0;
    for (let r = 0; r < REQUESTS; r++) {
      for (let i = 0; i < BLOCKS; i++) sum ^= shared.alloc(SIZE);
      shared.reset();
    }
    return sum;
  },
  'slab, a pair'() {
    let sum = 0;
    for (let r = 0; r < REQUESTS; r++) {
      for (let i = 0; i < BLOCKS; i++) slots[i] = slab.alloc();
      for (let i = 0; i < BLOCKS; i++) slab.free(slots[i]);
      sum ^= slots[0];
    }
    return sum;
  },
  'heap, a pair, 16 to 255 bytes'() {
    let sum = 0;
    for (let r = 0; r < REQUESTS; r++) {
      for (let i = 0; i < BLOCKS; i++) slots[i] = heap.alloc(sizes[i]);
      for (let i = 0; i < BLOCKS; i++) heap.free(slots[i]);
      sum ^= slots[0];
    }
    return sum;
  },
  'space, a pair'() {
    let sum = 0;
    for (let r = 0; r < REQUESTS / 10; r++) {
      for (let i = 0; i < BLOCKS; i++) slots[i] = space.alloc(SIZE);
      for (let i = 0; i < BLOCKS; i++) space.free(slots[i]);
      sum ^= slots[0];
    }
    return sum;
  },
  'r-alloc: rAlloc, rFree'() {
    let sum = 0;
    const list = [];
    for (let r = 0; r < REQUESTS; r++) {
      for (let i = 0; i < BLOCKS; i++) list[i] = seed.rAlloc(SIZE);
      for (let i = 0; i < BLOCKS; i++) seed.rFree(list[i]);
      sum += list.length;
    }
    return sum;
  },
  'r-alloc: createArena, rArena, rDestroy'() {
    let sum = 0;
    for (let r = 0; r < REQUESTS; r++) {
      const one = seed.createArena(8192, seed.LIFETIME.TRANSIENT);
      for (let i = 0; i < BLOCKS; i++) {
        if (seed.rArena(one, SIZE) !== 0n) sum++;
      }
      seed.rDestroy(one);
    }
    return sum;
  }
};

// Lanes that do a part of the requests, since they are slow.
const parts = { 'space, a pair': 10 };

const targets = [
  ['arena, address only', 'V8 Buffer, pushed', 15],
  ['arena, address only', 'V8 object, pushed', 3.5],
  ['arena, four fields', 'V8 object, pushed', 2.5],
  ['arena, a Buffer each, pushed', 'V8 Buffer, pushed', 1.5],
  ['r-alloc: rAlloc, rFree', 'V8 Buffer, pushed', 0.7],
  ['r-alloc: createArena, rArena, rDestroy', 'V8 Buffer, pushed', 1.2],
  ['slab, a pair', 'V8 Buffer, pushed', 8],
  ['heap, a pair, 16 to 255 bytes', 'V8 Buffer, pushed', 6]
];

console.log(`${REQUESTS} requests, ${BLOCKS} blocks of ${SIZE} bytes each; ` +
  'ns for a block, and how many times as fast');
compare(lanes, {
  rounds: Number(process.argv[2]) || 9,
  operations: (name) => REQUESTS * BLOCKS / (parts[name] || 1),
  against: ['V8 Buffer, pushed', 'V8 object, pushed'],
  targets
});

console.log('\nMiB that a lane left behind before the collector came');
for (const name of Object.keys(lanes)) {
  const { heapUsed, arrayBuffers, rss } = growthOf(lanes[name]);
  console.log(`  ${name.padEnd(40)} heap ${heapUsed.padStart(7)}` +
    `  buffers ${arrayBuffers.padStart(7)}  resident ${rss.padStart(7)}`);
}
