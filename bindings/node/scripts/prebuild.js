'use strict';

// Builds the addon for every machine that there is a compiler for, into
// prebuilds/, and puts the library's source into src/ for all others. `npm pack`
// runs it, so that whoever installs the package needs no compiler.

const { spawnSync, execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');

const root = path.join(__dirname, '..');
const project = path.join(root, '..', '..');

// What process.platform and process.arch say there, and who compiles for it.
const targets = [
  ['linux-x64', process.env.CC || 'cc', 'x86_64'],
  ['linux-x64-musl', 'musl-gcc', ''],
  ['linux-arm64', 'aarch64-linux-gnu-gcc', ''],
  ['win32-x64', 'x86_64-w64-mingw32-gcc', '']
];

// Does the compiler make programs for this machine? '': it says so by its name.
function isFor(compiler, machine) {
  const { status, stdout } = spawnSync(compiler, ['-dumpmachine'],
    { encoding: 'utf8' });
  return status === 0 && stdout.startsWith(machine);
}

for (const [name, compiler, machine] of targets) {
  const output = path.join(root, 'prebuilds', `${name}.node`);
  if (!isFor(compiler, machine)) {
    process.stderr.write(`libmems: no ${compiler} for ${name}\n`);
    continue;
  }
  const { status } = spawnSync(process.execPath,
    [path.join(__dirname, 'build.js'), `--output=${output}`, '--', '-s'],
    { stdio: 'inherit', env: { ...process.env, CC: compiler } });
  if (status !== 0) process.exit(1);
}
const made = path.join(root, 'prebuilds', 'source');
if (fs.existsSync(made)) {
  for (const name of fs.readdirSync(made)) fs.unlinkSync(path.join(made, name));
  fs.rmdirSync(made);
}
if (fs.existsSync(path.join(project, 'bindings', 'amalgamate'))) {
  execFileSync('sh', [path.join(project, 'bindings', 'amalgamate'), project,
    path.join(root, 'src')], { stdio: 'inherit' });
  fs.copyFileSync(path.join(project, 'COPYING'), path.join(root, 'COPYING'));
}
