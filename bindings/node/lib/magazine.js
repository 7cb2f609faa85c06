'use strict';

// A magazine's slots, taken and given by its words, as <mems/layout.h> has it.
// One thread owns it. What is remembered here of slabs is right until the next
// call to C, which may change them; whoever calls says forget() then.

const { layout } = require('./native');
const { FIRST_ADDRESS } = require('./window');

const NONE = -1;

// Words of a slab, in units of 4 bytes.
const KIND = layout.slabKind / 4;
const NUMBER = layout.slabNumber / 4;
const MAGAZINE = layout.slabMagazine / 4;
const CLASS = layout.slabSizeClass / 4;
const PLACE = layout.slabPlace / 4;
const HINT = layout.slabHint / 4;
const NEXT = layout.slabNext / 4;
const PREVIOUS = layout.slabPrevious / 4;
const FIRST = layout.slabFirst / 4;
const SIZE = layout.slabSize / 4;
const SLOTS = layout.slabSlots / 4;
const WORDS = layout.slabWords / 4;
const BITS = layout.slabBits / 4;

const ROUNDS = layout.magazineRounds / 4;
const ROUNDS_SIZE = layout.rounds / 4;
const ROUNDS_CURRENT = layout.roundsCurrent / 4;
const ROUNDS_FIRST = layout.roundsFirst / 4;
const ROUNDS_LAST = layout.roundsLast / 4;

// No slab is smaller: places are few.
const LEAST_SLAB = 4096;

const FULL = layout.placeFull;
const CURRENT = layout.placeCurrent;
const PARTIAL = layout.placePartial;
const SLAB = layout.kindSlab;

// The inverse of an odd number modulo 2^32: each step doubles the digits.
function inverse(odd) {
  let x = odd;
  for (let i = 0; i < 5; i++) x = Math.imul(x, 2 - Math.imul(odd, x));
  return x;
}

// Where slots of one class come from: a word of a slab's bits.
class Source {
  constructor() {
    this.words = NOTHING;   // of the whole slab
    this.word = 0;
    this.first = 0;         // the address of the word's first slot
    this.size = 0;
    this.bits = 0;          // the slab's first word of bits, and
    this.count = 0;         // how many there are
    this.start = 0;         // the address of slot 0
    this.hint = 0;          // where the slab says which word to look at first
  }
}

const NOTHING = new Int32Array(1);

// What is known of a slab that slots were given to.
class Front {
  constructor(words) {
    this.words = words;     // of the whole slab
    this.epoch = 0;         // when the rest was right
    this.at = 0;            // where its own words begin
    this.bits = 0;          // and those of its slots
    this.others = 0;        // words to the bits that other threads set
    this.first = 0;         // the address of slot 0
    this.size = 0;
    this.inverse = 0;       // of the size: to multiply is faster than to divide
    this.slots = 0;         // those whose words of bits are whole
    this.full = 0;          // what a word holds when the slab may be full, and
    this.empty = -1;        // when it may become empty
  }
}

// What a word of bits with a slot in use never holds, and what it never holds
// once the slot is free.
const NEVER_FULL = -1;
const NEVER_EMPTY = 0;

const NOWHERE = new Front(NOTHING);

class Magazine {
  #window;
  #reach;                   // bytes of it whose slots are had here
  #unit;
  #rounds;
  #store;
  #origin;                  // the address of place 0
  #shift;
  #colors;
  #sources;
  #fronts = [];             // by place
  #epoch = 1;

  constructor(window, reach, address, magazine, classes) {
    const words = window.i32;
    this.#window = window;
    this.#reach = reach;
    this.#unit = (magazine - FIRST_ADDRESS) / 16;
    this.#rounds = (magazine - FIRST_ADDRESS) / 4 + ROUNDS;
    this.#store = (address - FIRST_ADDRESS) / 4;
    this.#shift = words[this.#store + layout.storeShift / 4];
    this.#origin = FIRST_ADDRESS + words[this.#store + layout.storeSkew / 4];
    this.#colors = words[this.#store + layout.storeColors / 4];
    this.#sources = Array.from({ length: classes }, () => new Source());
  }

  // Whoever may write there: do the words tell of slabs that can be?
  get isSane() {
    const size = 2 ** this.#shift;
    return this.#shift >= 0 && size <= this.#reach &&
      size >= LEAST_SLAB && this.#origin >= FIRST_ADDRESS;
  }

  forget() {
    this.#epoch++;
    for (const source of this.#sources) {
      source.words = NOTHING;
      source.word = source.bits = source.count = 0;
    }
  }

  source(index) {
    return this.#sources[index];
  }

  // A slot from there; 0: C must be called.
  take(source) {
    const { words, word } = source;
    const bits = words[word];
    if (bits === 0) return this.#takeNext(source);
    // The highest: V8 works with -bits, for the lowest, as with a double.
    const bit = 31 - Math.clz32(bits);
    words[word] = bits ^ 1 << bit;
    return source.first + Math.imul(bit, source.size);
  }

  // From another word of the slab's bits.
  #takeNext(source) {
    const { words, bits, count } = source;
    for (let i = 0; i < count; i++) {
      if (words[bits + i] === 0) continue;
      source.word = bits + i;
      source.first = source.start + i * 32 * source.size;
      words[source.hint] = i;
      return this.take(source);
    }
    return this.#takeCurrent(source);
  }

  // From the slab that C has made the current one.
  #takeCurrent(source) {
    const all = this.#window.i32;
    const rounds = this.#rounds + this.#sources.indexOf(source) * ROUNDS_SIZE;
    const unit = all[rounds + ROUNDS_CURRENT];
    if (source.count > 0 || unit === undefined || unit === NONE) return 0;
    // Units have 32 bits without a sign.
    if ((unit >>> 0) * 16 >= this.#reach) return 0;
    const place = this.#placeOf((unit >>> 0) * 16 + FIRST_ADDRESS);
    if (!this.#isWithin(place)) return 0;
    const { words } = this.#frontOf(place);
    const at = (place & this.#colors) * 16;
    source.words = words;
    source.bits = source.word = at + BITS;
    source.count = words[at + WORDS];
    source.hint = at + HINT;
    source.size = words[at + SIZE];
    source.start = source.first = this.#startOf(place) + words[at + FIRST];
    return source.count > 0 ? this.#takeNext(source) : 0;
  }

  #placeOf(address) {
    return address - this.#origin >>> this.#shift;
  }

  // Does the slab there end before what cannot be had here?
  #isWithin(place) {
    return this.#startOf(place + 1) - FIRST_ADDRESS <= this.#reach;
  }

  #startOf(place) {
    return place * 2 ** this.#shift + this.#origin;
  }

  #frontOf(place) {
    const fronts = this.#fronts;
    while (fronts.length <= place) fronts.push(NOWHERE);
    if (fronts[place] === NOWHERE) {
      const { bytes, start } = this.#window;
      fronts[place] = new Front(new Int32Array(bytes,
        start + this.#startOf(place) - FIRST_ADDRESS, 2 ** this.#shift / 4));
    }
    return fronts[place];
  }

  // Give a slot back; false: C must be asked, who may know better.
  give(address) {
    const place = address - this.#origin >>> this.#shift;
    const fronts = this.#fronts;
    let front = place < fronts.length ? fronts[place] : NOWHERE;
    if (front.epoch !== this.#epoch) front = this.#learn(address, place);
    const offset = address - front.first;
    const slot = offset * front.inverse + 0.5 | 0;
    if (slot >>> 0 >= front.slots || Math.imul(slot, front.size) !== offset) {
      return this.#giveLast(front, address);
    }
    const { words } = front;
    const word = front.bits + (slot >>> 5);
    const bits = words[word];
    const after = bits | 1 << slot;
    if (bits === after || bits === front.full || after === front.empty ||
        (words[word + front.others] & 1 << slot) !== 0) {
      return this.#giveRarely(front, slot);
    }
    words[word] = after;
    return true;
  }

  // One of the last slots, whose word of bits is not whole; or none.
  #giveLast(front, address) {
    const slot = (address - front.first) / front.size;
    if (front === NOWHERE || !(slot >= 0) || slot % 1 !== 0 ||
        slot >= front.words[front.at + SLOTS]) {
      return false;
    }
    return this.#giveRarely(front, slot);
  }

  // The slab was full, may become empty, or the slot is free already.
  #giveRarely(front, slot) {
    const { words, at } = front;
    const word = front.bits + (slot >>> 5);
    const bit = 1 << slot;
    const where = words[at + PLACE];
    if (((words[word] | words[word + front.others]) & bit) !== 0) return false;
    if (where === PARTIAL && this.#isLast(front, slot)) return false;
    words[word] |= bit;
    if (where === FULL) this.#add(front);
    return true;
  }

  // Is no other slot in use?
  #isLast({ words, at, bits }, slot) {
    const slots = words[at + SLOTS];
    for (let i = 0; i * 32 < slots; i++) {
      const some = Math.min(slots - i * 32, 32);
      const own = i === slot >>> 5 ? 1 << slot : 0;
      if ((words[bits + i] | own) !== (some < 32 ? (1 << some) - 1 : -1)) {
        return false;
      }
    }
    return true;
  }

  // A slab that is not remembered: is it one, and of this magazine?
  #learn(address, place) {
    const all = this.#window.i32;
    const start = this.#startOf(place);
    if (address >>> 0 !== address || address < this.#origin ||
        !this.#isWithin(place)) {
      return NOWHERE;
    }
    const at = (place & this.#colors) * 16;
    const slab = (start - FIRST_ADDRESS) / 4 + at;
    const table = all[this.#store + layout.storeTable / 4];
    const number = all[slab + NUMBER];
    if (all[slab + KIND] !== SLAB || all[slab + MAGAZINE] !== this.#unit ||
        !(number < all[this.#store + layout.storeCount / 4]) ||
        all[table * 4 + number * (layout.tableEntry / 4)] !== slab / 4) {
      return NOWHERE;
    }
    const front = this.#frontOf(place);
    const current = all[slab + PLACE] === CURRENT;
    front.at = at;
    front.bits = at + BITS;
    front.others = all[slab + WORDS];
    front.first = start + all[slab + FIRST];
    front.size = all[slab + SIZE];
    front.inverse = 1 / front.size;
    front.slots = all[slab + SLOTS] & ~31;
    // The one that slots come from is in no list, whatever is given to it.
    front.full = current ? NEVER_FULL : 0;
    front.empty = current ? NEVER_EMPTY : -1;
    front.epoch = this.#epoch;
    return front;
  }

  // A slab that was full goes to the end of the list of others.
  #add({ words, at }) {
    const all = this.#window.i32;
    const rounds = this.#rounds + words[at + CLASS] * ROUNDS_SIZE;
    const last = all[rounds + ROUNDS_LAST];
    const unit = (words.byteOffset - this.#window.start) / 16 + at / 4;
    words[at + NEXT] = NONE;
    words[at + PREVIOUS] = last;
    if (last === NONE) all[rounds + ROUNDS_FIRST] = unit;
    else all[last * 4 + NEXT] = unit;
    all[rounds + ROUNDS_LAST] = unit;
    words[at + PLACE] = PARTIAL;
  }
}

module.exports = { Magazine };
