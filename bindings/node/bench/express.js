'use strict';

// Requests to examples/express.js, the routes in turn, 100 connections: requests
// a second, processor time of the server for each, latencies. Needs express and
// autocannon, here or where MEMS_BENCH_MODULES says.
//
//   node bench/express.js [ROUNDS [SECONDS]]

const { fork } = require('child_process');
const Module = require('module');
const path = require('path');
const { median } = require('./measure');

const ROUTES = ['/native', '/arena', '/noop'];
const rounds = Number(process.argv[2]) || 9;
const seconds = Number(process.argv[3]) || 4;

if (process.env.MEMS_BENCH_MODULES) {
  process.env.NODE_PATH = process.env.MEMS_BENCH_MODULES;
  Module._initPaths();
}

function serve() {
  const { makeApp } = require('../examples/express');
  const server = makeApp().listen(0, '127.0.0.1', () => {
    process.send({ port: server.address().port });
  });
  process.on('message', () => process.send({ cpu: process.cpuUsage() }));
}

function ask(server) {
  return new Promise((resolve) => {
    server.once('message', resolve);
    server.send('cpu');
  });
}

async function load(server, port, route, duration) {
  const autocannon = require('autocannon');
  const { cpu: before } = await ask(server);
  const result = await autocannon({
    url: `http://127.0.0.1:${port}${route}`, connections: 100, duration
  });
  const { cpu: after } = await ask(server);
  const requests = result.requests.total;
  if (result.errors > 0 || result.non2xx > 0 || requests === 0) {
    throw new Error(`${route} did not answer all requests`);
  }
  return {
    second: result.requests.average,
    cpu: (after.user + after.system - before.user - before.system) / requests,
    average: result.latency.average,
    deviation: result.latency.stddev,
    p99: result.latency.p99,
    worst: result.latency.max
  };
}

async function main() {
  try {
    require.resolve('express');
    require.resolve('autocannon');
  } catch (error) {
    console.log('not run: express and autocannon are not installed');
    return;
  }
  const server = fork(__filename, ['--serve']);
  const { port } = await new Promise((resolve) => {
    server.once('message', resolve);
  });
  const results = new Map(ROUTES.map((route) => [route, []]));
  for (const route of ROUTES) await load(server, port, route, 2);
  for (let round = 0; round < rounds; round++) {
    for (const route of ROUTES) {
      results.get(route).push(await load(server, port, route, seconds));
    }
  }
  server.kill();
  const of = (route, what) => median(results.get(route).map((one) => one[what]));
  console.log(`${rounds} rounds of ${seconds} s, 100 connections; medians`);
  for (const route of ROUTES) {
    console.log(`  ${route.padEnd(8)}` +
      `${of(route, 'second').toFixed(0).padStart(7)} requests/s ` +
      `${of(route, 'cpu').toFixed(1).padStart(6)} us of processor each, ` +
      `latency ${of(route, 'average').toFixed(2)} ms average, ` +
      `${of(route, 'deviation').toFixed(2)} deviation, ` +
      `p99 ${of(route, 'p99').toFixed(1)}, ` +
      `worst ${of(route, 'worst').toFixed(0)}`);
  }
  const ratio = (what) => median(results.get('/arena').map((one, round) =>
    one[what] / results.get('/native')[round][what]));
  for (const [what, text, sign, limit] of [
    ['cpu', 'processor time for a request', 'at most', 0.95],
    ['second', 'requests a second', 'at least', 0.95],
    ['p99', 'p99 of the latency', 'at most', 1.1]
  ]) {
    const found = ratio(what);
    const holds = sign === 'at most' ? found <= limit : found >= limit;
    console.log(`${holds ? 'holds      ' : 'falls short'}  /arena: ${text}: ` +
      `${sign} ${limit} of /native: ${found.toFixed(2)}`);
  }
}

if (process.argv[2] === '--serve') serve();
else main();
