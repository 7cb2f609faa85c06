'use strict';

// Two million records that stay: how long it takes to make them, what a full
// collection then takes, and how much memory is resident. Each kind in a process
// of its own.
//
//   node bench/retained.js

const { execFileSync } = require('child_process');

const RECORDS = 2000000;

const kinds = {
  'V8 objects'() {
    const records = [];
    for (let i = 0; i < RECORDS; i++) {
      records.push({ id: i, price: i * 2, count: 1, flags: 0 });
    }
    return records;
  },
  'V8 Buffers of 64 bytes'() {
    const records = [];
    for (let i = 0; i < RECORDS; i++) {
      const record = Buffer.allocUnsafe(64);
      record.writeInt32LE(i, 0);
      record.writeInt32LE(i * 2, 4);
      record.writeInt32LE(1, 8);
      record.writeInt32LE(0, 12);
      records.push(record);
    }
    return records;
  },
  'an arena, struct() of 16 bytes'() {
    const { Space, Arena, struct } = require('..');
    const Record = struct({ id: 'i32', price: 'i32', count: 'i32', flags: 'i32' });
    const space = new Space();
    const arena = new Arena(space, { lifetime: 'persistent' });
    const records = new Int32Array(RECORDS);
    const record = Record.cursor(space);
    for (let i = 0; i < RECORDS; i++) {
      const handle = arena.alloc(Record.size);
      record.at(handle);
      record.id = i;
      record.price = i * 2;
      record.count = 1;
      record.flags = 0;
      records[i] = handle;
    }
    return { space, arena, records };
  }
};

function now() {
  return Number(process.hrtime.bigint()) / 1e6;
}

function measure(name) {
  global.gc();
  const before = process.memoryUsage();
  const from = now();
  const kept = kinds[name]();
  const built = now() - from;
  global.gc();
  const collections = [];
  for (let i = 0; i < 5; i++) {
    const start = now();
    global.gc();
    collections.push(now() - start);
  }
  const after = process.memoryUsage();
  process.stdout.write(JSON.stringify({
    build: built * 1e6 / RECORDS,
    collection: collections.sort((a, b) => a - b)[2],
    heap: (after.heapUsed - before.heapUsed) / 2 ** 20,
    resident: (after.rss - before.rss) / 2 ** 20,
    kept: typeof kept
  }));
}

if (process.argv[2] === '--measure') {
  measure(process.argv[3]);
} else {
  const results = {};
  console.log(`${RECORDS} records that stay`);
  for (const name of Object.keys(kinds)) {
    const result = JSON.parse(execFileSync(process.execPath,
      ['--expose-gc', __filename, '--measure', name]));
    results[name] = result;
    console.log(`  ${name.padEnd(32)}${result.build.toFixed(0).padStart(5)} ns ` +
      `to make, ${result.collection.toFixed(1).padStart(6)} ms a collection, ` +
      `${result.heap.toFixed(1).padStart(6)} MiB of heap, ` +
      `${result.resident.toFixed(0).padStart(4)} MiB resident`);
  }
  const ours = results['an arena, struct() of 16 bytes'];
  const theirs = results['V8 objects'];
  const gc = theirs.collection / ours.collection;
  const memory = ours.resident / theirs.resident;
  console.log(`${gc >= 30 ? 'holds      ' : 'falls short'}  a collection is at ` +
    `least 30 times shorter than with objects: ${gc.toFixed(1)}`);
  console.log(`${memory <= 0.3 ? 'holds      ' : 'falls short'}  memory is at ` +
    `most 0.3 of that with objects: ${memory.toFixed(2)}`);
}
