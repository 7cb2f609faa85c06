// libmems: memory you can name.
//
// The comments here are the reference. Two errors are the same everywhere and
// are not named again: `ERR_MEMS_TYPE` for an argument of the wrong type, and
// `ERR_MEMS_CLOSED` for an object that was destroyed, or whose space was. In a
// checked space each call that takes a handle may also throw `ERR_MEMS_STALE`.

// The types of Node and of newer JavaScript are used where they are there, and
// missed by nobody where they are not.

// @ts-ignore
type KnownBuffer = Buffer;

/** A Node.js `Buffer`; a `Uint8Array` where `@types/node` is not there. */
export type NodeBuffer =
  [0] extends [1 & KnownBuffer] ? Uint8Array : KnownBuffer;

/** `[Symbol.dispose]()`, for `using`, where the `lib` setting knows it. */
type Disposes = SymbolConstructor extends { readonly dispose: infer S }
  ? S extends symbol ? { [K in S]: () => void } : {} : {};

/**
 * Where a block lies: its address in a space, from 1000 up. It is a plain
 * number, not a branded one, since a brand would stop arithmetic: `handle + 8`
 * is the address of the ninth byte. In a checked space it is more than the
 * address, and only the handle as it was given is good; see `addressOf()`.
 */
export type Handle = number;

/** The arrays that take and give many handles or sizes at once. */
export type NumberArray = Int32Array | Uint32Array | Float64Array;

/** The encodings of text that Node.js knows. */
export type Encoding =
  'utf8' | 'utf-8' | 'utf16le' | 'utf-16le' | 'ucs2' | 'ucs-2' | 'latin1' |
  'binary' | 'ascii' | 'hex' | 'base64' | 'base64url';

/** The `code` of an error that libmems throws. */
export type ErrorCode =
  'ERR_MEMS_TYPE' | 'ERR_MEMS_RANGE' | 'ERR_MEMS_ADDRESS' |
  'ERR_MEMS_NO_MEMORY' | 'ERR_MEMS_CLOSED' | 'ERR_MEMS_STALE' |
  'ERR_MEMS_FULL' | 'ERR_MEMS_LAYOUT' |
  'ERR_MEMS_BROKEN' | 'ERR_MEMS_NOT_SUPPORTED' |
  'ERR_MEMS_NO_EXTERNAL_BUFFERS' | 'ERR_MEMS_NO_ADDON';

/** An error of libmems: an `Error`, `TypeError` or `RangeError` with a code. */
export interface MemsError extends Error {
  code: ErrorCode;
}

/** Text in a block: where it lies, and how many bytes it has. */
export interface Text {
  handle: Handle;
  length: number;
}

// -------------------------------------------------------------------- spaces

export interface SpaceOptions {
  /**
   * Where the bytes lie. `'shared'`, the default: a SharedArrayBuffer of `size`
   * bytes. `'mapped'`: memory of the system, which `destroy()` takes from all
   * views. Or a SharedArrayBuffer of yours, which the space then has for itself.
   */
  memory?: 'shared' | 'mapped' | SharedArrayBuffer;
  /**
   * The most bytes the space may have, or with `maximum` those it begins with:
   * 1 GiB unless told otherwise, less where so much cannot be reserved (64 MiB
   * on Windows). They are only taken as they are used. In a SharedArrayBuffer
   * there are as many as one view may have: 4 GiB before Node.js 22, and 4 KiB
   * less in Node.js 14. Mapped memory may have 64 GiB.
   */
  size?: number;
  /**
   * Of shared memory: the bytes that it may grow to. The default space grows to
   * 4 GiB (1 GiB on Windows). Before Node.js 20, where buffers do not grow, all
   * of `maximum` is there from the start. A growable SharedArrayBuffer of yours
   * grows to its `maxByteLength`.
   */
  maximum?: number;
  /** The least bytes it grows by: 65536. 0: only what each block needs. */
  growth?: number;
  /** Sizes are rounded up to this power of two, up to 4096: 16. */
  granule?: number;
  /** Which hole a block is cut from: `'good-fit'`, or the lowest that fits. */
  policy?: 'good-fit' | 'first-fit';
  /** Bytes in use that the event `'softlimit'` tells of; 0: none. */
  softLimit?: number;
  /** Bytes in use that no call exceeds; 0: none. */
  hardLimit?: number;
  /** Find out every use of a handle whose block has ended; slower. */
  checked?: boolean;
}

/** What a space is posted to another thread as. */
export interface SpaceToken {
  readonly type: 'mems.space';
  readonly number: number;
  readonly memory: SharedArrayBuffer | null;
}

/** What another thread got when an object or its token was posted. */
export type Posted<Token> = Token | { readonly token: Token };

export interface SpaceStats {
  /** The most bytes it may grow to. */
  maximum: number;
  /** Bytes that have memory behind them: `mapped` and `metadata`. */
  committed: number;
  /** Bytes between the first address and the end, in use or not. */
  mapped: number;
  /** Bytes in live blocks. */
  used: number;
  /** The most that `used` ever was. */
  usedPeak: number;
  /** Bytes in holes. */
  unused: number;
  largestHole: number;
  /** `mapped`, in pages of 4096 bytes. */
  pages: number;
  /** The length of the main chain. */
  nodes: number;
  /** Live blocks. Arenas, heaps and slabs count as the blocks they took. */
  blocks: number;
  holes: number;
  allocations: number;
  frees: number;
  /** Bytes of the space's own state. */
  metadata: number;
  /** Bytes given back to the system so far. */
  returned: number;
  growth: number;
  softLimit: number;
  hardLimit: number;
  granule: number;
  policy: 'good-fit' | 'first-fit';
}

/** A piece of a node: a live block (`process`) or a hole. */
export interface Segment {
  kind: 'process' | 'hole';
  address: number;
  size: number;
}

/** A node of the main chain, and its sub-chain in order of address. */
export interface SpaceNode {
  address: number;
  size: number;
  segments: Segment[];
}

/** What `toJSON()` gives. */
export interface SpaceJSON {
  space: { [name: string]: number | string };
  chain: {
    first: number;
    last: number;
    segments: ['P' | 'H', number, number][];
  }[];
}

/**
 * Typed arrays over a space, or a part of one. The byte at address `a` is
 * `u8[a - 1000 - offset]`, a 32-bit number there is
 * `i32[(a - 1000 - offset) / 4]`. Keep the window, not its arrays: they change
 * to empty ones when the space is destroyed.
 */
export interface SpaceWindow {
  /** Its first byte's place behind address 1000. */
  readonly offset: number;
  /** How many bytes it has. */
  readonly length: number;
  /** The buffer, and where in it the window starts. */
  readonly bytes: ArrayBuffer | SharedArrayBuffer;
  readonly start: number;
  readonly i8: Int8Array;
  readonly u8: Uint8Array;
  readonly i16: Int16Array;
  readonly u16: Uint16Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
}

/**
 * A heap with addresses of its own, which threads share. Arenas, heaps and
 * slabs take their memory from one.
 */
export class Space {
  /**
   * Makes a space. Throws `ERR_MEMS_RANGE` if an option is out of its range,
   * `ERR_MEMS_NO_MEMORY` if there is no room for it, and
   * `ERR_MEMS_NO_EXTERNAL_BUFFERS` for `memory: 'mapped'` where the runtime
   * allows none (Electron).
   */
  constructor(options?: SpaceOptions);

  /**
   * The space that another thread posted; each thread that attaches has a hold
   * of its own and must destroy it. Throws `ERR_MEMS_CLOSED` if no thread has
   * the space any more.
   */
  static attach(posted: Posted<SpaceToken>, options?: { checked?: boolean }):
    Space;

  /** What is posted when the space is; `Space.attach()` takes it. */
  readonly token: SpaceToken;
  /** Are handles checked for blocks that have ended? */
  readonly checked: boolean;
  /** Can `Atomics` be used on its arrays? So it is in a SharedArrayBuffer. */
  readonly atomic: boolean;
  /** The most bytes that the space may grow to. */
  readonly maximum: number;
  /**
   * The arrays of all that one view may hold: 4 GiB before Node.js 22, which is
   * all that most spaces have.
   */
  readonly window: SpaceWindow;

  /**
   * A window that has `length` bytes (1) from this address on; there is one
   * for all lengths up to 2 GiB. Throws `ERR_MEMS_ADDRESS` if they are not in
   * the space, or too many for one view.
   */
  windowAt(address: number, length?: number): SpaceWindow;

  /**
   * The address of a handle, whether its block lives or not. It differs from
   * the handle only in a checked space.
   */
  addressOf(handle: Handle): number;

  /**
   * Reserves a block, whose bytes hold no promised value, and returns its
   * handle. Throws `ERR_MEMS_RANGE` if the size is 0 or no whole number, and
   * `ERR_MEMS_NO_MEMORY` if there is no room or the hard limit is met.
   */
  alloc(size: number): Handle;

  /**
   * The same, with the memory (not the address, which begins at 1000) at a
   * multiple of a power of two. Throws `ERR_MEMS_RANGE` and
   * `ERR_MEMS_NO_MEMORY`.
   */
  alignedAlloc(alignment: number, size: number): Handle;

  /**
   * The same as `alloc()`, with all bytes 0. Throws `ERR_MEMS_RANGE` and
   * `ERR_MEMS_NO_MEMORY`.
   */
  calloc(size: number): Handle;

  /**
   * Changes the size of a block and returns its handle, another one if it had
   * to move. Throws `ERR_MEMS_ADDRESS` if no live block begins there,
   * `ERR_MEMS_RANGE` and `ERR_MEMS_NO_MEMORY`; then the block is as before.
   */
  resize(handle: Handle, size: number): Handle;

  /**
   * Gives a block back. Throws `ERR_MEMS_ADDRESS` if no live block of the space
   * begins there.
   */
  free(handle: Handle): void;

  /**
   * Reserves a block for each element of `handles`, of one size or of as many
   * sizes, and returns the array filled. All are made or none: throws
   * `ERR_MEMS_RANGE` and `ERR_MEMS_NO_MEMORY`. A checked space needs a
   * Float64Array.
   */
  allocBulk<T extends NumberArray>(sizes: number | NumberArray, handles: T): T;

  /**
   * Gives many blocks back. Throws `ERR_MEMS_ADDRESS` at the first that is
   * none; those before it are freed, those behind it not.
   */
  freeBulk(handles: NumberArray): void;

  /**
   * How many bytes a block really has, at least what was asked for. Throws
   * `ERR_MEMS_ADDRESS` if no live block begins there.
   */
  usableSize(handle: Handle): number;

  /** Is the address in a live block, at its start or inside? */
  contains(handle: Handle): boolean;

  /**
   * The address of the space's `mems_space` in C, for native code of this
   * process that has the same copy of the library: build the addon with
   * `MEMS_SYSTEM=1`. It is good until the space is destroyed.
   */
  readonly nativeSpace: bigint;
  /**
   * Where the byte lies in the memory of this process, for C. Throws
   * `ERR_MEMS_ADDRESS` if it is in no live block.
   */
  pointer(handle: Handle): bigint;

  /**
   * The bytes at a handle, not a copy. Throws `ERR_MEMS_ADDRESS` if they are
   * not all in the space; whether they are in one block is not looked at.
   */
  view(handle: Handle, length: number): Uint8Array;

  /** The same bytes as a Buffer. Throws `ERR_MEMS_ADDRESS`. */
  buffer(handle: Handle, length: number): NodeBuffer;

  /** The same bytes as a DataView. Throws `ERR_MEMS_ADDRESS`. */
  dataView(handle: Handle, length: number): DataView;

  /** Sets `length` bytes to one value. Throws `ERR_MEMS_ADDRESS`. */
  fill(handle: Handle, byte: number, length: number): void;

  /** The text that `length` bytes are. Throws `ERR_MEMS_ADDRESS`. */
  readString(handle: Handle, length: number, encoding?: Encoding): string;

  /**
   * Writes text into a block and returns how many bytes that took. Throws
   * `ERR_MEMS_ADDRESS` if they would leave the space; keep to the block's size
   * yourself.
   */
  writeString(handle: Handle, text: string, encoding?: Encoding): number;

  /**
   * Reserves a block with the text in it and returns its handle and length in
   * bytes. Throws `ERR_MEMS_NO_MEMORY`.
   */
  allocString(text: string, encoding?: Encoding): Text;

  /** The space in numbers. */
  stats(): SpaceStats;

  /** Each node of the main chain with its segments, in order of address. */
  nodes(): SpaceNode[];

  /** The chains and counts as text, in the form that C prints. */
  print(): string;

  /** The same as an object, which `JSON.stringify(space)` gives as text. */
  toJSON(): SpaceJSON;

  /** A picture of the chains: the text of an SVG file. */
  toSVG(): string;

  /**
   * Looks at everything the space knows of itself. Throws `ERR_MEMS_BROKEN`,
   * with what is wrong, if someone wrote over it.
   */
  verify(): void;

  /** Gives unused pages to the system and returns how many bytes they were. */
  trim(): number;

  /** `trim()`, with the index of holes built anew first. */
  defrag(): number;

  /**
   * Sets the limits on bytes in use; 0, or none given, lifts one. Throws
   * `ERR_MEMS_RANGE` if the soft limit is above the hard one.
   */
  limit(limits?: { soft?: number; hard?: number }): void;

  /**
   * Has the listener called when use has gone above the soft limit, soon after,
   * whichever thread it was. Throws `ERR_MEMS_RANGE` for another event.
   */
  on(event: 'softlimit', listener: (this: Space, used: number) => void): this;

  /** Has the listener called no more. */
  off(event: 'softlimit', listener: (this: Space, used: number) => void): this;

  /**
   * The address of that name, or undefined. Throws `ERR_MEMS_RANGE` if no name
   * can be so: it has 1 to 55 bytes.
   */
  root(name: string): Handle | undefined;

  /**
   * Names an address, so that each thread finds it. Throws
   * `ERR_MEMS_RANGE` for a name that cannot be, and `ERR_MEMS_FULL` when 63
   * names are taken.
   */
  setRoot(name: string, handle: Handle): void;

  /** Forgets a name; tells whether there was one. Throws `ERR_MEMS_RANGE`. */
  removeRoot(name: string): boolean;

  /**
   * Gives up this thread's hold on the space, and the arenas, heaps and slabs
   * that it has there. The memory goes when no thread has it any more; views of
   * mapped memory have length 0 from now on.
   */
  destroy(): void;
}

export interface Space extends Disposes {}

// -------------------------------------------------------------------- arenas

/**
 * How long blocks live. `transient`: until the next reset, and so they are the
 * fastest. `intermediate`: each can be freed. `persistent`: as transient, for
 * what stays.
 */
export type Lifetime = 'transient' | 'intermediate' | 'persistent';

export interface ArenaOptions {
  /** `'transient'` unless told otherwise; also 0, 1, 2 in this order. */
  lifetime?: Lifetime | 0 | 1 | 2;
  /** Bytes for blocks in the first chunk, up to 1 GiB; 0: those of a page. */
  first?: number;
  /** The most bytes the arena may have for blocks; 0: no limit. */
  cap?: number;
  /** May any thread allocate, at any time? */
  shared?: boolean;
}

/** What an arena is posted to another thread as. */
export interface ArenaToken {
  readonly type: 'mems.arena';
  readonly space: SpaceToken;
  readonly address: number;
}

export interface ArenaStats {
  /** Bytes the arena has from its space. */
  held: number;
  /** Bytes of them in blocks. */
  used: number;
  chunks: number;
  /** Live blocks, counted in intermediate arenas only. */
  blocks: number;
  /** Single frees that were counted. */
  frees: number;
  cap: number;
  generation: number;
  lifetime: Lifetime;
}

/** Where an arena stood; only `mark()` makes one. */
export interface ArenaMark {
  readonly arena: Arena;
}

/** A block of an arena, and the generation that it belongs to. */
export interface ArenaReference {
  handle: Handle;
  generation: number;
}

/**
 * Memory that ends together: each block lies behind the last one, and a reset
 * ends them all. Blocks are aligned to 16 bytes.
 */
export class Arena {
  /**
   * Makes an arena. Throws `ERR_MEMS_RANGE` if an option is out of its range or
   * contradicts another, and `ERR_MEMS_NO_MEMORY`.
   */
  constructor(space: Space, options?: ArenaOptions);

  /**
   * The shared arena that another thread posted. Give the space if this thread
   * has attached to it, else it is attached to as well. Throws `ERR_MEMS_RANGE`
   * if the arena is not shared, `ERR_MEMS_CLOSED` if the space has ended, and
   * `ERR_MEMS_ADDRESS` if the arena has.
   */
  static attach(posted: Posted<ArenaToken>, space?: Space): Arena;

  /** What is posted when the arena is; `Arena.attach()` takes it. */
  readonly token: ArenaToken;
  /** The space it lies in. */
  readonly space: Space;
  /** May any thread allocate from it? */
  readonly shared: boolean;
  /** How long its blocks live. */
  readonly lifetime: Lifetime;
  /** Another number whenever blocks have ended all at once. */
  readonly generation: number;

  /**
   * Reserves a block, whose bytes hold no promised value, and returns its
   * handle. Throws `ERR_MEMS_RANGE` if the size is 0 or no whole number, and
   * `ERR_MEMS_NO_MEMORY` if the cap is met or the space is full; the arena
   * stays usable.
   */
  alloc(size: number): Handle;

  /**
   * The same, with the memory at a multiple of a power of two, up to 65536.
   * Throws `ERR_MEMS_RANGE` and `ERR_MEMS_NO_MEMORY`.
   */
  alignedAlloc(alignment: number, size: number): Handle;

  /**
   * The same as `alloc()`, with all bytes 0. Throws `ERR_MEMS_RANGE` and
   * `ERR_MEMS_NO_MEMORY`.
   */
  calloc(size: number): Handle;

  /** A block's bytes. Throws `ERR_MEMS_RANGE` and `ERR_MEMS_NO_MEMORY`. */
  allocView(size: number): Uint8Array;

  /** The same as a Buffer. Throws `ERR_MEMS_RANGE` and `ERR_MEMS_NO_MEMORY`. */
  allocBuffer(size: number): NodeBuffer;

  /**
   * A block with the text in it: its handle, and its length in bytes. Throws
   * `ERR_MEMS_NO_MEMORY`.
   */
  allocString(text: string, encoding?: Encoding): Text;

  /**
   * Reserves a block for each element of `handles`, of one size or of as many
   * sizes, and returns the array filled. Throws `ERR_MEMS_RANGE` and
   * `ERR_MEMS_NO_MEMORY`.
   */
  allocBulk<T extends NumberArray>(sizes: number | NumberArray, handles: T): T;

  /**
   * Frees many blocks, as `free()` does. Throws `ERR_MEMS_ADDRESS` at the first
   * that is none; those before it are freed.
   */
  freeBulk(handles: NumberArray): void;

  /**
   * Frees one block. In an intermediate arena its memory can be had again; in
   * others it comes back with all the rest, except for the last block of a
   * transient arena when its size is told. Throws `ERR_MEMS_ADDRESS` if it is
   * no block of the arena, or not of that size.
   */
  free(handle: Handle, size?: number): void;

  /** Ends all blocks. The next one lies where the first one did. */
  reset(): void;

  /**
   * Remembers where the arena stands. Throws `ERR_MEMS_NOT_SUPPORTED` if it is
   * intermediate or shared.
   */
  mark(): ArenaMark;

  /**
   * Ends the blocks made since the mark. Throws `ERR_MEMS_STALE` if the arena
   * was reset since or stands before the mark. In a checked space the handles
   * of older blocks end too.
   */
  rewind(mark: ArenaMark): void;

  /**
   * Is the byte in what the arena has handed out? In an intermediate one: does
   * a live block begin there?
   */
  contains(handle: Handle): boolean;

  /**
   * A reference, for what may outlive the block. Throws `ERR_MEMS_STALE` if the
   * arena has no such block.
   */
  refer(handle: Handle): ArenaReference;

  /**
   * The handle of a reference. Throws `ERR_MEMS_STALE` if the arena was reset
   * or rewound since.
   */
  find(reference: ArenaReference): Handle;

  /** The arena in numbers. */
  stats(): ArenaStats;

  /** Looks at all its state. Throws `ERR_MEMS_BROKEN` with what is wrong. */
  verify(): void;

  /**
   * Gives the arena up, and ends its blocks unless another thread has attached
   * to it.
   */
  destroy(): void;
}

export interface Arena extends Disposes {}

// ----------------------------------------------------------- heaps and slabs

/** What a heap or slab is posted to another thread as. */
export interface StoreToken<Type extends string> {
  readonly type: Type;
  readonly space: SpaceToken;
  readonly address: number;
}

export interface StoreStats {
  /** Bytes it has from its space. */
  held: number;
  /** Bytes of them in live blocks. */
  used: number;
  /** Live blocks. */
  blocks: number;
  slabs: number;
  /** Blocks too large for slabs, and their bytes; heaps only. */
  largeBlocks: number;
  largeUsed: number;
  /** How often it was made or attached to and not yet destroyed. */
  handles: number;
  /** The most slots in use, 0: no limit; slabs only. */
  cap: number;
  /** Bytes of a slot; 0 in a heap. */
  slotSize: number;
  /** Bytes of a slab. */
  slabSize: number;
}

/** What heaps and slabs have in common. */
declare abstract class Store {
  /** The space it lies in. */
  readonly space: Space;

  /** The bytes that each block has; 0: as many as are asked for. */
  readonly slotSize: number;

  /**
   * Gives a block back; any thread may that has attached. Throws
   * `ERR_MEMS_ADDRESS` if no live block of it begins there.
   */
  free(handle: Handle): void;

  /**
   * Makes a block for each element of `handles`, of one size or of as many
   * sizes, and returns the array filled. All are made or none: throws
   * `ERR_MEMS_RANGE` and `ERR_MEMS_NO_MEMORY`. A checked space needs a
   * Float64Array.
   */
  allocBulk<T extends NumberArray>(sizes: number | NumberArray, handles: T): T;

  /**
   * Gives many blocks back. Throws `ERR_MEMS_ADDRESS` at the first that is
   * none; those before it are freed, those behind it not.
   */
  freeBulk(handles: NumberArray): void;

  /** How many bytes the block really has; 0 if none begins there. */
  usableSize(handle: Handle): number;

  /** Does a live block begin there? */
  contains(handle: Handle): boolean;

  /** All live blocks, of all threads. */
  blocks(): { address: number; size: number }[];

  /** The heap or slab in numbers. */
  stats(): StoreStats;

  /** Gives empty slabs back to the space and returns how many bytes. */
  shrink(): number;

  /** Looks at all its state. Throws `ERR_MEMS_BROKEN` with what is wrong. */
  verify(): void;

  /** Leaves it to the other threads that have it; with the last it ends. */
  destroy(): void;
}

interface Store extends Disposes {}

/**
 * Blocks of any size, each freed by itself, from any thread that has attached.
 * Small ones are had and given back without a call to C.
 */
export class Heap extends Store {
  /** Makes a heap. Throws `ERR_MEMS_NO_MEMORY`. */
  constructor(space: Space, options?: {});

  /**
   * The heap that another thread posted. Give the space if this thread has
   * attached to it, else it is attached to as well. Throws `ERR_MEMS_CLOSED` if
   * the space has ended, `ERR_MEMS_ADDRESS` if the heap has, and
   * `ERR_MEMS_NO_MEMORY`.
   */
  static attach(posted: Posted<StoreToken<'mems.heap'>>, space?: Space): Heap;

  /** What is posted when the heap is; `Heap.attach()` takes it. */
  readonly token: StoreToken<'mems.heap'>;

  /**
   * Makes a block, whose bytes hold no promised value, and returns its handle.
   * Throws `ERR_MEMS_RANGE` if the size is 0 or no whole number, and
   * `ERR_MEMS_NO_MEMORY`.
   */
  alloc(size: number): Handle;

  /**
   * The same, with all bytes 0. Throws `ERR_MEMS_RANGE` and
   * `ERR_MEMS_NO_MEMORY`.
   */
  calloc(size: number): Handle;

  /**
   * Gives a block another size and returns its handle, another one if it had to
   * move. Throws `ERR_MEMS_ADDRESS` if no live block begins there,
   * `ERR_MEMS_RANGE` and `ERR_MEMS_NO_MEMORY`; then the block is as before.
   */
  resize(handle: Handle, size: number): Handle;

  /**
   * A block with the text in it: its handle, and its length in bytes. Throws
   * `ERR_MEMS_NO_MEMORY`.
   */
  allocString(text: string, encoding?: Encoding): Text;
}

export interface SlabOptions {
  /** Bytes of a slot, up to 64 MiB. */
  size: number;
  /** Of a slot: a power of two up to 4096; 0: 16, or less for small ones. */
  alignment?: number;
  /** The most slots in use; 0: no limit. */
  cap?: number;
}

/** Equal slots, each freed by itself, for many objects of one kind. */
export class Slab extends Store {
  /**
   * Makes a slab cache. Throws `ERR_MEMS_RANGE` if an option is out of its
   * range, and `ERR_MEMS_NO_MEMORY`.
   */
  constructor(space: Space, options: SlabOptions);

  /**
   * The slab cache that another thread posted. Give the space if this thread
   * has attached to it, else it is attached to as well. Throws
   * `ERR_MEMS_CLOSED` if the space has ended, `ERR_MEMS_ADDRESS` if the cache
   * has, and `ERR_MEMS_NO_MEMORY`.
   */
  static attach(posted: Posted<StoreToken<'mems.slab'>>, space?: Space): Slab;

  /** What is posted when the slab is; `Slab.attach()` takes it. */
  readonly token: StoreToken<'mems.slab'>;

  /**
   * A slot, whose bytes hold no promised value. Returns its handle, or throws
   * `ERR_MEMS_NO_MEMORY` if the cap is met or the space is full.
   */
  alloc(): Handle;

  /** A slot for each element of `handles`; see `Store.allocBulk()`. */
  allocBulk<T extends NumberArray>(handles: T): T;
  allocBulk<T extends NumberArray>(sizes: number | NumberArray, handles: T): T;
}

// ------------------------------------------------------------------- records

/**
 * The type of a field. `handle` is a number of 64 bits, exact up to 2^53. The
 * number in brackets is bytes: text of fewer is filled up with 0.
 */
export type FieldType =
  'i8' | 'u8' | 'i16' | 'u16' | 'i32' | 'u32' | 'f32' | 'f64' | 'bool' |
  'handle' | `utf8[${number}]` | `latin1[${number}]` | `bytes[${number}]`;

/** Names and types of fields, in the order in which they lie in memory. */
export interface Fields {
  readonly [name: string]: FieldType;
}

/** What a field of this type is in JavaScript. */
export type FieldValue<T extends FieldType> =
  T extends 'bool' ? boolean :
  T extends `utf8[${number}]` | `latin1[${number}]` ? string :
  T extends `bytes[${number}]` ? Uint8Array :
  number;

/** A record as an object. */
export type RecordOf<F extends Fields> = {
  -readonly [K in keyof F]: FieldValue<F[K]>;
};

/** Values for fields; those not named stay as they are. */
export type RecordValues<F extends Fields> = {
  readonly [K in keyof F]?:
    F[K] extends `bytes[${number}]` ? ArrayLike<number> : FieldValue<F[K]>;
};

/** Names that a field cannot have: a cursor has them itself. */
export type ReservedName =
  'at' | 'handle' | 'toObject' | 'toJSON' | 'assign' | 'space' | 'window' |
  'place' | 'above' | 'size' | 'alignment' | 'mask' | 'names' | keyof Object;

/** Refuses those names, where names are known to the compiler. */
export type NotReserved<F extends Fields> = string extends keyof F ? unknown :
  { readonly [K in keyof F & ReservedName]: never };

/** What every cursor has beside the fields. */
export interface CursorBase<F extends Fields> {
  /** The space whose records it stands on. */
  readonly space: Space;
  /** Where it stands. */
  readonly handle: Handle;
  /** Bytes of a record. */
  readonly size: number;
  /** What the place of a record is a multiple of. */
  readonly alignment: number;
  /** The names of the fields, in order. */
  readonly names: readonly (keyof F & string)[];

  /**
   * Stands on the record at this handle and returns the cursor. Whether there
   * is one is not looked at: throws `ERR_MEMS_ADDRESS` only if none can be, in
   * no part of the space or at no multiple of the alignment.
   */
  at(handle: Handle): this;

  /** A copy of the record as an object; `bytes` fields stay views. */
  toObject(): RecordOf<F>;

  /**
   * Writes the fields that are named and returns the cursor. Throws
   * `ERR_MEMS_RANGE` if a text or bytes are too long.
   */
  assign(values: RecordValues<F>): this;
}

/**
 * Stands on one record after the other, whose fields are its properties. A text
 * or bytes that are too long for a field throw `ERR_MEMS_RANGE`.
 */
export type Cursor<F extends Fields> = CursorBase<F> & RecordOf<F>;

/** A layout of records; `struct()` makes it. */
export interface Struct<F extends Fields> {
  /** Bytes of a record. */
  readonly size: number;
  /** What the place of a record is a multiple of: its widest number. */
  readonly alignment: number;
  /** Where each field lies, in bytes from the record's first. */
  readonly offsets: { readonly [K in keyof F]: number };

  /** A cursor that stands nowhere yet; `at()` puts it on a record. */
  cursor(space: Space): Cursor<F>;

  /**
   * Makes a record and returns a cursor that stands on it. Fields not named
   * hold no promised value. Throws `ERR_MEMS_NO_MEMORY`, and `ERR_MEMS_RANGE`
   * if a value is too long.
   */
  alloc(from: Space | Arena | Heap | Slab, values?: RecordValues<F>): Cursor<F>;
}

/**
 * A layout of records: `struct({ id: 'u32', price: 'f64', name: 'utf8[16]' })`.
 * Fields lie in the order given, each at a multiple of its size. Throws
 * `ERR_MEMS_TYPE` for a type that is none, and `ERR_MEMS_RANGE` for a name that
 * a cursor needs itself or if there is no field.
 */
export function struct<F extends Fields>(fields: F & NotReserved<F>): Struct<F>;

// ---------------------------------------------------------------- middleware

export interface ArenaPerRequestOptions extends ArenaOptions {
  /** Which property of the request is the arena: `'arena'`. */
  property?: string;
  /** Where arenas lie; a space of the middleware's own if none is given. */
  space?: Space;
  /** How many arenas are kept for the next requests: 256. */
  most?: number;
}

/** What the middleware needs of a response, in Express and in plain http. */
export interface ResponseLike {
  once(event: 'finish' | 'close', listener: () => void): unknown;
}

/** Middleware for Express, Connect and their kin. */
export interface Middleware {
  (request: any, response: ResponseLike, next: (error?: any) => void): void;
}

/** What the plugin needs of Fastify. */
export interface FastifyLike {
  decorateRequest: (...names: any[]) => unknown;
  addHook: (...hook: any[]) => unknown;
}

/** A request that has an arena: `Request & WithArena`. */
export type WithArena<Property extends string = 'arena'> = {
  [K in Property]: Arena;
};

/**
 * Middleware that gives each request an arena, as `request.arena`, and resets
 * it when the response is finished or its connection closed. Throws
 * `ERR_MEMS_NO_MEMORY` if there is no room for its space; a request for whose
 * arena there is none goes to the error handler.
 */
export function arenaPerRequest(options?: ArenaPerRequestOptions): Middleware;

export namespace arenaPerRequest {
  /** The same as a plugin: `app.register(arenaPerRequest.fastify, options)`. */
  function fastify(instance: FastifyLike, options: ArenaPerRequestOptions,
    done: (error?: Error) => void): void;
}

// ------------------------------------------------------------------- classic

/** The version of the library, such as `'0.1.0'`. */
export const version: string;

/**
 * Starts the thread's classic heap; its first address is 1000n. Throws
 * `ERR_MEMS_CLOSED` if it has started already.
 */
export function init(): void;

/**
 * Reserves bytes and returns their MeMS virtual address. Throws
 * `ERR_MEMS_RANGE` if the size is 0 or no whole number, and
 * `ERR_MEMS_NO_MEMORY`.
 */
export function malloc(size: number | bigint): bigint;

/**
 * The memory behind an address, which may be inside a block: where it lies in
 * this process. Throws `ERR_MEMS_ADDRESS` if it is in no live block.
 */
export function get(address: bigint): bigint;

/** Gives a block back. Throws `ERR_MEMS_ADDRESS` if none begins there. */
export function free(address: bigint): void;

/** The classic heap in numbers. */
export function stats(): SpaceStats;

/** A picture of the classic heap: the text of an SVG file. */
export function toSVG(): string;

/** Writes the chains and counts to `process.stdout`. */
export function printStats(): void;

/** Ends the classic heap and gives its memory back; `init()` may start anew. */
export function finish(): void;

export {};
