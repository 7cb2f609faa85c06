// For settings that know neither Symbol.dispose nor Node: "lib" is es2020.

import { Space, Arena, struct, NodeBuffer } from 'libmems';

export function works(): string {
  const space = new Space({ size: 2 ** 20 });
  const arena = new Arena(space);
  const bytes: Uint8Array = arena.allocBuffer(16);
  const buffer: NodeBuffer = space.buffer(1000, 16);
  const record = struct({ id: 'u32', name: 'utf8[8]' }).alloc(arena);
  record.id = bytes.length + buffer.length;
  arena.destroy();
  space.destroy();
  return record.name;
}

export function mistakes(space: Space): void {
  // @ts-expect-error: bytes are no number
  const number: number = space.buffer(1000, 16);
  // @ts-expect-error: not known here
  space[Symbol.dispose]();
}
