// Every class and call, as a TypeScript program uses them. test/types.js
// compiles this as CommonJS, and consumer.mts, which is the same but for its
// imports, as a module; then it runs both.

import * as http from 'http';
import { MessageChannel, receiveMessageOnPort } from 'worker_threads';
import {
  Space, Arena, Heap, Slab, struct, arenaPerRequest, version,
  init, malloc, get, free, stats, toSVG, printStats, finish,
  Handle, MemsError, ErrorCode, Text, SpaceOptions, SpaceStats, SpaceNode,
  SpaceWindow, SpaceToken, ArenaOptions, ArenaStats, ArenaMark, ArenaReference,
  Lifetime, StoreStats, SlabOptions, Cursor, Fields, Struct, RecordOf,
  WithArena, Middleware
} from 'libmems';
import * as classic from 'libmems/compat/osmemoryallocator';
import * as seed from 'libmems/compat/r-alloc';

function same<T>(left: T, right: T, what: string): void {
  if (left !== right) throw new Error(`${what}: ${left} is not ${right}`);
}

// What goes through the other end of a channel.
function posted(value: unknown): any {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(value);
  const { message } = receiveMessageOnPort(port2) as { message: any };
  port1.close();
  return message;
}

function codeOf(call: () => unknown): ErrorCode | undefined {
  try {
    call();
  } catch (error) {
    return (error as MemsError).code;
  }
  return undefined;
}

function spaces(): void {
  const options: SpaceOptions = {
    memory: 'shared', size: 2 ** 24, growth: 65536, granule: 16,
    policy: 'good-fit', softLimit: 0, hardLimit: 0, checked: false
  };
  const space = new Space(options);
  const handle: Handle = space.alloc(100);
  const inner: number = handle + 8;
  const room: number = space.usableSize(handle);
  same(room >= 100, true, 'room');
  same(space.contains(inner), true, 'contains');
  const place: bigint = space.pointer(inner);
  same(place > BigInt(0), true, 'pointer');
  same(space.addressOf(handle), handle, 'addressOf');
  const maximum: number = space.maximum;
  const flags: boolean[] = [space.checked, space.atomic];
  same(flags.join(), 'false,true', 'flags');

  const bytes: Uint8Array = space.view(handle, 4);
  const buffer: Buffer = space.buffer(handle, 4);
  const data: DataView = space.dataView(handle, 4);
  space.fill(handle, 1, 4);
  same(buffer.readUInt32LE(0), data.getUint32(0, true), 'one memory');
  same(bytes[0], 1, 'fill');
  const window: SpaceWindow = space.windowAt(handle);
  same(window, space.window, 'windowAt');
  same(space.windowAt(handle, 16), window, 'windowAt, with a length');
  same(window.i32[(handle - 1000 - window.offset) / 4], 0x01010101, 'window');
  same(window.bytes.byteLength >= window.start + window.length, true, 'bytes');
  same([
    window.i8, window.u8, window.i16, window.u16, window.u32, window.f32,
    window.f64
  ].every((array) => array.byteLength > 0), true, 'arrays');

  const written: number = space.writeString(handle, 'grün');
  same(space.readString(handle, written), 'grün', 'text');
  const text: Text = space.allocString('grün', 'latin1');
  same(space.readString(text.handle, text.length, 'latin1'), 'grün', 'latin1');

  const aligned = space.alignedAlloc(64, 64);
  const zeros = space.calloc(64);
  const moved: Handle = space.resize(zeros, 4096);
  const many: Float64Array = space.allocBulk(16, new Float64Array(3));
  const sized: Uint32Array =
    space.allocBulk(Uint32Array.of(16, 32), new Uint32Array(2));
  space.freeBulk(many);
  space.freeBulk(sized);
  space.free(aligned);
  space.free(moved);

  const numbers: SpaceStats = space.stats();
  same(numbers.maximum, maximum, 'maximum');
  same(numbers.policy, 'good-fit', 'policy');
  const nodes: SpaceNode[] = space.nodes();
  const kinds: ('process' | 'hole')[] = nodes[0].segments.map((s) => s.kind);
  same(kinds[0], 'process', 'kind');
  const [kind, first] = space.toJSON().chain[0].segments[0];
  same(`${kind}${first}`, 'P1000', 'chain');
  const texts: string[] = [space.print(), space.toSVG()];
  same(texts.every((t) => t.length > 0), true, 'texts');
  space.verify();
  const returned: number = space.trim() + space.defrag();
  same(returned >= 0, true, 'trim');

  const listener = (used: number): void => same(used > 0, true, 'used');
  space.on('softlimit', listener).off('softlimit', listener);
  space.limit({ soft: 1024, hard: 2048 });
  space.limit({ soft: 1024 });
  space.limit();

  space.setRoot('text', text.handle);
  const root: Handle | undefined = space.root('text');
  same(root, text.handle, 'root');
  const removed: boolean = space.removeRoot('text');
  same(removed, true, 'removeRoot');
  same(space.root('text'), undefined, 'no root');

  const token: SpaceToken = space.token;
  const other: Space = Space.attach(posted(space));
  const third: Space = Space.attach(token, { checked: true });
  same(other.readString(text.handle, text.length, 'latin1'), 'grün', 'attach');
  third.destroy();
  other.destroy();
  same(codeOf(() => space.free(handle + 16)), 'ERR_MEMS_ADDRESS', 'code');
  space.destroy();
  same(codeOf(() => space.alloc(1)), 'ERR_MEMS_CLOSED', 'closed');

  new Space({ memory: new SharedArrayBuffer(2 ** 20) }).destroy();
  new Space({ memory: 'mapped', policy: 'first-fit', size: 2 ** 20 }).destroy();
}

function arenas(space: Space): void {
  const options: ArenaOptions = {
    lifetime: 'transient', first: 4096, cap: 65536, shared: false
  };
  const arena = new Arena(space, options);
  const lifetime: Lifetime = arena.lifetime;
  same(lifetime, 'transient', 'lifetime');
  same(arena.shared, false, 'shared');
  same(arena.space, space, 'space');
  const generation: number = arena.generation;
  const handle: Handle = arena.alloc(64);
  const mark: ArenaMark = arena.mark();
  same(mark.arena, arena, 'mark');
  const bytes: Uint8Array = arena.allocView(16);
  const buffer: Buffer = arena.allocBuffer(16);
  same(bytes.length + buffer.length, 32, 'views');
  const text: Text = arena.allocString('text');
  same(space.readString(text.handle, text.length), 'text', 'text');
  arena.alignedAlloc(4096, 16);
  arena.calloc(16);
  const many: Int32Array = arena.allocBulk(16, new Int32Array(2));
  arena.freeBulk(many);
  arena.rewind(mark);
  same(arena.contains(handle), true, 'contains');
  const reference: ArenaReference = arena.refer(handle);
  same(arena.find(reference), handle, 'find');
  arena.free(handle, 64);
  arena.free(arena.alloc(16));
  const numbers: ArenaStats = arena.stats();
  same(numbers.lifetime, lifetime, 'stats');
  arena.verify();
  arena.reset();
  same(arena.generation === generation, false, 'generation');
  same(codeOf(() => arena.find(reference)), 'ERR_MEMS_STALE', 'stale');
  arena.destroy();

  const shared = new Arena(space, { shared: true });
  const other: Arena = Arena.attach(posted(shared), space);
  Arena.attach(shared.token, space).destroy();
  same(other.alloc(16) === shared.alloc(16), false, 'two threads');
  other.destroy();
  shared.destroy();
  new Arena(space, { lifetime: 1 }).destroy();
  new Arena(space).destroy();
}

function stores(space: Space): void {
  const heap = new Heap(space);
  const handle: Handle = heap.resize(heap.alloc(100), 2000);
  heap.free(heap.calloc(100));
  const text: Text = heap.allocString('text', 'utf8');
  same(heap.space.readString(text.handle, text.length), 'text', 'text');
  heap.freeBulk(heap.allocBulk(16, new Float64Array(8)));
  same(heap.usableSize(handle) >= 2000, true, 'usableSize');
  same(heap.contains(handle), true, 'contains');
  same(heap.blocks().some(({ address, size }) =>
    address === handle && size >= 2000), true, 'blocks');
  const numbers: StoreStats = heap.stats();
  same(numbers.blocks >= 2, true, 'stats');
  heap.verify();
  const other: Heap = Heap.attach(posted(heap), space);
  other.free(handle);
  other.destroy();
  Heap.attach(heap.token, space).destroy();
  same(heap.shrink() >= 0, true, 'shrink');
  heap.destroy();

  const options: SlabOptions = { size: 64, alignment: 64, cap: 100 };
  const slab = new Slab(space, options);
  const slot: Handle = slab.alloc();
  same(slab.usableSize(slot), 64, 'slot');
  slab.free(slot);
  slab.freeBulk(slab.allocBulk(0, new Uint32Array(4)));
  Slab.attach(slab.token, space).destroy();
  Slab.attach(posted(slab), space).destroy();
  slab.destroy();
  new Slab(space, { size: 16 }).destroy();
}

function records(space: Space): void {
  const Order = struct({
    id: 'u32', price: 'f64', name: 'utf8[16]', ok: 'bool', next: 'handle',
    raw: 'bytes[4]', code: 'latin1[3]', a: 'i8', b: 'u8', c: 'i16', d: 'u16',
    e: 'i32', f: 'f32'
  });
  const numbers: number[] = [Order.size, Order.alignment, Order.offsets.price];
  same(numbers.join(), '72,8,8', 'layout');
  const arena = new Arena(space);
  const order = Order.alloc(arena, { id: 1, name: 'apple', raw: [1, 2, 3, 4] });
  order.price = 1.5;
  order.ok = true;
  order.next = order.handle;
  const id: number = order.id;
  const name: string = order.name;
  const ok: boolean = order.ok;
  const next: Handle = order.next;
  const raw: Uint8Array = order.raw;
  same([id, name, ok, next === order.handle, raw[3]].join(),
    '1,apple,true,true,4', 'fields');
  const cursor: Cursor<{ readonly id: 'u32' }> =
    struct({ id: 'u32' }).cursor(space);
  same(cursor.at(order.handle).id, 1, 'cursor');
  const again = Order.cursor(space).at(next).assign({ price: 2, raw });
  same(again.price + again.at(next).id, 3, 'assign');
  const object = order.toObject();
  const plain: { id: number; name: string; ok: boolean } = object;
  same(plain.name, 'apple', 'toObject');
  const names: readonly ('id' | 'price' | 'name' | 'ok' | 'next' | 'raw' |
    'code' | 'a' | 'b' | 'c' | 'd' | 'e' | 'f')[] = order.names;
  same(names.length, 13, 'names');
  same(order.size + order.alignment, 80, 'size');
  same(order.space, space, 'space');
  Order.alloc(new Heap(space)).id = 2;
  Order.alloc(new Slab(space, { size: Order.size })).id = 3;
  Order.alloc(space).id = 4;

  // Fields that are known at run time only.
  const fields: Fields = { x: 'f64', y: 'f64' };
  const Point: Struct<Fields> = struct(fields);
  const point: RecordOf<Fields> = Point.alloc(space).toObject();
  same(Object.keys(point).join(), 'x,y', 'fields at run time');
}

function middleware(space: Space): void {
  const simple: Middleware = arenaPerRequest();
  const full = arenaPerRequest({
    space, property: 'memory', most: 16, lifetime: 'transient', first: 4096,
    cap: 0, shared: false
  });
  same(typeof simple, 'function', 'middleware');
  const server = http.createServer((request, response) => {
    full(request, response, () => {
      const { memory } =
        request as http.IncomingMessage & WithArena<'memory'>;
      const handle: Handle = memory.alloc(64);
      response.end(String(handle));
    });
  });
  server.close();
  const hooks: string[] = [];
  arenaPerRequest.fastify({
    decorateRequest: (name: string, value: null) => hooks.push(name),
    addHook: (name: string, hook: Function) => hooks.push(name)
  }, { space }, (error?: Error) => same(error, undefined, 'fastify'));
  same(hooks.join(), 'arena,onRequest', 'fastify');
}

function classicCalls(): void {
  init();
  const address: bigint = malloc(1000);
  const second: bigint = malloc(BigInt(1000));
  const memory: bigint = get(address + BigInt(10));
  same(memory > BigInt(0), true, 'get');
  free(second);
  const numbers: SpaceStats = stats();
  same(numbers.used, 1000, 'stats');
  same(toSVG().startsWith('<svg'), true, 'toSVG');
  const print: () => void = printStats;
  same(typeof print, 'function', 'printStats');
  finish();
  same(/^\d+\.\d+\.\d+/.test(version), true, 'version');

  classic.init();
  classic.free(classic.malloc(1000));
  const end: () => void = classic.finish;
  same(typeof end, 'function', 'classic.finish');
  same(classic.stats().blocks, 0, 'classic.stats');
  same([classic.get, classic.toSVG, classic.printStats].every((call) =>
    typeof call === 'function'), true, 'classic');
}

function seedCalls(): void {
  seed.init();
  const address: bigint = seed.rAlloc(64, 7);
  seed.rFree(address);
  seed.rFree(seed.rAlloc(BigInt(64)));
  const [site] = seed.siteStats();
  same(site.siteId + site.frees, 8, 'siteStats');
  same(seed.rDefrag() >= 0, true, 'rDefrag');
  const arena: bigint = seed.createArena(4096, seed.LIFETIME.INTERMEDIATE);
  const block: bigint = seed.rArena(arena, 64);
  seed.rArenaFree(arena, block, 64);
  seed.rArenaFree(arena, seed.rArena(arena, BigInt(64)));
  seed.rReset(arena);
  seed.rDestroy(arena);
  seed.rDestroy(seed.createArena(4096));
  seed.initArenas();
  const lifetime: seed.Lifetime = seed.LIFETIME.PERSISTENT;
  same(seed.rArena(64, lifetime) > BigInt(0), true, 'rArena');
  seed.rReset(lifetime);
}

// Compiled and never run: each line is a mistake that the types must find.
function mistakes(space: Space, arena: Arena, heap: Heap, slab: Slab): void {
  // @ts-expect-error: no such place
  new Space({ memory: 'file' });
  // @ts-expect-error: no such policy
  new Space({ policy: 'best-fit' });
  // @ts-expect-error: no such option
  new Space({ sizes: 1 });
  // @ts-expect-error: not a constructor's call
  Space();
  // @ts-expect-error: no size
  space.alloc();
  // @ts-expect-error: sizes are numbers
  space.alloc(BigInt(16));
  // @ts-expect-error: handles are numbers
  space.free('1000');
  // @ts-expect-error: no length
  space.view(1000);
  // @ts-expect-error: an array of objects cannot be filled
  space.allocBulk(16, [1, 2]);
  // @ts-expect-error: nor one of bytes
  space.allocBulk(16, new Uint8Array(2));
  // @ts-expect-error: the array given comes back
  const wrongArray: Int32Array = space.allocBulk(16, new Float64Array(2));
  // @ts-expect-error: no such event
  space.on('hardlimit', () => {});
  // @ts-expect-error: there may be no root
  const root: Handle = space.root('name');
  // @ts-expect-error: not to be written
  space.maximum = 1;
  // @ts-expect-error: of no use to others
  space.lookUp(1000);
  // @ts-expect-error: no such encoding
  space.readString(1000, 4, 'utf9');
  // @ts-expect-error: a heap is no space
  Space.attach(heap.token);
  // @ts-expect-error: a slab is no heap
  Heap.attach(slab);
  // @ts-expect-error: no such lifetime
  new Arena(space, { lifetime: 'eternal' });
  // @ts-expect-error: an arena lies in a space
  new Arena(heap);
  // @ts-expect-error: only mark() makes one
  arena.rewind(12);
  // @ts-expect-error: a slot has no size of its own
  slab.alloc(16);
  // @ts-expect-error: what size?
  new Slab(space);
  // @ts-expect-error: heaps have no reset
  heap.reset();

  const Pair = struct({ left: 'u32', right: 'utf8[8]', raw: 'bytes[8]' });
  const pair = Pair.alloc(arena);
  // @ts-expect-error: no such type
  struct({ left: 'u64' });
  // @ts-expect-error: text needs a length
  struct({ left: 'utf8' });
  // @ts-expect-error: a number
  struct({ left: 'utf8[x]' });
  // @ts-expect-error: a cursor needs this name
  struct({ at: 'u8' });
  // @ts-expect-error: and this
  struct({ size: 'u32' });
  // @ts-expect-error: and this
  struct({ toString: 'u32' });
  // @ts-expect-error: left is a number
  pair.left = '1';
  // @ts-expect-error: right is text
  pair.right = 1;
  // @ts-expect-error: raw is bytes
  const raw: string = pair.raw;
  // @ts-expect-error: no such field
  pair.middle;
  // @ts-expect-error: no such field
  pair.assign({ middle: 1 });
  // @ts-expect-error: no such field
  Pair.alloc(arena, { middle: 1 });
  // @ts-expect-error: no such field
  Pair.offsets.middle;
  // @ts-expect-error: at() moves it
  pair.handle = 1000;
  // @ts-expect-error: a cursor needs a space
  Pair.cursor(arena);

  // @ts-expect-error: no such option
  arenaPerRequest({ propertyName: 'arena' });
  // @ts-expect-error: classic addresses are BigInt
  free(1000);
  // @ts-expect-error: not text
  malloc('1000');
  // @ts-expect-error: addresses are BigInt
  seed.rFree(1000);
  // @ts-expect-error: no such lifetime
  seed.createArena(64, 3);
  // @ts-expect-error: not to be written
  seed.LIFETIME.TRANSIENT = 1;
  // @ts-expect-error: the arena is a BigInt
  seed.rDestroy(1);
}

const space = new Space({ size: 2 ** 26 });
spaces();
arenas(space);
stores(space);
records(space);
middleware(space);
classicCalls();
seedCalls();
same(typeof mistakes, 'function', 'mistakes');
space.destroy();
