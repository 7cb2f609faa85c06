'use strict';

// A server's memory by lifetime, as r_alloc's simulation had it: sessions of 64
// bytes that come and go with one request in ten, ten allocations of some 100
// bytes for each request, and what stays. The driver alone is the floor, which
// is taken off.
//
//   node --expose-gc bench/backend.js [ROUNDS]

const { Space, Arena, Slab } = require('..');
const { median, time } = require('./measure');

const REQUESTS = 100000;
const SESSIONS = 1000;

// The same requests for every lane, thrown before the clock runs.
function random(seed) {
  let state = seed;
  return () => {
    state = Math.imul(state ^ state >>> 15, 0x2c1b3c6d) + 0x9e3779b9 | 0;
    return (state ^ state >>> 13) >>> 1;
  };
}

const next = random(1);
const numbers = Int32Array.from({ length: REQUESTS }, next);
const users = numbers.map((number) => number % SESSIONS);
const comes = numbers.map((number) => Number(number % 10 === 0));

// The driver of a lane, from a text of its own: one that had served several lanes
// would call each through a table.
function driveOf(name, calls) {
  const run = new Function('REQUESTS', 'SESSIONS', 'numbers', 'users', 'comes',
    `// ${name}\nreturn ${drive};`)(REQUESTS, SESSIONS, numbers, users, comes);
  return () => run(calls);
}

function drive({ begin, alloc, end, login, logout }) {
  const sessions = new Array(SESSIONS).fill(null);
  let sum = 0;
  for (let r = 0; r < REQUESTS; r++) {
    const number = numbers[r];
    if (comes[r] !== 0) {
      const who = users[r];
      if (sessions[who] === null) sessions[who] = login(who);
      else {
        logout(sessions[who]);
        sessions[who] = null;
      }
    }
    begin();
    for (let i = 0; i < 10; i++) sum += alloc(96 + (number >>> i & 15), i);
    end();
  }
  for (const session of sessions) if (session !== null) logout(session);
  return sum;
}

const space = new Space();
const arena = new Arena(space);
const slab = new Slab(space, { size: 64 });
let list = [];

const floor = {
  begin() {},
  alloc: (size) => size,
  end() {},
  login: (who) => who,
  logout() {}
};

const lanes = {
  'the driver alone': floor,
  'V8 Buffers': {
    begin() {
      list = [];
    },
    alloc(size) {
      return list.push(Buffer.allocUnsafe(size));
    },
    end() {},
    login: () => Buffer.allocUnsafe(64),
    logout() {}
  },
  'V8 objects': {
    begin() {
      list = [];
    },
    alloc(size, i) {
      return list.push({ a: size, b: i, c: 1, d: 2 });
    },
    end() {},
    login: (who) => ({ a: who, b: 0, c: 1, d: 2 }),
    logout() {}
  },
  'arena and slab': {
    begin() {},
    alloc: (size) => arena.alloc(size) & 1,
    end() {
      arena.reset();
    },
    login: () => slab.alloc(),
    logout(session) {
      slab.free(session);
    }
  }
};
for (const name of Object.keys(lanes)) lanes[name] = driveOf(name, lanes[name]);

const times = new Map(Object.keys(lanes).map((name) => [name, []]));
for (let i = 0; i < 3; i++) for (const name of times.keys()) lanes[name]();
const rounds = Number(process.argv[2]) || 15;
for (let round = 0; round < rounds; round++) {
  if (global.gc) global.gc();
  for (const [name, list] of times) {
    list.push(time(lanes[name]));
  }
}
const net = (name, round) =>
  times.get(name)[round] - times.get('the driver alone')[round];
const ratio = (other, less) => median(times.get(other).map((ns, round) =>
  (less ? net(other, round) / net('arena and slab', round) :
    ns / times.get('arena and slab')[round])));

console.log(`${REQUESTS} requests`);
for (const [name, list] of times) {
  const ms = median(list) / 1e6;
  console.log(`  ${name.padEnd(20)}${ms.toFixed(1).padStart(8)} ms ` +
    `${(REQUESTS / ms / 1000).toFixed(2).padStart(7)} M requests/s`);
}
for (const [other, wanted] of [['V8 Buffers', 8], ['V8 objects', 2]]) {
  const found = ratio(other, false);
  console.log(`${found >= wanted ? 'holds      ' : 'falls short'}  arena and ` +
    `slab: at least ${wanted} times as fast as ${other}: ` +
    `${found.toFixed(2)} (${ratio(other, true).toFixed(2)} net of the driver)`);
}
