'use strict';

// The tests on other versions of Node.js, which npm brings into a folder.
//
//   node test/versions.js FOLDER [VERSION...]

const { spawn, spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');

const VERSIONS = ['14', '16', '18', '20', '22', '24'];

const [folder, ...given] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write('usage: node test/versions.js FOLDER [VERSION...]\n');
  process.exit(2);
}

// npm has the programs themselves as packages, for each system one.
const system = process.platform === 'win32' ? 'win' : process.platform;
const name = `node-${system}-${process.arch}`;
const program = process.platform === 'win32' ? 'node.exe' : 'node';

function install(version) {
  const place = path.resolve(folder, `n${version}`);
  const node = path.join(place, 'node_modules', name, 'bin', program);
  if (fs.existsSync(node)) return node;
  fs.mkdirSync(place, { recursive: true });
  fs.writeFileSync(path.join(place, 'package.json'), '{}');
  const { status } = spawnSync('npm', ['install', '--no-audit', '--no-fund',
    '--no-package-lock', '--silent', `${name}@${version}`],
  { cwd: place, stdio: ['ignore', 2, 2], shell: system === 'win' });
  return status === 0 && fs.existsSync(node) ? node : null;
}

// Its TAP goes to a file; here come the counts.
function run(node, log) {
  const out = fs.openSync(log, 'w');
  const child = spawn(node, [path.join(__dirname, 'run.js')],
    { stdio: ['ignore', out, out] });
  return new Promise((resolve) => {
    child.on('close', (status) => {
      fs.closeSync(out);
      const lines = fs.readFileSync(log, 'utf8').split('\n');
      const count = (expression) =>
        lines.filter((line) => expression.test(line)).length;
      const skipped = count(/^ok .*# SKIP/);
      const failed = count(/^not ok/);
      resolve({
        passed: count(/^ok/) - skipped, skipped,
        failed: failed + (status !== 0 && failed === 0 ? 1 : 0)
      });
    });
  });
}

async function main() {
  const total = { passed: 0, skipped: 0, failed: 0 };
  for (const version of given.length > 0 ? given : VERSIONS) {
    const node = install(version);
    const log = path.resolve(folder, `n${version}.tap`);
    const counts = node === null ? { passed: 0, skipped: 0, failed: 1 } :
      await run(node, log);
    const full = node === null ? `v${version}, which npm does not bring` :
      spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim();
    for (const what of Object.keys(total)) total[what] += counts[what];
    console.log(`${full}: ${counts.passed} passed, ${counts.failed} failed, ` +
      `${counts.skipped} skipped${counts.failed > 0 ? `; see ${log}` : ''}`);
  }
  console.log(`${total.passed} passed, ${total.failed} failed, ` +
    `${total.skipped} skipped`);
  if (total.failed > 0) process.exitCode = 1;
}

main();
