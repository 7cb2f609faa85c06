'use strict';

// Everything is called with arguments by chance, each part in a process of its
// own: nothing may crash it, and what is thrown must have a code.
//
//   MEMS_TEST_SEED=n MEMS_TEST_SCALE=10 node test/fuzz.js

const { test, ok, is, same, scale, diag } = require('./tap');
const { SEED } = require('./random');
const { spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');

const STEPS = {
  native: 60000,      // the addon's functions, as nobody should call them
  public: 40000,      // all classes and functions of the package
  compat: 30000,      // those of the other packages' users
  scribble: 15000,    // and all of it while others write into the memory
  free: 10000         // and while blocks are freed that are not the caller's
};
// One that hangs is ended; a slow machine is not one that hangs.
const PATIENCE = 600000;

function last(file) {
  try {
    return fs.readFileSync(file, 'utf8').replace(/\0/g, '').trim();
  } catch (error) {
    return 'unknown';
  }
}

for (const part of Object.keys(STEPS)) {
  test(part, () => {
    const file = path.join(os.tmpdir(), `mems-fuzz-${process.pid}-${part}`);
    const { status, signal, stdout, stderr } = spawnSync(process.execPath,
      ['--expose-gc', path.join(__dirname, 'fuzzer.js'), part, String(SEED),
        String(Math.ceil(STEPS[part] * scale)), file],
      { encoding: 'utf8', timeout: PATIENCE, maxBuffer: 2 ** 26 });
    const how = `MEMS_TEST_SEED=${SEED}, last call: ${last(file)}`;
    is(signal === null ? status : signal, 0,
      `ends well (MEMS_TEST_SEED=${SEED})`);
    try {
      fs.unlinkSync(file);
    } catch (error) {
      // It was not made.
    }
    if (status !== 0) {
      diag(how);
      diag(stderr.slice(-3000));
      return;
    }
    const { calls, good, wrong } = JSON.parse(stdout.split('\n').pop());
    same(wrong, [], 'throws nothing without a code');
    if (wrong.length > 0) diag(`MEMS_TEST_SEED=${SEED}`);
    ok(calls > STEPS[part] * scale / 2, `${calls} calls`);
    ok(good > calls / 50, `of which ${good} did something`);
  });
}
