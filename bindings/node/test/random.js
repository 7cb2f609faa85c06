'use strict';

// Numbers of chance that a seed gives again: MEMS_TEST_SEED sets it. Without it
// every run is the same; test/soak.js tries others.

function chance(seed) {
  let state = seed >>> 0;
  // mulberry32: 32 good bits a step.
  const next = () => {
    state = state + 0x6d2b79f5 | 0;
    let t = Math.imul(state ^ state >>> 15, 1 | state);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return ((t ^ t >>> 14) >>> 0) / 2 ** 32;
  };
  const below = (n) => Math.floor(next() * n);
  return {
    seed,
    next,
    below,
    between: (least, most) => least + below(most - least + 1),
    of: (list) => list[below(list.length)],
    // Small sizes often, large ones seldom.
    size: (most) => 1 + Math.floor(2 ** (next() * Math.log2(most))) % most
  };
}

const given = process.env.MEMS_TEST_SEED;
const SEED = given ? Number(given) >>> 0 : 20261120;

module.exports = { chance, SEED };
