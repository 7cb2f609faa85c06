'use strict';

// What is left of a space when it ends. Run with --expose-gc.

const { test, ok, is, throws, skip, diag } = require('./tap');
const { run, ending } = require('./child');
const { Space, Heap, Arena, Slab } = require('../lib');

const SIZE = 2 ** 24;
const GC = { args: ['--expose-gc'] };

test('views of mapped memory', () => {
  const space = new Space({ memory: 'mapped', size: SIZE });
  const handle = space.alloc(64);
  const views = [space.view(handle, 64), space.buffer(handle, 64),
    space.window.u8, space.window.f64];
  const data = space.dataView(handle, 64);
  const { bytes } = space.window;
  space.destroy();
  ok(views.every((view) => view.length === 0), 'have length 0 at the end');
  is(views[0][0], undefined, 'and no bytes');
  throws(() => data.getUint8(0), TypeError, 'a DataView neither');
  is(bytes.byteLength, 0, 'as the memory itself');
  views[0][0] = 1;
  is(views[0][0], undefined, 'writing does nothing');
});

test('views of a SharedArrayBuffer', () => {
  const space = new Space({ size: SIZE });
  const handle = space.alloc(64);
  const view = space.view(handle, 64);
  view.fill(9);
  space.destroy();
  is(view.length, 64, 'stay');
  is(view[63], 9, 'and can be read');
  view[0] = 3;
  is(view[0], 3, 'and written');
});

test('objects of a space that ended', () => {
  for (const memory of ['shared', 'mapped']) {
    const space = new Space({ memory, size: SIZE });
    const objects = [new Heap(space), new Slab(space, { size: 64 }),
      new Arena(space), new Arena(space, { lifetime: 'intermediate' }),
      new Arena(space, { shared: true }), new Arena(space, { lifetime: 2 })];
    const handles = objects.map((object) => object.alloc(64));
    objects.slice(0, 2).forEach((object) => object.free(object.alloc(64)));
    space.destroy();
    objects.forEach((object, i) => {
      const name = `${memory}, ${object.constructor.name} ${i}`;
      throws(() => object.alloc(64), 'ERR_MEMS_CLOSED', `${name}: alloc`);
      throws(() => object.free(handles[i]), 'ERR_MEMS_CLOSED', `${name}: free`);
      throws(() => object.stats(), 'ERR_MEMS_CLOSED', `${name}: stats`);
      throws(() => object.verify(), 'ERR_MEMS_CLOSED', `${name}: verify`);
      throws(() => object.allocBulk(64, new Float64Array(1)),
        'ERR_MEMS_CLOSED', `${name}: allocBulk`);
      if (object.reset) {
        throws(() => object.reset(), 'ERR_MEMS_CLOSED', `${name}: reset`);
        throws(() => object.mark(), 'ERR_MEMS_CLOSED', `${name}: mark`);
      } else {
        throws(() => object.shrink(), 'ERR_MEMS_CLOSED', `${name}: shrink`);
        throws(() => object.blocks(), 'ERR_MEMS_CLOSED', `${name}: blocks`);
      }
      throws(() => object.destroy(), 'ERR_MEMS_CLOSED', `${name}: destroy`);
    });
  }
});

test('a number of an ended object', () => {
  const space = new Space({ size: SIZE });
  const old = Array.from({ length: 50 }, () => new Arena(space));
  old.forEach((arena) => arena.destroy());
  const later = Array.from({ length: 50 }, () => new Arena(space));
  let wrong = 0;
  for (const arena of old) {
    try {
      arena.alloc(64);
      wrong++;
    } catch (error) {
      if (error.code !== 'ERR_MEMS_CLOSED') throw error;
    }
  }
  is(wrong, 0, 'is never that of a later one');
  is(later.length, 50, 'though it uses its place');
  space.destroy();
});

test('a dropped space', () => {
  if (typeof FinalizationRegistry === 'undefined') {
    skip('a warning', 'there is no FinalizationRegistry');
    return;
  }
  for (const memory of ['shared', 'mapped']) {
    const end = run(`
      const { Space, Heap } = require(lib);
      const seen = [];
      process.on('warning', (warning) => seen.push(warning.code));
      (function make() {
        const heap = new Heap(new Space({ memory: '${memory}',
          size: 2 ** 24 }));
        heap.alloc(64);
      })();
      const { number } = new Space({ size: 2 ** 20 }).token;
      let rounds = 0;
      const timer = setInterval(() => {
        global.gc();
        if (seen.length < 1 && ++rounds < 200) return;
        clearInterval(timer);
        console.log(seen[0]);
      }, 5);`, GC);
    is(end.stdout, 'MEMS_DROPPED\n', `${memory}: is warned of`);
    is(end.status, 0, `${memory}: and ended`);
    if (end.status !== 0) diag(ending(end));
  }
  const quiet = run(`
    const { Space, Heap } = require(lib);
    process.on('warning', (warning) => console.log(warning.code));
    for (let i = 0; i < 20; i++) {
      const space = new Space({ size: 2 ** 20 });
      new Heap(space).alloc(64);
      space.destroy();
    }
    let rounds = 0;
    const timer = setInterval(() => {
      global.gc();
      if (++rounds === 10) clearInterval(timer);
    }, 2);`, GC);
  is(quiet.stdout, '', 'one that was destroyed is not');
});

test('what an object keeps', () => {
  const end = run(`
    const { Space, Heap, Arena, Slab } = require(lib);
    const make = (memory) => {
      const space = new Space({ memory, size: 2 ** 24 });
      return [new Heap(space), new Arena(space), new Slab(space, { size: 64 }),
        space.view(space.alloc(64), 64)];
    };
    const kept = [make('shared'), make('mapped')];
    let rounds = 0;
    const timer = setInterval(() => {
      global.gc();
      for (const [heap, arena, slab] of kept) {
        for (const object of [heap, arena, slab]) {
          for (let i = 0; i < 100; i++) {
            object.space.fill(object.alloc(64), 1, 64);
          }
        }
      }
      if (++rounds < 20) return;
      clearInterval(timer);
      console.log('alive');
    }, 1);`, GC);
  is(end.stdout, 'alive\n', 'is its space');
  if (end.status !== 0) diag(ending(end));
});

test('a view that outlives its space', () => {
  const end = run(`
    const { Space } = require(lib);
    const views = ['shared', 'mapped'].map((memory) => {
      const space = new Space({ memory, size: 2 ** 24 });
      const view = space.view(space.alloc(64), 64);
      view.fill(7);
      return view;
    });
    process.removeAllListeners('warning');
    let rounds = 0;
    const timer = setInterval(() => {
      global.gc();
      views.forEach((view) => view.fill(8));
      if (++rounds < 20) return;
      clearInterval(timer);
      console.log('alive');
    }, 1);`, GC);
  is(end.stdout, 'alive\n', 'that was dropped is safe to use');
  if (end.status !== 0) diag(ending(end));
});

test('spaces one after the other', () => {
  const end = run(`
    const { Space, Heap } = require(lib);
    let rounds = 0;
    let before = 0;
    const step = () => {
      for (let i = 0; i < 20; i++) {
        for (const memory of ['shared', 'mapped']) {
          const space = new Space({ memory, size: 2 ** 24 });
          const heap = new Heap(space);
          space.fill(heap.alloc(2 ** 20), 1, 2 ** 20);
          space.destroy();
        }
      }
      global.gc();
      // What malloc keeps of buffers that V8 freed is there from the start.
      if (++rounds === 10) before = process.memoryUsage().rss;
      if (rounds < 40) setTimeout(step, 1);
      else setTimeout(() => {
        global.gc();
        console.log(process.memoryUsage().rss - before < 200 * 2 ** 20);
      }, 20);
    };
    step();`, GC);
  is(end.stdout, 'true\n', 'give their memory back');
  if (end.status !== 0) diag(ending(end));
});

// Memory that JavaScript can take away below the space.
test('an ArrayBuffer', () => {
  const given = run(`
    const { Space, Heap } = require(lib);
    const { MessageChannel } = require('worker_threads');
    const memory = new ArrayBuffer(2 ** 26);
    let space;
    let heap;
    try {
      space = new Space({ memory });
      heap = new Heap(space);
      heap.alloc(64);
    } catch (error) {
      console.log('end', String(error.code).slice(0, 4));
      process.exit(0);
    }
    const { port1, port2 } = new MessageChannel();
    try {
      port1.postMessage(memory, [memory]);
    } catch (error) {
      // It may be one that cannot be transferred.
    }
    port1.close();
    port2.close();
    let rounds = 0;
    const timer = setInterval(() => {
      global.gc();
      let code = 'ERR_';
      try {
        heap.alloc(2 ** 20);
        space.calloc(2 ** 20);
        space.free(space.alloc(64));
        space.stats();
        space.verify();
      } catch (error) {
        ({ code } = error);
      }
      if (++rounds < 10) return;
      clearInterval(timer);
      console.log('end', String(code).slice(0, 4));
      process.exit(0);
    }, 5);`, GC);
  is(given.stdout.trim(), 'end ERR_', 'that is transferred is no crash');
  if (given.status !== 0) diag(ending(given));
  const shrunk = run(`
    const { Space, Heap } = require(lib);
    const memory = new ArrayBuffer(2 ** 24, { maxByteLength: 2 ** 25 });
    if (!memory.resizable) {
      console.log('end ERR_');
      process.exit(0);
    }
    let code = 'ERR_';
    try {
      const space = new Space({ memory });
      memory.resize(4096);
      const heap = new Heap(space);
      for (let i = 0; i < 1000; i++) heap.alloc(512);
      space.calloc(2 ** 20);
      memory.resize(0);
      space.calloc(2 ** 20);
      space.destroy();
    } catch (error) {
      ({ code } = error);
    }
    console.log('end', String(code).slice(0, 4));`);
  is(shrunk.stdout.trim(), 'end ERR_', 'that is made smaller is no crash');
  if (shrunk.status !== 0) diag(ending(shrunk));
});

test('a SharedArrayBuffer that grows', () => {
  const memory = new SharedArrayBuffer(2 ** 22, { maxByteLength: 2 ** 24 });
  if (!memory.growable) {
    skip('growth', 'this Node has none');
    return;
  }
  let space;
  try {
    space = new Space({ memory });
  } catch (error) {
    ok(/^ERR_MEMS/.test(error.code), 'is refused, by a code');
    return;
  }
  const handle = space.alloc(64);
  space.fill(handle, 3, 64);
  memory.grow(2 ** 23);
  is(space.view(handle, 64)[5], 3, 'keeps its blocks');
  is(typeof space.alloc(2 ** 20), 'number', 'and gives more');
  space.verify();
  space.destroy();
});

test('the same memory for two spaces', () => {
  const end = run(`
    const { Space, Heap, Arena, Slab } = require(lib);
    const memory = new SharedArrayBuffer(2 ** 22);
    const codes = new Set();
    const attempt = (fn) => {
      try {
        return fn();
      } catch (error) {
        codes.add(String(error.code).slice(0, 9));
        return undefined;
      }
    };
    const one = new Space({ memory });
    const heap = new Heap(one);
    const arena = new Arena(one);
    for (let i = 0; i < 1000; i++) { heap.alloc(64); arena.alloc(64); }
    const two = attempt(() => new Space({ memory }));
    const rest = two === undefined ? [] :
      [new Heap(two), new Arena(two), new Slab(two, { size: 64 })];
    for (let i = 0; i < 5000; i++) {
      for (const object of [heap, arena, ...rest]) {
        const handle = attempt(() => object.alloc(1 + i % 600));
        if (i % 3 && handle) attempt(() => object.free(handle));
      }
    }
    for (const object of [heap, arena, ...rest, one]) {
      attempt(() => object.verify());
      attempt(() => object.stats());
      attempt(() => object.destroy());
    }
    if (two) attempt(() => two.destroy());
    console.log([...codes].every((code) => code === 'ERR_MEMS_'));`);
  is(end.stdout, 'true\n', 'is no crash');
  if (end.status !== 0) diag(ending(end));
});
