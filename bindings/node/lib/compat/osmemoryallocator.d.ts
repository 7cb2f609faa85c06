// In place of `@sambhav-gautam/osmemoryallocator`: its calls and its lines.

export {
  init, malloc, get, free, stats, toSVG, printStats
} from '../index.js';

/**
 * Ends the heap, gives its memory back, and writes one line that says so to
 * `process.stdout`. Throws `ERR_MEMS_CLOSED` before `init()`.
 */
export function finish(): void;
