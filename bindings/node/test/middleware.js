'use strict';

// An arena for each request, in servers of node's own http, with a chain of
// handlers as Express has it and hooks as Fastify has them.

const { test, ok, is, same } = require('./tap');
const http = require('http');
const { EventEmitter } = require('events');
const { Space, arenaPerRequest } = require('../lib');

const SIZE = 2 ** 24;

// As Express does: one after the other, each with next().
function chain(...handlers) {
  return (request, response) => {
    const step = (index) => {
      if (index < handlers.length) {
        handlers[index](request, response, () => step(index + 1));
      }
    };
    step(0);
  };
}

function listen(handler) {
  const server = http.createServer(handler);
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}

function ask(server, path = '/') {
  const { port } = server.address();
  return new Promise((resolve, reject) => {
    http.get({ port, host: '127.0.0.1', path, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part) => {
        text += part;
      });
      response.on('end', () => resolve(text));
      response.on('error', reject);
      response.on('aborted', reject);     // all that Node 14 says
    }).on('error', reject);
  });
}

// An ask that is given up as soon as the server has it.
function askAndGo(server, reached) {
  const { port } = server.address();
  return new Promise((resolve) => {
    const request = http.get({
      port, host: '127.0.0.1', path: '/slow', agent: false
    });
    request.on('error', resolve);
    reached.then(() => request.destroy());
  });
}

async function until(condition) {
  for (let i = 0; i < 400 && !condition(); i++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return condition();
}

test('a request', async () => {
  const space = new Space({ size: SIZE });
  const arenas = [];
  const server = await listen(chain(arenaPerRequest({ space }),
    (request, response) => {
      arenas.push(request.arena);
      const { handle, length } = request.arena.allocString(request.url);
      for (let i = 0; i < 1000; i++) request.arena.alloc(64);
      response.end(space.readString(handle, length));
    }));
  is(await ask(server, '/one'), '/one', 'has an arena');
  ok(await until(() => arenas[0].stats().used === 0),
    'that is reset when it is finished');
  is(await ask(server, '/two'), '/two', 'the next has one');
  await until(() => arenas[1].stats().used === 0);
  is(arenas[1], arenas[0], 'which is the same');
  is(arenas[0].stats().chunks, 1, 'and small again');
  server.close();
  space.verify();
  space.destroy();
});

test('many at a time', async () => {
  const space = new Space({ size: SIZE });
  const lent = new Set();
  let doubles = 0;
  const all = new Set();
  const server = await listen(chain(arenaPerRequest({ space, most: 3 }),
    (request, response) => {
      const { arena, url } = request;
      if (lent.has(arena)) doubles++;
      lent.add(arena);
      all.add(arena);
      const { handle, length } = arena.allocString(url);
      setTimeout(() => {
        lent.delete(arena);
        response.end(space.readString(handle, length));
      }, 5);
    }));
  const answers = await Promise.all(Array.from({ length: 20 }, (_, i) =>
    ask(server, `/${i}`)));
  ok(answers.every((text, i) => text === `/${i}`), 'keep their bytes');
  is(doubles, 0, 'never share an arena');
  ok(all.size > 1, 'have several');
  const alive = () => [...all].filter((arena) => {
    try {
      return arena.stats().used >= 0;
    } catch (error) {
      return false;
    }
  }).length;
  ok(await until(() => alive() <= 3), 'of which as many wait as may');
  server.close();
  space.verify();
  space.destroy();
});

test('an aborted request', async () => {
  const space = new Space({ size: SIZE });
  let arena;
  let tell;
  const reached = new Promise((resolve) => {
    tell = resolve;
  });
  const server = await listen(chain(arenaPerRequest({ space }),
    (request) => {
      ({ arena } = request);
      for (let i = 0; i < 100; i++) arena.alloc(64);
      tell();       // and never an answer
    }));
  await askAndGo(server, reached);
  ok(await until(() => arena.stats().used === 0), 'gives its arena back');
  server.close();
  space.destroy();
});

test('an answer that breaks off', async () => {
  const space = new Space({ size: SIZE });
  let arena;
  const server = await listen(chain(arenaPerRequest({ space }),
    (request, response) => {
      ({ arena } = request);
      arena.alloc(64);
      response.write('a');
      setTimeout(() => response.destroy(), 5);
    }));
  await ask(server).catch(() => {});
  ok(await until(() => arena.stats().used === 0), 'gives its arena back');
  server.close();
  space.destroy();
});

test('both events', () => {
  const space = new Space({ size: SIZE });
  const use = arenaPerRequest({ space, property: 'memory', lifetime: 2 });
  const make = () => {
    const response = new EventEmitter();
    const request = {};
    let nexts = 0;
    use(request, response, () => nexts++);
    return { request, response, nexts };
  };
  const one = make();
  is(one.nexts, 1, 'next() is called once');
  is(one.request.memory.lifetime, 'persistent', 'options are the arena\'s');
  is(one.request.arena, undefined, 'the property is named');
  const { memory } = one.request;
  one.response.emit('finish');
  is(one.request.memory, null, 'the request has it no more');
  const two = make();
  is(two.request.memory, memory, 'it is lent again');
  one.response.emit('close');
  const three = make();
  ok(three.request.memory !== two.request.memory,
    'and is not taken back twice');
  two.response.emit('close');
  two.response.emit('finish');
  three.response.emit('close');
  const four = make();
  const five = make();
  ok(four.request.memory !== five.request.memory, 'in whichever order');
  space.destroy();
});

test('Fastify', () => {
  const space = new Space({ size: SIZE });
  const decorated = [];
  const hooks = {};
  let done = 0;
  arenaPerRequest.fastify({
    decorateRequest: (name, value) => decorated.push([name, value]),
    addHook: (name, hook) => {
      hooks[name] = hook;
    }
  }, { space, property: 'memory' }, () => done++);
  is(done, 1, 'is told that all is there');
  same(decorated, [['memory', null]], 'knows the property');
  const request = { memory: null };
  const raw = new EventEmitter();
  let nexts = 0;
  hooks.onRequest(request, { raw }, () => nexts++);
  is(nexts, 1, 'goes on');
  is(typeof request.memory.alloc(64), 'number', 'requests have an arena');
  const { memory } = request;
  raw.emit('close');
  is(memory.stats().used, 0, 'till their end');
  is(arenaPerRequest.fastify[Symbol.for('skip-override')], true,
    'all routes have it');
  space.destroy();
});

test('a space of its own', () => {
  const use = arenaPerRequest();
  const request = {};
  const response = new EventEmitter();
  use(request, response, () => {});
  const { arena } = request;
  is(typeof arena.alloc(64), 'number', 'is there by default');
  response.emit('finish');
  arena.space.destroy();
});

test('a space that ends before a response', () => {
  const space = new Space({ size: SIZE });
  const response = new EventEmitter();
  arenaPerRequest({ space })({}, response, () => {});
  space.destroy();
  let code = 'none';
  try {
    response.emit('finish');
  } catch (error) {
    ({ code } = error);
  }
  is(code, 'none', 'does not end the server by an exception in its event');
});
