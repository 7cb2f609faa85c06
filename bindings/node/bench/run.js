'use strict';

// All benches, one after the other, each in a process of its own.
//
//   npm run bench [-- NAME...]

const { spawnSync } = require('child_process');
const path = require('path');

const all = ['lanes', 'backend', 'retained', 'express'];
const names = process.argv.length > 2 ? process.argv.slice(2) : all;

for (const name of names) {
  console.log(`\n== ${name}`);
  const { status } = spawnSync(process.execPath,
    ['--expose-gc', path.join(__dirname, `${name}.js`)], { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
