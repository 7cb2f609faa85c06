'use strict';

// Spaces larger than 2 GiB, and than one view: their memory is reserved, and
// only the few pages that are touched here are taken.

const { constants } = require('buffer');
const { test, ok, is, same, throws, skip, diag } = require('./tap');
const { run, ending } = require('./child');
const { Space, Heap, Slab, Arena, struct } = require('../lib');

const GIB = 2 ** 30;
const LINE = 2 ** 32 + 1000;    // where a view ends on older Nodes
const ONE_VIEW = constants.MAX_LENGTH > 2 ** 32;

// A space, or undefined where so much cannot be reserved.
function make(memory, size, options = {}) {
  try {
    return new Space({ memory, size, ...options });
  } catch (error) {
    if (error.code !== 'ERR_MEMS_NO_MEMORY') throw error;
    skip(`${memory} memory of ${size / GIB} GiB`, 'it cannot be reserved');
    return undefined;
  }
}

// The same with all of its first bytes in a block that is never touched.
function makeFilled(memory, size, filled, options) {
  const space = make(memory, size, options);
  if (space !== undefined) space.alloc(filled);
  return space;
}

const kinds = [
  ['shared', 3 * GIB, 2 * GIB],
  ['mapped', 3 * GIB, 2 * GIB],
  ['mapped', 10 * GIB, 4 * GIB]
];

for (const [memory, size, filled] of kinds) {
  const name = `${memory} memory above ${filled / GIB} GiB`;

  test(`blocks in ${name}`, () => {
    const space = makeFilled(memory, size, filled);
    if (space === undefined) return;
    const handle = space.alloc(5000);
    ok(handle > filled, 'are there');
    ok(space.usableSize(handle) >= 5000, 'have their size');
    space.fill(handle, 7, 5000);
    is(space.view(handle, 5000)[4999], 7, 'have bytes');
    is(space.buffer(handle + 4999, 1)[0], 7, 'also by a Buffer');
    space.dataView(handle, 8).setFloat64(0, 0.5, true);
    is(space.buffer(handle, 8).readDoubleLE(0), 0.5, 'and by a DataView');
    const text = space.allocString('wide, weit, далеко');
    is(space.readString(text.handle, text.length), 'wide, weit, далеко',
      'have text');
    const moved = space.resize(handle, 2 ** 20);
    is(space.view(moved, 5000)[4999], 7, 'keep them when resized');
    ok(space.contains(moved + 2 ** 20 - 1), 'contain their last byte');
    throws(() => space.free(moved + 16), 'ERR_MEMS_ADDRESS',
      'are not freed from inside');
    const clean = space.calloc(4096);
    ok(space.view(clean, 4096).every((byte) => byte === 0), 'can be zeroed');
    const aligned = space.alignedAlloc(2 ** 16, 64);
    is(Number(space.pointer(aligned) % 65536n), 0, 'can be aligned');
    space.setRoot('far', aligned);
    is(space.root('far'), aligned, 'can have names');
    const handles = new Float64Array(100);
    space.allocBulk(64, handles);
    ok(handles.every((one) => one > filled), 'come by the hundred');
    space.freeBulk(handles);
    throws(() => space.allocBulk(64, new Int32Array(4)), 'ERR_MEMS_RANGE',
      'are too far for an Int32Array');
    throws(() => space.free(handles[0]), 'ERR_MEMS_ADDRESS', 'end once');
    space.free(moved);
    space.verify();
    space.destroy();
  });

  test(`records in ${name}`, () => {
    const space = makeFilled(memory, size, filled);
    if (space === undefined) return;
    const Item = struct({
      a: 'u8', b: 'i16', c: 'u32', d: 'f32', e: 'f64', flag: 'bool',
      next: 'handle', text: 'utf8[12]', raw: 'bytes[4]'
    });
    const arena = new Arena(space);
    const item = Item.cursor(space);
    let first = 0;
    for (let i = 0; i < 1000; i++) {
      item.at(arena.alloc(Item.size)).assign({
        a: i & 255, b: -i, c: i * 2 ** 20, d: i / 2, e: i / 3,
        flag: i % 2 === 1, next: first, text: `no. ${i}`, raw: [1, 2, 3, i & 255]
      });
      first = item.handle;
    }
    ok(first > filled, 'are there');
    let wrong = 0;
    let i = 1000;
    for (let at = first; at !== 0; at = item.next) {
      const { a, b, c, d, e, flag, text, raw } = item.at(at);
      i--;
      if (a !== (i & 255) || b !== -i || c !== (i * 2 ** 20) >>> 0 ||
          d !== i / 2 || e !== i / 3 || flag !== (i % 2 === 1) ||
          text !== `no. ${i}` || raw[3] !== (i & 255)) {
        wrong++;
      }
    }
    is(i, 0, 'are all found');
    is(wrong, 0, 'have what was written');
    throws(() => item.at(first + 1), 'ERR_MEMS_ADDRESS', 'are aligned');
    space.destroy();
  });

  test(`heaps and slabs in ${name}`, () => {
    const space = make(memory, size);
    if (space === undefined) return;
    // Before and behind: the same heap has blocks in both.
    const heap = new Heap(space);
    const slab = new Slab(space, { size: 64 });
    const near = [heap.alloc(64), slab.alloc()];
    space.alloc(filled);
    // What is left of the near memory.
    const ballast = [];
    for (let room = 2 ** 28; room >= 2 ** 12; room /= 2) {
      for (;;) {
        const handle = space.alloc(room);
        if (handle > filled) {
          space.free(handle);
          break;
        }
        ballast.push(handle);
      }
    }
    const all = new Map();
    let doubles = 0;
    for (let i = 0; i < 20000; i++) {
      const from = i % 3 === 0 ? slab : heap;
      const handle = from.alloc(i % 3 === 0 ? 64 : 16 + i % 500);
      if (all.has(handle)) doubles++;
      all.set(handle, from);
      space.dataView(handle, 4).setInt32(0, i, true);
    }
    is(doubles, 0, 'give each block once');
    ok([...all.keys()].filter((handle) => handle > filled).length > 10000,
      'are there');
    heap.verify();
    slab.verify();
    let wrong = 0;
    let i = 0;
    for (const handle of all.keys()) {
      if (space.dataView(handle, 4).getInt32(0, true) !== i++) wrong++;
    }
    is(wrong, 0, 'keep what was written');
    const [far] = [...all.keys()].slice(-1);
    const last = all.get(far);
    all.delete(far);
    last.free(far);
    throws(() => last.free(far), 'ERR_MEMS_ADDRESS', 'find a double free');
    throws(() => heap.free(near[0] + 2 ** 32), 'ERR_MEMS_ADDRESS',
      'take no other block for one 4 GiB before');
    ok(heap.contains(near[0]), 'which lives on');
    for (let round = 0; round < 3; round++) {
      const sources = [...all.values()];
      for (const [handle, from] of all) from.free(handle);
      all.clear();
      for (const from of sources) {
        all.set(from.alloc(from === slab ? 64 : 16 + round * 100), from);
      }
    }
    heap.verify();
    slab.verify();
    is(heap.stats().blocks + slab.stats().blocks, all.size + 2,
      'count their blocks');
    for (const [handle, from] of all) from.free(handle);
    heap.free(near[0]);
    slab.free(near[1]);
    is(heap.stats().blocks + slab.stats().blocks, 0, 'are empty at the end');
    space.verify();
    space.destroy();
  });

  test(`arenas in ${name}`, () => {
    const space = makeFilled(memory, size, filled);
    if (space === undefined) return;
    for (const options of [{}, { lifetime: 'intermediate' },
      { lifetime: 'persistent' }, { shared: true }]) {
      const arena = new Arena(space, options);
      const what = JSON.stringify(options);
      const handles = Array.from({ length: 2000 }, (_, i) =>
        arena.alloc(1 + i % 300));
      ok(handles.every((handle) => handle > filled), `${what}: are there`);
      is(new Set(handles).size, 2000, `${what}: give each block once`);
      handles.forEach((handle, i) => space.fill(handle, i & 255, 1 + i % 300));
      ok(handles.every((handle, i) => space.view(handle + i % 300, 1)[0] ===
        (i & 255)), `${what}: keep bytes`);
      arena.verify();
      if (options.lifetime !== 'persistent') {
        arena.reset();
        is(arena.alloc(16), handles[0], `${what}: begin anew`);
      }
      arena.destroy();
    }
    const arena = new Arena(space);
    arena.alloc(100);
    const mark = arena.mark();
    const next = arena.alloc(2 ** 20);
    arena.rewind(mark);
    ok(arena.alloc(64) < next, 'rewind to a mark');
    space.verify();
    space.destroy();
  });
}

test('an arena with a chunk of 2 GiB', () => {
  const space = make('mapped', 6 * GIB);
  if (space === undefined) return;
  for (const shared of [false, true]) {
    const arena = new Arena(space, { shared, first: GIB });
    // The second chunk is twice as large, and no chunk is larger.
    const first = arena.alloc(GIB - 4096);
    const second = arena.alloc(GIB);
    const { chunks } = arena.stats();
    is(chunks, 2, 'grows');
    let last = second;
    let wrong = 0;
    for (let i = 0; i < 6; i++) {
      const handle = arena.alloc(2 ** 27);
      const small = arena.alloc(64);
      if (handle <= last || small < handle + 2 ** 27) wrong++;
      if (space.view(small, 64)[63] !== 0) wrong++;
      last = small;
    }
    is(wrong, 0, 'is allocated from in order');
    is(arena.stats().chunks, chunks, 'to its end');
    arena.verify();
    if (!shared) {
      const mark = arena.mark();
      arena.rewind(mark);
      const again = arena.alloc(64);
      arena.rewind(mark);
      is(arena.alloc(64), again, 'has marks');
    }
    arena.reset();
    is(arena.alloc(64), first, 'and is reset');
    arena.destroy();
  }
  space.destroy();
});

test('a block on the line of 4 GiB', () => {
  const space = make('mapped', 10 * GIB);
  if (space === undefined) return;
  const block = space.alloc(6 * GIB);
  ok(block < LINE && block + 6 * GIB > LINE, 'is there');
  for (const [from, length] of [[LINE - 8, 16], [LINE - 4096, 4096],
    [LINE - 1, 1], [LINE, 1], [LINE - 5000, 2 ** 30], [LINE - 2 ** 30, 2 ** 31],
    [block + 6 * GIB - 64, 64]]) {
    const view = space.view(from, length);
    view[0] = 1;
    view[length - 1] = 2;
    is(space.view(from + length - 1, 1)[0], 2, `has ${length} bytes at ${from}`);
    is(space.buffer(from, length).length, length, 'as a Buffer, too');
  }
  const Pair = struct({ a: 'f64', b: 'f64' });
  const pair = Pair.cursor(space).at(LINE - 8);
  pair.a = 1.5;
  pair.b = 2.5;
  same(pair.at(LINE - 8).toObject(), { a: 1.5, b: 2.5 }, 'can have a record');
  const window = space.windowAt(LINE - 8, 16);
  is(window.f64[(LINE - 1000 - window.offset) / 8], 2.5, 'in one window');
  if (ONE_VIEW) {
    is(space.windowAt(LINE), space.window, 'which is the only one here');
    is(space.view(block, 5 * GIB).length, 5 * GIB, 'with very long views');
  } else {
    ok(space.windowAt(LINE).offset > 0, 'which is a further one');
    is(space.windowAt(LINE), space.windowAt(LINE + 1), 'and made once');
    throws(() => space.view(block, 5 * GIB), 'ERR_MEMS_ADDRESS',
      'not with more than a view has');
  }
  const bytes = space.view(LINE, 16);
  space.destroy();
  is(bytes.length, 0, 'is not to be seen when the space has ended');
  is(window.length, 0, 'nor its window');
});

test('a SharedArrayBuffer', () => {
  const most = Math.min(constants.MAX_LENGTH - constants.MAX_LENGTH % 4096,
    2 ** 33);
  const space = make('shared', most);
  if (space !== undefined) {
    space.alloc(most - 2 ** 29);
    const handle = space.alloc(64);
    space.fill(handle, 9, 64);
    is(space.view(handle, 64)[63], 9, 'of one view\'s size is all to be seen');
    space.verify();
    space.destroy();
  }
  if (ONE_VIEW) {
    skip('a larger one', 'there is none here');
    return;
  }
  throws(() => new Space({ size: 2 ** 33 }), 'ERR_MEMS_NO_MEMORY',
    'that is larger is refused');
  let memory;
  try {
    memory = new SharedArrayBuffer(2 ** 33);
  } catch (error) {
    skip('one that is given', 'it cannot be reserved');
    return;
  }
  throws(() => new Space({ memory }), 'ERR_MEMS_NO_MEMORY',
    'also one that is given');
});

test('a checked space', () => {
  const space = makeFilled('mapped', 10 * GIB, 5 * GIB, { checked: true });
  if (space === undefined) return;
  const heap = new Heap(space);
  const handle = heap.alloc(64);
  space.fill(handle, 3, 64);
  is(space.view(handle, 64)[63], 3, 'has its bytes');
  ok(space.pointer(handle) > 0n, 'and pointers');
  heap.free(handle);
  throws(() => space.view(handle, 1), 'ERR_MEMS_STALE', 'and finds an old one');
  space.destroy();
});

test('workers above 2 GiB', () => {
  const end = run(`
    const { Worker } = require('worker_threads');
    const { Space, Heap, Slab } = require(lib);
    let space;
    try {
      space = new Space({ size: 3 * 2 ** 30 });
    } catch (error) {
      console.log('true true true');
      process.exit();
    }
    const ballast = space.alloc(2.5 * 2 ** 30);
    const heap = new Heap(space);
    const slab = new Slab(space, { size: 48 });
    const handles = Array.from({ length: 5000 }, (_, i) => i % 2 ?
      heap.alloc(40) : slab.alloc());
    const worker = new Worker(\`
      const { parentPort, workerData: { lib, heap, slab, handles } } =
        require('worker_threads');
      const { Heap, Slab } = require(lib);
      const mine = Heap.attach(heap);
      const equal = Slab.attach(slab, mine.space);
      handles.forEach((handle, i) => (i % 2 ? mine : equal).free(handle));
      const made = handles.map((_, i) => (i % 2 ? mine : equal).alloc(40));
      let twice = 0;
      try { mine.free(handles[1] + 8); } catch (error) { twice++; }
      parentPort.postMessage({ made, twice });
    \`, { eval: true, workerData: { lib, heap, slab, handles } });
    worker.on('message', ({ made, twice }) => {
      made.forEach((handle, i) => (i % 2 ? heap : slab).free(handle));
      worker.on('exit', () => {
        heap.verify();
        slab.verify();
        console.log(made.every((handle) => handle > 2 ** 31), twice === 1,
          heap.stats().blocks + slab.stats().blocks === 0);
      });
    });`);
  is(end.stdout, 'true true true\n', 'share heaps and slabs');
  if (end.stdout !== 'true true true\n') diag(ending(end));
});
