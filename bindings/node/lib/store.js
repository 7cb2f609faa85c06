'use strict';

// Slab caches: equal slots; and heaps: blocks of many sizes, made of such slots.
// Both have a magazine of this thread in the space's memory, whose slots are had
// and given by its words; C is called for what it does not have.

const native = require('./native');
const { Magazine } = require('./magazine');
const { Space } = require('./space');
const { FIRST_ADDRESS } = require('./window');
const { objectOf, wrongType } = require('./errors');

const { layout } = native;
const SMALL_MOST = layout.smallMost;
const SLOT_SIZE = 8;          // which of the numbers of storeStats() it is

// A store without a magazine: each call is one to C.
const NO_MAGAZINE = {
  source: () => null,
  take: () => 0,
  give: () => false,
  forget() {}
};

// Of each 16 bytes what begins there: nothing that JavaScript handed out, a slot
// at hand, or a live one, which tells its class. A free by another thread looks
// there, too, so that nothing is freed twice.
const AT_HAND = 1;
const LIVE = 2;               // and above: class 0, class 1, ...
const NO_STATES = new Uint8Array(0);

// Slots at hand lie on a stack for each state, all in one array: how many there
// are, then their addresses.
const MOST = 256;
const STACK = MOST + 1;

// Slots behind this many bytes, or the first window, are had and given by calls;
// addresses of the others have 32 bits.
const REACH = 2 ** 32 - 4096;

// Properties that are set once, and fast to read for that; with symbols for
// names, so that posting the object does not copy them.
const STACKS = Symbol('stacks');
const STATES = Symbol('states');
// What only slabs and heaps call.
const TAKE = Symbol('take');
const TAKE_FROM_C = Symbol('take from C');

class Store {
  #space;
  #number;
  #magazine;
  #sources;     // by class, where there are more slots
  #isSlab;
  #slotSize;

  constructor(space, isSlab, made) {
    const [number, address, magazine] = made;
    this.#space = space;
    this.#number = number;
    this.#isSlab = isSlab;
    // The only field: posting it to a worker posts what it needs.
    this.token = Object.freeze({
      type: isSlab ? 'mems.slab' : 'mems.heap', space: space.token, address
    });
    this.#magazine = NO_MAGAZINE;
    const classes = isSlab ? 1 : layout.smallSizes.length;
    this.#slotSize = isSlab ? native.storeStats(number, true)[SLOT_SIZE] : 0;
    // Slots that are no multiples of 16 have no states of their own.
    const reach = Math.min(space.window.length, REACH);
    if (magazine !== 0 && !space.checked && this.#slotSize % 16 === 0 &&
        Math.max(address, magazine) < reach) {
      const words = new Magazine(space.window, reach, address, magazine,
        classes);
      if (words.isSane) this.#magazine = words;
    }
    if (this.#magazine !== NO_MAGAZINE) {
      // Pages of it that tell nothing cost nothing.
      this[STATES] = new Uint8Array(reach / 16);
    } else {
      this[STATES] = NO_STATES;
    }
    // Signed ones are faster, and do for most spaces.
    this[STACKS] = new (reach > 2 ** 31 ? Uint32Array : Int32Array)(
      (LIVE + classes) * STACK);
    this.#closeStacks();
    if (this[STATES] !== NO_STATES) {
      native.storeStates(number, isSlab, this[STATES],
        new Int32Array(this[STACKS].buffer), STACK);
    }
    this.#sources = Array.from({ length: classes }, (_, index) =>
      this.#magazine.source(index));
    space.children.add(this);
  }

  // Those of states that are no slot's take none.
  #closeStacks() {
    for (let state = 0; state < LIVE; state++) {
      this[STACKS][state * STACK] = MOST;
    }
  }

  get space() {
    return this.#space;
  }

  // The bytes that each block has; 0: as many as are asked for.
  get slotSize() {
    return this.#slotSize;
  }

  // A slot at hand of this state; or what C gives for the size. V8 is told, by
  // the +, that this is a number as well, or it would make objects of all.
  [TAKE](live, size) {
    const stacks = this[STACKS];
    const at = live * STACK;
    const count = stacks[at];
    if (count === 0) return +this.#takeMore(live, size);
    const address = stacks[at + count];
    stacks[at] = count - 1;
    this[STATES][address - FIRST_ADDRESS >>> 4] = live;
    return address;
  }

  #takeMore(live, size) {
    const magazine = this.#magazine;
    const stacks = this[STACKS];
    const at = live * STACK;
    let count = 0;
    while (count < MOST / 8) {
      const address = magazine.take(this.#sources[live - LIVE]);
      if (address === 0) break;
      stacks[at + ++count] = address;
      this[STATES][address - FIRST_ADDRESS >>> 4] = AT_HAND;
    }
    if (count > 0) {
      // The lowest address first.
      stacks.subarray(at + 1, at + 1 + count).reverse();
      stacks[at] = count;
      return this[TAKE](live, size);
    }
    const address = this[TAKE_FROM_C](size);
    const unit = (address - FIRST_ADDRESS) / 16;
    if (unit < this[STATES].length) this[STATES][unit] = live;
    return address;
  }

  [TAKE_FROM_C](size) {
    const address = this.#space.growing(size, () =>
      native.storeAlloc(this.#number, this.#isSlab, size));
    this.#magazine.forget();
    return this.#space.note(address, size === 0 ? this.slotSize : size);
  }

  free(handle) {
    const offset = handle - FIRST_ADDRESS;
    // Rotated, what is no multiple of 16 lies far behind all states.
    const unit = (offset >>> 4 | offset << 28) >>> 0;
    const states = this[STATES];
    const stacks = this[STACKS];
    // What is read beyond the end once is slow to read ever after.
    const at = unit < states.length ? states[unit] * STACK : 0;
    const count = stacks[at] + 1;
    if (count <= MOST && (handle | 0) === handle) {
      states[unit] = AT_HAND;
      stacks[at + count] = handle;
      stacks[at] = count;
    } else {
      this.#freeSlowly(handle, at / STACK);
    }
  }

  // The stack is full, the address above 2^31; or it is no slot's.
  #freeSlowly(handle, state) {
    if (state < LIVE || handle >>> 0 !== handle) {
      this.#freeInC(handle);
      return;
    }
    const stacks = this[STACKS];
    const at = state * STACK;
    if (stacks[at] === MOST) this.#spill(state, MOST / 2);
    stacks[at + ++stacks[at]] = handle;
    this[STATES][handle - FIRST_ADDRESS >>> 4] = AT_HAND;
  }

  // What came first goes back to the bits, or to C.
  #spill(live, count) {
    const stacks = this[STACKS];
    const at = live * STACK;
    for (let i = 1; i <= count; i++) {
      const address = stacks[at + i];
      this[STATES][address - FIRST_ADDRESS >>> 4] = 0;
      if (!this.#magazine.give(address)) {
        native.storeFree(this.#number, this.#isSlab, address);
        this.#magazine.forget();
      }
    }
    stacks.copyWithin(at + 1, at + 1 + count, at + 1 + stacks[at]);
    stacks[at] -= count;
  }

  // All that is at hand, so that C sees what is free.
  #spillAll() {
    const stacks = this[STACKS];
    for (let live = LIVE; live * STACK < stacks.length; live++) {
      this.#spill(live, stacks[live * STACK]);
    }
    this.#magazine.forget();
  }

  #freeInC(handle) {
    const address = this.#space.lookUp(handle);
    native.storeFree(this.#number, this.#isSlab, address);
    this.#magazine.forget();
    this.#space.forget(address);
  }

  allocBulk(sizes, handles) {
    this.#space.wantHandles(handles);
    this.#space.growing(0, () => native.allocBulk(this.#number,
      this.#isSlab ? 2 : 3, sizes, handles));
    this.#magazine.forget();
    return this.#space.noteAll(handles, sizes);
  }

  freeBulk(handles) {
    if (this.#space.checked) {
      handles.forEach((handle) => this.free(handle));
      return;
    }
    native.freeBulk(this.#number, this.#isSlab ? 2 : 3, handles);
    this.#magazine.forget();
  }

  // The bytes that a block has; 0 if none begins there.
  usableSize(handle) {
    const size = native.storeUsableSize(this.#number, this.#isSlab,
      this.#space.addressOf(handle));
    return this.#space.lives(handle) ? size : 0;
  }

  contains(handle) {
    return this.usableSize(handle) > 0;
  }

  // All blocks in use, as { address, size }.
  blocks() {
    this.#spillAll();
    const flat = native.storeWalk(this.#number, this.#isSlab);
    const blocks = [];
    for (let i = 0; i < flat.length; i += 2) {
      blocks.push({ address: flat[i], size: flat[i + 1] });
    }
    return blocks;
  }

  stats() {
    this.#spillAll();
    const [
      held, used, blocks, slabs, largeBlocks, largeUsed, handles, cap, slotSize,
      slabSize
    ] = native.storeStats(this.#number, this.#isSlab);
    return {
      held, used, blocks, slabs, largeBlocks, largeUsed, handles, cap,
      slotSize, slabSize
    };
  }

  shrink() {
    this.#spillAll();
    return native.storeShrink(this.#number, this.#isSlab);
  }

  verify() {
    this.#spillAll();
    native.storeVerify(this.#number, this.#isSlab);
  }

  // Leaves it to the other threads that have it; with the last it ends.
  destroy() {
    native.release(this.#number, this.#isSlab ? 2 : 3);
    this.#space.children.delete(this);
    this.close();
  }

  // Its space has ended.
  close() {
    this.#magazine = NO_MAGAZINE;
    this[STATES] = NO_STATES;
    this[STACKS].fill(0);
    this.#closeStacks();
  }
}

function spaceOf(space) {
  if (!(space instanceof Space)) throw wrongType('this needs a Space');
  return space;
}

function tokenOf(posted, type) {
  const token = posted && (posted.token || posted);
  if (!token || token.type !== type) throw wrongType(`this is no ${type}`);
  return token;
}

class Slab extends Store {
  constructor(space, options = {}) {
    const { size, alignment = 16, cap = 0, at } = objectOf(options);
    super(space, true, at === undefined ?
      spaceOf(space).growing(0, () =>
        native.slabCreate(space.number, size, alignment, cap)) :
      native.storeAttach(spaceOf(space).number, true, at));
  }

  static attach(posted, space) {
    const token = tokenOf(posted, 'mems.slab');
    return new Slab(space || Space.attach(token.space), { at: token.address });
  }

  alloc() {
    return this[TAKE](LIVE, 0);
  }

  // All have one size, so it need not be told.
  allocBulk(...given) {
    if (given.length !== 1) return super.allocBulk(...given);
    return super.allocBulk(this.slotSize, given[0]);
  }
}

// The state of a live slot of each size up to 1024, in steps of 16.
const LIVE_BY_SIZE = Uint8Array.from(layout.smallClasses,
  (index) => index + LIVE);

class Heap extends Store {
  constructor(space, options = {}) {
    const { at } = objectOf(options);
    super(space, false, at === undefined ?
      spaceOf(space).growing(0, () => native.heapCreate(space.number)) :
      native.storeAttach(spaceOf(space).number, false, at));
  }

  static attach(posted, space) {
    const token = tokenOf(posted, 'mems.heap');
    return new Heap(space || Space.attach(token.space), { at: token.address });
  }

  alloc(size) {
    if (size - 1 >>> 0 < SMALL_MOST && size >>> 0 === size) {
      return this[TAKE](LIVE_BY_SIZE[size + 15 >>> 4], size);
    }
    return +this[TAKE_FROM_C](size);
  }

  calloc(size) {
    const handle = this.alloc(size);
    this.space.fill(handle, 0, size);
    return handle;
  }

  // The block with another size, which may lie elsewhere.
  resize(handle, size) {
    const had = this.usableSize(handle);
    if (had === 0) this.free(handle);     // which says what is wrong
    const { space } = this;
    if (size <= had && size * 2 > had) {
      if (!space.checked) return handle;
      const address = space.lookUp(handle);
      space.forget(address);
      return space.note(address, size);
    }
    const moved = this.alloc(size);
    const length = Math.min(size, space.room(handle, had));
    space.view(moved, length).set(space.view(handle, length));
    this.free(handle);
    return moved;
  }

  allocString(text, encoding = 'utf8') {
    return this.space.storeString(this, text, encoding);
  }
}

if (Symbol.dispose) Store.prototype[Symbol.dispose] = Store.prototype.destroy;

module.exports = { Slab, Heap };
