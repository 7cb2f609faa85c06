'use strict';

// Builds the addon with a plain C compiler: no Python, no node-gyp, nothing that
// is downloaded but what npm has. In a checkout `npm install` runs it.
//
//   node scripts/build.js [--if-needed] [--output=FILE] [-- CFLAGS...]
//
// CC, CFLAGS, LDFLAGS and PKG_CONFIG are heeded; what the compiler makes programs
// for decides which addon it is. MEMS_SYSTEM=1 links the libmems that pkg-config
// finds instead of compiling the library in.

const { execFileSync, spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');

const root = path.join(__dirname, '..');
const source = path.join(root, 'src');
const project = path.join(root, '..', '..');

function fail(message) {
  process.stderr.write(`libmems: ${message}\n`);
  process.exit(1);
}

// --------------------------------------------------------------------- options

const options = { output: path.join(root, 'build', 'mems.node'), flags: [] };
const given = process.argv.slice(2);
const rest = given.indexOf('--');
if (rest >= 0) options.flags = given.splice(rest).slice(1);
for (const argument of given) {
  const [, output] = /^--output=(.+)$/.exec(argument) || [];
  if (output) options.output = path.resolve(output);
  else if (argument === '--if-needed') options.ifNeeded = true;
  else fail(`no option ${argument} is known`);
}

// --------------------------------------------------------- what it is built from

// The headers of Node-API: beside node, or those of a package.
function headers() {
  const places = [
    process.env.npm_config_nodedir &&
      path.join(process.env.npm_config_nodedir, 'include', 'node'),
    path.join(path.dirname(process.execPath), '..', 'include', 'node')
  ];
  try {
    places.push(require('node-api-headers').include_dir);
  } catch (error) {
    // It is needed only where node came without headers.
  }
  const found = places.find((place) => place &&
    fs.existsSync(path.join(place, 'node_api.h')));
  if (found) return found;
  return fail('node_api.h is not beside node; npm install node-api-headers ' +
    'brings it');
}

// The library as one file: made from the checkout, or brought by the package.
function librarySource() {
  const there = path.join(source, 'mems.c');
  const maker = path.join(project, 'bindings', 'amalgamate');
  if (!fs.existsSync(maker)) return there;
  const made = placeForMade();
  execFileSync('sh', [maker, project, made], { stdio: 'inherit' });
  return path.join(made, 'mems.c');
}

function words(text) {
  return (text || '').split(/\s+/).filter((word) => word !== '');
}

function askPkgConfig(...given) {
  const { status, stdout } = spawnSync(process.env.PKG_CONFIG || 'pkg-config',
    [...given, 'libmems'], { encoding: 'utf8' });
  if (status !== 0) {
    fail('pkg-config finds no libmems, which MEMS_SYSTEM=1 asks for');
  }
  return words(stdout);
}

// What is written for a build, beside its output.
function placeForMade() {
  const made = path.join(path.dirname(options.output), 'source');
  fs.mkdirSync(made, { recursive: true });
  return made;
}

// For src/host.c: which of the calls that the headers declare the addon makes.
function listCalls(files) {
  const words = new Set(['napi_module_register']);
  for (const file of files) {
    const text = fs.readFileSync(file, 'utf8');
    for (const word of text.match(/\bnapi_\w+/g) || []) words.add(word);
  }
  const calls = ['js_native_api.h', 'node_api.h']
    .map((name) => fs.readFileSync(path.join(headers(), name), 'utf8'))
    .flatMap((text) => text.match(/NAPI_EXTERN\b[^;(]*?\bnapi_\w+(?=\()/g))
    .map((text) => /\w+$/.exec(text)[0])
    .filter((call) => words.has(call));
  const made = placeForMade();
  fs.writeFileSync(path.join(made, 'host.h'), ['#define NODE_CALLS(the)',
    ...calls.map((call) => `the(${call})`)].join(' \\\n\t') + '\n');
  return made;
}

// Where the loader does not look by itself it is told to, so that a library in
// a folder of one's own is found at run time without LD_LIBRARY_PATH.
function systemLibrary() {
  const [folder] = askPkgConfig('--variable=libdir');
  return [...askPkgConfig('--cflags', '--libs'),
    .../^(\/usr)?\/lib/.test(folder) ? [] : [`-Wl,-rpath,${folder}`]];
}

// ------------------------------------------------------------------------ build

function isNewer(file, than) {
  return fs.statSync(file).mtimeMs > fs.statSync(than).mtimeMs;
}

function isUpToDate() {
  if (!fs.existsSync(options.output)) return false;
  const files = fs.readdirSync(source).map((name) => path.join(source, name));
  return !files.some((file) => isNewer(file, options.output));
}

// 'windows', 'mac' or '': what the compiler makes programs for.
function systemOf(compiler) {
  const { stdout } = spawnSync(compiler[0],
    [...compiler.slice(1), '-dumpmachine'], { encoding: 'utf8' });
  if (/mingw|windows/.test(stdout)) return 'windows';
  return /darwin/.test(stdout) ? 'mac' : '';
}

// How to link what is not called by its own name but loaded.
function linking(system, files) {
  if (system === 'windows') {
    return ['-static-libgcc', '-DNAPI_EXTERN=', `-I${listCalls(files)}`];
  }
  if (system === 'mac') return ['-undefined', 'dynamic_lookup'];
  return ['-Wl,-z,nodelete'];
}

function build() {
  const compiler = words(process.env.CC || 'cc');
  const ours = fs.readdirSync(source)
    .filter((name) => name.endsWith('.c') && name !== 'mems.c')
    .map((name) => path.join(source, name));
  const system = systemOf(compiler);
  fs.mkdirSync(path.dirname(options.output), { recursive: true });
  const library = process.env.MEMS_SYSTEM === '1' ? systemLibrary() :
    ((file) => [`-I${path.dirname(file)}`, file])(librarySource());
  const run = [
    ...compiler.slice(1), '-std=gnu11', '-O2', '-g',
    ...system === 'windows' ? [] : ['-fPIC', '-pthread'],
    '-fvisibility=hidden', '-shared',
    // What gives memory back by itself has no business in a process of Node's.
    '-DMEMS_NO_HELPER=1',
    ...linking(system, ours),
    `-I${headers()}`, ...words(process.env.CFLAGS), ...options.flags,
    ...ours, ...library, ...words(process.env.LDFLAGS),
    ...system === 'windows' ? ['-lsynchronization'] : [],
    '-o', options.output
  ];
  const { error, status } = spawnSync(compiler[0], run, { stdio: 'inherit' });
  if (error) {
    fail(`there is no C compiler ${compiler[0]}: install one, or set CC`);
  }
  if (status !== 0) fail(`${compiler[0]} could not build the addon`);
}

if (options.ifNeeded && isUpToDate()) process.exit(0);
build();
