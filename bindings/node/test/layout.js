'use strict';

// What JavaScript does by words, C must see; and the other way round.

const { test, ok, is, same, throws, scale, MEMORIES } = require('./tap');
const { chance, SEED } = require('./random');
const { Space, Heap, Slab, Arena } = require('../lib');
const native = require('../lib/native');

const { layout } = native;
const SIZE = 2 ** 24;

test('the numbers', () => {
  is(layout.version, 1, 'are of version 1');
  ok(Object.values(layout).every((value) => [].concat(value)
    .every(Number.isSafeInteger)), 'are whole');
  is(layout.smallClasses.length, layout.smallMost / 16 + 1, 'classes');
  ok(layout.smallClasses.every((index, i) => i === 0 ||
    index >= layout.smallClasses[i - 1]), 'grow');
});

for (const memory of MEMORIES) {
  test(`an arena's words, ${memory}`, () => {
    const space = new Space({ memory, size: SIZE });
    const arena = new Arena(space);
    const { i32 } = space.window;
    const at = (arena.token.address - 1000) / 4;
    const top = () => i32[at + layout.arenaTop / 4];
    is(top(), layout.arenaFront, 'a new one stands behind its words');
    let used = 0;
    for (let size = 1; size <= 100; size += 7) {
      const before = top();
      const handle = arena.alloc(size);
      used += Math.ceil(size / 16) * 16;
      if (top() - before !== Math.ceil(size / 16) * 16 ||
          handle !== (i32[at + layout.arenaChunk / 4] >>> 0) * 16 + before +
            1000) {
        is(top() - before, size, 'a block moves the top');
      }
    }
    is(arena.stats().used, used, 'C counts what JavaScript took');
    const later = native.arenaAlloc(arenaNumber(arena, space), 10, 16);
    is(arena.alloc(10), later + 16, 'JavaScript goes on behind what C took');
    is(arena.stats().used, used + 32, 'and C behind it');
    const { generation } = arena.stats();
    arena.reset();
    is(arena.stats().generation, generation + 1, 'C sees a reset');
    is(arena.generation, generation + 1, 'as JavaScript does');
    is(arena.stats().used, 0, 'and what ended');
    arena.verify();
    space.destroy();
  });

  for (const Kind of [Slab, Heap]) {
    test(`a ${Kind.name.toLowerCase()}'s words, ${memory}`, () => {
      const space = new Space({ memory, size: SIZE });
      const store = new Kind(space, { size: 64 });
      const live = [];
      let wrong = 0;
      for (let i = 0; i < 2000; i++) {
        live.push(store.alloc(64));
        if (i % 97 === 0 && store.stats().blocks !== live.length) wrong++;
      }
      is(wrong, 0, 'C counts what JavaScript took');
      for (let i = 0; live.length > 0; i++) {
        const [handle] = live.splice(i * 31 % live.length, 1);
        store.free(handle);
        if (i % 97 === 0) {
          store.verify();
          if (store.stats().blocks !== live.length) wrong++;
        }
      }
      is(wrong, 0, 'and what it gave back');
      same(store.blocks(), [], 'to the last');
      store.verify();
      space.destroy();
    });

    test(`a ${Kind.name.toLowerCase()}'s two sides, ${memory}`, () => {
      const space = new Space({ memory, size: SIZE });
      const fast = new Kind(space, { size: 48 });
      // Its own magazine: what it frees of the other's goes by C.
      const other = Kind.attach(fast, space);
      const random = chance(SEED);
      const live = new Map();
      const rounds = 20000 * scale;
      let wrong = '';
      for (let i = 0; i < rounds && wrong === ''; i++) {
        const way = random.below(100);
        const store = random.below(2) === 0 ? fast : other;
        if (way < 48 || live.size === 0) {
          const size = Kind === Slab ? 48 : random.size(2000);
          const handle = store.alloc(size);
          if (live.has(handle)) wrong = `${handle} was given twice`;
          live.set(handle, size);
          space.fill(handle, handle >>> 4 & 255, size);
        } else if (way < 97) {
          const handle = random.of([...live.keys()].slice(0, 50));
          const size = live.get(handle);
          const view = space.view(handle, size);
          if (view[0] !== (handle >>> 4 & 255) ||
              view[size - 1] !== (handle >>> 4 & 255)) {
            wrong = `${handle} was written to`;
          }
          store.free(handle);
          live.delete(handle);
        } else if (way === 97) {
          store.shrink();
        } else if (way === 98) {
          if (store.stats().blocks !== live.size) wrong = 'blocks';
        } else {
          const handles = new Float64Array(20);
          store.allocBulk(48, handles);
          if (handles.some((handle) => live.has(handle))) {
            wrong = 'bulk gave a live block';
          }
          store.freeBulk(handles);
        }
      }
      is(wrong, '', `are one (MEMS_TEST_SEED=${SEED})`);
      fast.verify();
      other.verify();
      space.verify();
      is(fast.stats().blocks, live.size, 'and count the same');
      is(new Set(fast.blocks().map(({ address }) => address)).size, live.size,
        'and tell the same');
      for (const handle of live.keys()) fast.free(handle);
      is(other.stats().blocks, 0, 'to the last');
      space.destroy();
    });
  }
}

// The addon's number of an arena: one more, of the same.
function arenaNumber(arena, space) {
  return native.arenaAttach(space.number, arena.token.address)[0];
}

test('a mark of words', () => {
  const space = new Space({ size: SIZE });
  const arena = new Arena(space);
  const number = arenaNumber(arena, space);
  arena.alloc(64);
  const [resets, chunk, top] = native.arenaSave(number);
  const mark = arena.mark();
  same([mark.resets, mark.chunk, mark.top], [resets, chunk, top],
    'is what C makes');
  const handle = arena.alloc(64);
  native.arenaRewind(number, mark.resets, mark.chunk, mark.top);
  is(arena.alloc(64), handle, 'which C goes back to');
  arena.rewind(mark);
  is(arena.alloc(64), handle, 'as JavaScript does');
  arena.reset();
  throws(() => native.arenaRewind(number, mark.resets, mark.chunk, mark.top),
    'ERR_MEMS_STALE', 'C sees a reset by words');
  space.destroy();
});

test('generations', () => {
  const space = new Space({ size: SIZE });
  const arena = new Arena(space);
  const at = (arena.token.address - 1000) / 4;
  const { i32 } = space.window;
  i32[at + layout.arenaGeneration / 4] = -1;
  i32[at + layout.arenaResets / 4] = -1;
  arena.reset();
  is(arena.generation, 1, 'pass over 0');
  is(arena.stats().generation, 1, 'in C as well');
  arena.verify();
  space.destroy();
});

// Words that make no sense may cost speed, but no loop ends late for them.
test('words of a store that others have written', () => {
  const fields = ['storeClasses', 'storeShift', 'storeSkew', 'storeColors'];
  for (const field of fields) {
    for (const value of [0, 1, 31, 2 ** 31 - 1, -1]) {
      const space = new Space({ size: SIZE });
      const heap = new Heap(space);
      heap.free(heap.alloc(48));
      const { i32 } = space.window;
      const word = (heap.token.address - 1000 + layout[field]) / 4;
      const was = i32[word];
      i32[word] = value;
      try {
        const other = Heap.attach(heap);
        const handle = other.alloc(48);
        ok(space.window.bytes.byteLength >= handle - 1000 + 48,
          `${field} ${value}: what is had lies in the space`);
        other.free(handle);
      } catch (error) {
        ok(String(error.code).startsWith('ERR_MEMS_'),
          `${field} ${value}: it is refused by a code`);
      }
      i32[word] = was;
      space.destroy();
    }
  }
});

test('a current slab that lies nowhere', () => {
  const space = new Space({ size: SIZE });
  const heap = new Heap(space);
  const { i32 } = space.window;
  const before = Int32Array.from(i32.subarray(0, 16384));
  const held = [heap.alloc(48)];
  // Any word that tells of the slab: the magazine's is among them.
  const unit = i32.subarray(0, 16384)
    .reduce((list, word, at) => word > 0 && word !== before[at] &&
      i32[word * 4] === layout.kindSlab ? [...list, at] : list, []);
  for (const at of unit) i32[at] = 2 ** 31 - 16;
  for (let i = 0; i < 2000; i++) held.push(heap.alloc(48));
  is(new Set(held).size, held.length, 'hands out nothing twice');
  ok(held.every((handle) => handle - 1000 + 48 <= SIZE), 'nor outside');
  ok(unit.length > 0, `${unit.length} words told of it`);
  space.destroy();
});

test('a current slab without words of bits', () => {
  const space = new Space({ size: SIZE });
  const heap = new Heap(space);
  const { i32 } = space.window;
  const handle = heap.alloc(48);
  const unit = i32.findIndex((word, at) => at > 0 && at < 16384 && word > 0 &&
    i32[word * 4] === layout.kindSlab);
  ok(unit > 0, 'is found');
  i32[i32[unit] * 4 + layout.slabWords / 4] = 0;
  let code = 'none';
  try {
    for (let i = 0; i < 1000; i++) heap.alloc(48);
  } catch (error) {
    ({ code } = error);
  }
  ok(code === 'none' || code.startsWith('ERR_MEMS_'),
    `ends no stack (${code})`);
  ok(handle > 0, 'and no process');
  space.destroy();
});
