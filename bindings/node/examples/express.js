'use strict';

// Two routes that make a thousand small records for each request: /native of V8's
// objects, /arena in an arena that the request has to itself. /noop makes none.
//
//   npm install express && node examples/express.js [PORT]

const express = require('express');
const { Space, arenaPerRequest } = require('..');

const RECORDS = 1000;
const SIZE = 64;
const FIRST = 1000;

function makeApp() {
  const app = express();
  const space = new Space();
  const { i32 } = space.window;

  app.get('/noop', (request, response) => {
    response.json({ made: 0 });
  });

  app.get('/native', (request, response) => {
    const records = [];
    for (let i = 0; i < RECORDS; i++) {
      records.push({ id: i, price: i * 2, count: 1, flags: 0 });
    }
    response.json({ made: records.length });
  });

  app.get('/arena', arenaPerRequest({ space, first: RECORDS * SIZE }),
    (request, response) => {
      const { arena } = request;
      let made = 0;
      for (let i = 0; i < RECORDS; i++) {
        const at = arena.alloc(SIZE) - FIRST >> 2;
        i32[at] = i;
        i32[at + 1] = i * 2;
        i32[at + 2] = 1;
        i32[at + 3] = 0;
        made++;
      }
      response.json({ made });
    });
  return app;
}

if (require.main === module) {
  const port = Number(process.argv[2]) || 3000;
  makeApp().listen(port, '127.0.0.1', () => {
    console.log(`http://127.0.0.1:${port}/arena`);
  });
}

module.exports = { makeApp };
