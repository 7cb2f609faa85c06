'use strict';

// Spaces: heaps with their own addresses, which every thread and language
// shares. A handle is an address, a plain number.

const { constants } = require('buffer');
const native = require('./native');
const { CLOSED, FIRST_ADDRESS, Window } = require('./window');
const { Checker } = require('./checker');
const {
  closed, noMemory, objectOf, wrongAddress, wrongRange, wrongType
} = require('./errors');

// What a space begins with that was not told, and what it may grow to.
const SIZE = 2 ** 30;
const MAXIMUM = 2 ** 32;
// Windows takes memory for all that is usable at once.
const SIZE_EAGER = 2 ** 26;
// The most that one view holds: 4 GiB, or almost, before Node 22. What lies
// behind is seen through further windows, each half a view behind the last, so
// that whatever is no longer than that lies in one of them.
const VIEW = constants.MAX_LENGTH - constants.MAX_LENGTH % 4096;
const STRIDE = 2 ** Math.floor(Math.log2(VIEW / 2 + 4096));

// What else a block may need: its rounding, that of the chunk it comes in.
const SLACK = 2 ** 17;

const POLICIES = ['first-fit', 'good-fit'];

// What an object holds that the garbage collector found: nothing but numbers.
const dropped = typeof FinalizationRegistry === 'undefined' ? null :
  new FinalizationRegistry(({ number, type }) => {
    process.emitWarning(
      `a ${type} was dropped without destroy(); it is ended now`,
      { type: 'MemsWarning', code: 'MEMS_DROPPED' });
    try {
      native.release(number, 0);
    } catch (error) {
      // It ended in the meantime.
    }
  });

// By their handles: who wants to hear of soft limits.
const listening = new Map();

function tell(number, used) {
  const space = listening.get(number);
  if (space !== undefined) space.tell(used);
}

const IS_EAGER = process.platform === 'win32';

// Can a SharedArrayBuffer get longer? From Node 20 on.
const GROWS = 'growable' in SharedArrayBuffer.prototype;

function policyNumber(policy) {
  const number = POLICIES.indexOf(policy);
  if (number < 0) throw wrongRange(`policy must be ${POLICIES.join(' or ')}`);
  return number;
}

// Looks like a Buffer to all who ask, and is made faster than by Buffer.from.
class View extends Uint8Array {}
Object.setPrototypeOf(View.prototype, Buffer.prototype);
Object.defineProperty(View.prototype, 'constructor', {
  value: Buffer, writable: true, configurable: true
});

class Space {
  #number;
  #windows = [];
  #first = CLOSED;  // the first of them: most spaces have no other
  #found;         // where #place() found bytes
  #checker;
  #listeners = [];
  #maximum;
  #usable;        // as many bytes of memory that grows as C was told of
  #shared;
  #children = new Set();

  constructor(options = {}) {
    const {
      memory = 'shared', size, maximum, growth = 65536, granule = 16,
      policy = 'good-fit', softLimit = 0, hardLimit = 0, checked = false, token
    } = objectOf(options);
    let made;
    let bytes;
    if (maximum !== undefined && memory !== 'shared') {
      throw wrongRange('maximum is for memory: \'shared\'');
    }
    if (token !== undefined) {
      bytes = token.memory ? bytesOf(token.memory) : undefined;
      made = native.spaceAttach(token.number, bytes);
    } else if (memory === 'mapped' || memory === 'reserved') {
      const most = size === undefined ? mappedSize() : size;
      if (memory === 'mapped') wantSize(most);
      made = native.spaceMap(most, growth, granule, policyNumber(policy),
        softLimit, hardLimit);
    } else {
      const buffer = sharedMemory(memory, size, maximum);
      made = insist(() => {
        bytes = bytesOf(buffer);
        return native.spaceAdopt(bytes, 0, growth, granule,
          policyNumber(policy), softLimit, hardLimit, memory === 'shared',
          mostOf(buffer));
      }, () => lengthen(buffer, 1));
    }
    const [number, region, most, front] = made;
    this.#number = number;
    this.#maximum = most;
    this.#usable = bytes === undefined ? 0 : bytes.length;
    this.#shared = bytes !== undefined &&
      bytes.buffer instanceof SharedArrayBuffer;
    this.#checker = checked ? new Checker() : null;
    // The only field: posting a space to a worker posts what it needs.
    this.token = Object.freeze({
      type: 'mems.space', number: region,
      memory: bytes === undefined ? null : bytes.buffer
    });
    try {
      this.#open(bytes, front, memory);
    } catch (error) {
      native.release(number, 0);
      throw error;
    }
    if (dropped !== null) dropped.register(this, { number, type: 'Space' }, this);
  }

  // The space that another thread posted.
  static attach(posted, options = {}) {
    const token = posted && (posted.token || posted);
    if (!token || token.type !== 'mems.space') {
      throw wrongType('this is no space');
    }
    return new Space({ ...options, token });
  }

  // Adopted memory is one window; of mapped memory each is made when needed.
  #open(bytes, front, memory) {
    const window = new Window(0);
    if (bytes !== undefined) {
      window.set(bytes.buffer, front,
        Math.min(this.#maximum, bytes.length - front));
    // What was only reserved is not for JavaScript to look at.
    } else if (memory !== 'reserved') {
      this.#map(window, 0);
    }
    this.#windows[0] = this.#first = window;
  }

  #map(window, offset) {
    const length = Math.min(VIEW, this.#maximum - offset);
    window.set(native.spaceView(this.#number, offset, length), 0, length);
  }

  // A window in which `length` bytes from the address on lie.
  windowAt(address, length = 1) {
    const offset = address - FIRST_ADDRESS;
    if (offset >= 0 && offset + length <= this.#first.length) {
      return this.#first;
    }
    if (this.#first.length === 0) return this.#first;   // it was destroyed
    if (!(offset >= 0 && offset + length <= this.#maximum)) {
      throw wrongAddress('the address is not in the space');
    }
    const window = this.token.memory !== null ? this.#lengthened() :
      this.#window(Math.floor(offset / STRIDE));
    if (offset + length > window.offset + window.length) {
      throw wrongAddress('the bytes are too many for one view');
    }
    return window;
  }

  // The window of adopted memory, which another thread may have made longer.
  #lengthened() {
    const { memory } = this.token;
    const { start, length } = this.#first;
    const now = Math.min(this.#maximum, memory.byteLength - start);
    if (now > length) this.#first.set(memory, start, now);
    return this.#first;
  }

  #window(index) {
    if (this.#windows[index] === undefined) {
      const window = new Window(index * STRIDE);
      this.#map(window, index * STRIDE);
      this.#windows[index] = window;
    }
    return this.#windows[index];
  }

  get number() {
    return this.#number;
  }

  // The arenas, slabs and heaps that this thread has in it.
  get children() {
    return this.#children;
  }

  get checked() {
    return this.#checker !== null;
  }

  // Can Atomics be used on its words?
  get atomic() {
    return this.#shared;
  }

  get maximum() {
    return this.#maximum;
  }

  // The bytes, and numbers, of all that one view holds: address 1000 is index 0.
  get window() {
    return this.#first;
  }

  // ------------------------------------------------------------ checked spaces

  // The handle that a block at this address gets.
  note(address, size, era) {
    return this.#checker === null ? address :
      this.#checker.note(address, size, era);
  }

  noteAll(addresses, sizes, era) {
    if (this.#checker === null) return addresses;
    for (let i = 0; i < addresses.length; i++) {
      addresses[i] = this.#checker.note(addresses[i],
        typeof sizes === 'number' ? sizes : sizes[i], era);
    }
    return addresses;
  }

  // Handles of checked spaces have more digits than other arrays hold.
  wantHandles(handles) {
    if (this.#checker !== null && !(handles instanceof Float64Array)) {
      throw wrongType('handles of a checked space need a Float64Array');
    }
  }

  // The address that a handle stands for, which must be in a block that lives.
  lookUp(handle, length) {
    return this.#checker === null ? handle :
      this.#checker.lookUp(handle, length);
  }

  // The same whether it lives or not.
  addressOf(handle) {
    return this.#checker === null ? handle : this.#checker.addressOf(handle);
  }

  // What marks of checked arenas remember.
  get sequence() {
    return this.#checker === null ? 0 : this.#checker.sequence;
  }

  // The bytes of a block that may be looked at.
  room(handle, usable) {
    return this.#checker === null ? usable :
      Math.min(usable, this.#checker.room(handle));
  }

  // As far as the handle can tell.
  lives(handle) {
    return this.#checker === null || this.#checker.lives(handle);
  }

  forget(address) {
    if (this.#checker !== null) this.#checker.forget(address);
  }

  // -------------------------------------------------------------------- growth

  // What a call gives that wants about so many bytes.
  growing(size, call) {
    return insist(call, () => this.#grow(size));
  }

  // Have more usable memory, if that can help.
  #grow(size) {
    const { memory } = this.token;
    if (memory === null || !memory.growable) return false;
    const length = memory.byteLength;
    // Another thread may have been faster.
    if (length === this.#usable && !lengthen(memory, this.#want(size))) {
      return false;
    }
    const bytes = bytesOf(memory);
    native.spaceExtend(this.#number, bytes);
    this.#usable = bytes.length;
    return true;
  }

  // The bytes of memory that there must be for a block of this size; 0 if no
  // memory helps.
  #want(size) {
    const { mapped, used, largestHole, hardLimit } = this.stats();
    const more = Math.max(size - largestHole, 0);
    if (hardLimit > 0 && used + size > hardLimit ||
        mapped + more > this.#maximum) {
      return 0;
    }
    return this.#first.start + mapped + more + SLACK;
  }

  // -------------------------------------------------------------------- blocks

  alloc(size) {
    return this.note(this.growing(size, () =>
      native.spaceAlloc(this.#number, size)), size);
  }

  alignedAlloc(alignment, size) {
    return this.note(this.growing(size, () =>
      native.spaceAlignedAlloc(this.#number, alignment, size)), size);
  }

  calloc(size) {
    return this.note(this.growing(size, () =>
      native.spaceCalloc(this.#number, size)), size);
  }

  resize(handle, size) {
    const address = this.lookUp(handle);
    const moved = this.growing(size, () =>
      native.spaceResize(this.#number, address, size));
    if (moved === address && this.#checker === null) return handle;
    this.forget(address);
    return this.note(moved, size);
  }

  free(handle) {
    const address = this.lookUp(handle);
    native.spaceFree(this.#number, address);
    this.forget(address);
  }

  allocBulk(sizes, handles) {
    this.wantHandles(handles);
    this.growing(0, () =>
      native.allocBulk(this.#number, 0, sizes, handles));
    return this.noteAll(handles, sizes);
  }

  freeBulk(handles) {
    if (this.checked) handles.forEach((handle) => this.free(handle));
    else native.freeBulk(this.#number, 0, handles);
  }

  usableSize(handle) {
    return native.spaceUsableSize(this.#number, this.lookUp(handle));
  }

  // Is the address in a live block, at its start or inside?
  contains(handle) {
    return native.spaceContains(this.#number, this.addressOf(handle)) &&
      this.lives(handle);
  }

  // The space's mems_space in C, as a BigInt, for native code of this process
  // that has the same copy of the library: build the addon with MEMS_SYSTEM=1.
  get nativeSpace() {
    return native.spaceNative(this.#number);
  }

  // Where the memory lies in this process.
  pointer(handle) {
    return native.spacePointer(this.#number, this.lookUp(handle));
  }

  // --------------------------------------------------------------- its contents

  // Where `length` bytes from the handle on lie in the window #found.
  #place(handle, length) {
    const address = this.#checker === null ? handle :
      this.#checker.lookUp(handle, length);
    const first = this.#first;
    const at = address - FIRST_ADDRESS;
    if (typeof address === 'number' && length >>> 0 === length && at >= 0 &&
        at % 1 === 0 && at + length <= first.length) {
      this.#found = first;
      return first.start + at;
    }
    return this.#placeFar(address, length);
  }

  #placeFar(address, length) {
    if (this.#first.length === 0) throw closed('the space was destroyed');
    if (typeof address !== 'number' || typeof length !== 'number') {
      throw wrongType('a handle and a length are numbers');
    }
    if (address % 1 !== 0 || !(length >= 0) || length % 1 !== 0) {
      throw wrongAddress('these bytes are not in the space');
    }
    this.#found = this.windowAt(address, length);
    return this.#found.start + address - FIRST_ADDRESS - this.#found.offset;
  }

  view(handle, length) {
    const at = this.#place(handle, length);
    return new Uint8Array(this.#found.bytes, at, length);
  }

  buffer(handle, length) {
    const at = this.#place(handle, length);
    return new View(this.#found.bytes, at, length);
  }

  dataView(handle, length) {
    const at = this.#place(handle, length);
    return new DataView(this.#found.bytes, at, length);
  }

  fill(handle, byte, length) {
    this.view(handle, length).fill(byte);
  }

  readString(handle, length, encoding = 'utf8') {
    return this.buffer(handle, length).toString(encoding);
  }

  // How many bytes were written; there must be room for all.
  writeString(handle, text, encoding = 'utf8') {
    const length = Buffer.byteLength(text, encoding);
    return this.buffer(handle, length).write(text, encoding);
  }

  allocString(text, encoding = 'utf8') {
    return this.storeString(this, text, encoding);
  }

  // A block with the text, from anything that allocates in the space.
  storeString(from, text, encoding) {
    if (typeof text !== 'string') throw wrongType('a text is a string');
    if (!Buffer.isEncoding(encoding)) {
      throw wrongRange(`there is no encoding ${String(encoding)}`);
    }
    const length = Buffer.byteLength(text, encoding);
    const handle = from.alloc(length === 0 ? 1 : length);
    this.writeString(handle, text, encoding);
    return { handle, length };
  }

  // ------------------------------------------------------------- what it tells

  stats() {
    const [
      maximum, mapped, used, usedPeak, unused, largestHole, pages, nodes,
      blocks, holes, allocations, frees, metadata, returned, growth, softLimit,
      hardLimit, granule, policy
    ] = native.spaceStats(this.#number);
    return {
      maximum, committed: mapped + metadata, mapped, used, usedPeak, unused,
      largestHole, pages, nodes, blocks, holes, allocations, frees, metadata,
      returned, growth, softLimit, hardLimit, granule,
      policy: POLICIES[policy]
    };
  }

  // Each node with its segments, in order of address.
  nodes() {
    const flat = native.spaceWalk(this.#number);
    const nodes = [];
    for (let i = 0; i < flat.length; i += 3) {
      const [kind, address, size] = flat.slice(i, i + 3);
      if (kind === 0) nodes.push({ address, size, segments: [] });
      else {
        nodes[nodes.length - 1].segments.push({
          kind: kind === 1 ? 'process' : 'hole', address, size
        });
      }
    }
    return nodes;
  }

  print() {
    return native.spacePrint(this.#number);
  }

  toJSON() {
    return JSON.parse(native.spaceJson(this.#number));
  }

  toSVG() {
    return native.spaceDraw(this.#number);
  }

  verify() {
    native.spaceVerify(this.#number);
  }

  trim() {
    return native.spaceTrim(this.#number);
  }

  defrag() {
    return native.spaceDefrag(this.#number);
  }

  // -------------------------------------------------------------------- limits

  limit(limits = {}) {
    const { soft = 0, hard = 0 } = objectOf(limits);
    native.spaceLimit(this.#number, soft, hard);
  }

  // 'softlimit': use has gone above the soft limit. Told soon after, whichever
  // thread it was that allocated.
  on(event, listener) {
    wantEvent(event);
    if (typeof listener !== 'function') {
      throw wrongType('the listener must be a function');
    }
    native.spaceListen(this.#number, tell);
    listening.set(this.#number, this);
    this.#listeners.push(listener);
    return this;
  }

  off(event, listener) {
    wantEvent(event);
    this.#listeners = this.#listeners.filter((other) => other !== listener);
    if (this.#listeners.length === 0) listening.delete(this.#number);
    return this;
  }

  tell(used) {
    for (const listener of this.#listeners.slice()) listener.call(this, used);
  }

  // --------------------------------------------------------------------- roots

  // The address of that name, or undefined.
  root(name) {
    return native.spaceRootGet(this.#number, name);
  }

  setRoot(name, handle) {
    native.spaceRootSet(this.#number, name, this.addressOf(handle));
  }

  removeRoot(name) {
    return native.spaceRootRemove(this.#number, name);
  }

  // ------------------------------------------------------------------- its end

  // Gives up this thread's hold, and what the thread made in the space. The
  // memory goes when no thread has it any more.
  destroy() {
    native.release(this.#number, 0);
    if (dropped !== null) dropped.unregister(this);
    listening.delete(this.#number);
    for (const child of this.#children) child.close();
    this.#children.clear();
    for (const window of this.#windows) {
      if (window === undefined || window.length === 0) continue;
      const { bytes } = window;
      window.close();
      if (this.token.memory === null) native.detach(bytes);
    }
  }
}

function wantSize(size, name = 'size') {
  if (!Number.isSafeInteger(size) || size < 1) {
    throw wrongRange(name + ' must be a whole number above 0');
  }
}

function wantEvent(event) {
  if (event !== 'softlimit') {
    throw wrongRange(`there is no event ${String(event)}`);
  }
}

// What a call gives. If it has too little memory, it is made again as long as
// there can be more.
function insist(call, getMore) {
  for (;;) {
    try {
      return call();
    } catch (error) {
      if (error.code !== 'ERR_MEMS_NO_MEMORY' || !getMore()) throw error;
    }
  }
}

// What is usable of a buffer; an array that follows its length is slow.
function bytesOf(memory) {
  return new Uint8Array(memory, 0, memory.byteLength);
}

// How long it may get; 0: it stays as it is.
function mostOf(memory) {
  return memory.growable ? memory.maxByteLength : 0;
}

// Make it as long as is wanted, and rather twice as long as it is. False if it
// is no longer than before.
function lengthen(memory, wanted) {
  const length = memory.byteLength;
  if (wanted === 0 || !memory.growable) return false;
  try {
    memory.grow(Math.min(Math.max(wanted, length * 2), memory.maxByteLength));
  } catch (error) {
    // There is no memory for it, or another thread made it longer still.
  }
  return memory.byteLength > length;
}

// Any other buffer can be detached or made smaller while C works in it.
function sharedMemory(memory, size, maximum) {
  if (memory instanceof SharedArrayBuffer) {
    wantView(Math.max(memory.byteLength, mostOf(memory)));
    return memory;
  }
  if (memory !== 'shared') {
    throw wrongRange('memory must be shared, mapped or a SharedArrayBuffer');
  }
  if (size === undefined && maximum === undefined) return defaultMemory();
  const most = maximum === undefined ? size : maximum;
  const first = size === undefined ? Math.min(defaultSize(), most) : size;
  wantSize(first);
  wantSize(most, 'maximum');
  if (most < first) throw wrongRange('maximum must be size at least');
  wantView(most);
  return freshMemory(first, most);
}

// Less where there are no addresses for so much.
function defaultMemory() {
  const first = defaultSize();
  const most = !GROWS ? first : IS_EAGER ? SIZE : Math.min(MAXIMUM, VIEW);
  for (let size = most; size > SIZE_EAGER; size /= 2) {
    try {
      return freshMemory(Math.min(first, size), size);
    } catch (error) {
      // The last try tells.
    }
  }
  return freshMemory(SIZE_EAGER, SIZE_EAGER);
}

function defaultSize() {
  return IS_EAGER ? SIZE_EAGER : SIZE;
}

function mappedSize() {
  return IS_EAGER && !GROWS ? SIZE_EAGER : SIZE;
}

// Where buffers do not grow, all that it may get is usable from the start.
function freshMemory(size, maximum) {
  try {
    return size < maximum && GROWS ?
      new SharedArrayBuffer(size, { maxByteLength: maximum }) :
      new SharedArrayBuffer(maximum);
  } catch (error) {
    error.code = 'ERR_MEMS_NO_MEMORY';
    throw error;
  }
}

function wantView(size) {
  if (size <= VIEW) return;
  throw noMemory(`one view has ${VIEW} bytes at most here; with memory: ` +
    '\'mapped\' a space may have several');
}

if (Symbol.dispose) Space.prototype[Symbol.dispose] = Space.prototype.destroy;

module.exports = { Space };
