// What is different in a module: how libmems is imported. The calls themselves
// consumer.ts has; test/types.js compiles and runs that as a module too.

import mems, { Space, Arena, struct, arenaPerRequest, version } from 'libmems';
import type { Handle, Middleware, Cursor } from 'libmems';
import * as all from 'libmems';
import * as classic from 'libmems/compat/osmemoryallocator';
import { init, rAlloc, rFree, LIFETIME } from 'libmems/compat/r-alloc';

function same<T>(left: T, right: T, what: string): void {
  if (left !== right) throw new Error(`${what}: ${left} is not ${right}`);
}

const space: Space = new mems.Space({ size: 2 ** 20 });
same(space instanceof Space, true, 'one class');
same(all.Arena, Arena, 'one module');
same(all.default, mems, 'default');
same(mems.version, version, 'version');
const arena = new Arena(space);
const handle: Handle = arena.alloc(16);
const record: Cursor<{ readonly id: 'u32' }> = struct({ id: 'u32' })
  .cursor(space).at(handle);
record.id = 7;
same(space.dataView(handle, 4).getUint32(0, true), 7, 'record');
const handler: Middleware = arenaPerRequest({ space });
same(typeof handler, 'function', 'middleware');
space.destroy();

classic.init();
classic.free(classic.malloc(1000));
same(typeof classic.finish, 'function', 'classic');

init();
rFree(rAlloc(64));
same(LIFETIME.PERSISTENT, 2, 'LIFETIME');

// Compiled and never run: each line is a mistake that the types must find.
export function mistakes(): void {
  // @ts-expect-error: no such export
  mems.Region;
  // @ts-expect-error: no such export
  all.Checker;
  // @ts-expect-error: a type, not a value
  all.Handle;
  // @ts-expect-error: fields are typed here too
  record.id = 'seven';
  // @ts-expect-error: addresses are BigInt
  rFree(1);
}
