import mems from './index.js';

export const {
  Space, Arena, Heap, Slab, struct, arenaPerRequest, version,
  init, malloc, get, free, stats, toSVG, printStats, finish
} = mems;
export default mems;
