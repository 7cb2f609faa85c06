// In place of r-alloc's addon: its calls, on one space of each thread.
// Addresses and arenas are BigInt. `0n` says that there is no room; what is
// wrong throws, `ERR_MEMS_TYPE` if an argument has the wrong type and
// `ERR_MEMS_RANGE` if a size is no whole number above 0.

/** How long the blocks of an arena live. */
export const LIFETIME: {
  /** Until the next reset. */
  readonly TRANSIENT: 0;
  /** Each can be freed. */
  readonly INTERMEDIATE: 1;
  /** Until the arena ends. */
  readonly PERSISTENT: 2;
};

/** One of `LIFETIME`. */
export type Lifetime = 0 | 1 | 2;

/** What the allocations of one call site came to. */
export interface SiteStats {
  siteId: number;
  allocations: number;
  frees: number;
  /** Bytes that were asked for, freed or not. */
  bytes: number;
  /** The lifetimes of all freed blocks together, in nanoseconds. */
  lifetimeNs: number;
}

/** Starts the allocator; the first of the other calls does so too. */
export function init(): void;

/**
 * Allocates a block and returns its address, or `0n` if there is no room. With
 * a `siteId`, a whole number, it counts for that site in `siteStats()`.
 */
export function rAlloc(size: number | bigint, siteId?: number): bigint;

/** Frees a block. Throws `ERR_MEMS_ADDRESS` if no live block begins there. */
export function rFree(address: bigint): void;

/**
 * Gives back what can be, and returns how many bytes went to the system. Free
 * neighbours are always joined, so there is nothing else to do.
 */
export function rDefrag(): number;

/**
 * Makes an arena for `size` bytes and no more, and returns its handle, or `0n`
 * if there is no room. Throws `ERR_MEMS_RANGE` for an unknown lifetime.
 */
export function createArena(size: number | bigint, lifetime?: Lifetime): bigint;

/**
 * Allocates from an arena and returns the address, or `0n` when it is full.
 * Throws `ERR_MEMS_CLOSED` if the arena was destroyed or never was one.
 */
export function rArena(arena: bigint, size: number | bigint): bigint;

/**
 * The same from the arena of `initArenas()` with that lifetime. Throws
 * `ERR_MEMS_CLOSED` before `initArenas()`.
 */
export function rArena(size: number, lifetime: Lifetime): bigint;

/**
 * Ends all blocks of an arena, or of that of `initArenas()` with a lifetime.
 * Throws `ERR_MEMS_CLOSED`.
 */
export function rReset(which: bigint | Lifetime): void;

/**
 * Ends an arena and its blocks. Throws `ERR_MEMS_CLOSED` if it has ended, and
 * `ERR_MEMS_RANGE` for those of `initArenas()`.
 */
export function rDestroy(arena: bigint): void;

/**
 * Frees one block of an arena, so that an intermediate one can use it again.
 * Throws `ERR_MEMS_ADDRESS` if there is none, and `ERR_MEMS_CLOSED`.
 */
export function rArenaFree(arena: bigint, address: bigint,
  size?: number | bigint): void;

/** Makes one arena for each lifetime, once. */
export function initArenas(): void;

/** What each call site did, in the order of their first allocation. */
export function siteStats(): SiteStats[];
