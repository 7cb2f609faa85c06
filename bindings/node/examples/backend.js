'use strict';

// A server's memory by lifetime, as one can see it: requests that come and go in
// a transient arena, sessions that end one by one in an intermediate arena, and a
// cache that stays in a persistent one. In a terminal the chains of their space
// and the resident memory are drawn as they change; elsewhere a line tells of
// each second.
//
//   node examples/backend.js [--seconds=N]       Ctrl-C ends it

const { Space, Arena, struct } = require('..');

const REQUESTS = 2000;        // in each tick of 50 ms
const SESSIONS = 5000;        // at most
const CACHED = 100000;

const Session = struct({ user: 'u32', hits: 'u32', name: 'utf8[24]' });
const Item = struct({ key: 'u32', price: 'f64', next: 'handle' });

// A node for each step that it grows by, so that there is a main chain.
const space = new Space({ size: 2 ** 28, growth: 0 });
const requests = new Arena(space);
const intermediate = new Arena(space, { lifetime: 'intermediate' });
const cache = new Arena(space, { lifetime: 'persistent' });
const session = Session.cursor(space);
const item = Item.cursor(space);

const sessions = new Map();
const counts = { requests: 0, logins: 0, logouts: 0, cached: 0 };
let newest = 0;

// -------------------------------------------------------------------- the work

function visit(user) {
  if (!sessions.has(user)) {
    sessions.set(user, intermediate.alloc(Session.size));
    session.at(sessions.get(user)).assign({ user, hits: 0, name: `user ${user}` });
    counts.logins++;
  }
  session.at(sessions.get(user)).hits++;
}

function leave(user) {
  if (!sessions.has(user)) return;
  intermediate.free(sessions.get(user));
  sessions.delete(user);
  counts.logouts++;
}

function remember(key) {
  if (counts.cached === CACHED) return;
  item.at(cache.alloc(Item.size)).assign({ key, price: key / 4, next: newest });
  newest = item.handle;
  counts.cached++;
}

function serve() {
  const user = Math.floor(Math.random() * SESSIONS);
  visit(user);
  // What the answer is made of ends with it.
  for (let i = 0; i < 20; i++) requests.alloc(32 + Math.random() * 200 | 0);
  requests.reset();
  if (Math.random() < 0.1) leave(Math.floor(Math.random() * SESSIONS));
  if (Math.random() < 0.05) remember(counts.requests);
  counts.requests++;
}

// ------------------------------------------------------------------- the view

const MIB = 2 ** 20;
const resident = [];

function mib(bytes) {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}

// As many columns as the memory has parts: used, partly used, free.
function bar(node, width) {
  const cells = new Array(width).fill(0);
  for (const { kind, address, size } of node.segments) {
    if (kind !== 'process') continue;
    const first = (address - node.address) / node.size * width;
    const last = (address + size - node.address) / node.size * width;
    for (let i = Math.floor(first); i < last; i++) {
      cells[i] += Math.min(last, i + 1) - Math.max(first, i);
    }
  }
  return cells.map((part) => ' .:#'[Math.min(3, Math.ceil(part * 3 - 0.01))])
    .join('');
}

function graph(values, width) {
  const shown = values.slice(-width);
  const most = Math.max(...shown, 1);
  return shown.map((value) => '_.-=+*#'[Math.floor(value / most * 6)]).join('');
}

function line(name, { used, held }) {
  return `  ${name.padEnd(14)}${mib(used).padStart(10)} of ${mib(held)}`;
}

function screen() {
  const columns = process.stdout.columns || 80;
  const rows = process.stdout.rows || 24;
  const width = Math.max(columns - 32, 10);
  const nodes = space.nodes();
  const stats = space.stats();
  const lines = [
    `${counts.requests} requests, ${sessions.size} sessions, ` +
      `${counts.cached} cached records`,
    '',
    line('requests', requests.stats()),
    line('sessions', intermediate.stats()),
    line('cache', cache.stats()),
    '',
    `main chain: ${nodes.length} nodes, ${stats.blocks} blocks, ` +
      `${stats.holes} holes, ${mib(stats.mapped)} mapped`
  ];
  const room = Math.max(rows - lines.length - 4, 1);
  const last = nodes.slice(-room);
  if (last.length < nodes.length) last.shift();
  if (last.length < nodes.length) {
    lines.push(`  ... ${nodes.length - last.length} nodes before`);
  }
  for (const node of last) {
    lines.push(`  ${String(node.address).padStart(10)} ` +
      `${String(node.size / 1024).padStart(6)} KiB [${bar(node, width)}]`);
  }
  lines.push('', `resident ${mib(resident[resident.length - 1])} ` +
    graph(resident, width));
  return lines.map((text) => text.slice(0, columns - 1)).join('\n');
}

function tell() {
  const { used, mapped, nodes, blocks, holes } = space.stats();
  return `${counts.requests} requests, ${sessions.size} sessions, ` +
    `${counts.cached} cached; ${nodes} nodes, ${blocks} blocks, ` +
    `${holes} holes, ${mib(used)} of ${mib(mapped)}; ` +
    `resident ${mib(resident[resident.length - 1])}`;
}

// -------------------------------------------------------------------- its run

function secondsOf(given) {
  const [, seconds] = /^--seconds=(\d+(?:\.\d+)?)$/.exec(given) || [];
  if (seconds !== undefined) return Number(seconds);
  process.stderr.write('usage: node backend.js [--seconds=N]\n');
  return process.exit(2);
}

const seconds = process.argv.length > 2 ? secondsOf(process.argv[2]) : Infinity;
const isTerminal = process.stdout.isTTY === true;
const began = Date.now();
let told = 0;

function show() {
  if (isTerminal) {
    // Home, and what stood there before is gone: no flicker.
    process.stdout.write(`\x1b[H${screen().replace(/\n/g, '\x1b[K\n')}\x1b[J`);
  } else if (Date.now() - began >= told * 1000) {
    told++;
    process.stdout.write(`${tell()}\n`);
  }
}

function end() {
  clearInterval(timer);
  // The screen that was there comes back, and its cursor.
  if (isTerminal) process.stdout.write('\x1b[?1049l\x1b[?25h');
  space.verify();
  process.stdout.write(`${tell()}\n`);
  space.destroy();
}

if (isTerminal) process.stdout.write('\x1b[?1049h\x1b[?25l');
const timer = setInterval(() => {
  for (let i = 0; i < REQUESTS; i++) serve();
  resident.push(process.memoryUsage().rss);
  if (resident.length > 1000) resident.shift();
  show();
  if (Date.now() - began >= seconds * 1000) end();
}, 50);
process.once('SIGINT', end);
process.once('SIGTERM', end);
