'use strict';

// Arenas: memory by lifetime. What fits into the chunk at hand is had by moving
// one word of the space, without a call.

const native = require('./native');
const { CLOSED, FIRST_ADDRESS } = require('./window');
const { Space } = require('./space');
const { closed, objectOf, stale, wrongType, wrongRange } = require('./errors');

const { layout } = native;

const CHUNK = layout.arenaChunk / 4;
const TOP = layout.arenaTop / 4;
const END = layout.arenaEnd / 4;
const GENERATION = layout.arenaGeneration / 4;
const LIFETIME_WORD = layout.arenaLifetime / 4;
const FLAGS = layout.arenaFlags / 4;
const CHUNKS = layout.arenaChunks / 4;
const RESETS = layout.arenaResets / 4;
const FRONT = layout.arenaFront;
const CHUNK_TOP = layout.chunkTop / 4;
const CHUNK_END = layout.chunkEnd / 4;
const FRONT_LEAST = layout.chunkFront;

const LIFETIME = Object.freeze({
  TRANSIENT: 0,
  INTERMEDIATE: 1,
  PERSISTENT: 2
});
const NAMES = ['transient', 'intermediate', 'persistent'];

// Where an arena stood; made by mark() only.
class Mark {
  constructor(arena, resets, chunk, top) {
    this.arena = arena;
    this.sequence = arena.space.sequence;
    this.resets = resets;
    this.chunk = chunk;
    this.top = top;
  }
}

// The blocks of a checked arena since its last reset, but for those that a
// rewind ended, which were made in between.
class Era {
  constructor() {
    this.lives = true;
    this.ended = [];
  }
}

function advance(words, at) {
  const next = words[at] + 1 | 0;
  words[at] = next !== 0 ? next : 1;
}

// Those of an arena in which only C may allocate: no chunk and no room.
const WORDS = layout.arenaWords / 4;
const NO_WORDS = new Int32Array(WORDS);

class Arena {
  #space;
  #number;
  #window;      // where the words are
  #at;          // the first of them
  // These two have a value of their kind from the start: a field that was once
  // undefined is looked at whenever it is read, which took alloc() a third more.
  #words = NO_WORDS;  // the words alone, if JavaScript may write them
  #base = 0;          // the address of the chunk that top is in
  #shared;
  #era;         // checked spaces: what handles were made in

  constructor(space, options = {}) {
    if (!(space instanceof Space)) throw wrongType('an arena needs a Space');
    const {
      lifetime = 'transient', first = 0, cap = 0, shared = false, at
    } = objectOf(options);
    const kind = typeof lifetime === 'number' ? lifetime :
      NAMES.indexOf(lifetime);
    if (!(kind in NAMES)) {
      throw wrongRange('lifetime must be transient, intermediate or persistent');
    }
    const [number, address] = at === undefined ?
      space.growing(first, () =>
        native.arenaCreate(space.number, kind, first, cap, shared)) :
      native.arenaAttach(space.number, at);
    this.#space = space;
    this.#number = number;
    // The only field: posting it to a worker posts what it needs.
    this.token = Object.freeze({
      type: 'mems.arena', space: space.token, address
    });
    const window = space.windowAt(address, layout.arenaWords);
    this.#window = window;
    this.#at = Math.floor((address - FIRST_ADDRESS - window.offset) / 4);
    const words = window.i32;
    this.#shared = (words[this.#at + FLAGS] & layout.flagShared) !== 0;
    const bumps = words[this.#at + LIFETIME_WORD] !== LIFETIME.INTERMEDIATE &&
      !this.#shared && !space.checked;
    this.#words = bumps ? new Int32Array(window.bytes,
      window.start + this.#at * 4, WORDS) : NO_WORDS;
    this.#era = new Era();
    this.#look();
    space.children.add(this);
  }

  // Only a shared one has more than one owner.
  static attach(token, space) {
    const { type, space: there, address } = (token && token.token) || token || {};
    if (type !== 'mems.arena') throw wrongType('this is no arena');
    const where = space || Space.attach(there);
    const arena = new Arena(where, { at: address });
    if (arena.shared) return arena;
    arena.destroy();
    if (where !== space) where.destroy();
    throw wrongRange('an arena that is not shared has one owner');
  }

  get space() {
    return this.#space;
  }

  get shared() {
    return this.#shared;
  }

  #wantOpen() {
    if (this.#window === CLOSED) throw closed('the arena was destroyed');
  }

  get lifetime() {
    this.#wantOpen();
    return NAMES[this.#window.i32[this.#at + LIFETIME_WORD]];
  }

  // Another number whenever all blocks have ended.
  get generation() {
    this.#wantOpen();
    return this.#window.u32[this.#at + GENERATION];
  }

  alloc(size) {
    const words = this.#words;
    const top = words[TOP];
    // Both are multiples of 16: what fits does so rounded up. A chunk of 2 GiB,
    // the largest, has an end that is negative here; the difference is not.
    if (size - 1 >>> 0 < (words[END] - top | 0) && size >>> 0 === size) {
      words[TOP] = top + (size + 15 & ~15);
      return this.#base + top;
    }
    return this.#allocSlowly(size);
  }

  // After a call to C, which may have made another chunk the current one.
  #look() {
    this.#base = (this.#window.i32[this.#at + CHUNK] >>> 0) * 16 +
      FIRST_ADDRESS;
  }

  #allocSlowly(size) {
    let address = this.#shared ? this.#bumpShared(size) : 0;
    if (address === 0) {
      address = this.#space.growing(size, () =>
        native.arenaAlloc(this.#number, size, 16));
      this.#look();
    }
    return this.#space.note(address, size, this.#era);
  }

  // Any thread moves the top of a shared arena's chunk.
  #bumpShared(size) {
    if (size >>> 0 !== size || size - 1 >>> 0 >= 1 << 30 ||
        this.#window.offset !== 0 || !this.#space.atomic) {
      return 0;
    }
    const words = this.#window.i32;
    if (words.length === 0) return 0;
    const room = size + 15 & ~15;
    const unit = Atomics.load(words, this.#at + CHUNK) >>> 0;
    const chunk = unit * 4;
    // Whatever the words hold.
    if (chunk + CHUNK_END >= words.length) return 0;
    const end = words[chunk + CHUNK_END];
    let top = Atomics.load(words, chunk + CHUNK_TOP);
    while ((end - top | 0) >= room) {
      const seen = Atomics.compareExchange(words, chunk + CHUNK_TOP, top,
        top + room);
      if (seen === top) return unit * 16 + top + FIRST_ADDRESS;
      top = seen;
    }
    return 0;
  }

  alignedAlloc(alignment, size) {
    const address = this.#space.growing(size, () =>
      native.arenaAlloc(this.#number, size, alignment));
    this.#look();
    return this.#space.note(address, size, this.#era);
  }

  // A block whose bytes are all 0.
  calloc(size) {
    const handle = this.alloc(size);
    this.#space.fill(handle, 0, size);
    return handle;
  }

  // A block, and a view of it.
  allocView(size) {
    return this.#space.view(this.alloc(size), size);
  }

  allocBuffer(size) {
    return this.#space.buffer(this.alloc(size), size);
  }

  // A block with the text, and how many bytes it has.
  allocString(text, encoding = 'utf8') {
    return this.#space.storeString(this, text, encoding);
  }

  allocBulk(sizes, handles) {
    this.#space.wantHandles(handles);
    try {
      this.#space.growing(0, () =>
        native.allocBulk(this.#number, 1, sizes, handles));
    } finally {
      this.#look();
    }
    return this.#space.noteAll(handles, sizes, this.#era);
  }

  freeBulk(handles) {
    if (this.#space.checked) handles.forEach((handle) => this.free(handle));
    else native.freeBulk(this.#number, 1, handles);
  }

  free(handle, size = 0) {
    const address = this.#space.lookUp(handle);
    native.arenaFree(this.#number, address, size);
    if (this.lifetime === 'intermediate') this.#space.forget(address);
  }

  #end() {
    if (!this.#space.checked) return;
    this.#era.lives = false;
    this.#era = new Era();
  }

  reset() {
    const words = this.#words;
    if (words[CHUNKS] === 1 && words[FLAGS] === 0 &&
        words[LIFETIME_WORD] === LIFETIME.TRANSIENT) {
      advance(words, GENERATION);
      advance(words, RESETS);
      words[TOP] = FRONT;
    } else {
      native.arenaReset(this.#number);
      this.#look();
      this.#end();
    }
  }

  mark() {
    const words = this.#words;
    if (words[CHUNKS] === 0) {
      return new Mark(this, ...native.arenaSave(this.#number));
    }
    return new Mark(this, words[RESETS] >>> 0, words[CHUNK] >>> 0,
      words[TOP] >>> 0);
  }

  rewind(mark) {
    if (!(mark instanceof Mark) || mark.arena !== this) {
      throw wrongType('this is no mark of the arena');
    }
    const words = this.#words;
    const { resets, chunk, top } = mark;
    if (words[CHUNKS] > 0 && words[CHUNK] >>> 0 === chunk &&
        words[FLAGS] === 0 && words[RESETS] >>> 0 === resets &&
        top >= FRONT_LEAST && top <= words[TOP] >>> 0 && top % 16 === 0) {
      advance(words, GENERATION);
      words[TOP] = top;
    } else {
      native.arenaRewind(this.#number, resets, chunk, top);
      this.#look();
    }
    if (this.#space.checked) {
      this.#era.ended.push([mark.sequence, this.#space.sequence]);
    }
  }

  contains(handle) {
    return native.arenaContains(this.#number,
      this.#space.addressOf(handle)) && this.#space.lives(handle);
  }

  // A reference to a block that is found only while the block has not ended.
  refer(handle) {
    if (!this.contains(handle)) throw stale('the block has ended');
    return { handle, generation: this.generation };
  }

  find(ref) {
    const { handle, generation } = Object(ref);
    if (typeof handle !== 'number') throw wrongType('this is no reference');
    if (generation !== this.generation || !this.contains(handle)) {
      throw stale('what this refers to has ended');
    }
    return handle;
  }

  stats() {
    const [held, used, chunks, blocks, frees, cap, generation, lifetime] =
      native.arenaStats(this.#number);
    return {
      held, used, chunks, blocks, frees, cap, generation,
      lifetime: NAMES[lifetime]
    };
  }

  verify() {
    native.arenaVerify(this.#number);
  }

  destroy() {
    native.release(this.#number, 1);
    this.#space.children.delete(this);
    this.close();
  }

  // Its space has ended.
  close() {
    this.#era.lives = false;
    this.#window = CLOSED;
    this.#words = NO_WORDS;
  }
}

if (Symbol.dispose) {
  Arena.prototype[Symbol.dispose] = Arena.prototype.destroy;
}

module.exports = { Arena, LIFETIME };
