'use strict';

// Finds the addon: what was built here, or what the package brings.

const fs = require('fs');
const path = require('path');
const { noAddon } = require('./errors');

const root = path.join(__dirname, '..');

function isMusl() {
  if (process.platform !== 'linux') return false;
  try {
    return fs.readFileSync('/proc/self/maps', 'latin1').includes('ld-musl');
  } catch (error) {
    return false;
  }
}

function candidates() {
  if (process.env.MEMS_ADDON) return [path.resolve(process.env.MEMS_ADDON)];
  const target = `${process.platform}-${process.arch}`;
  return [
    path.join(root, 'build', 'mems.node'),
    path.join(root, 'prebuilds', `${target}${isMusl() ? '-musl' : ''}.node`)
  ];
}

function load() {
  const files = candidates();
  for (const file of files) {
    if (fs.existsSync(file)) return require(file);
  }
  throw noAddon(
    `libmems has no addon for ${process.platform} ${process.arch}; ` +
    `where there is a C compiler, run: node ${path.join(root, 'scripts', 'build.js')}`);
}

module.exports = load();
