'use strict';

// C, JavaScript and Go in one heap; see README. Prints TAP.
//
//   node together.js FOLDER [RECORDS]

const path = require('path');
const { Worker, isMainThread, workerData } = require('worker_threads');

const folder = path.resolve(isMainThread ? process.argv[2] : workerData.folder);
process.env.MEMS_ADDON = path.join(folder, 'mems.node');
const { Space, Heap, struct } = require('../node');

const RECORDS = Number(process.argv[3]) || 1000000;
const SIZE = 48;
const OWNER = 1;              // 2 is C, 3 is Go
const Row = struct({ number: 'u32', owner: 'u32', twice: 'f64' });

// A worker that allocates and frees until it is ended.
function work() {
  const heap = Heap.attach(workerData.heap);
  const held = [];
  for (let i = 0; ; i++) {
    held.push(heap.alloc(16 + i * 7 % 500));
    if (held.length > 1000) held.splice(0, 600).forEach((at) => heap.free(at));
    if (i === 5000) require('worker_threads').parentPort.postMessage('at work');
  }
}

let checks = 0;
function check(passed, name) {
  checks++;
  console.log(`${passed ? 'ok' : 'not ok'} ${checks} - ${name}`);
  if (!passed) process.exitCode = 1;
}

async function main() {
  const native = require(path.join(folder, 'together.node'));
  const [OPEN, FILL, SUM, FREE, CLOSE] = [0, 1, 2, 3, 4];
  const [C, GO] = [0, 1];
  const space = new Space({ memory: 'mapped', size: 2 ** 28 });
  const heap = new Heap(space);
  const list = space.alloc(RECORDS * 8);
  const at = (list - 1000) / 8;
  const { u32 } = space.window;
  const third = Math.floor(RECORDS / 3);
  const row = Row.cursor(space);
  const placeOf = (i) => u32[(at + i) * 2] + u32[(at + i) * 2 + 1] * 2 ** 32;

  check(native(C, OPEN, space.nativeSpace, heap.token.address) === 0,
    'C takes the heap by its address');
  check(native(GO, OPEN, space.nativeSpace, heap.token.address) === 0,
    'and Go does');

  for (let i = 0; i < third; i++) {
    const handle = heap.alloc(SIZE);
    row.at(handle).assign({ number: i, owner: OWNER, twice: 2 * i });
    u32[(at + i) * 2] = handle;
    u32[(at + i) * 2 + 1] = handle / 2 ** 32;
  }
  const worker = new Worker(__filename, { workerData: { folder, heap } });
  await new Promise((resolve) => worker.once('message', resolve));
  check(native(C, FILL, list, third, 2 * third) === 0,
    `C allocates ${third} records, while a worker is at work`);
  await worker.terminate();
  check(native(GO, FILL, list, 2 * third, RECORDS) === 0,
    'Go as many, when the worker was ended in the middle');

  let want = 0;
  for (let i = 0; i < RECORDS; i++) {
    want += 3 * i + (i < third ? 1 : i < 2 * third ? 2 : 3);
  }
  let sum = 0;
  const places = new Set();
  for (let i = 0; i < RECORDS; i++) {
    const place = placeOf(i);
    places.add(place);
    row.at(place);
    sum += row.number + row.owner + row.twice;
  }
  check(places.size === RECORDS, 'no two records lie at one place');
  check(sum === want, 'JavaScript reads all of them where they lie');
  check(native(C, SUM, list, RECORDS) === want, 'C does');
  check(native(GO, SUM, list, RECORDS) === want, 'Go does');
  heap.verify();
  space.verify();

  // Each frees what another allocated.
  check(native(GO, FREE, list, 0, third) === 0, 'Go frees those of JavaScript');
  let wrong = 0;
  for (let i = third; i < 2 * third; i++) {
    try {
      heap.free(placeOf(i));
    } catch (error) {
      wrong++;
    }
  }
  check(wrong === 0, 'JavaScript those of C');
  check(native(C, FREE, list, 2 * third, RECORDS) === 0, 'C those of Go');
  check(native(GO, FREE, list, 0, 1) !== 0 &&
    native(C, FREE, list, third, third + 1) !== 0, 'and none twice');

  check(native(GO, CLOSE) === 0, 'Go leaves');
  check(native(C, CLOSE) === 0, 'C leaves');
  heap.verify();
  space.verify();
  const { blocks } = heap.stats();
  check(blocks <= 1001, `what lives is the ended worker's: ${blocks} blocks`);
  space.free(list);
  space.verify();
  heap.destroy();
  space.destroy();
  check(true, 'and all was sound at the end');
  console.log(`1..${checks}`);
}

if (isMainThread) main();
else work();
