'use strict';

// Typed arrays over (a part of) a space's data. Address 1000 is index 0 of each.
// Who uses one holds the window, not its arrays: they change when the space
// grows, and have length 0 when it is destroyed.

const FIRST_ADDRESS = 1000;

const EMPTY = new ArrayBuffer(0);

class Window {
  constructor(offset) {
    this.offset = offset;     // of its first byte behind address 1000
    this.set(EMPTY, 0, 0);
  }

  set(buffer, start, length) {
    this.bytes = buffer;
    this.start = start;
    this.length = length;
    this.i8 = new Int8Array(buffer, start, length);
    this.u8 = new Uint8Array(buffer, start, length);
    this.i16 = new Int16Array(buffer, start, Math.floor(length / 2));
    this.u16 = new Uint16Array(buffer, start, Math.floor(length / 2));
    this.i32 = new Int32Array(buffer, start, Math.floor(length / 4));
    this.u32 = new Uint32Array(buffer, start, Math.floor(length / 4));
    this.f32 = new Float32Array(buffer, start, Math.floor(length / 4));
    this.f64 = new Float64Array(buffer, start, Math.floor(length / 8));
  }

  close() {
    this.set(EMPTY, 0, 0);
  }
}

// What has no words to use in JavaScript looks into this one, finds nothing
// there, and calls C.
const CLOSED = new Window(0);

module.exports = { FIRST_ADDRESS, Window, CLOSED };
