'use strict';

// The tests with an addon that is built with the sanitizers of addresses and of
// undefined behaviour; what Node itself never frees is not looked for. JavaScript
// may look at any byte of a space, so the sanitizer is not told which are in use.
//
//   node test/sanitized.js [NAME...]

const { spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mems-sanitized-'));
const addon = path.join(folder, 'mems.node');
process.on('exit', () => {
  spawnSync('rm', ['-rf', folder]);
});

function node(given, env = {}) {
  const { status } = spawnSync(process.execPath, given, {
    stdio: 'inherit',
    // Less by chance: a default space takes long to be reserved there.
    env: { MEMS_TEST_SCALE: '0.1', ...process.env, MEMS_ADDON: addon, ...env }
  });
  return status;
}

const untold = ['poison_memory_region', 'unpoison_memory_region',
  'region_is_poisoned'].map((name) => `-D__asan_${name}=mems_untold_${name}`);
const built = node([path.join(__dirname, '..', 'scripts', 'build.js'),
  `--output=${addon}`, '--', '-O1', '-fno-omit-frame-pointer',
  '-fsanitize=address,undefined', '-fno-sanitize-recover=undefined',
  ...untold]);
if (built !== 0) process.exit(1);

// Node was not linked with it, so it must be there before.
const [compiler, ...flags] = (process.env.CC || 'cc').split(/\s+/);
const { stdout } = spawnSync(compiler,
  [...flags, '-print-file-name=libasan.so'], { encoding: 'utf8' });
process.exitCode = node([path.join(__dirname, 'run.js'),
  ...process.argv.slice(2)], {
  LD_PRELOAD: stdout.trim(),
  ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=1',
  UBSAN_OPTIONS: 'print_stacktrace=1'
});
