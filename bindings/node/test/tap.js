'use strict';

// All that a test needs: checks that print TAP, the Test Anything Protocol.
// A file of tests is a program:
//
//   const { test, is } = require('./tap');
//   test('a new list', () => { is(list.length, 0, 'is empty'); });
//
// Tests run one after the other, in the order of the file. A check prints a
// line, so that nothing is lost in a crash; checks in loops are better counted
// and told of once. Node 14 has no node:test, therefore this.

const assert = require('assert');
const fs = require('fs');

const tests = [];
let checks = 0;
let failures = 0;
let running = '';           // the name of the test at work
let done = false;

// At once, also if the process is to crash next.
function print(line) {
  fs.writeSync(1, `${line.replace(/\r?\n/g, '\n# ')}\n`);
}

function diag(text) {
  print(`# ${text}`);
}

// Where the check stands that called.
function place() {
  const lines = new Error().stack.split('\n').slice(1);
  const line = lines.find((text) => !text.includes('tap.js'));
  return line === undefined ? '' : line.trim();
}

function check(passed, name, why) {
  checks++;
  const full = `${running}: ${name}`.replace(/#/g, '\\#');
  print(`${passed ? 'ok' : 'not ok'} ${checks} - ${full}`);
  if (passed) return true;
  failures++;
  process.exitCode = 1;
  diag(place());
  if (why) diag(why);
  return false;
}

function show(value) {
  if (typeof value === 'bigint') return `${value}n`;
  if (Object.is(value, -0)) return '-0';
  try {
    return typeof value === 'string' ? JSON.stringify(value) : String(value);
  } catch (error) {
    return typeof value;
  }
}

function ok(condition, name) {
  return check(Boolean(condition), name, `it is ${show(condition)}`);
}

function is(got, want, name) {
  return check(Object.is(got, want), name,
    `got ${show(got)}, want ${show(want)}`);
}

function same(got, want, name) {
  try {
    assert.deepStrictEqual(got, want);
  } catch (error) {
    return check(false, name, error.message);
  }
  return check(true, name);
}

function fail(name, why) {
  return check(false, name, why);
}

function tell(error) {
  return error && error.stack ? `${error.code}: ${error.stack}` : show(error);
}

// Does it throw an error with this code? A class checks its kind instead.
function isWrong(error, code) {
  return typeof code === 'string' ? error !== null &&
    error instanceof Error && error.code === code : error instanceof code;
}

function throws(fn, code, name) {
  const want = typeof code === 'string' ? code : code.name;
  try {
    fn();
  } catch (error) {
    return check(isWrong(error, code), name,
      `want ${want}, got ${tell(error)}`);
  }
  return check(false, name, `want ${want}, but nothing was thrown`);
}

async function rejects(promise, code, name) {
  const want = typeof code === 'string' ? code : code.name;
  try {
    await (typeof promise === 'function' ? promise() : promise);
  } catch (error) {
    return check(isWrong(error, code), name,
      `want ${want}, got ${tell(error)}`);
  }
  return check(false, name, `want ${want}, but it was not rejected`);
}

function skip(name, why) {
  checks++;
  print(`ok ${checks} - ${running}: ${name} # SKIP ${why}`);
}

async function runAll() {
  for (const { name, fn } of tests) {
    running = name;
    try {
      await fn();
    } catch (error) {
      check(false, 'comes to its end', tell(error));
    }
  }
  done = true;
  print(`1..${checks}`);
}

function test(name, fn) {
  tests.push({ name, fn });
  if (tests.length === 1) setImmediate(runAll);
}

process.on('exit', () => {
  if (done || tests.length === 0) return;
  check(false, 'comes to its end', 'the process has nothing left to do');
  print(`1..${checks}`);
});

function unexpected(error) {
  check(false, 'has no error outside', tell(error));
  print(`1..${checks}`);
  done = true;
  process.exit(1);
}

process.on('uncaughtException', unexpected);
process.on('unhandledRejection', unexpected);

// Without the addon there is nothing to test.
function needAddon() {
  try {
    require('../lib/native');
  } catch (error) {
    if (error.code !== 'ERR_MEMS_NO_ADDON') throw error;
    print(`1..0 # SKIP ${error.message.split(';')[0]}`);
    process.exit(0);
  }
}

needAddon();

// How much work tests of chance shall do.
const scale = Number(process.env.MEMS_TEST_SCALE) || 1;

// Where spaces can lie. test/no_external.js runs tests without mapped memory.
const MEMORIES = process.env.MEMS_TEST_NO_EXTERNAL ? ['shared'] :
  ['shared', 'mapped'];

module.exports = {
  test, ok, is, same, fail, throws, rejects, skip, diag, scale, MEMORIES
};
