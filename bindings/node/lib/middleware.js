'use strict';

// An arena for each request, in Express, Fastify and plain http. It is reset
// when the response is finished or its connection closed, also by the client.

const { Space } = require('./space');
const { Arena } = require('./arena');
const { objectOf, wrongType } = require('./errors');

// Arenas that wait for the next request, of one space.
class Pool {
  #space;
  #options;
  #waiting = [];
  #most;

  constructor({ space, most = 256, ...options }) {
    if (space !== undefined && !(space instanceof Space)) {
      throw wrongType('space must be a Space');
    }
    this.#space = space || new Space();
    this.#options = options;
    this.#most = most;
  }

  take() {
    return this.#waiting.pop() || new Arena(this.#space, this.#options);
  }

  give(arena) {
    try {
      arena.reset();
    } catch (error) {
      // The space was destroyed, and the arena with it.
      return;
    }
    if (this.#waiting.length < this.#most) this.#waiting.push(arena);
    else arena.destroy();
  }
}

function lend(pool, request, property, response) {
  const arena = pool.take();
  let lent = true;
  // Both come where a request is aborted, one of them or both elsewhere.
  const takeBack = () => {
    if (!lent) return;
    lent = false;
    request[property] = null;
    pool.give(arena);
  };
  request[property] = arena;
  response.once('finish', takeBack);
  response.once('close', takeBack);
  // Neither comes any more if the client went away before.
  if (response.destroyed || response.writableEnded) setImmediate(takeBack);
}

// app.use(arenaPerRequest()): request.arena.
function arenaPerRequest(given = {}) {
  const { property = 'arena', ...options } = objectOf(given);
  const pool = new Pool(options);
  return (request, response, next) => {
    lend(pool, request, property, response);
    next();
  };
}

// fastify.register(arenaPerRequest.fastify, options): request.arena.
function fastify(instance, { property = 'arena', ...options }, done) {
  const pool = new Pool(options);
  instance.decorateRequest(property, null);
  instance.addHook('onRequest', (request, reply, next) => {
    lend(pool, request, property, reply.raw);
    next();
  });
  done();
}
// It shall serve the routes beside it, not only those inside.
fastify[Symbol.for('skip-override')] = true;
fastify[Symbol.for('fastify.display-name')] = 'libmems';

arenaPerRequest.fastify = fastify;

module.exports = { arenaPerRequest };
