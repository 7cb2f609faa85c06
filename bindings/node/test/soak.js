'use strict';

// Runs the tests of chance with one seed after the other:
//
//   node test/soak.js MINUTES [NAME...]
//
// It ends with the first failure, whose output has the seed.

const { spawnSync } = require('child_process');
const path = require('path');
const { chance } = require('./random');

const [minutes, ...names] = process.argv.slice(2);
if (!(Number(minutes) > 0)) {
  process.stderr.write('usage: node test/soak.js MINUTES [NAME...]\n');
  process.exit(2);
}
const end = Date.now() + Number(minutes) * 60000;
const random = chance(Number(process.env.MEMS_TEST_SEED) || Date.now());
let rounds = 0;

while (Date.now() < end) {
  const seed = random.below(2 ** 32);
  const { status, stdout } = spawnSync(process.execPath,
    [path.join(__dirname, 'run.js'),
      ...(names.length > 0 ? names : ['fuzz', 'model'])],
    { encoding: 'utf8', maxBuffer: 2 ** 28,
      env: { ...process.env, MEMS_TEST_SEED: String(seed) } });
  if (status !== 0) {
    process.stdout.write(`${stdout}\nMEMS_TEST_SEED=${seed} failed\n`);
    process.exit(1);
  }
  rounds++;
}
process.stdout.write(`${rounds} seeds, no failure\n`);
