'use strict';

// Programs in a process of their own: those that may crash, end it, write to
// its standard output, or need another environment.

const { spawnSync } = require('child_process');
const path = require('path');

const root = path.join(__dirname, '..');

// Runs JavaScript text; `lib` is the package's folder there.
function run(text, { args = [], env = {}, timeout = 60000 } = {}) {
  const lib = JSON.stringify(path.join(root, 'lib'));
  const result = spawnSync(process.execPath,
    [...args, '-e', `const lib = ${lib};\n${text}`], {
      encoding: 'utf8', env: { ...process.env, ...env }, timeout
    });
  const { status, signal, stdout, stderr } = result;
  return { status, signal, stdout, stderr };
}

// How it ended, for a check's reason.
function ending({ status, signal, stderr }) {
  return `status ${status}, signal ${signal}\n${stderr.slice(-2000)}`;
}

module.exports = { run, ending };
