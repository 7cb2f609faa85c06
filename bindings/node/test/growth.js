'use strict';

// Memory that grows: a SharedArrayBuffer of which as much is usable as is used.
// Before Node 20 all is usable from the start, and the rest is the same.

const { Worker, isMainThread, parentPort, workerData } =
  require('worker_threads');
const { Space, Heap, Slab, Arena, struct } = require('../lib');
const { chance } = require('./random');

const GROWS = 'growable' in SharedArrayBuffer.prototype;
const SIZE = 2 ** 20;
const MAXIMUM = 2 ** 25;

function make(options) {
  return new Space({ size: SIZE, maximum: MAXIMUM, ...options });
}

const lengthOf = (space) => space.token.memory.byteLength;

// ------------------------------------------------------------------ in workers

// Fills blocks with a byte of its own until nothing more can be had.
function jobFill({ heap, mine }) {
  const here = Heap.attach(heap);
  const live = [];
  for (;;) {
    try {
      live.push(here.alloc(1000));
    } catch (error) {
      if (error.code !== 'ERR_MEMS_NO_MEMORY') throw error;
      break;
    }
    here.space.fill(live[live.length - 1], mine, 1000);
  }
  const right = live.every((handle) => {
    const view = here.space.view(handle, 1000);
    return view[0] === mine && view[999] === mine;
  });
  parentPort.postMessage({ live, right });
}

// Has slots of a heap until it is told to end.
function jobHold({ heap }) {
  const here = Heap.attach(heap);
  here.alloc(48);
  parentPort.on('message', () => {
    here.destroy();
    parentPort.close();
  });
  parentPort.postMessage('ready');
}

const jobs = { fill: jobFill, hold: jobHold };

if (isMainThread) runTests();
else jobs[workerData.job](workerData);

function runTests() {
  const { test, ok, is, throws, skip, diag } = require('./tap');
  const { run, ending } = require('./child');

  // Allocate until there is no more, and see that every block keeps its bytes.
  function fill(name, space, size, alloc) {
    const live = [];
    throws(() => {
      for (;;) {
        const handle = alloc();
        space.fill(handle, live.length & 255, size);
        live.push(handle);
      }
    }, 'ERR_MEMS_NO_MEMORY', `${name}: ends`);
    ok(live.length * size > MAXIMUM * 0.8, `${name}: with all of it`);
    is(live.findIndex((handle, i) => {
      const view = space.view(handle, size);
      return view[0] !== (i & 255) || view[size - 1] !== (i & 255);
    }), -1, `${name}: and every byte`);
    is(lengthOf(space), MAXIMUM, `${name}: of the buffer`);
    space.verify();
    return live;
  }

  test('options', () => {
    const wrong = (options, text) =>
      throws(() => new Space(options), 'ERR_MEMS_RANGE', text);
    wrong({ maximum: 0 }, 'maximum 0');
    wrong({ maximum: 1.5 }, 'maximum 1.5');
    wrong({ maximum: '9' }, 'maximum 9 as text');
    wrong({ size: 0, maximum: SIZE }, 'size 0');
    wrong({ size: SIZE + 1, maximum: SIZE }, 'less than size');
    wrong({ memory: 'mapped', maximum: SIZE }, 'of mapped memory');
    wrong({ memory: new SharedArrayBuffer(SIZE), maximum: SIZE },
      'of memory of the caller');
    throws(() => new Space({ size: SIZE, maximum: 2 ** 54 - 1 }),
      'ERR_MEMS_RANGE', 'no safe integer');
    const space = new Space({ maximum: SIZE });
    is(lengthOf(space), SIZE, 'maximum alone');
    space.destroy();
  });

  test('what is usable', () => {
    const space = make();
    is(lengthOf(space), GROWS ? SIZE : MAXIMUM, 'at first');
    ok(space.maximum > MAXIMUM * 0.9, 'is not all');
    is(space.stats().maximum, space.maximum, 'as is told');
    const first = space.alloc(64);
    const view = space.view(first, 64).fill(7);
    const { window } = space;
    const before = window.length;
    const last = space.alloc(SIZE * 2);
    ok(lengthOf(space) >= SIZE * 2, 'grows');
    is(space.window, window, 'in one window');
    space.fill(last, 1, SIZE * 2);
    ok(!GROWS || window.length > before, 'which grows with it');
    ok(view.every((byte) => byte === 7), 'older views stay');
    view[5] = 8;
    is(space.view(first, 64)[5], 8, 'and are of the same bytes');
    space.destroy();
    throws(() => space.alloc(MAXIMUM / 2), 'ERR_MEMS_CLOSED', 'until the end');
  });

  test('a first size without room for what is known of the space', () => {
    const space = new Space({ size: 4096, maximum: MAXIMUM });
    is(space.contains(space.alloc(100)), true, 'is made larger');
    ok(!GROWS || lengthOf(space) < MAXIMUM, 'as far as it must');
    space.destroy();
  });

  test('the default', () => {
    const space = new Space();
    const { memory } = space.token;
    if (!GROWS) {
      is(memory.growable, undefined, 'does not grow before Node 20');
    } else if (memory.byteLength === memory.maxByteLength) {
      skip('it grows', 'there are no addresses for so much');
    } else {
      is(memory.growable, true, 'grows');
      ok(memory.maxByteLength >= 2 * memory.byteLength, 'to twice as much');
    }
    space.destroy();
  });

  test('all kinds of blocks', () => {
    const kinds = {
      blocks: (space) => () => space.alloc(1000),
      'aligned blocks': (space) => () => space.alignedAlloc(64, 1000),
      'blocks of 0': (space) => () => space.calloc(1000),
      'resized blocks': (space) => () => space.resize(space.alloc(16), 1000),
      'a heap': (space) => {
        const heap = new Heap(space);
        return () => heap.alloc(1000);
      },
      'a slab': (space) => {
        const slab = new Slab(space, { size: 1008 });
        return () => slab.alloc();
      },
      'an arena': (space) => {
        const arena = new Arena(space);
        return () => arena.alloc(1000);
      },
      'a shared arena': (space) => {
        const arena = new Arena(space, { shared: true });
        return () => arena.alloc(1000);
      },
      'an intermediate arena': (space) => {
        const arena = new Arena(space, { lifetime: 'intermediate' });
        return () => arena.alignedAlloc(32, 1000);
      },
      'checked blocks': (space) => () => space.alloc(1000)
    };
    Object.keys(kinds).forEach((name) => {
      const space = make({ checked: name === 'checked blocks' });
      fill(name, space, 1000, kinds[name](space));
      space.destroy();
    });
  });

  test('arenas, slabs and heaps', () => {
    const space = make();
    space.alloc(SIZE - 2 ** 18);
    const made = [];
    throws(() => {
      for (;;) {
        made.push(new Arena(space, { first: 2 ** 18 }),
          new Slab(space, { size: 2 ** 14 }), new Heap(space));
        made[made.length - 2].alloc();
        made[made.length - 1].alloc(2 ** 15);
      }
    }, 'ERR_MEMS_NO_MEMORY', 'are made');
    is(lengthOf(space), MAXIMUM, 'as long as there is room');
    space.verify();
    made.forEach((one) => one.destroy());
    is(space.stats().blocks, 1, 'and leave it');
    space.destroy();
  });

  test('many at once', () => {
    const space = make();
    const handles = new Float64Array(20000);
    space.allocBulk(1000, handles);
    is(new Set(handles).size, 20000, 'blocks');
    space.freeBulk(handles);
    const arena = new Arena(space);
    arena.allocBulk(1000, handles);
    is(new Set(handles).size, 20000, 'of an arena');
    arena.destroy();
    const heap = new Heap(space);
    heap.allocBulk(1000, handles);
    is(new Set(handles).size, 20000, 'of a heap');
    throws(() => heap.allocBulk(1000, new Float64Array(40000)),
      'ERR_MEMS_NO_MEMORY', 'too many');
    heap.freeBulk(handles);
    space.verify();
    space.destroy();
  });

  test('records', () => {
    const Point = struct({ x: 'f64', y: 'f64' });
    const space = make();
    const point = Point.cursor(space);
    const live = [];
    for (let i = 0; i < 200000; i++) {
      live.push(space.alloc(Point.size));
      point.at(live[i]);
      point.x = i;
    }
    is(live.findIndex((handle, i) => point.at(handle).x !== i), -1,
      'are where they were');
    space.destroy();
  });

  test('what no memory helps', () => {
    const space = make({ hardLimit: SIZE / 2 });
    const length = lengthOf(space);
    throws(() => space.alloc(SIZE), 'ERR_MEMS_NO_MEMORY', 'above the limit');
    is(lengthOf(space), length, 'takes none');
    space.limit();
    throws(() => space.alloc(MAXIMUM), 'ERR_MEMS_NO_MEMORY', 'too much');
    throws(() => space.alloc(2 ** 52), 'ERR_MEMS_NO_MEMORY', 'far too much');
    throws(() => space.alloc(0), 'ERR_MEMS_RANGE', 'nothing');
    throws(() => space.alloc('much'), 'ERR_MEMS_TYPE', 'a text');
    is(lengthOf(space), length, 'nor do these');
    space.destroy();
  });

  test('random blocks', () => {
    const random = chance(20261122);
    const space = make();
    const live = [];
    let wrong = 0;
    for (let i = 0; i < 30000; i++) {
      if (random.below(100) < 60 || live.length === 0) {
        const size = random.size(8000);
        try {
          const handle = space.alloc(size);
          space.fill(handle, i & 255, size);
          live.push([handle, size, i & 255]);
        } catch (error) {
          if (error.code !== 'ERR_MEMS_NO_MEMORY') throw error;
          live.splice(0, 100).forEach(([handle]) => space.free(handle));
        }
      } else {
        const index = random.below(live.length);
        const [handle, size, byte] = live[index];
        const view = space.view(handle, size);
        if (view[0] !== byte || view[size - 1] !== byte) wrong++;
        space.free(handle);
        live[index] = live[live.length - 1];
        live.pop();
      }
    }
    is(wrong, 0, 'keep their bytes');
    is(space.stats().blocks, live.length, 'and are all there');
    space.verify();
    space.destroy();
  });

  test('a buffer of the caller', () => {
    if (!GROWS) {
      skip('it grows', 'not before Node 20');
      return;
    }
    const memory = new SharedArrayBuffer(SIZE, { maxByteLength: MAXIMUM });
    const space = new Space({ memory });
    ok(space.maximum > MAXIMUM * 0.9, 'is used as far as it may get');
    throws(() => new Space({ memory }), 'ERR_MEMS_RANGE', 'by one space');
    space.alloc(SIZE / 2);
    memory.grow(SIZE * 8);
    space.alloc(SIZE * 6);
    is(memory.byteLength, SIZE * 8, 'grows when the caller says so');
    space.alloc(SIZE * 6);
    ok(memory.byteLength > SIZE * 12, 'and when the space must');
    space.verify();
    space.destroy();
    const again = new Space({ memory });
    is(again.contains(again.alloc(SIZE * 13)), true, 'and is used again');
    again.destroy();
  });

  test('a second handle in the thread', () => {
    const space = make();
    const other = Space.attach(space);
    const handle = space.alloc(SIZE * 8);
    space.fill(handle, 3, SIZE * 8);
    is(other.view(handle, SIZE * 8)[SIZE * 8 - 1], 3, 'sees what grew');
    const more = other.alloc(SIZE * 16);
    other.fill(more, 4, SIZE * 16);
    is(space.view(more + SIZE * 16 - 1, 1)[0], 4, 'and makes it grow');
    throws(() => space.view(space.maximum, 2000), 'ERR_MEMS_ADDRESS',
      'but nothing is behind it');
    space.destroy();
    other.destroy();
  });

  test('threads that fill it together', async () => {
    const space = make();
    const heap = new Heap(space);
    const results = await Promise.all([1, 2, 3].map((mine) =>
      new Promise((resolve, reject) => {
        const worker = new Worker(__filename,
          { workerData: { job: 'fill', heap: heap.token, mine } });
        worker.on('message', resolve);
        worker.on('error', reject);
      })));
    ok(results.every(({ right }) => right), 'have blocks of their own');
    const all = [].concat(...results.map(({ live }) => live));
    is(new Set(all).size, all.length, 'all of them different');
    ok(all.length * 1000 > MAXIMUM * 0.7, 'and use it all');
    is(results.every(({ live }, i) => live.every((handle) =>
      space.view(handle, 1)[0] === i + 1)), true, 'as others see');
    heap.verify();
    space.verify();
    space.destroy();
  });

  // Engines keep such memory from processes that they fork.
  test('a process that is started meanwhile', async () => {
    const space = make();
    const heap = new Heap(space);
    const worker = new Worker(__filename,
      { workerData: { job: 'hold', heap: heap.token } });
    await new Promise((resolve) => worker.once('message', resolve));
    const end = run('console.log(1)');
    is(end.stdout, '1\n', 'runs');
    if (end.status !== 0) diag(ending(end));
    worker.postMessage('end');
    await new Promise((resolve) => worker.once('exit', resolve));
    space.verify();
    space.destroy();
  });

  test('where buffers do not grow', () => {
    const end = run(`
      delete SharedArrayBuffer.prototype.growable;
      const { Space } = require(lib);
      const space = new Space({ size: 2 ** 20, maximum: 2 ** 24 });
      console.log(space.token.memory.byteLength, space.alloc(2 ** 23));`);
    is(end.stdout, '16777216 1000\n', 'all is usable from the start');
    if (end.status !== 0) diag(ending(end));
  });
}
