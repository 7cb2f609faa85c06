'use strict';

// In place of @sambhav-gautam/osmemoryallocator: its calls and its lines.

const classic = require('../classic');

const { init, malloc, get, free, stats, toSVG, printStats } = classic;

function finish() {
  classic.finish();
  process.stdout.write(
    '..........Successfully UnMapped the Memory without Errors .........\n');
}

module.exports = {
  init, malloc, get, free, stats, toSVG, printStats, finish
};
