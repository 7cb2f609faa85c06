'use strict';

// Threads: what is posted, attached, used at the same time, and ended in the
// middle of it. The workers run this file too, each a job of it.

const threads = require('worker_threads');
const { Worker, isMainThread, parentPort, workerData } = threads;
const mems = require('../lib');
const { chance } = require('./random');

const { Space, Heap, Slab, Arena } = mems;
const SIZE = 2 ** 27;
const BLOCKS = 120000;

const ATTACH = { heap: Heap, slab: Slab, arena: Arena };

// ------------------------------------------------------------------ in workers

function jobSpace({ space }) {
  const here = Space.attach(space);
  const handle = here.alloc(64);
  here.fill(handle, 42, 64);
  here.setRoot('worker', handle);
  here.destroy();
  return handle;
}

// Allocates and frees, and tells all addresses that it has in the end, and
// whether a byte of its own was ever changed by another.
function jobChurn({ kind, posted, seed, count, flag }) {
  const object = ATTACH[kind].attach(posted);
  if (flag) Atomics.store(flag, 0, 1);
  const { space } = object;
  const random = chance(seed);
  const mine = seed & 255;
  const live = [];
  const sizes = [];
  let wrong = 0;
  for (let i = 0; i < count; i++) {
    const size = kind === 'slab' ? 48 : random.size(600);
    const handle = object.alloc(size);
    space.view(handle, size).fill(mine);
    live.push(handle);
    sizes.push(size);
    if (kind !== 'arena' && random.below(100) < 45) {
      const index = random.below(live.length);
      const view = space.view(live[index], sizes[index]);
      if (view[0] !== mine || view[view.length - 1] !== mine) wrong++;
      object.free(live[index]);
      live[index] = live[live.length - 1];
      sizes[index] = sizes[sizes.length - 1];
      live.pop();
      sizes.pop();
    }
  }
  if (flag) Atomics.store(flag, 0, 2);
  live.forEach((handle, i) => {
    if (space.view(handle, sizes[i]).some((byte) => byte !== mine)) wrong++;
  });
  parentPort.postMessage({ live, sizes, wrong });
  // The blocks stay while it has the heap: till the main thread says so.
  return new Promise((resolve) => {
    parentPort.once('message', () => {
      object.destroy();
      space.destroy();
      resolve(true);
    });
  });
}

// Frees what another thread allocated, of which it is sent the addresses.
function jobFree({ posted, kind, handles }) {
  const object = ATTACH[kind].attach(posted);
  let wrong = 0;
  for (const handle of handles) {
    try {
      object.free(handle);
    } catch (error) {
      wrong++;
    }
  }
  object.destroy();
  object.space.destroy();
  return wrong;
}

// Until it is terminated: everything, in a tight loop.
function jobLoop({
  space: there, heap: theHeap, slab: theSlab, arena: shared, seed
}) {
  const space = Space.attach(there);
  const heap = Heap.attach(theHeap, space);
  const slab = Slab.attach(theSlab, space);
  const common = Arena.attach(shared, space);
  const random = chance(seed);
  const live = [];
  let arenas = [];
  parentPort.postMessage('started');
  for (let i = 0; ; i++) {
    live.push([heap, heap.alloc(1 + random.below(1500))]);
    live.push([slab, slab.alloc()]);
    live.push([space, space.alloc(1 + random.below(3000))]);
    if (i % 8 === 0) common.alloc(32);
    if (i % 64 === 0) arenas.push(new Arena(space, { lifetime: i / 64 % 3 }));
    if (arenas.length > 0) arenas[i % arenas.length].alloc(64);
    if (arenas.length > 8) {
      arenas.forEach((arena) => arena.destroy());
      arenas = [];
    }
    while (live.length > 300) {
      const index = random.below(live.length);
      const [[owner, handle]] = live.splice(index, 1);
      owner.free(handle);
    }
  }
}

function jobListen({ space }) {
  const here = Space.attach(space);
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(0), 5000);
    here.on('softlimit', (used) => {
      clearTimeout(timer);
      here.destroy();
      resolve(used);
    });
    parentPort.postMessage('listening');
  });
}

// Listens and ends at once, while others go over the limit.
function jobListenAndGo({ space }) {
  Space.attach(space).on('softlimit', () => {});
  parentPort.postMessage('listening');
  return new Promise((resolve) => setTimeout(() => resolve(0), 1));
}

function jobClassic() {
  mems.init();
  const address = mems.malloc(1000);
  mems.finish();
  return address;
}

// Leaves everything behind.
function jobLeave({ space }) {
  const here = Space.attach(space);
  const arenas = [0, 1, 2].map((lifetime) => new Arena(here, { lifetime }));
  arenas.forEach((arena) => {
    for (let i = 0; i < 1000; i++) arena.alloc(1000);
  });
  const heap = new Heap(here);
  for (let i = 0; i < 1000; i++) heap.alloc(1000);
  const slab = new Slab(here, { size: 1000 });
  for (let i = 0; i < 1000; i++) slab.alloc();
  return here.stats().used;
}

const JOBS = {
  jobSpace, jobChurn, jobFree, jobLoop, jobListen, jobListenAndGo, jobClassic,
  jobLeave
};

async function work() {
  const value = await JOBS[workerData.job](workerData);
  parentPort.postMessage({ end: value });
}

// -------------------------------------------------------- in the main thread

function start(job, data) {
  const worker = new Worker(__filename, {
    workerData: { job, ...data }, execArgv: []
  });
  const waiting = [];
  const messages = [];
  let failed = null;
  worker.on('message', (message) => {
    if (waiting.length > 0) waiting.shift().resolve(message);
    else messages.push(message);
  });
  worker.on('error', (error) => {
    failed = error;
    waiting.splice(0).forEach(({ reject }) => reject(error));
  });
  const ended = new Promise((resolve) => worker.on('exit', resolve));
  return {
    worker,
    ended,
    next: () => new Promise((resolve, reject) => {
      if (messages.length > 0) resolve(messages.shift());
      else if (failed !== null) reject(failed);
      else waiting.push({ resolve, reject });
    }),
    async result() {
      const { end } = await this.next();
      await ended;
      return end;
    }
  };
}

// Are no two blocks, which may be of several threads, over each other?
function overlaps(lists) {
  const all = [];
  for (const { live, sizes } of lists) {
    live.forEach((handle, i) => all.push([handle, sizes[i]]));
  }
  all.sort(([a], [b]) => a - b);
  let count = 0;
  for (let i = 1; i < all.length; i++) {
    const [before, size] = all[i - 1];
    if (before + size > all[i][0]) count++;
  }
  return count;
}

function main() {
  const { test, ok, is, skip, scale, diag, MEMORIES } = require('./tap');
  const { SEED } = require('./random');

  for (const memory of MEMORIES) {
    test(`a posted space, ${memory}`, async () => {
      const space = new Space({ memory, size: 2 ** 24 });
      const handle = await start('jobSpace', { space }).result();
      is(space.root('worker'), handle, 'is the same there');
      is(space.view(handle, 64)[63], 42, 'with the same bytes');
      space.free(handle);
      is(space.stats().blocks, 0, 'and blocks');
      space.verify();
      space.destroy();
    });

    test(`what a worker leaves, ${memory}`, async () => {
      const space = new Space({ memory, size: 2 ** 26 });
      const { used } = space.stats();
      const there = await start('jobLeave', { space }).result();
      ok(there > 4e6, 'was much');
      is(space.stats().used, used, 'is gone with it');
      space.verify();
      space.destroy();
    });

    for (const kind of ['heap', 'slab', 'arena']) {
      test(`a ${kind} of three threads, ${memory}`, async () => {
        const space = new Space({ memory, size: SIZE });
        const object = kind === 'heap' ? new Heap(space) :
          kind === 'slab' ? new Slab(space, { size: 48 }) :
            new Arena(space, { shared: true });
        const count = Math.floor((kind === 'arena' ? BLOCKS / 3 : BLOCKS) *
          scale * (memory === 'mapped' ? 0.15 : 1));
        const workers = [1, 2].map((i) => start('jobChurn', {
          kind, posted: object, seed: SEED + i >>> 0, count
        }));
        // The main thread takes part, a little at a time.
        const mine = { live: [], sizes: [], wrong: 0 };
        const random = chance(SEED);
        let finished = false;
        const lists = Promise.all(workers.map((worker) => worker.next()));
        lists.then(() => {
          finished = true;
        }, () => {
          finished = true;
        });
        while (!finished) {
          for (let i = 0; i < 500 && mine.live.length < 50000; i++) {
            const size = kind === 'slab' ? 48 : random.size(600);
            const handle = object.alloc(size);
            space.view(handle, size).fill(200);
            mine.live.push(handle);
            mine.sizes.push(size);
            if (kind !== 'arena' && i % 3 === 0) {
              object.free(mine.live.pop());
              mine.sizes.pop();
            }
          }
          await new Promise((resolve) => setImmediate(resolve));
        }
        const all = [mine, ...await lists];
        is(overlaps(all), 0,
          `never gives the same bytes twice (MEMS_TEST_SEED=${SEED})`);
        mine.live.forEach((handle, i) => {
          if (space.view(handle, mine.sizes[i]).some((b) => b !== 200)) {
            mine.wrong++;
          }
        });
        is(all.reduce((sum, { wrong }) => sum + wrong, 0), 0,
          'and no thread changes another\'s');
        const blocks = all.reduce((sum, { live }) => sum + live.length, 0);
        if (kind !== 'arena') {
          is(object.stats().blocks, blocks, 'counts all');
          // Blocks of workers, freed by this thread while they are there.
          let wrong = 0;
          all.forEach(({ live }) => live.forEach((handle, i) => {
            try {
              if (i % 2 === 0) object.free(handle);
            } catch (error) {
              wrong++;
            }
          }));
          is(wrong, 0, 'lets any thread free');
        } else {
          ok(object.stats().used >= blocks * 16, 'counts all');
        }
        workers.forEach(({ worker }) => worker.postMessage('end'));
        await Promise.all(workers.map((worker) => worker.result()));
        if (kind !== 'arena') {
          let wrong = 0;
          all.forEach(({ live }) => live.forEach((handle, i) => {
            try {
              if (i % 2 !== 0) object.free(handle);
            } catch (error) {
              wrong++;
            }
          }));
          is(wrong, 0, 'keeps the blocks of a thread that left');
          is(object.stats().blocks, 0, 'to the last');
          is(object.stats().handles, 1, 'has one holder then');
        }
        object.verify();
        space.verify();
        object.destroy();
        space.destroy();
      });
    }
  }

  test('blocks that another thread frees', async () => {
    for (const kind of ['heap', 'slab']) {
      const space = new Space({ size: SIZE });
      const object = kind === 'heap' ? new Heap(space) :
        new Slab(space, { size: 64 });
      const handles = Array.from({ length: 30000 }, () => object.alloc(64));
      const worker = start('jobFree', { kind, posted: object, handles });
      const mine = [];
      let end;
      const result = worker.result().then((value) => {
        end = value;
      });
      while (end === undefined) {
        // Meanwhile this one goes on; what is freed there may come back.
        for (let i = 0; i < 500; i++) mine.push(object.alloc(64));
        for (let i = 0; i < 400; i++) object.free(mine.shift());
        await new Promise((resolve) => setImmediate(resolve));
      }
      await result;
      is(end, 0, `${kind}: are freed, each once`);
      is(object.stats().blocks, mine.length, `${kind}: are not counted`);
      is(new Set(mine).size, mine.length, `${kind}: are had once again`);
      object.verify();
      mine.forEach((handle) => object.free(handle));
      is(object.stats().blocks, 0, `${kind}: to the last`);
      space.verify();
      space.destroy();
    }
  });

  test('a worker that is terminated', async () => {
    for (const memory of MEMORIES) {
      const space = new Space({ memory, size: SIZE });
      const heap = new Heap(space);
      const slab = new Slab(space, { size: 64 });
      const arena = new Arena(space, { shared: true });
      const mine = Array.from({ length: 1000 }, (_, i) => {
        const handle = heap.alloc(1 + i);
        space.fill(handle, i & 255, 1 + i);
        return handle;
      });
      const before = heap.stats().handles;
      for (let round = 0; round < 6; round++) {
        const two = [1, 2].map((i) => start('jobLoop', {
          space, heap, slab, arena, seed: SEED + round * 2 + i
        }));
        await Promise.all(two.map((worker) => worker.next()));
        // Any moment is as good as another.
        for (let i = 0; i < 200 * (round + 1); i++) {
          heap.free(heap.alloc(1 + i % 1500));
          slab.free(slab.alloc());
          if (i % 50 === 0) {
            await new Promise((resolve) => setImmediate(resolve));
          }
        }
        await Promise.all(two.map(({ worker }) => worker.terminate()));
        await Promise.all(two.map(({ ended }) => ended));
        space.verify();
        heap.verify();
        slab.verify();
        arena.verify();
      }
      is(heap.stats().handles, before, `${memory}: holds nothing any more`);
      ok(mine.every((handle, i) => space.view(handle, 1 + i)
        .every((byte) => byte === (i & 255))),
      `${memory}: has not touched what others have`);
      const more = Array.from({ length: 5000 },
        (_, i) => heap.alloc(1 + i % 99));
      is(new Set([...mine, ...more]).size, 6000,
        `${memory}: leaves the heap usable`);
      [...mine, ...more].forEach((handle) => heap.free(handle));
      // What it had not freed stays till someone does, or the heap ends.
      heap.blocks().forEach(({ address }) => heap.free(address));
      slab.blocks().forEach(({ address }) => slab.free(address));
      is(heap.stats().blocks + slab.stats().blocks, 0,
        `${memory}: leaves blocks that can be found and freed`);
      heap.shrink();
      slab.shrink();
      const { used } = space.stats();
      // 6 x 2 x at most 300 of up to 3000 bytes are space's own.
      ok(used < 12 * 300 * 3016 + arena.stats().held + 2 ** 20,
        `${memory}: its arenas are gone`);
      heap.verify();
      slab.verify();
      [heap, slab, arena].forEach((object) => object.destroy());
      space.verify();
      space.destroy();
    }
  });

  test('workers that are terminated at once', async () => {
    const space = new Space({ size: SIZE });
    const heap = new Heap(space);
    const slab = new Slab(space, { size: 64 });
    const arena = new Arena(space, { shared: true });
    for (let round = 0; round < 8; round++) {
      const one = start('jobLoop', { space, heap, slab, arena, seed: round });
      // Also before or while it attaches.
      await new Promise((resolve) => setTimeout(resolve, round * 6));
      await one.worker.terminate();
      space.verify();
      heap.verify();
    }
    is(heap.stats().handles, 1, 'hold nothing');
    space.destroy();
  });

  test('a space that ends while a worker has it', async () => {
    for (const memory of MEMORIES) {
      const space = new Space({ memory, size: SIZE });
      const heap = new Heap(space);
      const slab = new Slab(space, { size: 64 });
      const arena = new Arena(space, { shared: true });
      const one = start('jobLoop', { space, heap, slab, arena, seed: 1 });
      await one.next();
      space.destroy();
      await new Promise((resolve) => setTimeout(resolve, 20));
      const { token } = space;
      const again = Space.attach(token);
      ok(again.stats().used > 0, `${memory}: goes on there`);
      again.destroy();
      await one.worker.terminate();
      await one.ended;
      let code;
      try {
        Space.attach(token).destroy();
      } catch (error) {
        ({ code } = error);
      }
      // A view that V8 has not collected may hold it.
      ok(code === undefined || code === 'ERR_MEMS_CLOSED',
        `${memory}: till it ends`);
    }
  });

  test('the soft limit', async () => {
    const space = new Space({ size: 2 ** 24, softLimit: 65536 });
    let heard = 0;
    space.on('softlimit', () => heard++);
    const worker = start('jobListen', { space });
    is(await worker.next(), 'listening', 'a worker listens');
    space.alloc(100000);
    ok(await worker.result() >= 100000, 'and hears of what this one did');
    for (let i = 0; i < 100 && heard === 0; i++) {
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    is(heard, 1, 'as this one does');
    space.destroy();
  });

  test('listeners that end', async () => {
    const space = new Space({ size: 2 ** 24, softLimit: 65536 });
    for (let round = 0; round < 8; round++) {
      const one = start('jobListenAndGo', { space });
      let over = false;
      one.ended.then(() => {
        over = true;
      });
      await one.next();
      if (round % 2 === 0) one.worker.terminate();
      while (!over) {
        for (let i = 0; i < 200; i++) space.free(space.alloc(70000));
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    ok(true, 'are no longer told');
    space.verify();
    space.destroy();
  });

  test('the classic calls', async () => {
    mems.init();
    mems.malloc(1000);
    is(await start('jobClassic', {}).result(), 1000n,
      'have a space for each thread');
    is(mems.malloc(1000), 2000n, 'which others do not see');
    mems.finish();
  });

  test('an ArrayBuffer', async () => {
    let space;
    try {
      space = new Space({ memory: new ArrayBuffer(2 ** 20) });
    } catch (error) {
      skip('posting', 'is not adopted');
      return;
    }
    let code = 'none';
    try {
      await start('jobSpace', { space }).result();
    } catch (error) {
      ({ code } = error);
    }
    is(code, 'ERR_MEMS_TYPE', 'of one thread is not found in another');
    space.destroy();
  });

  test('an arena that is not shared', async () => {
    const space = new Space({ size: SIZE });
    const arena = new Arena(space);
    let code = 'none';
    const flag = new Int32Array(new SharedArrayBuffer(4));
    const one = start('jobChurn', {
      kind: 'arena', posted: arena, seed: 1, count: 20000, flag
    });
    const mine = { live: [], sizes: [] };
    let list;
    const wait = one.next().then((message) => {
      list = message;
    }, (error) => {
      ({ code } = error);
    });
    while (code === 'none' && Atomics.load(flag, 0) === 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    // Both at once, which no loop of events shares out.
    while (Atomics.load(flag, 0) === 1 && mine.live.length < 500000) {
      mine.live.push(arena.alloc(48));
      mine.sizes.push(48);
    }
    await wait;
    if (list !== undefined) {
      one.worker.postMessage('end');
      await one.ended;
    }
    const double = list === undefined ? 0 : overlaps([mine, list]);
    if (double > 0) diag(`${double} blocks lie over others`);
    is(double, 0, 'is refused in another thread, or gives no bytes twice');
    space.destroy();
  });
}

if (isMainThread) main();
else {
  // Node 14 would only warn.
  work().catch((error) => setImmediate(() => {
    throw error;
  }));
}
