'use strict';

// libmems: memory you can name. See README.md and index.d.ts.

const classic = require('./classic');
const native = require('./native');
const { Space } = require('./space');
const { Arena } = require('./arena');
const { Heap, Slab } = require('./store');
const { struct } = require('./struct');
const { arenaPerRequest } = require('./middleware');

const { init, malloc, get, free, stats, toSVG, printStats, finish } = classic;

module.exports = {
  Space, Arena, Heap, Slab, struct, arenaPerRequest,
  version: native.version(),
  init, malloc, get, free, stats, toSVG, printStats, finish
};
