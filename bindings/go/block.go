package mems

import (
	"io"
	"math"
	"sync"
	"unsafe"
)

// A Block is memory of a heap as a file has it: bytes that are read and written
// at offsets or one after the other, and that grow when one writes behind them.
//
// Any goroutine may use it at any time. ReadAt, and WriteAt to other bytes within
// Len, may run at once; calls that move the position or the memory keep the
// others out until they end, ReadFrom and WriteTo too, whose other side must not
// use the block.
//
// Whoever holds it for longer than its maker calls Retain, and each holder
// Release when done; the last frees the memory. From then on, and when the heap
// is closed, calls fail with ErrClosed.
type Block struct {
	mu    sync.RWMutex
	heap  *Heap
	bytes []byte // of the capacity that the block really has
	at    int64  // the position; it may lie behind the bytes
	held  int    // by so many; 0: it is freed
}

var _ interface {
	io.ReadWriteSeeker
	io.ReaderAt
	io.WriterAt
	io.ReaderFrom
	io.WriterTo
	io.Closer
} = (*Block)(nil)

// readLeast is how much room ReadFrom offers at least.
const readLeast = 512

// NewBlock makes a Block of size bytes, all 0, which may be none.
func (h *Heap) NewBlock(size int) (*Block, error) {
	b := &Block{heap: h, held: 1}
	if h.closed.Load() {
		return nil, h.fail("block", uintptr(size), ErrClosed)
	}
	if size != 0 {
		if _, err := b.reach(size, size); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// Retain adds a holder.
func (b *Block) Retain() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended() {
		return ErrClosed
	}
	b.held++
	return nil
}

// Release takes a holder away; with the last one the memory is freed.
func (b *Block) Release() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended() {
		return ErrClosed
	}
	if b.held--; b.held > 0 || cap(b.bytes) == 0 {
		return nil
	}
	bytes := b.bytes
	b.bytes = nil
	return b.heap.Free(bytes)
}

// Close is Release.
func (b *Block) Close() error { return b.Release() }

// ended needs the lock, as all calls with a small letter.
func (b *Block) ended() bool { return b.held == 0 || b.heap.closed.Load() }

// Bytes are the block's own, not a copy. They are its memory until it grows, is
// resized or freed; nil when it is. Other goroutines that write meanwhile are
// seen.
func (b *Block) Bytes() []byte {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.ended() {
		return nil
	}
	// Without the room behind them: append must not write there.
	return b.bytes[:len(b.bytes):len(b.bytes)]
}

// Len is how many bytes there are; 0 when it is freed.
func (b *Block) Len() int {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.ended() {
		return 0
	}
	return len(b.bytes)
}

// Cap is up to how many it may grow without a move.
func (b *Block) Cap() int {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.ended() {
		return 0
	}
	return cap(b.bytes)
}

// Resize changes how many bytes there are. What is common to both sizes is
// kept, what is new is 0. The position stays. Memory is given back when less
// than half of it is left in use.
func (b *Block) Resize(size int) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended() {
		return ErrClosed
	}
	if size < 0 {
		return b.heap.fail("resize", uintptr(size), ErrBadSize)
	}
	if size > 0 && size < cap(b.bytes)/2 {
		b.bytes = b.bytes[:min(len(b.bytes), size)]
		// Where there is no memory for a smaller block it stays.
		if left, err := b.move(size); err == nil {
			b.drop(left)
		}
	}
	left, err := b.reach(size, size)
	b.drop(left)
	return err
}

// The calls that may move the bytes to another block give the one they left,
// which whoever still reads from it is to drop.

// drop frees a block that was left.
func (b *Block) drop(left []byte) {
	if cap(left) > 0 {
		_ = b.heap.Free(left)
	}
}

// reach makes the length size, and the bytes that are new 0.
func (b *Block) reach(size, wanted int) (left []byte, err error) {
	left, err = b.room(size, wanted)
	if err != nil {
		return nil, err
	}
	had := len(b.bytes)
	b.bytes = b.bytes[:size]
	if size > had {
		clear(b.bytes[had:])
	}
	return left, nil
}

// room makes the capacity size at least, and wanted if there is memory.
func (b *Block) room(size, wanted int) (left []byte, err error) {
	if size >= 0 && size <= cap(b.bytes) {
		return nil, nil
	}
	if wanted > size {
		if left, err = b.move(wanted); err == nil {
			return left, nil
		}
	}
	return b.move(size)
}

// more is how much to want when size is needed, so that one who goes on writing
// copies each byte a few times at most.
func (b *Block) more(size int) int {
	return max(size, cap(b.bytes)+cap(b.bytes)/2, 64)
}

// move has the bytes in another block, of that capacity at least.
func (b *Block) move(capacity int) (left []byte, err error) {
	to, err := b.heap.AllocDirty(capacity)
	if err != nil {
		return nil, err
	}
	left = b.bytes
	length := copy(to, left)
	b.bytes = unsafe.Slice(unsafe.SliceData(to), b.heap.UsableSize(to))[:length]
	return left, nil
}

// Read reads from the position on, as of a file.
func (b *Block) Read(to []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended() {
		return 0, ErrClosed
	}
	if len(to) == 0 {
		return 0, nil
	}
	if b.at >= int64(len(b.bytes)) {
		return 0, io.EOF
	}
	n := copy(to, b.bytes[b.at:])
	b.at += int64(n)
	return n, nil
}

// ReadAt reads from an offset on. It fails with io.EOF when there are fewer
// bytes than asked for, and with ErrRange when the offset is negative.
func (b *Block) ReadAt(to []byte, offset int64) (int, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.ended() {
		return 0, ErrClosed
	}
	if offset < 0 {
		return 0, ErrRange
	}
	n := copy(to, b.bytes[min(offset, int64(len(b.bytes))):])
	if n < len(to) {
		return n, io.EOF
	}
	return n, nil
}

// Write writes from the position on. The block grows if need be, and what lies
// between its end and the position is 0 then. Without memory for all nothing is
// written.
func (b *Block) Write(from []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n, err := b.put(from, b.at)
	b.at += int64(n)
	return n, err
}

// WriteAt is Write at an offset; the position stays. It fails with ErrRange when
// the offset is negative.
func (b *Block) WriteAt(from []byte, offset int64) (int, error) {
	b.mu.RLock()
	if !b.ended() && offset >= 0 && offset <= int64(len(b.bytes)) &&
		len(from) <= len(b.bytes)-int(offset) {
		defer b.mu.RUnlock()
		return copy(b.bytes[offset:], from), nil
	}
	b.mu.RUnlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.put(from, offset)
}

func (b *Block) put(from []byte, offset int64) (int, error) {
	if b.ended() {
		return 0, ErrClosed
	}
	if offset < 0 || offset > math.MaxInt-int64(len(from)) {
		return 0, ErrRange
	}
	if len(from) == 0 {
		return 0, nil
	}
	if end := int(offset) + len(from); end > len(b.bytes) {
		left, err := b.reach(end, b.more(end))
		if err != nil {
			return 0, err
		}
		// Only then: what is written may be the block's own bytes.
		defer b.drop(left)
	}
	return copy(b.bytes[offset:], from), nil
}

// Seek sets the position for the next Read or Write, which may lie behind the
// end. It fails with ErrRange when that would be negative.
func (b *Block) Seek(offset int64, whence int) (int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended() {
		return 0, ErrClosed
	}
	from := int64(0)
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		from = b.at
	case io.SeekEnd:
		from = int64(len(b.bytes))
	default:
		return 0, ErrOption
	}
	if offset > math.MaxInt64-from || from+offset < 0 {
		return 0, ErrRange
	}
	b.at = from + offset
	return b.at, nil
}

// WriteTo writes all from the position on to w, without a copy of its own.
func (b *Block) WriteTo(w io.Writer) (int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended() {
		return 0, ErrClosed
	}
	rest := b.bytes[min(b.at, int64(len(b.bytes))):]
	if len(rest) == 0 {
		return 0, nil
	}
	n, err := w.Write(rest)
	if n < 0 || n > len(rest) {
		return 0, ErrRange
	}
	b.at += int64(n)
	if n < len(rest) && err == nil {
		err = io.ErrShortWrite
	}
	return int64(n), err
}

// ReadFrom writes all that r has from the position on, without a copy of its
// own, and grows as Write does. Where bytes lay behind the position r may have
// changed more of them than it tells, as readers may.
func (b *Block) ReadFrom(r io.Reader) (int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	total := int64(0)
	for {
		if b.ended() {
			return total, ErrClosed
		}
		room, err := b.offer()
		if err != nil {
			return total, err
		}
		n, err := r.Read(room)
		if n < 0 || n > len(room) {
			return total, ErrRange
		}
		if n > 0 {
			b.at += int64(n)
			b.bytes = b.bytes[:max(len(b.bytes), int(b.at))]
			total += int64(n)
		}
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}

// offer is the room behind the position, with more of it if there is little.
func (b *Block) offer() ([]byte, error) {
	if b.at > math.MaxInt-readLeast {
		return nil, ErrRange
	}
	at := int(b.at)
	if need := at + readLeast; need > cap(b.bytes) {
		left, err := b.room(need, b.more(need))
		// Without memory what is there may do: the reader may be at its
		// end.
		if err != nil && at >= cap(b.bytes) {
			return nil, err
		}
		b.drop(left)
	}
	if at > len(b.bytes) {
		clear(b.bytes[len(b.bytes):at])
	}
	return b.bytes[at:cap(b.bytes)], nil
}
