'use strict';

// What fuzz.js runs: node --expose-gc fuzzer.js PART SEED STEPS FILE
// The call at hand is always in FILE, so that it is known after a crash.

const fs = require('fs');
const util = require('util');
const { chance } = require('./random');
const native = require('../lib/native');
const mems = require('../lib');
const rAlloc = require('../lib/compat/r-alloc');
const os = require('../lib/compat/osmemoryallocator');

const { Space, Heap, Slab, Arena, struct, arenaPerRequest } = mems;
const [part, seed, steps, file] = process.argv.slice(2);
const random = chance(Number(seed));
const log = fs.openSync(file, 'w');
const { write } = process.stdout;
const SIZE = 2 ** 22;

// ------------------------------------------------------------------ arguments

function detached() {
  const buffer = new ArrayBuffer(64);
  const view = new Uint8Array(buffer);
  native.detach(buffer);
  return random.below(2) === 0 ? view : buffer;
}

const numbers = [
  0, -0, 1, 2, 3, 7, 8, 15, 16, 17, 24, 31, 32, 64, 100, 255, 256, 1000, 1008,
  1024, 1025, 4096, 5000, 65535, 65536, 2 ** 20, 2 ** 22, 2 ** 40, 2 ** 31 - 1,
  2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 37, 2 ** 52, 2 ** 53 - 1,
  2 ** 53, 2 ** 53 + 2, 2 ** 63, 2 ** 64, 1e300, -1, -8, -1000, -(2 ** 31),
  -(2 ** 53), 0.5, 1.5, 999, 1000.5, NaN, Infinity, -Infinity,
  Number.MIN_VALUE, Number.MAX_VALUE, 2 ** 20 + 1, 2 ** 21 + 1
];

const others = [
  () => undefined, () => null, () => true, () => false, () => '', () => 'x',
  () => '64', () => 'shared', () => 'mapped', () => 'utf8', () => 'softlimit',
  () => 'nonsense', () => 'transient', () => 'intermediate', () => 'name',
  () => 'x'.repeat(70), () => 'ünïcode 🙂', () => 'a\0b', () => '\ud800',
  () => Symbol('fuzz'), () => 0n, () => 1n, () => 1000n, () => -1n,
  () => 2n ** 53n, () => 2n ** 64n, () => -(2n ** 70n), () => ({}),
  () => [], () => [1, 2], () => ({ length: 5 }), () => () => {},
  () => new Date(0), () => /x/, () => new Map(), () => new Proxy({}, {}),
  () => Object.create(null), () => new Error('fuzz'), () => Promise.resolve(),
  () => new Uint8Array(10), () => new Int32Array(5), () => new Uint32Array(5),
  () => new Float64Array(5), () => new Float32Array(5),
  () => new BigInt64Array(2), () => new DataView(new ArrayBuffer(16)),
  () => new ArrayBuffer(100), () => new SharedArrayBuffer(100),
  () => Buffer.alloc(20), detached, detached,
  () => new Uint8Array(new SharedArrayBuffer(2 ** 16)),
  () => new Int16Array(new SharedArrayBuffer(2 ** 16), 2, 100),
  () => Float64Array.of(1000, NaN, -1, 1e300, 2 ** 53),
  () => new Float64Array(100).fill(32), () => new Uint32Array(300),
  () => ({ valueOf: () => 64, toString: () => '64' }),
  () => ({ type: 'mems.space', number: 1, memory: null }),
  () => ({ type: 'mems.heap', space: null, address: 1016 }),
  () => ({ type: 'mems.arena', address: 2 ** 40 }), () => ({ token: null })
];

// What lived once: objects, handles and numbers, some of them for long gone.
const seen = [];

function remember(value) {
  if (seen.length < 400) seen.push(value);
  else seen[random.below(400)] = value;
}

function argument() {
  const way = random.below(20);
  if (way < 6 && seen.length > 0) return random.of(seen);
  if (way < 8 && seen.length > 0) {
    const value = random.of(seen);
    return typeof value === 'number' ? value + random.of([1, -1, 16, 8, 0.5,
      2 ** 32, 2 ** 37, -1000, 48]) : value;
  }
  if (way < 11) return random.size(3000);
  if (way < 12) return random.below(2) === 0;
  if (way < 16) return random.of(numbers);
  return random.of(others)();
}

function argumentList() {
  return Array.from({ length: random.below(6) }, argument);
}

// ----------------------------------------------------------------------- calls

let calls = 0;
let good = 0;
const wrong = new Map();

function describe(value) {
  try {
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
      return `${value.constructor.name}(${value.byteLength})`;
    }
    return util.inspect(value, { depth: 0, breakLength: Infinity })
      .slice(0, 80);
  } catch (error) {
    return typeof value;
  }
}

function note(name, list) {
  const text = `${calls}: ${name}(${list.map(describe).join(', ')})`;
  fs.writeSync(log, text.slice(0, 600).padEnd(600), 0);
}

function isCoded(error) {
  if (!(error instanceof Error)) return false;
  return error instanceof TypeError || (typeof error.code === 'string' &&
    error.code.startsWith('ERR_'));
}

function attempt(name, list, fn) {
  calls++;
  note(name, list);
  try {
    const value = fn();
    good++;
    if (value !== undefined && value !== null && typeof value !== 'boolean') {
      remember(value);
      if (Array.isArray(value)) value.slice(0, 3).forEach(remember);
    }
    return value;
  } catch (error) {
    if (!isCoded(error) && !wrong.has(name)) {
      wrong.set(name, `${name}(${list.map(describe).join(', ')}): ` +
        `${error && error.stack ?
          error.stack.split('\n').slice(0, 4).join(' ') : describe(error)}`);
    }
    return undefined;
  }
}

// ----------------------------------------------------------------- the parts

// Sizes above this would take the memory of the machine.
const MOST = 2 ** 28;
const isHuge = (value) => typeof value === 'number' && value > MOST &&
  value < 2 ** 39;

const nativeNumbers = [];

function nativeSetUp() {
  const memory = new Uint8Array(new SharedArrayBuffer(SIZE));
  const half = new Uint8Array(new SharedArrayBuffer(SIZE), 0, SIZE / 2);
  const made = [
    native.spaceAdopt(memory, 0, 65536, 16, 1, 0, 0, true, 0),
    native.spaceAdopt(half, 0, 65536, 16, 1, 0, 0, true, SIZE),
    native.spaceMap(SIZE, 65536, 16, 1, 0, 0),
    native.spaceMap(SIZE, 0, 8, 0, 0, 2 ** 20)
  ];
  for (const [number, region] of made) {
    nativeNumbers.push(number);
    seen.push(number, region);
    const rest = [
      native.heapCreate(number), native.slabCreate(number, 48, 0, 0),
      native.arenaCreate(number, 0, 0, 0, false),
      native.arenaCreate(number, 1, 0, 0, false),
      native.arenaCreate(number, 2, 0, 4096, true)
    ];
    rest.forEach(([object, address, magazine]) => {
      nativeNumbers.push(object);
      seen.push(object, address, magazine || 0);
    });
    for (let i = 0; i < 5; i++) seen.push(native.spaceAlloc(number, 100));
  }
}

function nativeStep(i) {
  if (i % 3000 === 0) nativeSetUp();
  const names = Object.keys(native).filter((name) =>
    typeof native[name] === 'function');
  const name = random.of(names);
  // What has bytes may be the memory of a space that lives: not to be taken.
  if (name === 'detach' && random.below(2) === 0) return;
  const list = argumentList();
  // Mostly with a handle that is one, so that more than it is looked at.
  if (random.below(5) > 0 && name !== 'spaceMap' && name !== 'spaceAdopt') {
    list[0] = random.of(nativeNumbers);
    if (/^store|Bulk$/.test(name)) {
      list[1] = name.startsWith('store') ? random.below(2) === 0 :
        random.below(4);
    }
  }
  // End few of them, or nothing is left.
  if (name === 'release' && random.below(10) > 0) list[1] = 9;
  if (name === 'detach') list[0] = random.of(others)();
  if (list.some(isHuge)) return;
  attempt(`native.${name}`, list, () => native[name](...list));
}

const objects = [];
const Layout = struct({
  id: 'u32', price: 'f64', name: 'utf8[8]', b: 'bytes[3]'
});

function setUp() {
  objects.length = 0;
  for (const options of [{}, { memory: 'mapped' }, { checked: true },
    { memory: 'mapped', growth: 0, granule: 8, policy: 'first-fit' },
    { hardLimit: 2 ** 18, softLimit: 2 ** 16 }]) {
    const space = new Space({ size: SIZE, ...options });
    const heap = new Heap(space);
    const slab = new Slab(space, { size: 48 });
    const made = [space, heap, slab, new Arena(space),
      new Arena(space, { lifetime: 'intermediate' }),
      new Arena(space, { lifetime: 'persistent', cap: 8192 }),
      new Arena(space, { shared: true })];
    objects.push(...made, Layout.cursor(space), Layout.alloc(heap), Layout);
    made.forEach((object) => {
      for (let i = 0; i < 4; i++) remember(object.alloc(48));
      remember(object);
      remember(object.token);
    });
  }
}

function namesOf(object) {
  const names = [];
  for (let at = object; at !== null && at !== Object.prototype;
    at = Object.getPrototypeOf(at)) {
    names.push(...Object.getOwnPropertyNames(at));
    // Other symbols are the package's own.
    names.push(...Object.getOwnPropertySymbols(at)
      .filter((name) => name === Symbol.dispose));
  }
  return names.filter((name) => name !== 'constructor');
}

const constructors = {
  Space: (list) => new Space(...list),
  Heap: (list) => new Heap(...list),
  Slab: (list) => new Slab(...list),
  Arena: (list) => new Arena(...list),
  'Space.attach': (list) => Space.attach(...list),
  'Heap.attach': (list) => Heap.attach(...list),
  'Slab.attach': (list) => Slab.attach(...list),
  'Arena.attach': (list) => Arena.attach(...list),
  struct: (list) => struct(...list),
  arenaPerRequest: (list) => {
    const use = arenaPerRequest(...list);
    use({}, { once() {} }, () => {});
  }
};

const OPTIONS = ['memory', 'size', 'growth', 'granule', 'policy', 'softLimit',
  'hardLimit', 'checked', 'token', 'lifetime', 'first', 'cap', 'shared',
  'alignment', 'soft', 'hard', 'at', 'property', 'space', 'most', 'id',
  'handle', 'generation'];

function options() {
  const made = { size: random.below(3) === 0 ? argument() : SIZE };
  for (let i = random.below(4); i > 0; i--) {
    made[random.of(OPTIONS)] = argument();
  }
  // A space of this size takes long, and is tested elsewhere.
  if (isHuge(made.size) || made.size === 0) made.size = SIZE;
  return made;
}

function destroyed(object) {
  try {
    object.destroy();
  } catch (error) {
    // It was.
  }
}

let extra = [];

function publicStep(i) {
  if (i % 2500 === 0) {
    extra.forEach(destroyed);
    extra = [];
    setUp();
  }
  if (i % 1000 === 0) global.gc();
  if (random.below(12) === 0) {
    const name = random.of(Object.keys(constructors));
    const list = argumentList();
    if (random.below(3) > 0) {
      list[0] = name.startsWith('Space') || name === 'struct' ||
        name === 'arenaPerRequest' ? options() : random.of(objects);
      if (list.length > 1) list[1] = options();
    }
    if (name.endsWith('attach') && random.below(2) === 0) {
      list[0] = random.of(objects);
    }
    const value = attempt(`new ${name}`, list, () => constructors[name](list));
    if (value && value.destroy) extra.push(value);
    if (extra.length > 40) destroyed(extra.shift());
    return;
  }
  const object = random.of(objects);
  const names = namesOf(object);
  const name = random.of(names);
  const text = `${object.constructor.name}.${String(name)}`;
  const list = argumentList();
  if (/^(destroy|Symbol.*dispose.*)$/.test(String(name)) &&
      random.below(30) > 0) {
    return;
  }
  if (list.some(isHuge)) return;
  if (random.below(4) === 0) list[random.below(list.length + 1)] = options();
  attempt(text, list, () => {
    const value = object[name];
    if (typeof value !== 'function') {
      if (random.below(2) === 0) return value;
      // A setter, or a field that is nobody's to set: it may stay as it was.
      if (['token', 'window', 'place', 'space'].includes(name)) return value;
      object[name] = argument();
      return object[name];
    }
    if (random.below(10) === 0) {
      return value.call(random.below(2) === 0 ? random.of(objects) :
        argument(), ...list);
    }
    return value.apply(object, list);
  });
}

function compatStep() {
  const module = random.of([rAlloc, os, mems]);
  const names = Object.keys(module).filter((name) =>
    typeof module[name] === 'function' && !/^[A-Z]/.test(name));
  const name = random.of(names);
  // Most calls are of use only between these two.
  if (name === 'finish' && random.below(20) > 0) return;
  let list = argumentList();
  if (random.below(3) === 0) {
    list = list.map((value) => typeof value === 'number' &&
      Number.isSafeInteger(value) ? BigInt(value) : value);
  }
  if (list.some((value) => isHuge(value) ||
      (typeof value === 'bigint' && isHuge(Number(value))))) {
    return;
  }
  if (name === 'init') list = [];
  attempt(name, list, () => module[name](...list));
}

function numberOf(value) {
  return typeof value === 'number' ? value : 0;
}

// Words of a space change by themselves: nothing may leave the region or hang.
function scribbleStep(i) {
  if (i % 500 === 0) {
    extra.forEach(destroyed);
    extra = [];
    objects.forEach((object) => {
      if (object.destroy) destroyed(object);
    });
    setUp();
  }
  const space = random.of(objects).space || objects[0];
  if (space instanceof Space && space.window.length > 0) {
    const { u32 } = space.window;
    // Near to what objects have there.
    const about = random.below(2) === 0 ? random.below(60000 / 4) :
      Math.floor(numberOf(random.of(seen)) / 4);
    const at = about + random.below(64);
    const value = random.of([0, 1, -1, 2 ** 31, 2 ** 31 - 1, 16, 64,
      random.below(2 ** 20), random.below(2 ** 32), u32[at] + 1, u32[at] - 1,
      u32[at] ^ 1 << random.below(32)]);
    if (at >= 0 && at < u32.length) u32[at] = value;
  }
  publicStep(1);
}

// All that nodes() and blocks() tell of is freed by whoever likes.
function freeStep(i) {
  if (i % 500 === 0) setUp();
  const object = random.of(objects);
  if (i % 10 === 0 && object.space instanceof Space) {
    attempt('nodes', [], () => {
      const all = object.space.nodes();
      const { segments } = random.of(all);
      const { address } = random.of(segments);
      const owner = random.of([object.space, object]);
      remember(address);
      owner.free(address + random.of([0, 16, 32, 64, 80]));
    });
  }
  publicStep(1);
}

const PARTS = {
  native: nativeStep, public: publicStep, compat: compatStep,
  scribble: scribbleStep, free: freeStep
};

// What is printed is not looked at.
process.stdout.write = () => true;
process.removeAllListeners('warning');
process.on('warning', () => {});
if (part !== 'native' && part !== 'compat') setUp();
for (let i = 0; i < Number(steps); i++) PARTS[part](i);
objects.concat(extra).forEach((object) => {
  if (object.destroy) destroyed(object);
});
global.gc();
process.stdout.write = write;
setImmediate(() => {
  fs.writeSync(1, JSON.stringify({
    calls, good, wrong: [...wrong.values()].slice(0, 20)
  }));
});
