'use strict';

// The middleware in Express and Fastify themselves, where they can be found:
// NODE_PATH=FOLDER/node_modules node test/run.js frameworks

const http = require('http');
const { test, ok, is, skip } = require('./tap');
const { Space, arenaPerRequest } = require('../lib');

function wait(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

// The answer; undefined if it was given up after so many ms.
function ask(port, path, patience) {
  return new Promise((resolve) => {
    const request = http.get({ port, host: '127.0.0.1', path, agent: false },
      (response) => {
        let text = '';
        response.on('data', (part) => {
          text += part;
        });
        response.on('end', () => resolve(text));
        response.on('error', () => resolve());
      });
    request.on('error', () => resolve());
    if (patience) setTimeout(() => request.destroy(), patience);
  });
}

// Of each a server with the same routes: its port, and how it is closed.
const servers = {
  async express(space, work) {
    const express = require('express');
    const app = express();
    app.use(arenaPerRequest({ space }));
    app.get('/slow', async (request, response) => {
      work(request);
      await wait(200);
      response.send('late');
    });
    app.get('/wrong', (request) => {
      work(request);
      throw new Error('wrong');
    });
    app.get('/:any', (request, response) => response.send(work(request)));
    app.use((error, request, response, next) => response.status(500).end());
    const server = await new Promise((resolve) => {
      const made = app.listen(0, '127.0.0.1', () => resolve(made));
    });
    return { port: server.address().port, close: () => server.close() };
  },

  async fastify(space, work) {
    const app = require('fastify')();
    await app.register(arenaPerRequest.fastify, { space });
    app.get('/slow', async (request) => {
      work(request);
      await wait(200);
      return 'late';
    });
    app.get('/wrong', async (request) => {
      work(request);
      throw new Error('wrong');
    });
    // Also in a plugin beside it.
    app.register(async (inner) => {
      inner.get('/:any', async (request) => work(request));
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
    return { port: app.server.address().port, close: () => app.close() };
  }
};

for (const name of Object.keys(servers)) {
  test(name, async () => {
    try {
      require(name);
    } catch (error) {
      skip('its requests', 'it is not installed, or not for this Node');
      return;
    }
    const space = new Space({ size: 2 ** 26 });
    const arenas = new Set();
    const { port, close } = await servers[name](space, ({ arena, url }) => {
      arenas.add(arena);
      for (let i = 0; i < 100; i++) arena.alloc(64);
      const { handle, length } = arena.allocString(url);
      return space.readString(handle, length);
    });
    const areReset = () => [...arenas].every((arena) =>
      arena.stats().used === 0);
    const answers = await Promise.all(Array.from({ length: 30 }, (_, i) =>
      ask(port, `/${i}`)));
    ok(answers.every((text, i) => text === `/${i}`), 'answers from arenas');
    await ask(port, '/wrong');
    const late = await Promise.all(Array.from({ length: 20 }, () =>
      ask(port, '/slow', 40)));
    is(late.filter((text) => text === undefined).length, 20, 'is left');
    for (let i = 0; i < 100 && !areReset(); i++) await wait(10);
    ok(areReset(), 'has all arenas reset then');
    ok(arenas.size <= 50, 'and used again');
    await close();
    space.verify();
    space.destroy();
  });
}
