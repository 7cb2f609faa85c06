'use strict';

// A runtime without external buffers, as Electron is one: the addon is built so
// that it finds itself in one. Mapped memory is refused there by a code, and all
// else is as elsewhere.

const { spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { test, ok, is, skip, diag } = require('./tap');
const { run, ending } = require('./child');

const FILES = ['arena', 'bulk', 'checked', 'classic', 'compat_r_alloc', 'heap',
  'layout', 'limits', 'middleware', 'model', 'slab', 'strings_views', 'struct',
  'workers'];

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mems-no-external-'));
const addon = path.join(folder, 'mems.node');
process.on('exit', () => {
  spawnSync('rm', ['-rf', folder]);
});

function node(...given) {
  return spawnSync(process.execPath, given, {
    encoding: 'utf8', maxBuffer: 2 ** 26,
    env: {
      MEMS_TEST_SCALE: '0.2', ...process.env,
      MEMS_ADDON: addon, MEMS_TEST_NO_EXTERNAL: '1'
    }
  });
}

test('without external buffers', () => {
  // Quickly: it is not to be fast.
  const built = node(path.join(__dirname, '..', 'scripts', 'build.js'),
    `--output=${addon}`, '--', '-O1',
    '-Dnapi_create_external_arraybuffer=no_external_arraybuffer',
    path.join(__dirname, 'no_external.c'));
  if (built.status !== 0) {
    skip('an addon', 'it cannot be built here');
    diag(built.stderr);
    return;
  }
  const end = run(`
    const { Space } = require(lib);
    const lines = () => require('fs').readFileSync('/proc/self/maps', 'latin1')
      .split('\\n').length;
    const codes = new Set();
    const before = process.platform === 'linux' ? lines() : 0;
    for (let i = 0; i < 200; i++) {
      try {
        new Space({ memory: 'mapped', size: 2 ** 24 });
      } catch (error) {
        codes.add(error.code);
      }
    }
    const after = process.platform === 'linux' ? lines() : 0;
    console.log([...codes].join(), after - before < 100);`,
  { env: { MEMS_ADDON: addon } });
  is(end.stdout, 'ERR_MEMS_NO_EXTERNAL_BUFFERS true\n',
    'mapped memory is refused, and none is kept');
  if (end.status !== 0) diag(ending(end));
  for (const name of FILES) {
    const { status, stdout, stderr } = node(path.join(__dirname, 'run.js'), name);
    ok(status === 0 && /\n1\.\.\d+\n/.test(stdout), `the tests of ${name} pass`);
    if (status !== 0) {
      const wrong = stdout.split('\n').filter((line) => /^not ok/.test(line));
      diag([...wrong.slice(0, 10), stderr.slice(-1000)].join('\n'));
    }
  }
});
