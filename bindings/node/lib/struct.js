'use strict';

// Records in a space: a layout of named fields, and cursors that stand on one
// record after the other without making an object for each.

const { Space } = require('./space');
const { FIRST_ADDRESS } = require('./window');
const { objectOf, wrongRange, wrongType, wrongAddress } = require('./errors');

// Bytes, and the array of a window that has them.
const NUMBERS = {
  i8: [1, 'i8'], u8: [1, 'u8'], i16: [2, 'i16'], u16: [2, 'u16'],
  i32: [4, 'i32'], u32: [4, 'u32'], f32: [4, 'f32'], f64: [8, 'f64']
};

// A handle is stored as a number of 64 bits, exact up to 2^53.
const ALIASES = { handle: 'f64', bool: 'u8' };

function parse(type) {
  const text = /^(utf8|latin1|bytes)\[(\d+)\]$/.exec(type);
  if (text) return { size: Number(text[2]), alignment: 1, kind: text[1] };
  const number = NUMBERS[ALIASES[type] || type];
  if (!number) {
    throw wrongType(`${type} is no type of a field`);
  }
  const [size, array] = number;
  return { size, alignment: size, kind: type === 'bool' ? 'bool' : 'number',
    array };
}

function place(fields) {
  let at = 0;
  let alignment = 1;
  const placed = Object.entries(fields).map(([name, type]) => {
    const field = { name, type, ...parse(type) };
    at = Math.ceil(at / field.alignment) * field.alignment;
    field.offset = at;
    at += field.size;
    alignment = Math.max(alignment, field.alignment);
    return field;
  });
  if (at === 0) throw wrongRange('a record needs a field');
  return { placed, size: Math.ceil(at / alignment) * alignment, alignment };
}

// Where a cursor stands before it was told.
const NOWHERE = {};
for (const name of ['offset', ...Object.keys(NUMBERS)]) {
  Object.defineProperty(NOWHERE, name, {
    get() {
      throw wrongAddress('the cursor stands on no record: use at()');
    }
  });
}

class Cursor {
  constructor(space) {
    if (!(space instanceof Space)) throw wrongType('a cursor needs a Space');
    this.space = space;
    this.window = NOWHERE;
    this.place = 0;           // bytes behind the window's first
    this.above = 0;           // of a checked space: what handles have above
  }

  // Stand on the record at this handle.
  at(handle) {
    const { space } = this;
    const window = space.window;
    const address = space.checked ? space.lookUp(handle, this.size) : handle;
    const place = address - FIRST_ADDRESS;
    if (place >= 0 && place + this.size <= window.length &&
        (place & this.mask) === 0) {
      this.window = window;
      this.place = place;
    } else {
      this.#moveFar(address);
    }
    if (space.checked) this.above = handle - address;
    return this;
  }

  #moveFar(address) {
    if (typeof address !== 'number') throw wrongType('a handle is a number');
    const window = this.space.windowAt(address, this.size);
    const place = address - FIRST_ADDRESS - window.offset;
    if (!(place >= 0 && place + this.size <= window.length) ||
        place % this.alignment !== 0) {
      throw wrongAddress('no record can lie there');
    }
    this.window = window;
    this.place = place;
  }

  // Where it stands.
  get handle() {
    return this.place + this.window.offset + FIRST_ADDRESS + this.above;
  }

  toObject() {
    const object = {};
    for (const name of this.names) object[name] = this[name];
    return object;
  }

  toJSON() {
    return this.toObject();
  }

  assign(values) {
    // The names of a view are its numbers, millions of them.
    if (ArrayBuffer.isView(values)) throw wrongType('values must be an object');
    for (const name of Object.keys(objectOf(values, 'values'))) {
      if (!this.names.includes(name)) throw wrongType(`there is no ${name}`);
      this[name] = values[name];
    }
    return this;
  }
}

function numberProperty({ offset, size, array, kind }) {
  const flag = kind === 'bool';
  // A shift cannot tell places above 2^31; a division can.
  return {
    get() {
      const value = this.window[array][(this.place + offset) / size];
      return flag ? value !== 0 : value;
    },
    set(value) {
      this.window[array][(this.place + offset) / size] = value;
    }
  };
}

function textProperty({ offset, size, kind }) {
  return {
    // Up to the first byte that is 0.
    get() {
      const bytes = this.space.buffer(this.handle + offset, size);
      const end = bytes.indexOf(0);
      return bytes.toString(kind, 0, end < 0 ? size : end);
    },
    set(text) {
      const bytes = Buffer.from(text, kind);
      if (bytes.length > size) throw wrongRange('the text has no room');
      const to = this.space.buffer(this.handle + offset, size);
      to.fill(0, bytes.copy(to));
    }
  };
}

function bytesProperty({ offset, size }) {
  return {
    get() {
      return this.space.view(this.handle + offset, size);
    },
    set(bytes) {
      if (bytes.length > size) throw wrongRange('the bytes have no room');
      this.space.view(this.handle + offset, size).fill(0).set(bytes);
    }
  };
}

function property(field) {
  if (field.kind === 'bytes') return bytesProperty(field);
  if (field.kind === 'utf8' || field.kind === 'latin1') {
    return textProperty(field);
  }
  return numberProperty(field);
}

const RESERVED = [
  'space', 'window', 'place', 'above', 'size', 'alignment', 'mask', 'names'
];

// A layout of records: struct({ id: 'u32', price: 'f64', name: 'utf8[16]' }).
function struct(fields) {
  const { placed, size, alignment } = place(objectOf(fields, 'fields'));

  class Record extends Cursor {}
  const offsets = {};
  for (const field of placed) {
    if (field.name in Cursor.prototype || field.name in Record.prototype ||
        RESERVED.includes(field.name)) {
      throw wrongRange(`a field cannot be called ${field.name}`);
    }
    offsets[field.name] = field.offset;
    const { get, set } = property(field);
    Object.defineProperty(Record.prototype, field.name, {
      get, set, enumerable: true
    });
  }
  const names = Object.freeze(placed.map(({ name }) => name));
  // Not to be assigned to, neither here nor on a cursor.
  for (const [name, value] of Object.entries({
    size, alignment, mask: alignment - 1, names
  })) {
    Object.defineProperty(Record.prototype, name, { value });
  }

  return Object.freeze({
    size,
    alignment,
    offsets: Object.freeze(offsets),
    cursor: (space) => new Record(space),
    // A record from an arena, heap or space, and a cursor that stands on it.
    alloc(from, values = {}) {
      if (from === null || typeof from !== 'object') {
        throw wrongType('a record needs an arena, a heap or a space');
      }
      const space = from.space || from;
      if (from.slotSize > 0 && from.slotSize < size) {
        throw wrongRange('the record is larger than a slot');
      }
      return new Record(space).at(from.alloc(size)).assign(values);
    }
  });
}

module.exports = { struct };
