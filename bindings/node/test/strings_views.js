'use strict';

// Views, Buffers, DataViews and texts over blocks.

const { test, ok, is, same, throws, MEMORIES } = require('./tap');
const { Space, Heap } = require('../lib');

const SIZE = 2 ** 24;

for (const memory of MEMORIES) {
  test(`views of ${memory} memory`, () => {
    const space = new Space({ memory, size: SIZE });
    const handle = space.alloc(64);
    const view = space.view(handle, 64);
    is(view.constructor, Uint8Array, 'are Uint8Arrays');
    is(view.length, 64, 'of the length asked for');
    const again = space.view(handle, 64);
    view[5] = 77;
    is(again[5], 77, 'of the same bytes');
    is(space.window.u8[handle - 1000 + 5], 77, 'which the window has too');
    is(space.view(handle, 0).length, 0, 'of no bytes');
    const data = space.dataView(handle, 64);
    data.setFloat64(8, 1.5);
    is(data.getFloat64(8), 1.5, 'a DataView');
    is(data.byteLength, 64, 'has its length');
    const buffer = space.buffer(handle, 64);
    ok(Buffer.isBuffer(buffer), 'a Buffer is one');
    ok(buffer instanceof Uint8Array, 'and an Uint8Array');
    is(buffer.constructor, Buffer, 'by its constructor too');
    buffer.write('hello', 0, 'latin1');
    is(view[0], 104, 'of the same bytes');
    is(buffer.toString('latin1', 0, 5), 'hello', 'with a Buffer\'s methods');
    is(buffer.slice(1, 3).toString('latin1'), 'el', 'slice');
    is(buffer.subarray(1, 3).toString('latin1'), 'el', 'subarray');
    buffer.slice(0, 5)[0] = 72;
    is(view[0], 72, 'slices are of the same bytes');
    buffer.writeUInt32LE(0x01020304, 12);
    is(buffer.readUInt32LE(12), 0x01020304, 'numbers');
    ok(Buffer.concat([buffer, buffer]).length === 128, 'concat');
    is(Buffer.compare(buffer, space.buffer(handle, 64)), 0, 'compare');
    ok(buffer.equals(Buffer.from(buffer)), 'equals');
    is(buffer.map((byte) => byte & 1).length, 64, 'map');
    is(JSON.stringify(space.buffer(handle, 1)),
      '{"type":"Buffer","data":[72]}', 'JSON');
    throws(() => space.view(handle, -1), 'ERR_MEMS_ADDRESS', 'length -1');
    throws(() => space.view(handle, NaN), 'ERR_MEMS_ADDRESS', 'length NaN');
    throws(() => space.view(handle, SIZE + 1), 'ERR_MEMS_ADDRESS', 'too long');
    throws(() => space.view(999, 1), 'ERR_MEMS_ADDRESS', 'below 1000');
    throws(() => space.view(0, 1), 'ERR_MEMS_ADDRESS', 'at 0');
    throws(() => space.view(NaN, 1), 'ERR_MEMS_ADDRESS', 'at NaN');
    throws(() => space.view(2 ** 50, 1), 'ERR_MEMS_ADDRESS', 'far away');
    throws(() => space.view('x', 1), 'ERR_MEMS_TYPE', 'of a text');
    throws(() => space.view(undefined, 1), 'ERR_MEMS_TYPE', 'of nothing');
    throws(() => space.view(handle, 'x'), 'ERR_MEMS_TYPE', 'length x');
    throws(() => space.view(handle), 'ERR_MEMS_TYPE', 'no length');
    throws(() => space.dataView(handle, -1), 'ERR_MEMS_ADDRESS',
      'a DataView of length -1');
    space.destroy();
  });

  test(`texts in ${memory} memory`, () => {
    const space = new Space({ memory, size: SIZE });
    const heap = new Heap(space);
    const texts = ['', 'x', 'plain', 'Grüße', '日本語', '🙂🙃', 'a\0b',
      'x'.repeat(5000), 'ü'.repeat(3000)];
    for (const source of [space, heap]) {
      for (const text of texts) {
        const { handle, length } = source.allocString(text);
        if (space.readString(handle, length) !== text ||
            length !== Buffer.byteLength(text)) {
          is(space.readString(handle, length), text, 'utf8');
        }
        source.free(handle);
      }
      for (const encoding of ['latin1', 'utf16le', 'ascii', 'ucs2']) {
        const { handle, length } = source.allocString('plain', encoding);
        is(space.readString(handle, length, encoding), 'plain', encoding);
      }
    }
    const handle = space.alloc(16);
    space.fill(handle, 33, 16);
    is(space.writeString(handle, 'übel'), 5, 'writeString tells bytes');
    is(space.readString(handle, 6), 'übel!', 'and writes no more');
    is(space.writeString(handle, ''), 0, 'nothing of an empty text');
    throws(() => space.writeString(handle, 5), 'ERR_INVALID_ARG_TYPE',
      'a number is no text');
    throws(() => space.writeString(handle, 'x'.repeat(SIZE)),
      'ERR_MEMS_ADDRESS', 'a text that leaves the space');
    throws(() => space.readString(handle, 4, 'nonsense'),
      'ERR_UNKNOWN_ENCODING', 'an encoding that is none');
    space.destroy();
  });
}

test('the window', () => {
  const space = new Space({ size: SIZE });
  const { window } = space;
  const at = space.alloc(64) - 1000;
  window.f64[Math.ceil(at / 8)] = -2.5;
  const place = Math.ceil(at / 8) * 8;
  is(space.dataView(place + 1000, 8).getFloat64(0, true), -2.5, 'f64');
  window.f32[place / 4] = 0.5;
  is(window.u32[place / 4], 0x3f000000, 'f32 and u32');
  window.i16[place / 2] = -2;
  is(window.u16[place / 2], 0xfffe, 'i16 and u16');
  window.i8[place] = -1;
  is(window.u8[place], 255, 'i8 and u8');
  window.i32[place / 4] = -1;
  is(window.u32[place / 4], 2 ** 32 - 1, 'i32 and u32');
  is(window.length, space.maximum, 'has all that the space may');
  same(Object.keys(window).sort(), ['bytes', 'f32', 'f64', 'i16', 'i32', 'i8',
    'length', 'offset', 'start', 'u16', 'u32', 'u8'], 'its fields');
  space.destroy();
});

test('a text that has no room', () => {
  const space = new Space({ size: SIZE, hardLimit: 4096 });
  const { blocks } = space.stats();
  throws(() => space.allocString('x'.repeat(5000)), 'ERR_MEMS_NO_MEMORY',
    'is refused');
  throws(() => space.allocString('plain', 'nonsense'), Error,
    'as one of an unknown encoding');
  is(space.stats().blocks, blocks, 'and leaves nothing behind');
  space.destroy();
});
