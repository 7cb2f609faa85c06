'use strict';

// Spaces: blocks, what they tell, options, roots, further windows.

const { test, ok, is, same, throws, skip, diag } = require('./tap');
const { run, ending } = require('./child');
const mems = require('../lib');

const { Space } = mems;
const MEMORIES = ['shared', 'mapped'];
const SIZE = 2 ** 24;

for (const memory of MEMORIES) {
  test(`blocks in ${memory} memory`, () => {
    const space = new Space({ memory, size: SIZE });
    const first = space.alloc(1000);
    ok(first >= 1000, 'an address is 1000 or more');
    ok(Number.isSafeInteger(first), 'and a whole number');
    const second = space.alloc(1);
    ok(second >= first + 1000 || second + 1 <= first, 'blocks are apart');
    ok(space.usableSize(first) >= 1000, 'a block has what was asked for');
    is(space.contains(first), true, 'it contains its first byte');
    is(space.contains(first + 999), true, 'and its last');
    is(space.contains(2 ** 40), false, 'but nothing far away');
    space.free(first);
    is(space.contains(first), false, 'and nothing that was freed');
    throws(() => space.free(first), 'ERR_MEMS_ADDRESS', 'a double free');
    throws(() => space.free(second + 1), 'ERR_MEMS_ADDRESS', 'an inside');
    throws(() => space.free(0), 'ERR_MEMS_ADDRESS', 'address 0');
    throws(() => space.free(2 ** 50), 'ERR_MEMS_ADDRESS', 'a far address');
    throws(() => space.usableSize(first), 'ERR_MEMS_ADDRESS',
      'the size of a freed block');
    space.free(second);
    is(space.stats().used, 0, 'nothing is in use then');
    space.verify();
    space.destroy();
  });

  test(`sizes in ${memory} memory`, () => {
    const space = new Space({ memory, size: SIZE });
    throws(() => space.alloc(0), 'ERR_MEMS_RANGE', '0');
    throws(() => space.alloc(-1), 'ERR_MEMS_RANGE', '-1');
    throws(() => space.alloc(1.5), 'ERR_MEMS_RANGE', '1.5');
    throws(() => space.alloc(NaN), 'ERR_MEMS_RANGE', 'NaN');
    throws(() => space.alloc(Infinity), 'ERR_MEMS_RANGE', 'Infinity');
    throws(() => space.alloc('64'), 'ERR_MEMS_TYPE', 'a string');
    throws(() => space.alloc(64n), 'ERR_MEMS_TYPE', 'a BigInt');
    throws(() => space.alloc(), 'ERR_MEMS_TYPE', 'none');
    throws(() => space.alloc(2 ** 53), 'ERR_MEMS_NO_MEMORY', '2^53');
    throws(() => space.alloc(2 ** 54), 'ERR_MEMS_RANGE', '2^54');
    throws(() => space.alloc(SIZE + 1), 'ERR_MEMS_NO_MEMORY', 'all and more');
    space.destroy();
  });

  test(`aligned, zeroed and resized in ${memory} memory`, () => {
    const space = new Space({ memory, size: SIZE });
    for (const alignment of [1, 16, 256, 4096]) {
      const handle = space.alignedAlloc(alignment, 100);
      is(Number(space.pointer(handle) % BigInt(alignment)), 0,
        `memory is at a multiple of ${alignment}`);
    }
    throws(() => space.alignedAlloc(3, 100), 'ERR_MEMS_RANGE', 'alignment 3');
    throws(() => space.alignedAlloc(0, 100), 'ERR_MEMS_RANGE', 'alignment 0');
    throws(() => space.alignedAlloc(16, 0), 'ERR_MEMS_RANGE', 'size 0');
    const dirty = space.alloc(5000);
    space.fill(dirty, 255, 5000);
    space.free(dirty);
    const clean = space.calloc(5000);
    ok(space.view(clean, 5000).every((byte) => byte === 0),
      'calloc gives bytes that are 0');
    space.fill(clean, 7, 5000);
    const larger = space.resize(clean, 100000);
    ok(space.view(larger, 5000).every((byte) => byte === 7),
      'a larger block keeps the bytes');
    const smaller = space.resize(larger, 10);
    ok(space.view(smaller, 10).every((byte) => byte === 7),
      'a smaller one too');
    throws(() => space.resize(smaller, 0), 'ERR_MEMS_RANGE', 'size 0');
    throws(() => space.resize(smaller + 1, 8), 'ERR_MEMS_ADDRESS', 'an inside');
    throws(() => space.resize(smaller, 2 ** 50), 'ERR_MEMS_NO_MEMORY',
      'too much');
    ok(space.view(smaller, 10).every((byte) => byte === 7),
      'after which the block is as before');
    space.verify();
    space.destroy();
  });

  test(`what ${memory} memory tells`, () => {
    const space = new Space({ memory, size: SIZE });
    const before = space.stats();
    const handles = [100, 200, 300].map((size) => space.alloc(size));
    space.free(handles[1]);
    const stats = space.stats();
    is(stats.blocks - before.blocks, 2, 'blocks that live');
    is(stats.allocations - before.allocations, 3, 'blocks ever made');
    is(stats.frees - before.frees, 1, 'and freed');
    is(stats.used - before.used, 112 + 304, 'bytes in use');
    is(stats.mapped, stats.used + stats.unused, 'used and unused are all');
    is(stats.committed, stats.mapped + stats.metadata, 'what is committed');
    is(stats.granule, 16, 'the granule');
    is(stats.policy, 'good-fit', 'the policy');
    is(stats.maximum, space.maximum, 'the maximum');
    ok(stats.usedPeak >= stats.used, 'the peak is not below');
    const nodes = space.nodes();
    is(nodes.length, stats.nodes, 'nodes');
    const segments = nodes.reduce((all, node) => all.concat(node.segments), []);
    is(segments.filter(({ kind }) => kind === 'process').length, stats.blocks,
      'segments in use');
    is(segments.filter(({ kind }) => kind === 'hole').length, stats.holes,
      'holes');
    is(segments.reduce((sum, { size }) => sum + size, 0), stats.mapped,
      'their sizes are all that is mapped');
    ok(segments.some(({ address }) => address === handles[2]), 'a block');
    ok(/MAIN\[1000:/.test(space.print()), 'print() is text');
    is(typeof JSON.parse(JSON.stringify(space)), 'object', 'JSON');
    ok(/^<\?xml|^<svg/.test(space.toSVG()), 'toSVG() is a picture');
    ok(space.trim() >= 0, 'trim() tells bytes');
    ok(space.defrag() >= 0, 'defrag() too');
    space.verify();
    space.destroy();
  });
}

test('the first block', () => {
  const space = new Space({
    memory: 'mapped', size: SIZE, growth: 0, granule: 8, policy: 'first-fit'
  });
  is(space.alloc(1000), 1000, 'of a classic space is at 1000');
  same(space.nodes(), [{
    address: 1000,
    size: 4096,
    segments: [
      { kind: 'process', address: 1000, size: 1000 },
      { kind: 'hole', address: 2000, size: 3096 }
    ]
  }], 'its nodes and segments');
  space.destroy();
});

test('freed memory', () => {
  const space = new Space({ memory: 'mapped', size: 2 ** 26 });
  const handle = space.alloc(2 ** 24);
  space.fill(handle, 1, 2 ** 24);
  const { committed, returned } = space.stats();
  ok(committed >= 2 ** 24, 'is committed while in use');
  space.free(handle);
  space.trim();
  ok(space.stats().committed < committed, 'is not after free and trim');
  ok(space.stats().returned - returned >= 2 ** 24, 'but returned');
  space.destroy();
});

test('options', () => {
  throws(() => new Space(null), 'ERR_MEMS_TYPE', 'null');
  throws(() => new Space(5), 'ERR_MEMS_TYPE', 'a number');
  throws(() => new Space({ memory: 'stolen' }), 'ERR_MEMS_RANGE', 'memory');
  throws(() => new Space({ memory: null }), 'ERR_MEMS_RANGE', 'memory null');
  throws(() => new Space({ size: 0 }), 'ERR_MEMS_RANGE', 'size 0');
  throws(() => new Space({ size: -1 }), 'ERR_MEMS_RANGE', 'size -1');
  throws(() => new Space({ size: 1.5 }), 'ERR_MEMS_RANGE', 'size 1.5');
  throws(() => new Space({ size: 2 ** 52 }), 'ERR_MEMS_NO_MEMORY', 'size 2^52');
  throws(() => new Space({ size: 'x' }), 'ERR_MEMS_RANGE', 'size x');
  throws(() => new Space({ memory: 'mapped', size: 'x' }), 'ERR_MEMS_RANGE',
    'mapped, size x');
  throws(() => new Space({ memory: 'mapped', size: -1 }), 'ERR_MEMS_RANGE',
    'mapped, size -1');
  throws(() => new Space({ memory: 'mapped', size: 2 ** 53 }),
    'ERR_MEMS_RANGE', 'mapped, size 2^53');
  throws(() => new Space({ size: SIZE, granule: 3 }), 'ERR_MEMS_RANGE',
    'granule 3');
  throws(() => new Space({ size: SIZE, granule: 8192 }), 'ERR_MEMS_RANGE',
    'granule 8192');
  throws(() => new Space({ size: SIZE, policy: 'worst-fit' }),
    'ERR_MEMS_RANGE', 'policy');
  throws(() => new Space({ size: SIZE, softLimit: 2, hardLimit: 1 }),
    'ERR_MEMS_RANGE', 'soft limit above the hard one');
  throws(() => new Space({ size: 64 }), 'ERR_MEMS_NO_MEMORY', '64 bytes');
  throws(() => new Space({ memory: new SharedArrayBuffer(8) }),
    'ERR_MEMS_NO_MEMORY', 'memory of 8 bytes');
  throws(() => new Space({ memory: new SharedArrayBuffer(0) }),
    'ERR_MEMS_NO_MEMORY', 'memory of no bytes');
});

test('memory of the caller', () => {
  const memory = new SharedArrayBuffer(2 ** 20);
  new Uint8Array(memory).fill(0xee);
  const space = new Space({ memory });
  const handle = space.alloc(100);
  space.fill(handle, 5, 100);
  ok(new Uint8Array(memory).includes(5), 'is where blocks are');
  is(space.view(handle, 1).buffer, memory, 'and what views are of');
  ok(space.maximum < 2 ** 20, 'less what the space needs itself');
  space.verify();
  space.destroy();
  const again = new Space({ memory });
  again.verify();
  is(again.stats().blocks, 0, 'which can be used anew');
  again.destroy();
});

test('handles of the wrong kind', () => {
  const space = new Space({ size: SIZE });
  for (const wrong of [undefined, null, 'x', {}, [], true, Symbol('x')]) {
    throws(() => space.free(wrong), 'ERR_MEMS_TYPE',
      `free of ${String(wrong)} (${typeof wrong})`);
  }
  throws(() => space.free(NaN), 'ERR_MEMS_RANGE', 'free of NaN');
  throws(() => space.free(-1), 'ERR_MEMS_RANGE', 'free of -1');
  throws(() => space.free(1000.5), 'ERR_MEMS_RANGE', 'free of 1000.5');
  space.destroy();
});

test('roots', () => {
  const space = new Space({ size: SIZE });
  const handle = space.alloc(16);
  is(space.root('list'), undefined, 'that is not there is undefined');
  space.setRoot('list', handle);
  is(space.root('list'), handle, 'has the address');
  space.setRoot('list', handle + 1);
  is(space.root('list'), handle + 1, 'takes another');
  is(space.removeRoot('list'), true, 'can be removed');
  is(space.removeRoot('list'), false, 'once');
  throws(() => space.setRoot('', 1000), 'ERR_MEMS_RANGE', 'an empty name');
  throws(() => space.root('a\0b'), 'ERR_MEMS_RANGE', 'a name with a NUL');
  throws(() => space.setRoot('x'.repeat(56), 1000), 'ERR_MEMS_RANGE',
    'a long name');
  space.setRoot('x'.repeat(55), 1000);
  throws(() => space.root('x'.repeat(1000)), 'ERR_MEMS_RANGE',
    'a very long name is not another one');
  throws(() => space.setRoot(5, 1000), 'ERR_MEMS_TYPE', 'a number');
  for (let i = 0; i < 62; i++) space.setRoot(`n${i}`, 1000 + i);
  throws(() => space.setRoot('more', 1000), 'ERR_MEMS_FULL', '64 names');
  is(space.root('n61'), 1061, 'the others are there');
  space.verify();
  space.destroy();
});

test('an address', () => {
  const space = new Space({ size: SIZE });
  const handle = space.alloc(16);
  is(typeof space.pointer(handle), 'bigint', 'has a pointer');
  is(space.pointer(handle + 5), space.pointer(handle) + 5n, 'inside as well');
  space.free(handle);
  throws(() => space.pointer(handle), 'ERR_MEMS_ADDRESS', 'while it lives');
  space.destroy();
});

test('a destroyed space', () => {
  const space = new Space({ size: SIZE });
  const handle = space.alloc(16);
  const { window } = space;
  space.destroy();
  is(window.length, 0, 'has an empty window');
  is(window.u8.length, 0, 'with empty arrays');
  const calls = {
    alloc: [16], alignedAlloc: [16, 16], calloc: [16], resize: [handle, 32],
    free: [handle], usableSize: [handle], contains: [handle],
    pointer: [handle], view: [handle, 1], buffer: [handle, 1],
    dataView: [handle, 1], fill: [handle, 0, 1], readString: [handle, 1],
    writeString: [handle, 'x'], allocString: ['x'], stats: [], nodes: [],
    print: [], toJSON: [], toSVG: [], verify: [], trim: [], defrag: [],
    limit: [{}], on: ['softlimit', () => {}], root: ['x'],
    setRoot: ['x', handle], removeRoot: ['x'], destroy: [],
    allocBulk: [16, new Float64Array(2)], freeBulk: [Float64Array.of(handle)]
  };
  for (const name of Object.keys(calls)) {
    throws(() => space[name](...calls[name]), 'ERR_MEMS_CLOSED', name);
  }
  throws(() => Space.attach(space), 'ERR_MEMS_CLOSED', 'attach');
  throws(() => new mems.Heap(space), 'ERR_MEMS_CLOSED', 'a heap in it');
  throws(() => new mems.Arena(space), 'ERR_MEMS_CLOSED', 'an arena in it');
  throws(() => new mems.Slab(space, { size: 16 }), 'ERR_MEMS_CLOSED',
    'a slab in it');
});

test('a space of the same thread', () => {
  const space = new Space({ size: SIZE });
  const other = Space.attach(space);
  const handle = space.alloc(16);
  space.fill(handle, 9, 16);
  is(other.view(handle, 16)[3], 9, 'sees the same bytes');
  other.free(handle);
  is(space.contains(handle), false, 'and frees the same blocks');
  space.destroy();
  is(typeof other.alloc(16), 'number', 'goes on when the first one ends');
  other.destroy();
  throws(() => Space.attach({}), 'ERR_MEMS_TYPE', 'attach({})');
  throws(() => Space.attach(null), 'ERR_MEMS_TYPE', 'attach(null)');
  throws(() => Space.attach(), 'ERR_MEMS_TYPE', 'attach()');
  throws(() => Space.attach({ type: 'mems.space', number: 1e9 }),
    'ERR_MEMS_CLOSED', 'a number that is none');
});

test('a wrong token', () => {
  const space = new Space({ size: SIZE });
  const { type, number } = space.token;
  throws(() => Space.attach({ type, number, memory: null }), 'ERR_MEMS_TYPE',
    'without the memory');
  throws(() => Space.attach({
    type, number, memory: new SharedArrayBuffer(2 ** 20)
  }), 'ERR_MEMS_TYPE', 'with other memory');
  space.destroy();
});

test('mapped memory above 4 GiB', () => {
  let space;
  let far;
  try {
    space = new Space({ memory: 'mapped', size: 2 ** 34 });
    // Two windows: the block ends behind the first.
    far = space.alloc(2 ** 32 + 2 ** 20);
  } catch (error) {
    if (error.code !== 'ERR_MEMS_NO_MEMORY') throw error;
    skip('windows', 'there is no room');
    return;
  }
  const behind = space.alloc(4096);
  const address = Math.max(far + 2 ** 32 + 1000, behind);
  space.fill(address, 3, 16);
  is(space.view(address, 16)[15], 3, 'can be written and read');
  is(space.view(space.alloc(16), 16).length, 16, 'blocks are where they may');
  throws(() => space.windowAt(2 ** 40), 'ERR_MEMS_ADDRESS',
    'there is no window behind the last');
  throws(() => space.windowAt(-5), 'ERR_MEMS_ADDRESS', 'nor before the first');
  space.setRoot('far', address);
  is(space.root('far'), address, 'addresses are whole');
  const second = space.windowAt(address);
  const bytes = space.view(address, 16);
  space.verify();
  space.destroy();
  is(second.length, 0, 'is closed with the space');
  is(bytes.length, 0, 'and its views are');
});

// Addresses that are reserved and hold nothing yet: JavaScript can reach them.
test('mapped memory that is not in use', () => {
  const uses = {
    'a view': 'space.view(far, 16)[0]',
    'a fill': 'space.fill(far, 1, 16)',
    'a text': 'space.readString(far, 16)',
    'the window': 'space.window.u8[far - 1000]',
    'a cursor': 'struct({ a: "u32" }).cursor(space).at(far).a',
    'a free': 'heap.free(far)',
    'a slab\'s free': 'slab.free(far)',
    'the window in console.log': 'util.inspect(space.window)'
  };
  for (const name of Object.keys(uses)) {
    const end = run(`
      const util = require('util');
      const { Space, Heap, Slab, struct } = require(lib);
      const space = new Space({ memory: 'mapped', size: 2 ** 24 });
      const heap = new Heap(space);
      const slab = new Slab(space, { size: 64 });
      heap.free(heap.alloc(64));
      slab.free(slab.alloc());
      const far = 1000 + 2 ** 23;
      let code = 'ERR_';
      try {
        ${uses[name]};
      } catch (error) {
        ({ code } = error);
      }
      console.log(String(code).slice(0, 4));`);
    is(end.stdout, 'ERR_\n', `${name} is no crash (${end.signal})`);
  }
});

test('two spaces', () => {
  const one = new Space({ size: SIZE });
  const two = new Space({ size: SIZE });
  const handle = one.alloc(2 ** 20);
  is(two.contains(handle + 2 ** 20 - 1), false, 'know not of each other');
  one.destroy();
  two.verify();
  two.destroy();
});

test('broken words', () => {
  const space = new Space({ size: SIZE });
  const slab = new mems.Slab(space, { size: 64 });
  for (let i = 0; i < 100; i++) slab.alloc();
  const { layout } = require('../lib/native');
  const { i32 } = space.window;
  const store = (slab.token.address - 1000) / 4;
  const table = i32[store + layout.storeTable / 4] * 4;
  const unit = i32[table];
  const used = unit * 4 + layout.slabSlots / 4;
  const had = i32[used];
  i32[used] = 1 << 30;
  throws(() => slab.verify(), 'ERR_MEMS_BROKEN', 'are found by verify()');
  i32[used] = had;
  slab.verify();
  const kind = i32[store];
  i32[store] = kind + 1;
  throws(() => mems.Slab.attach(slab), 'ERR_MEMS_LAYOUT',
    'another layout is found by attach()');
  i32[store] = kind;
  space.destroy();
});

test('the addon', () => {
  const gone = run('require(lib)',
    { env: { MEMS_ADDON: '/nonexistent.node' } });
  ok(/ERR_MEMS_NO_ADDON/.test(gone.stderr), 'that is not there has a code');
  ok(/build\.js/.test(gone.stderr), 'and a line that says what to do');
  ok(/^\d+\.\d+\.\d+/.test(typeof mems.version === 'function' ?
    mems.version() : mems.version), 'has a version');
});

test('ECMAScript modules', async () => {
  const module = await import('../lib/index.mjs');
  same(Object.keys(module).filter((name) => name !== 'default').sort(),
    Object.keys(mems).sort(), 'export the same names');
  for (const name of Object.keys(mems)) {
    if (module[name] !== mems[name]) is(module[name], mems[name], name);
  }
});

if (Symbol.dispose) {
  test('Symbol.dispose', () => {
    const space = new Space({ size: SIZE });
    const heap = new mems.Heap(space);
    const arena = new mems.Arena(space);
    const slab = new mems.Slab(space, { size: 16 });
    for (const object of [arena, slab, heap, space]) {
      object[Symbol.dispose]();
      throws(() => object.alloc(16), 'ERR_MEMS_CLOSED',
        `ends a ${object.constructor.name}`);
    }
  });
}

test('a process that does not destroy', () => {
  const end = run(`
    const { Space, Heap, Arena, Slab } = require(lib);
    const all = ['shared', 'mapped'].map((memory) => {
      const space = new Space({ memory, size: 2 ** 24 });
      space.on('softlimit', () => {});
      const heap = new Heap(space); heap.alloc(64);
      const arena = new Arena(space); arena.alloc(64);
      const slab = new Slab(space, { size: 64 }); slab.alloc();
      return [space, heap, arena, slab];
    });
    console.log(all.length);`);
  ok(end.status === 0 && end.stdout === '2\n', 'ends well');
  if (end.status !== 0) diag(ending(end));
});

test('the space as native code has it', () => {
  const space = new Space({ size: SIZE });
  const other = new Space({ size: SIZE });
  is(typeof space.nativeSpace, 'bigint', 'is a number');
  ok(space.nativeSpace > 0n && space.nativeSpace !== other.nativeSpace,
    'of this space');
  is(Space.attach(space).nativeSpace, space.nativeSpace,
    'whoever has attached to it');
  space.destroy();
  throws(() => space.nativeSpace, 'ERR_MEMS_CLOSED', 'while it lives');
  other.destroy();
});
