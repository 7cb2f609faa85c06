'use strict';

// Lanes in turn, ratios within a round, medians of those.

function median(numbers) {
  const sorted = [...numbers].sort((left, right) => left - right);
  return sorted[sorted.length >> 1];
}

function time(lane) {
  const from = process.hrtime.bigint();
  const sum = lane();
  const ns = Number(process.hrtime.bigint() - from);
  if (typeof sum !== 'number' || Number.isNaN(sum)) {
    throw new Error('the lane did not do its work');
  }
  return ns;
}

// Prints a line for each lane, then what became of the targets: each a lane,
// the one that it is compared with, and how many times as fast it shall be.
function compare(lanes, { rounds, operations, against, targets }) {
  const names = Object.keys(lanes);
  const times = new Map(names.map((name) => [name, []]));
  // Compiled first.
  for (let i = 0; i < 2; i++) for (const name of names) lanes[name]();
  for (let round = 0; round < rounds; round++) {
    // Not before each lane: code that some collections saw idle is thrown away.
    if (global.gc) global.gc();
    for (const name of names) {
      times.get(name).push(time(lanes[name]) / operations(name));
    }
  }
  const ratio = (name, other) => median(times.get(other)
    .map((ns, round) => ns / times.get(name)[round]));
  for (const name of names) {
    const ns = median(times.get(name)).toFixed(2).padStart(8);
    const ratios = against.map((other) =>
      `${ratio(name, other).toFixed(2).padStart(8)} x ${other}`);
    console.log(`  ${name.padEnd(40)}${ns} ns ${ratios.join('')}`);
  }
  for (const [name, other, wanted] of targets) {
    const found = ratio(name, other);
    console.log(`${found >= wanted ? 'holds      ' : 'falls short'}  ` +
      `${name}: at least ${wanted} times as fast as ${other}: ` +
      found.toFixed(2));
  }
}

function growthOf(lane) {
  if (global.gc) global.gc();
  const before = process.memoryUsage();
  lane();
  const after = process.memoryUsage();
  const growth = {};
  for (const name of ['heapUsed', 'arrayBuffers', 'rss']) {
    growth[name] = ((after[name] - before[name]) / 2 ** 20).toFixed(2);
  }
  return growth;
}

module.exports = { compare, growthOf, median, time };
