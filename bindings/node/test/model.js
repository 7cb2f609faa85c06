'use strict';

// A long sequence of calls by chance, against a plain model of what lives:
// nothing overlaps, all bytes are kept, counts are right, verify() is content.
//
//   MEMS_TEST_SEED=n MEMS_TEST_SCALE=10 node test/model.js

const { test, ok, is, fail, scale, diag, MEMORIES } = require('./tap');
const { chance, SEED } = require('./random');
const { Space, Heap, Slab, Arena } = require('../lib');

const SIZE = 2 ** 25;
const STEPS = 15000;

// What a block's bytes are, so that all of them can be told apart.
function stamp(view, number) {
  const { length } = view;
  for (let i = 0; i < length; i += 61) view[i] = number + i & 255;
  view[length - 1] = number & 255;
}

function holds(view, number) {
  const { length } = view;
  if (view[length - 1] !== (number & 255)) return false;
  for (let i = 0; i < length - 1; i += 61) {
    if (view[i] !== (number + i & 255)) return false;
  }
  return true;
}

// Which of a unit's 16 bytes lie from first to end.
function mask(first, end, unit) {
  const from = Math.max(first - unit * 16, 0);
  const to = Math.min(end - unit * 16, 16);
  return (1 << to) - (1 << from);
}

class Model {
  constructor(space, random) {
    this.space = space;
    this.random = random;
    this.blocks = [];       // all that live: { owner, handle, size, number }
    this.used = new Map();  // units of 16 bytes: which of them
    this.number = 0;
    this.owners = [{ kind: 'space', object: space, count: 0 }];
    this.full = 0;
  }

  // By bytes, since slots may be smaller than 16: a bit for each.
  claim({ owner, handle, size }) {
    const first = handle % 2 ** 37 - 1000;
    const end = first + size;
    for (let unit = first >>> 4; unit * 16 < end; unit++) {
      const bits = mask(first, end, unit);
      const had = this.used.get(unit) || 0;
      if ((had & bits) !== 0) {
        const other = this.blocks.find((block) => {
          const there = block.handle % 2 ** 37 - 1000;
          return there < end && first < there + block.size;
        });
        throw new Error(`${owner.kind} ${first}+${size} is over ` +
          `${other.owner.kind} ${other.handle % 2 ** 37 - 1000}+${other.size}`);
      }
      this.used.set(unit, had | bits);
    }
  }

  disclaim({ handle, size }) {
    const first = handle % 2 ** 37 - 1000;
    const end = first + size;
    for (let unit = first >>> 4; unit * 16 < end; unit++) {
      const left = this.used.get(unit) & ~mask(first, end, unit);
      if (left === 0) this.used.delete(unit);
      else this.used.set(unit, left);
    }
  }

  add(owner, handle, size) {
    const block = { owner, handle, size, number: ++this.number };
    this.claim(block);
    stamp(this.space.view(handle, size), block.number);
    this.blocks.push(block);
    owner.count++;
    return block;
  }

  check(block) {
    if (!holds(this.space.view(block.handle, block.size), block.number)) {
      throw new Error(`${block.owner.kind} ${block.handle}+${block.size} ` +
        'has other bytes');
    }
  }

  remove(index) {
    const block = this.blocks[index];
    const last = this.blocks.pop();
    if (block !== last) this.blocks[index] = last;
    this.disclaim(block);
    block.owner.count--;
    return block;
  }

  // All of an owner's that are newer than a number.
  removeAll(owner, since = 0) {
    this.blocks = this.blocks.filter((block) => {
      if (block.owner !== owner || block.number <= since) return true;
      this.check(block);
      this.disclaim(block);
      owner.count--;
      return false;
    });
  }

  // No room is no mistake.
  orFull(allocate) {
    try {
      return allocate();
    } catch (error) {
      if (error.code !== 'ERR_MEMS_NO_MEMORY') throw error;
      this.full++;
      return undefined;
    }
  }

  make() {
    const { random, space } = this;
    const kind = random.of(['heap', 'slab', 'arena', 'arena', 'arena']);
    const owner = { kind, count: 0, marks: [] };
    if (kind === 'heap') {
      owner.object = this.orFull(() => new Heap(space));
    } else if (kind === 'slab') {
      owner.size = random.size(3000);
      owner.object = this.orFull(() => new Slab(space, { size: owner.size }));
    } else {
      owner.lifetime = random.of(['transient', 'intermediate', 'persistent']);
      owner.shared = owner.lifetime !== 'intermediate' &&
        random.below(4) === 0;
      owner.object = this.orFull(() => new Arena(space, {
        lifetime: owner.lifetime, shared: owner.shared,
        first: owner.lifetime === 'intermediate' ? 0 : random.below(5000)
      }));
    }
    if (owner.object !== undefined) this.owners.push(owner);
  }

  alloc() {
    const { random } = this;
    const owner = random.of(this.owners);
    const size = owner.kind === 'slab' ? owner.size :
      random.size(random.below(50) === 0 ? 300000 : 3000);
    const { object } = owner;
    const way = random.below(10);
    const handle = this.orFull(() => {
      if (way === 0 && object.alignedAlloc) {
        return object.alignedAlloc(2 ** random.below(13), size);
      }
      if (way === 1 && object.calloc) {
        const clean = object.calloc(size);
        if (this.space.view(clean, size).some((byte) => byte !== 0)) {
          throw new Error(`calloc of ${owner.kind} gave bytes that are not 0`);
        }
        return clean;
      }
      return object.alloc(size);
    });
    if (handle !== undefined) this.add(owner, handle, size);
  }

  bulk() {
    const { random } = this;
    const owner = random.of(this.owners);
    const handles = new Float64Array(1 + random.below(30));
    const sizes = Float64Array.from(handles, () => owner.kind === 'slab' ?
      owner.size : random.size(500));
    const done = this.orFull(() => {
      owner.object.allocBulk(sizes, handles);
      return true;
    });
    if (!done) return;
    handles.forEach((handle, i) => this.add(owner, handle, sizes[i]));
  }

  // Only where a single free gives the block back at once.
  canFree({ kind, lifetime }) {
    return kind !== 'arena' || lifetime === 'intermediate';
  }

  free() {
    if (this.blocks.length === 0) return;
    const index = this.random.below(this.blocks.length);
    const block = this.blocks[index];
    if (!this.canFree(block.owner)) return;
    this.check(block);
    this.remove(index);
    if (this.random.below(8) === 0) {
      block.owner.object.freeBulk(Float64Array.of(block.handle));
    } else {
      block.owner.object.free(block.handle);
    }
    if (this.random.below(20) !== 0) return;
    try {
      block.owner.object.free(block.handle);
    } catch (error) {
      if (/^ERR_MEMS_(ADDRESS|STALE)$/.test(error.code)) return;
      throw error;
    }
    throw new Error(`a double free of ${block.owner.kind} was not seen`);
  }

  resize() {
    if (this.blocks.length === 0) return;
    const index = this.random.below(this.blocks.length);
    const block = this.blocks[index];
    const { owner, handle, size, number } = block;
    if (owner.kind !== 'space' && owner.kind !== 'heap') return;
    const wanted = this.random.size(5000);
    const moved = this.orFull(() => owner.object.resize(handle, wanted));
    if (moved === undefined) {
      this.check(block);
      return;
    }
    const kept = Math.min(size, wanted);
    const view = this.space.view(moved, kept);
    for (let i = 0; i < kept; i += 61) {
      if (view[i] !== (number + i & 255) && i !== size - 1) {
        throw new Error(`resize of ${owner.kind} lost bytes`);
      }
    }
    this.remove(index);
    this.add(owner, moved, wanted);
  }

  arenas() {
    const { random } = this;
    const owner = random.of(this.owners);
    if (owner.kind !== 'arena') return;
    const { object, marks } = owner;
    const way = random.below(3);
    if (way === 0) {
      this.removeAll(owner);
      object.reset();
      marks.length = 0;
    } else if (owner.lifetime === 'intermediate' || owner.shared) {
      return;
    } else if (way === 1) {
      marks.push({ mark: object.mark(), number: this.number });
    } else if (marks.length > 0) {
      const at = random.below(marks.length);
      const { mark, number } = marks[at];
      this.removeAll(owner, number);
      object.rewind(mark);
      marks.length = at + 1;
    }
  }

  end() {
    if (this.owners.length < 8) return;
    const index = this.random.between(1, this.owners.length - 1);
    const [owner] = this.owners.splice(index, 1);
    this.removeAll(owner);
    owner.object.destroy();
  }

  look() {
    const { random, space } = this;
    const owner = random.of(this.owners);
    const { kind, object, count, lifetime } = owner;
    if (kind === 'heap' || kind === 'slab') {
      if (object.stats().blocks !== count) {
        throw new Error(`${kind} has ${object.stats().blocks} blocks, ` +
          `and should have ${count}`);
      }
      if (object.blocks().length !== count) throw new Error(`${kind}: walk`);
    } else if (lifetime === 'intermediate' &&
        object.stats().blocks !== count) {
      throw new Error('an intermediate arena counts others');
    }
    object.verify();
    const way = random.below(4);
    if (way === 0 && object.shrink) object.shrink();
    if (way === 1) space.trim();
    if (way === 2) space.defrag();
    if (way === 3 && this.blocks.length > 0) {
      const block = random.of(this.blocks);
      if (!block.owner.object.contains(block.handle)) {
        throw new Error(`${block.owner.kind} does not contain its block`);
      }
    }
  }

  step() {
    const way = this.random.below(1000);
    const many = this.blocks.length > 3000;
    if (way < (many ? 300 : 480)) this.alloc();
    else if (way < 880) this.free();
    else if (way < 900) this.bulk();
    else if (way < 940) this.resize();
    else if (way < 970) this.arenas();
    else if (way < 980) this.look();
    else if (way < 990) this.make();
    else this.end();
  }

  finish() {
    this.blocks.forEach((block) => this.check(block));
    this.owners.slice(1).forEach((owner) => {
      owner.object.verify();
      this.removeAll(owner);
      owner.object.destroy();
    });
    this.blocks.forEach(({ handle }) => this.space.free(handle));
    this.space.verify();
    return this.space.stats();
  }
}

diag(`MEMS_TEST_SEED=${SEED}`);

const SETTINGS = [
  { memory: 'shared', size: SIZE },
  { memory: 'mapped', size: SIZE },
  { memory: 'mapped', size: SIZE, growth: 0, policy: 'first-fit' },
  { memory: 'shared', size: SIZE, checked: true },
  { memory: 'shared', size: 2 ** 21 },
  { memory: 'mapped', size: SIZE, hardLimit: 2 ** 20 },
  { memory: 'shared', size: SIZE, granule: 64 }
];

SETTINGS.forEach((options, index) => {
  if (!MEMORIES.includes(options.memory)) return;
  test(JSON.stringify(options), () => {
    const space = new Space(options);
    const random = chance(SEED + index >>> 0);
    const model = new Model(space, random);
    const empty = space.stats();
    let step = 0;
    try {
      for (; step < STEPS * scale; step++) {
        model.step();
        if (step % 1000 === 0) space.verify();
      }
    } catch (error) {
      fail(`step ${step}`, `MEMS_TEST_SEED=${SEED}\n${error.code}: ` +
        `${error.stack}`);
      return;
    }
    ok(model.number > STEPS * scale / 4, `${model.number} blocks`);
    const stats = model.finish();
    is(stats.used, empty.used, 'leave nothing behind');
    is(stats.blocks, empty.blocks, 'not one block');
    space.destroy();
  });
});
