'use strict';

// The calls of MeMS: one heap for the thread, addresses as BigInt from 1000n.

const { Space } = require('./space');
const { closed, wrongType, wrongRange } = require('./errors');

const MOST = 2n ** 53n;

let space = null;

function theSpace() {
  if (space === null) throw closed('init() was not called, or finish() was');
  return space;
}

function sizeOf(size) {
  if (typeof size === 'bigint') {
    if (size < 0n || size > MOST) throw wrongRange('the size is out of range');
    return Number(size);
  }
  return size;
}

function addressOf(address) {
  if (typeof address !== 'bigint') throw wrongType('an address is a BigInt');
  if (address < 0n || address > MOST) return 0;
  return Number(address);
}

// Addresses are handed out again from 1000n.
function init() {
  if (space !== null) throw closed('init() was called before');
  space = new Space({
    memory: 'reserved', size: 0, growth: 0, granule: 8, policy: 'first-fit'
  });
}

function malloc(size) {
  return BigInt(theSpace().alloc(sizeOf(size)));
}

// Where the byte at this address lies in memory; it may be inside a block.
function get(address) {
  return theSpace().pointer(addressOf(address));
}

function free(address) {
  theSpace().free(addressOf(address));
}

function stats() {
  return theSpace().stats();
}

function toSVG() {
  return theSpace().toSVG();
}

// The chains and counts in the form that users of MeMS in Node know.
function format() {
  const nodes = theSpace().nodes();
  const { pages, unused } = theSpace().stats();
  const lines = ['MeMS Stats:'];
  for (const { address, size, segments } of nodes) {
    const chain = segments.map(({ kind, address: first, size: bytes }) =>
      `<${kind === 'process' ? 'P' : 'H'}>` +
      `[SVA:${first}:EVA:${first + bytes - 1}] <-> `);
    lines.push(`MAIN[${address}:${address + size - 1}] -> ` +
      `${chain.join('')}<NULL>`);
  }
  lines.push(`Page used: ${pages}`, `Space unused: ${unused}`,
    `Main Chain Length: ${nodes.length}`,
    `Sub-chain Length array: ${nodes.map((n) => n.segments.length).join(' ')}`);
  return `${lines.join('\n')}\n`;
}

function printStats() {
  process.stdout.write(format());
}

function finish() {
  theSpace().destroy();
  space = null;
}

module.exports = {
  init, malloc, get, free, stats, toSVG, printStats, finish
};
