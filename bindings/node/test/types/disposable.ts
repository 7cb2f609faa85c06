// `using`, for settings that know it: "lib" has esnext.disposable.

import { Space, Arena, Heap, Slab, Cursor } from 'libmems';

export function ends(): void {
  using space = new Space({ size: 2 ** 20 });
  using arena = new Arena(space);
  using heap = new Heap(space);
  using slab = new Slab(space, { size: 16 });
  const disposables: Disposable[] = [space, arena, heap, slab];
  disposables[0][Symbol.dispose]();
}

export function mistake(cursor: Cursor<{ id: 'u32' }>): void {
  // @ts-expect-error: a cursor has nothing to end
  using other = cursor;
}
