'use strict';

// The package as a user gets it: packed, installed into an empty folder with
// neither network nor compiler nor script nor anything in the environment, and
// loaded by both kinds of module. MEMS_PACKAGE is a tarball that was packed
// before; otherwise one is, with the addon that is at hand.

const { spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { test, ok, is, same, skip, diag } = require('./tap');
const native = require('../lib/native');

const root = path.join(__dirname, '..');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mems-package-'));
const home = path.join(folder, 'home');
const target = `${process.platform}-${process.arch}.node`;

const BROUGHT = ['COPYING', 'README.md', 'lib', 'package.json', 'prebuilds',
  'scripts', 'src'];

// The addon that is loaded here, whichever it is.
const addon = Object.keys(require.cache)
  .find((name) => require.cache[name].exports === native) &&
  Object.keys(require.cache).find((name) => name.endsWith('.node'));

function run(command, given, cwd, env = { ...process.env, HOME: home }) {
  const ended = spawnSync(command, given, { cwd, encoding: 'utf8', env });
  if (ended.status !== 0) diag(`${ended.stdout || ''}${ended.stderr || ''}`);
  return ended;
}

function copy(from, to) {
  if (!fs.statSync(from).isDirectory()) {
    fs.copyFileSync(from, to);
    return;
  }
  fs.mkdirSync(to);
  for (const name of fs.readdirSync(from)) {
    copy(path.join(from, name), path.join(to, name));
  }
}

function pack() {
  if (process.env.MEMS_PACKAGE) return path.resolve(process.env.MEMS_PACKAGE);
  const tree = path.join(folder, 'tree');
  fs.mkdirSync(tree);
  for (const name of ['lib', 'src', 'scripts', 'README.md', 'package.json']) {
    copy(path.join(root, name), path.join(tree, name));
  }
  fs.mkdirSync(path.join(tree, 'prebuilds'));
  fs.copyFileSync(addon, path.join(tree, 'prebuilds', target));
  const packed = run('npm', ['pack', '--ignore-scripts', '--silent'], tree);
  return path.join(tree, packed.stdout.trim().split('\n').pop());
}

test('the package', () => {
  if (process.env.LD_PRELOAD) {
    skip('its install', 'this addon needs what is loaded before it');
    return;
  }
  // Nothing but this node and npm to be found.
  const bin = path.join(folder, 'bin');
  const bare = { PATH: bin, HOME: home };
  const user = path.join(folder, 'user');
  for (const made of [home, bin, user]) fs.mkdirSync(made);
  // Windows has no sh.
  const { stdout } = spawnSync('sh', ['-c', 'command -v npm env sh'],
    { encoding: 'utf8' });
  const where = (stdout || '').trim().split('\n').filter(Boolean);
  fs.symlinkSync(process.execPath, path.join(bin, 'node'));
  for (const program of where) {
    fs.symlinkSync(program, path.join(bin, path.basename(program)));
  }
  const npm = spawnSync('npm', ['--version'], { encoding: 'utf8', env: bare });
  if (npm.error || npm.status !== 0) {
    skip('its install', 'there is no npm that runs on this Node');
    return;
  }
  const tarball = pack();
  ok(fs.existsSync(tarball), 'is packed');

  fs.writeFileSync(path.join(user, 'package.json'), '{}');
  const installed = run('npm', ['install', '--offline', '--no-audit',
    '--no-fund', tarball], user, bare);
  if (installed.status !== 0 && /does not support Node/.test(installed.stderr)) {
    skip('its install', 'this npm is for other Nodes');
    return;
  }
  is(installed.status, 0, 'is installed without network and compiler');
  const own = JSON.parse(fs.readFileSync(path.join(user, 'node_modules',
    'libmems', 'package.json'), 'utf8'));
  ok(!['preinstall', 'install', 'postinstall'].some((name) =>
    name in own.scripts), 'runs no script for that');
  is(own.dependencies, undefined, 'depends on nothing');
  const brought = path.join(user, 'node_modules', 'libmems');
  const more = fs.readdirSync(brought).filter((name) => !BROUGHT.includes(name));
  is(more.join(), '', 'brings nothing else');
  same(fs.readdirSync(path.join(brought, 'scripts')), ['build.js'],
    'nor other scripts');
  diag(`addons: ${fs.readdirSync(path.join(brought, 'prebuilds')).join(' ')}`);

  const work = 'const space = new mems.Space({ size: 1 << 20 });' +
    'console.log(new mems.Arena(space).alloc(64) > 0, mems.version)';
  const expected = `true ${native.version()}\n`;
  // To run it takes node alone.
  for (const program of where) {
    fs.unlinkSync(path.join(bin, path.basename(program)));
  }
  const required = run(process.execPath,
    ['-e', `const mems = require('libmems'); ${work}`], user, bare);
  is(required.stdout, expected, 'is required');
  fs.writeFileSync(path.join(user, 'a.mjs'),
    `import mems, { Space } from 'libmems';\n${work};\n` +
    'if (mems.Space !== Space) process.exit(1);');
  const imported = run(process.execPath, ['a.mjs'], user, bare);
  is(imported.stdout, expected, 'is imported');
  const seeds = run(process.execPath, ['-e',
    `require('libmems/compat/osmemoryallocator').init();` +
    `console.log(require('libmems/compat/r-alloc').rAlloc(64) > 0n)`], user,
  bare);
  is(seeds.stdout, 'true\n', 'has what its forerunners had');
  fs.unlinkSync(path.join(user, 'node_modules', 'libmems', 'prebuilds',
    target));
  const without = spawnSync(process.execPath, ['-e',
    `try { require('libmems') } catch (e) { console.log(e.code) }`],
  { cwd: user, encoding: 'utf8', env: bare });
  is(without.stdout, 'ERR_MEMS_NO_ADDON\n', 'says what is missing');
});

process.on('exit', () => {
  spawnSync('rm', ['-rf', folder]);
});
