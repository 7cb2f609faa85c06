'use strict';

// Checked spaces: what is used after its end is found out.

const { test, ok, is, throws, MEMORIES } = require('./tap');
const { Space, Heap, Slab, Arena, struct } = require('../lib');

const SIZE = 2 ** 24;

function uses(space, handle) {
  return {
    view: () => space.view(handle, 1),
    buffer: () => space.buffer(handle, 1),
    dataView: () => space.dataView(handle, 1),
    fill: () => space.fill(handle, 0, 1),
    readString: () => space.readString(handle, 1),
    writeString: () => space.writeString(handle, 'x'),
    pointer: () => space.pointer(handle),
    usableSize: () => space.usableSize(handle)
  };
}

function allStale(space, handle, name) {
  const calls = uses(space, handle);
  for (const call of Object.keys(calls)) {
    throws(calls[call], 'ERR_MEMS_STALE', `${name}: ${call}`);
  }
}

for (const memory of MEMORIES) {
  const make = () => new Space({ memory, size: SIZE, checked: true });

  test(`blocks of a checked space, ${memory}`, () => {
    const space = make();
    is(space.checked, true, 'it says so');
    const handle = space.alloc(64);
    ok(Number.isSafeInteger(handle), 'a handle is a whole number');
    space.fill(handle, 1, 64);
    is(space.view(handle, 64)[63], 1, 'a live one is usable');
    is(space.contains(handle), true, 'and contained');
    space.free(handle);
    allStale(space, handle, 'freed');
    throws(() => space.free(handle), 'ERR_MEMS_STALE', 'freed twice');
    throws(() => space.resize(handle, 8), 'ERR_MEMS_STALE', 'freed: resize');
    const again = space.alloc(64);
    allStale(space, handle, 'address reused');
    ok(again !== handle, 'a block that is there again has another handle');
    is(space.view(again, 64).length, 64, 'which is usable');
    const moved = space.resize(again, 2 ** 16);
    if (moved !== again) allStale(space, again, 'moved');
    is(space.view(moved, 10)[0], space.view(moved, 10)[0], 'moved: usable');
    space.free(moved);
    space.verify();
    space.destroy();
  });

  test(`stores of a checked space, ${memory}`, () => {
    const space = make();
    for (const store of [new Heap(space), new Slab(space, { size: 64 })]) {
      const name = store.constructor.name;
      const handle = store.alloc(64);
      space.fill(handle, 1, 64);
      is(store.contains(handle), true, `${name}: contains it`);
      store.free(handle);
      is(store.contains(handle), false, `${name}: no more`);
      allStale(space, handle, name);
      throws(() => store.free(handle), 'ERR_MEMS_STALE', `${name}: twice`);
      const others = Array.from({ length: 100 }, () => store.alloc(64));
      allStale(space, handle, `${name}, address reused`);
      throws(() => store.free(handle), 'ERR_MEMS_STALE',
        `${name}: twice, address reused`);
      others.forEach((other) => store.free(other));
      is(store.stats().blocks, 0, `${name}: all are freed`);
      store.verify();
    }
    const heap = new Heap(space);
    const handle = heap.alloc(100);
    heap.free(handle);
    const others = Array.from({ length: 100 }, () => heap.alloc(100));
    throws(() => heap.resize(handle, 100), 'ERR_MEMS_STALE',
      'resize of an ended block whose address is used again');
    is(others.length, heap.stats().blocks, 'the others live');
    space.destroy();
  });

  test(`arenas of a checked space, ${memory}`, () => {
    const space = make();
    for (const lifetime of ['transient', 'intermediate', 'persistent']) {
      const arena = new Arena(space, { lifetime });
      const first = arena.alloc(64);
      space.fill(first, 1, 64);
      arena.reset();
      allStale(space, first, `${lifetime}, reset`);
      const second = arena.alloc(64);
      allStale(space, first, `${lifetime}, address reused`);
      is(space.view(second, 64).length, 64, `${lifetime}: a new one is usable`);
      throws(() => arena.free(first), 'ERR_MEMS_STALE', `${lifetime}: free`);
      arena.destroy();
      allStale(space, second, `${lifetime}, destroyed`);
    }
    space.verify();
    space.destroy();
  });

  test(`marks in a checked space, ${memory}`, () => {
    const space = make();
    const arena = new Arena(space);
    const before = arena.alloc(64);
    const mark = arena.mark();
    const after = arena.alloc(64);
    arena.rewind(mark);
    throws(() => space.view(after, 1), 'ERR_MEMS_STALE',
      'what came after a mark has ended');
    is((() => {
      try {
        return space.view(before, 64).length;
      } catch (error) {
        return error.code;
      }
    })(), 64, 'what was before lives');
    space.destroy();
  });
}

test('bulk calls', () => {
  const space = new Space({ size: SIZE, checked: true });
  const heap = new Heap(space);
  for (const source of [space, heap]) {
    const name = source.constructor.name;
    const handles = new Float64Array(10);
    source.allocBulk(32, handles);
    space.fill(handles[9], 1, 32);
    source.freeBulk(handles);
    ok(handles.every((handle) => {
      try {
        space.view(handle, 1);
        return false;
      } catch (error) {
        return error.code === 'ERR_MEMS_STALE';
      }
    }), `${name}: freed`);
    throws(() => source.freeBulk(handles), 'ERR_MEMS_STALE', `${name}: twice`);
    source.allocBulk(32, handles);
    const [first] = handles;
    throws(() => source.freeBulk(Float64Array.of(first, first)), Error,
      `${name}: the same twice in a call`);
    // Freed or not, both must say the same.
    is((() => {
      try {
        space.view(first, 1);
        return true;
      } catch (error) {
        return false;
      }
    })(), source.contains(first), `${name}: then it is stale if it is freed`);
  }
  const { blocks } = heap.stats();
  let code = '';
  const small = new Uint32Array(4);
  try {
    heap.allocBulk(32, small);
  } catch (error) {
    ({ code } = error);
  }
  ok(code === 'ERR_MEMS_RANGE' || code === 'ERR_MEMS_TYPE' ||
    Array.from(small).every((handle) => heap.contains(handle)),
  'an array too small for handles is refused, or has them');
  if (code !== '') is(heap.stats().blocks, blocks, 'with nothing lost');
  space.destroy();
});

test('roots', () => {
  const space = new Space({ size: SIZE, checked: true });
  const handle = space.alloc(64);
  space.setRoot('list', handle);
  is((() => {
    try {
      return space.view(space.root('list'), 64).length;
    } catch (error) {
      return error.code;
    }
  })(), 64, 'give what can be used');
  space.destroy();
});

test('records', () => {
  const space = new Space({ size: SIZE, checked: true });
  const heap = new Heap(space);
  const Point = struct({ x: 'f64', y: 'f64' });
  const handle = heap.alloc(Point.size);
  const cursor = Point.cursor(space).at(handle);
  cursor.x = 1.5;
  is(cursor.x, 1.5, 'are written and read');
  heap.free(handle);
  throws(() => Point.cursor(space).at(handle), 'ERR_MEMS_STALE',
    'a cursor does not go to what has ended');
  const Name = struct({ text: 'utf8[16]', bytes: 'bytes[4]' });
  const made = heap.alloc(Name.size);
  const named = Name.cursor(space).at(made);
  const attempt = (fn) => {
    try {
      return fn();
    } catch (error) {
      return error.code || error.message;
    }
  };
  is(attempt(() => {
    named.text = 'Ada';
    return named.text;
  }), 'Ada', 'have texts');
  is(attempt(() => named.bytes.length), 4, 'and bytes');
  const third = Point.alloc(heap, { x: 3, y: 4 });
  is(attempt(() => {
    heap.free(third.handle);
    return 'freed';
  }), 'freed', 'tell a handle that can be freed');
  space.destroy();
});

test('many handles', () => {
  const space = new Space({ size: SIZE, checked: true });
  const heap = new Heap(space);
  // More than there are numbers for: they begin anew.
  let late = 0;
  for (let i = 0; i < 70000; i++) {
    const handle = heap.alloc(16);
    if (!Number.isSafeInteger(handle)) late++;
    heap.free(handle);
  }
  is(late, 0, 'are whole numbers');
  is(heap.stats().blocks, 0, 'and all can be freed');
  space.destroy();
});

test('what another holder made', () => {
  const space = new Space({ size: SIZE });
  const checked = Space.attach(space, { checked: true });
  const handle = space.alloc(64);
  space.fill(handle, 5, 64);
  is(checked.view(handle, 64)[3], 5, 'is not checked, but usable');
  checked.free(handle);
  is(space.contains(handle), false, 'and can be freed');
  checked.destroy();
  space.destroy();
});
