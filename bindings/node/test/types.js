'use strict';

// Do the types say what the package does? Compiles the consumers in test/types
// as CommonJS and as modules, with settings old and new, runs them, and
// compares what is declared with what is there.
//
// It needs packages that the others do not: typescript and @types/node, side by
// side in test/types/node_modules or in the folder that MEMS_TYPESCRIPT names.

const fs = require('fs');
const os = require('os');
const path = require('path');
const { spawnSync } = require('child_process');

const root = path.join(__dirname, '..');
const here = path.join(__dirname, 'types');

// --------------------------------------------------------------- what it needs

function packages() {
  const given = process.env.MEMS_TYPESCRIPT;
  const places = given === undefined ? [path.join(here, 'node_modules')] :
    [given, path.join(given, 'node_modules'), path.dirname(given)];
  return places.map((place) => path.resolve(place)).find((place) =>
    fs.existsSync(path.join(place, 'typescript', 'package.json')) &&
    fs.existsSync(path.join(place, '@types', 'node', 'package.json')));
}

const found = packages();
if (found === undefined) {
  process.stdout.write('1..0 # SKIP no typescript and @types/node\n');
  process.exit(0);
}

// TypeScript 7 is a program without an API; 5 and 6 are asked.
function compiler() {
  try {
    return require(path.join(found, 'typescript'));
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    process.stdout.write('1..0 # SKIP this typescript has no API\n');
    return process.exit(0);
  }
}

const ts = compiler();

// As a number that can be compared.
function versionOf(text) {
  const [major, minor] = text.split('.').map(Number);
  return major * 1000 + (minor || 0);
}

// ------------------------------------------------------------------------- TAP

let count = 0;
let failed = 0;

function ok(passes, name, why = '') {
  count++;
  if (!passes) failed++;
  process.stdout.write(`${passes ? 'ok' : 'not ok'} ${count} - ${name}\n`);
  if (passes || !why) return;
  process.stdout.write(why.trimEnd().replace(/^/gm, '# ') + '\n');
}

function skip(name, why) {
  process.stdout.write(`ok ${++count} - ${name} # SKIP ${why}\n`);
}

// ------------------------------------------------------------------- compiling

// A folder in which libmems is installed, as it is for its users.
const folder = fs.realpathSync(
  fs.mkdtempSync(path.join(os.tmpdir(), 'mems-types-')));
process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
fs.mkdirSync(path.join(folder, 'node_modules'));
fs.symlinkSync(root, path.join(folder, 'node_modules', 'libmems'), 'junction');
for (const name of fs.readdirSync(here)) {
  if (/\.m?ts$/.test(name)) {
    fs.copyFileSync(path.join(here, name), path.join(folder, name));
  }
}
// All of the calls as a module.
fs.copyFileSync(path.join(here, 'consumer.ts'), path.join(folder, 'calls.mts'));

const { config } = ts.readConfigFile(path.join(here, 'tsconfig.json'),
  ts.sys.readFile);

// The libraries are the same for all, and take longest.
const parsed = new Map();

function hostOf(options) {
  const host = ts.createCompilerHost(options);
  const { getSourceFile } = host;
  host.getSourceFile = (name, language, ...rest) => {
    if (path.dirname(name) !== path.join(found, 'typescript', 'lib')) {
      return getSourceFile.call(host, name, language, ...rest);
    }
    if (!parsed.has(name)) {
      parsed.set(name, getSourceFile.call(host, name, language, ...rest));
    }
    return parsed.get(name);
  };
  return host;
}

function compile(file, settings) {
  const { options, errors } = ts.convertCompilerOptionsFromJson({
    ...config.compilerOptions, ...settings, outDir: 'out',
    typeRoots: [path.join(found, '@types')]
  }, folder);
  const program = ts.createProgram([path.join(folder, file)], options,
    hostOf(options));
  const { diagnostics } = program.emit();
  const all = [...errors, ...ts.getPreEmitDiagnostics(program), ...diagnostics];
  return {
    program,
    errors: ts.formatDiagnostics(ts.sortAndDeduplicateDiagnostics(all), {
      getCurrentDirectory: () => folder,
      getCanonicalFileName: (name) => name,
      getNewLine: () => '\n'
    })
  };
}

function compiles(name, file, settings = {}, [least, below] = ['4.7', '100']) {
  const version = versionOf(ts.version);
  if (version < versionOf(least) || version >= versionOf(below)) {
    skip(name, `not with TypeScript ${ts.version}`);
    return undefined;
  }
  const { program, errors } = compile(file, settings);
  ok(errors === '', name, errors);
  return program;
}

function runs(name, file) {
  const { status, stderr } = spawnSync(process.execPath,
    ['--no-warnings', path.join(folder, 'out', file)], { encoding: 'utf8' });
  ok(status === 0, name, stderr || '');
}

// In a declaration file nothing is left unchecked, where that is quick.
const strictest = { types: [], skipLibCheck: false };
const node16 = { skipLibCheck: true };
const nodenext = {
  skipLibCheck: true, module: 'nodenext', moduleResolution: 'nodenext'
};
const bundler = {
  skipLibCheck: true, module: 'esnext', moduleResolution: 'bundler'
};

const program = compiles('all calls as CommonJS', 'consumer.ts', node16);
runs('which run', 'consumer.js');
compiles('all calls as a module', 'calls.mts', node16);
runs('which run', 'calls.mjs');
compiles('a module', 'consumer.mts', node16);
runs('which runs', 'consumer.mjs');
compiles('CommonJS, nodenext', 'consumer.ts', nodenext);
compiles('a module, nodenext', 'consumer.mts', nodenext);
compiles('CommonJS, bundler', 'consumer.ts', bundler, ['5.0', '100']);
compiles('a module, bundler', 'consumer.mts', bundler, ['5.0', '100']);
compiles('nothing of Node, es2020', 'plain.ts', strictest);
compiles('nothing of Node, node10', 'plain.ts', {
  ...strictest, module: 'commonjs', moduleResolution: 'node'
}, ['4.7', '6.0']);
compiles('nothing of Node, exact optional properties', 'plain.ts', {
  ...strictest, exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true, noPropertyAccessFromIndexSignature: true
});
compiles('using', 'disposable.ts', {
  ...strictest, target: 'es2022', lib: ['es2022', 'esnext.disposable']
}, ['5.2', '100']);

// -------------------------------------------------------- declared and present

// What classes have that only the package itself uses.
const INTERNAL = {
  Space: ['number', 'children', 'note', 'noteAll', 'wantHandles', 'lookUp',
    'sequence', 'room', 'lives', 'forget', 'tell', 'storeString'],
  Arena: ['close'],
  Heap: ['close'],
  Slab: ['close']
};

function difference(left, right) {
  return left.filter((name) => !right.includes(name)).sort();
}

function agree(declared, present, what) {
  const missing = difference(present, declared);
  const invented = difference(declared, present);
  ok(missing.length === 0, `${what}: all that is there is declared`,
    missing.join('\n'));
  ok(invented.length === 0, `${what}: all that is declared is there`,
    invented.join('\n'));
}

function isValue(symbol) {
  return (symbol.flags & ts.SymbolFlags.Value) !== 0;
}

// Names that are no symbols, of an instance and of all its classes.
function membersOf(object, until) {
  const names = new Set(Object.getOwnPropertyNames(object));
  for (let at = Object.getPrototypeOf(object); at !== until;
    at = Object.getPrototypeOf(at)) {
    Object.getOwnPropertyNames(at).forEach((name) => names.add(name));
  }
  names.delete('constructor');
  return [...names];
}

function staticsOf(constructor) {
  return Object.getOwnPropertyNames(constructor)
    .filter((name) => !['length', 'name', 'prototype'].includes(name));
}

function named(symbols) {
  return symbols.map(({ name }) => name)
    .filter((name) => !name.startsWith('__@'));
}

function exportsOf(checker, file) {
  const source = program.getSourceFile(path.join(root, 'lib', file));
  return checker.getExportsOfModule(checker.getSymbolAtLocation(source))
    .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol :
      checker.getAliasedSymbol(symbol));
}

function compareExports(checker, file, present) {
  agree(named(exportsOf(checker, file).filter(isValue)), Object.keys(present),
    file);
}

function compareClass(checker, symbol, constructor, object) {
  const { name } = symbol;
  const type = checker.getDeclaredTypeOfSymbol(symbol);
  const statics = checker.getTypeOfSymbolAtLocation(symbol,
    symbol.valueDeclaration).getProperties();
  const internal = INTERNAL[name] || [];
  const present = membersOf(object, Object.prototype);
  agree(named(type.getProperties()), difference(present, internal), name);
  agree(difference(named(statics), ['prototype']), staticsOf(constructor),
    `statics of ${name}`);
}

function compare() {
  const checker = program.getTypeChecker();
  const mems = require(root);
  compareExports(checker, 'index.d.ts', mems);
  for (const name of ['osmemoryallocator', 'r-alloc']) {
    compareExports(checker, `compat/${name}.d.ts`,
      require(path.join(root, 'lib', 'compat', name)));
  }

  const space = new mems.Space({ size: 2 ** 22 });
  const objects = {
    Space: space,
    Arena: new mems.Arena(space),
    Heap: new mems.Heap(space),
    Slab: new mems.Slab(space, { size: 16 })
  };
  const symbols = exportsOf(checker, 'index.d.ts');
  const symbolOf = (name) => symbols.find((symbol) => symbol.name === name);
  for (const [name, object] of Object.entries(objects)) {
    compareClass(checker, symbolOf(name), mems[name], object);
  }

  // Objects that calls give.
  const record = mems.struct({ id: 'u32' });
  const given = {
    SpaceStats: space.stats(),
    SpaceWindow: space.window,
    SpaceToken: space.token,
    ArenaStats: objects.Arena.stats(),
    ArenaToken: objects.Arena.token,
    ArenaReference: objects.Arena.refer(objects.Arena.alloc(16)),
    StoreStats: objects.Heap.stats(),
    Text: space.allocString('text'),
    SpaceNode: space.nodes()[0],
    Segment: space.nodes()[0].segments[0],
    SpaceJSON: space.toJSON(),
    Struct: record
  };
  for (const [name, object] of Object.entries(given)) {
    const type = checker.getDeclaredTypeOfSymbol(symbolOf(name));
    agree(named(type.getProperties()), Object.keys(object), name);
  }

  // What no field may be called is what a cursor has.
  const reserved = checker.getDeclaredTypeOfSymbol(symbolOf('ReservedName'))
    .types.map(({ value }) => value);
  const cursor = membersOf(record.cursor(space), Object.prototype);
  agree(difference(reserved, Object.getOwnPropertyNames(Object.prototype)),
    difference(cursor, ['id']), 'ReservedName');
  space.destroy();
}

try {
  compare();
} catch (error) {
  ok(false, 'the package can be looked at', error.stack);
}
process.stdout.write(`1..${count}\n`);
process.exitCode = failed === 0 ? 0 : 1;
