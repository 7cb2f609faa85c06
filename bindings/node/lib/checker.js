'use strict';

// Handles of checked spaces: above the address they carry a number that each
// block of that address has anew, so one that was kept too long is found out.

const { FIRST_ADDRESS } = require('./window');
const { stale, wrongAddress, wrongType } = require('./errors');

const STEP = 8;             // blocks begin at multiples of it behind that
const SHIFT = 2 ** 37;      // above every address
const NUMBERS = 2 ** 15;    // so that handles stay whole numbers
const FAR = 4096;           // an address further inside a block is not checked

class Checker {
  sequence = 0;             // how many blocks there were
  #blocks = new Map();      // by address; also those that ended
  #last = 0;
  #largest = 0;

  note(address, size, era = null) {
    this.#last = this.#last % (NUMBERS - 1) + 1;
    this.#largest = Math.max(this.#largest, size);
    this.#blocks.set(address, {
      number: this.#last, size, era, lives: true, sequence: ++this.sequence
    });
    return address + this.#last * SHIFT;
  }

  addressOf(handle) {
    if (typeof handle !== 'number') throw wrongType('a handle is a number');
    return handle % SHIFT;
  }

  // The block in which the address lies, if this thread made it.
  #blockAt(address, number) {
    const first = address - (address - FIRST_ADDRESS) % STEP;
    const least = address - Math.min(this.#largest, FAR);
    for (let at = first; at > least || at === first; at -= STEP) {
      const block = this.#blocks.get(at);
      if (block !== undefined && address < at + block.size &&
          (number === 0 || number === block.number || at === first)) {
        return { ...block, left: at + block.size - address };
      }
    }
    return null;
  }

  #hasEnded(block, number) {
    const { era, lives, sequence } = block;
    return !lives || (number !== 0 && block.number !== number) ||
      (era !== null && (!era.lives || era.ended.some(
        ([after, to]) => sequence > after && sequence <= to)));
  }

  // What this thread did not make, and addresses alone, it cannot check.
  lookUp(handle, length = 0) {
    const address = this.addressOf(handle);
    const number = Math.floor(handle / SHIFT);
    const block = this.#blockAt(address, number);
    if (block === null) return address;
    if (this.#hasEnded(block, number)) {
      throw stale('the block was freed, or its arena reset or destroyed');
    }
    if (length > block.left) throw wrongAddress('the block ends before that');
    return address;
  }

  // The bytes from there to the end of what the block was asked for.
  room(handle) {
    const number = Math.floor(handle / SHIFT);
    const block = this.#blockAt(this.addressOf(handle), number);
    return block === null ? Infinity : block.left;
  }

  lives(handle) {
    const number = Math.floor(handle / SHIFT);
    const block = this.#blockAt(this.addressOf(handle), number);
    return block === null || !this.#hasEnded(block, number);
  }

  forget(address) {
    const block = this.#blocks.get(address);
    if (block !== undefined) block.lives = false;
  }
}

module.exports = { Checker };
