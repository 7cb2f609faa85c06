'use strict';

// Records: layouts and cursors.

const { test, ok, is, same, throws, skip, MEMORIES } = require('./tap');
const { Space, Heap, Arena, Slab, struct } = require('../lib');

const SIZE = 2 ** 24;

test('a layout', () => {
  const Order = struct({
    flag: 'bool', price: 'f64', id: 'u32', small: 'i8', tiny: 'u16',
    name: 'utf8[10]', half: 'f32', next: 'handle'
  });
  same({ ...Order.offsets }, {
    flag: 0, price: 8, id: 16, small: 20, tiny: 22, name: 24, half: 36,
    next: 40
  }, 'has its fields where C would');
  is(Order.size, 48, 'a size');
  is(Order.alignment, 8, 'an alignment');
  ok(Object.isFrozen(Order), 'and does not change');
});

test('records', () => {
  for (const memory of MEMORIES) {
    const space = new Space({ memory, size: SIZE });
    const Order = struct({
      i8: 'i8', u8: 'u8', i16: 'i16', u16: 'u16', i32: 'i32', u32: 'u32',
      f32: 'f32', f64: 'f64', flag: 'bool', next: 'handle',
      text: 'utf8[12]', old: 'latin1[4]', bytes: 'bytes[3]'
    });
    const values = {
      i8: -1, u8: 255, i16: -2, u16: 65535, i32: -3, u32: 2 ** 32 - 1,
      f32: 0.5, f64: Math.PI, flag: true, next: 2 ** 53 - 1, text: 'Grüße',
      old: 'äöü'
    };
    for (const from of [space, new Heap(space), new Arena(space),
      new Slab(space, { size: Order.size })]) {
      const name = `${memory}, ${from.constructor.name}`;
      const cursor = Order.alloc(from, values);
      const { bytes, ...others } = cursor.toObject();
      same(others, values, `${name}: keep what they are given`);
      is(bytes.length, 3, `${name}: bytes are a view`);
      cursor.bytes = [1, 2];
      same([...cursor.bytes], [1, 2, 0], `${name}: that can be set`);
      is(Order.cursor(space).at(cursor.handle).f64, Math.PI,
        `${name}: are found by their handle`);
      is(cursor.assign({ u8: 3 }), cursor, `${name}: assign`);
      is(cursor.u8, 3, `${name}: sets fields`);
    }
    space.destroy();
  }
});

test('neighbours', () => {
  const space = new Space({ size: SIZE });
  const Row = struct({ a: 'u8', text: 'utf8[5]', b: 'u8', f: 'f64' });
  const slab = new Slab(space, { size: Row.size });
  const handles = Array.from({ length: 300 }, () => slab.alloc());
  const row = Row.cursor(space);
  handles.forEach((handle, i) => {
    row.at(handle).assign({ a: i & 255, text: `${i}`, b: ~i & 255, f: i / 2 });
  });
  ok(handles.every((handle, i) => {
    row.at(handle);
    return row.a === (i & 255) && row.text === `${i}` &&
      row.b === (~i & 255) && row.f === i / 2 && row.handle === handle;
  }), 'do not disturb each other');
  slab.verify();
  space.destroy();
});

test('texts', () => {
  const space = new Space({ size: SIZE });
  const Name = struct({ id: 'u32', text: 'utf8[8]', end: 'u32' });
  const name = Name.alloc(space, { end: 7 });
  name.text = '12345678';
  is(name.text, '12345678', 'may fill the field');
  throws(() => {
    name.text = '123456789';
  }, 'ERR_MEMS_RANGE', 'but not more');
  throws(() => {
    name.text = 'üüüüü';
  }, 'ERR_MEMS_RANGE', 'counted in bytes');
  is(name.text, '12345678', 'and stay then');
  name.text = 'ab';
  is(name.text, 'ab', 'nothing is left of a longer one');
  name.text = '';
  is(name.text, '', 'may be empty');
  is(name.end, 7, 'what is behind stays');
  throws(() => {
    name.text = 5;
  }, 'ERR_INVALID_ARG_TYPE', 'are no numbers');
  space.destroy();
});

test('wrong layouts', () => {
  throws(() => struct(), 'ERR_MEMS_TYPE', 'none');
  throws(() => struct(null), 'ERR_MEMS_TYPE', 'null');
  throws(() => struct({}), 'ERR_MEMS_RANGE', 'no fields');
  throws(() => struct({ a: 'u128' }), 'ERR_MEMS_TYPE', 'a type that is none');
  throws(() => struct({ a: 5 }), 'ERR_MEMS_TYPE', 'a type of a number');
  throws(() => struct({ a: undefined }), 'ERR_MEMS_TYPE', 'no type');
  for (const type of ['constructor', 'toString', '__proto__', 'utf8[]',
    'utf8[-1]', 'utf8', 'utf8[1.5]']) {
    throws(() => struct({ a: type }), 'ERR_MEMS_TYPE', `type ${type}`);
  }
  for (const name of ['at', 'handle', 'space', 'window', 'place', 'assign',
    'toObject', 'constructor']) {
    throws(() => struct({ [name]: 'u8' }), 'ERR_MEMS_RANGE', `field ${name}`);
  }
});

test('what a layout is stays as it was made', () => {
  const space = new Space({ size: SIZE });
  const row = struct({ n: 'u32', f: 'f64' }).alloc(space, { n: 1, f: 2 });
  for (const name of ['names', 'size', 'alignment', 'mask']) {
    throws(() => { row[name] = 4; }, TypeError, name);
  }
  throws(() => { row.names[0] = 'handle'; }, TypeError, 'a name');
  same(row.toObject(), { n: 1, f: 2 }, 'of which the fields are told');
  throws(() => row.assign(new Uint8Array(8)), 'ERR_MEMS_TYPE', 'no values');
  space.destroy();
});

test('fields with names of their own', () => {
  const space = new Space({ size: SIZE });
  for (const name of ['size', 'alignment', 'names', 'length', 'name']) {
    let told;
    try {
      const record = struct({ [name]: 'u32', other: 'u8' }).alloc(space);
      record[name] = 5;
      told = record[name];
    } catch (error) {
      told = error.code;
    }
    ok(told === 5 || told === 'ERR_MEMS_RANGE',
      `${name}: works, or is refused by a code (it is ${told})`);
  }
  space.destroy();
});

test('wrong places', () => {
  const space = new Space({ size: SIZE });
  const Row = struct({ n: 'u32', f: 'f64' });
  const row = Row.cursor(space);
  for (const wrong of [0, 999, -1, NaN, 2 ** 50, space.maximum + 1000,
    space.maximum + 1000 - 8, 1001, 1002]) {
    throws(() => row.at(wrong), 'ERR_MEMS_ADDRESS', String(wrong));
  }
  for (const wrong of ['x', undefined, null, {}]) {
    throws(() => row.at(wrong), 'ERR_MEMS_TYPE', typeof wrong);
  }
  throws(() => row.at(1004), 'ERR_MEMS_ADDRESS',
    'a place that is no multiple of the alignment');
  throws(() => Row.cursor(), 'ERR_MEMS_TYPE', 'a cursor of no space');
  throws(() => Row.cursor({}), 'ERR_MEMS_TYPE', 'nor of another object');
  throws(() => row.at(space.alloc(16)).assign({ x: 1 }), 'ERR_MEMS_TYPE',
    'a field that is none');
  throws(() => Row.alloc({}), TypeError, 'a record of nothing');
  space.destroy();
  throws(() => row.at(1000), Error, 'a destroyed space');
});

test('a cursor that was nowhere', () => {
  const space = new Space({ size: SIZE });
  const before = space.view(1000, 64).slice();
  const Row = struct({ a: 'u8', b: 'u8', c: 'bool', text: 'utf8[4]',
    d: 'u32' });
  const row = Row.cursor(space);
  for (const [name, value] of [['a', 255], ['b', 255], ['c', true],
    ['text', 'x'], ['d', 5]]) {
    try {
      row[name] = value;
    } catch (error) {
      // That is as well.
    }
  }
  same(space.view(1000, 64).slice(), before, 'writes nothing');
  space.destroy();
});

test('records above 4 GiB', () => {
  let space;
  let far;
  try {
    space = new Space({ memory: 'mapped', size: 2 ** 34 });
    far = space.alloc(2 ** 32 + 2 ** 20);
  } catch (error) {
    if (!/NO_MEMORY|NO_EXTERNAL/.test(error.code)) throw error;
    skip('records', 'there is no room');
    return;
  }
  const Row = struct({ n: 'u32', f: 'f64' });
  const row = Row.cursor(space);
  // A multiple of 8 behind 1000, in another window where a view has 4 GiB.
  const there = 2 ** 32 + 1000 + 64;
  row.at(far).n = 1;
  row.at(there).n = 2;
  is(row.n, 2, 'are written');
  is(row.handle, there, 'tell their handle');
  row.at(far);
  is(row.handle, far, 'a cursor comes back below');
  is(row.n, 1, 'to the record there');
  row.n = 3;
  is(row.at(there).n, 2, 'and writes there');
  space.destroy();
});
