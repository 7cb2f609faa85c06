package mems

import (
	"iter"
	"math/bits"
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"
)

// A Ref refers to a T of a Store, and finds nothing more once that was freed:
// it is the number of a slot, and which of the Ts that lie there in turn it
// means. It has no pointers, so it may lie in a T itself, and those that refer
// to the same T are equal. The zero Ref refers to nothing.
type Ref[T any] struct {
	_    [0]*T // one of another type is not converted to this
	word refWord
}

// IsZero tells if it is the Ref that refers to nothing.
func (r Ref[T]) IsZero() bool { return r.word == 0 }

// A refWord is the number of a slot, from 1, in the lower half, and a
// generation.
type refWord uint64

func refWordOf(number, generation uint32) refWord {
	return refWord(generation)<<32 | refWord(number)
}

func (w refWord) number() uint32     { return uint32(w) }
func (w refWord) index() uint32      { return uint32(w) - 1 }
func (w refWord) generation() uint32 { return uint32(w >> 32) }

// A Store has single Ts off the heap of Go, which are found by Refs that
// outlive them: to ask for what was freed is an error, not a wrong answer. Any
// goroutine may use it at any time, but for Close.
type Store[T any] struct {
	ready  atomic.Uint32  // slots below have words
	chunks unsafe.Pointer // where the list begins; atomic
	absent error          // what a Ref that finds nothing gives
	heap   *Heap

	mu   sync.Mutex // of what follows
	list []unsafe.Pointer
	free uint32 // the number of the slot that was freed last; 0: none
	made uint32 // slots below were in use once
	live int
}

// A storeSlot's word is that of the Ref which finds it. One that is free has
// the number of another there, the next free one's, and the generation that was
// last: no Ref that leads here equals that. The word lies beside the T, so that
// a look at it brings the T's line into the cache.
type storeSlot[T any] struct {
	word  atomic.Uint64
	value T
}

const (
	storeChunk     = 128 << 10 // bytes; twice that at most, or one slot
	storeStep      = 4 << 10   // bytes, about, that get words at a time
	lastGeneration = ^uint32(0)
)

// shift tells how many slots a chunk has, as a power of two, which the compiler
// knows for each T.
func (*Store[T]) shift() int {
	return bits.Len32(uint32(storeChunk/unsafe.Sizeof(storeSlot[T]{}))) & 31
}

func (s *Store[T]) chunkSize() uintptr {
	return unsafe.Sizeof(storeSlot[T]{}) << s.shift()
}

// NewStore makes a store that takes its memory from the heap. It fails with
// ErrPointers if T has any. A store that is not closed ends with the heap.
func NewStore[T any](h *Heap) (*Store[T], error) {
	if err := CheckType[T](); err != nil {
		return nil, err
	}
	s := &Store[T]{heap: h, absent: ErrStale}
	if err := h.join(s); err != nil {
		return nil, err
	}
	return s, nil
}

// Get gives the T, or ErrStale if it was freed, or the Ref is none of this
// store. It takes no lock. The pointer is good until the T is freed, which Get
// does not keep others from doing.
func (s *Store[T]) Get(ref Ref[T]) (*T, error) {
	// As slot does, and shift: as calls they would keep this from being inlined.
	shift := bits.Len32(uint32(storeChunk/unsafe.Sizeof(storeSlot[T]{}))) & 31
	index := uintptr(uint32(ref.word) - 1)
	if index < uintptr(s.ready.Load()) {
		slot := (*storeSlot[T])(unsafe.Add(
			*(*unsafe.Pointer)(unsafe.Add(atomic.LoadPointer(&s.chunks),
				index>>shift*pointerSize)),
			index&(1<<shift-1)*unsafe.Sizeof(storeSlot[T]{})))
		if slot.word.Load() == uint64(ref.word) {
			return &slot.value, nil
		}
	}
	return nil, s.absent
}

// slot is one that is ready.
func (s *Store[T]) slot(index uint32) *storeSlot[T] {
	chunk := *(*unsafe.Pointer)(unsafe.Add(atomic.LoadPointer(&s.chunks),
		uintptr(index>>s.shift())*pointerSize))
	return (*storeSlot[T])(unsafe.Add(chunk,
		uintptr(index&(1<<s.shift()-1))*unsafe.Sizeof(storeSlot[T]{})))
}

const pointerSize = unsafe.Sizeof(unsafe.Pointer(nil))

// On amd64 plain stores are whole and in order, and much faster than atomic
// ones. The race detector is to see the latter.
const plainStores = runtime.GOARCH == "amd64" && !collected

func (s *storeSlot[T]) set(word refWord) {
	if plainStores {
		*(*refWord)(unsafe.Pointer(&s.word)) = word
		return
	}
	s.word.Store(uint64(word))
}

// New gives a T, all 0, and the Ref that finds it.
func (s *Store[T]) New() (Ref[T], *T, error) {
	s.mu.Lock()
	number := s.free
	for number == 0 {
		if s.made < s.ready.Load() || s.prepare() {
			s.made++
			number = s.made
			break
		}
		// No lock is held while the heap is asked, which may call whoever
		// wants to hear of a soft limit.
		s.mu.Unlock()
		if err := s.grow(); err != nil {
			return Ref[T]{}, nil, err
		}
		s.mu.Lock()
		number = s.free
	}
	slot := s.slot(number - 1)
	was := refWord(slot.word.Load())
	if number == s.free {
		s.free = was.number()
	}
	s.live++
	s.mu.Unlock()

	// Nobody else has this slot now.
	unpoison(unsafe.Pointer(&slot.value), unsafe.Sizeof(slot.value))
	slot.value = *new(T)
	ref := Ref[T]{word: refWordOf(number, was.generation()+1)}
	slot.set(ref.word)
	return ref, &slot.value, nil
}

// prepare gives words to more slots of the last chunk; false if all have some.
func (s *Store[T]) prepare() bool {
	from, end := s.ready.Load(), uint32(len(s.list))<<s.shift()
	if from == end {
		return false
	}
	step := max(1, storeStep/uint32(unsafe.Sizeof(storeSlot[T]{})))
	to := min(from+step, end)
	for index := from; index < to; index++ {
		slot := s.slot(index)
		slot.set(0)
		poison(unsafe.Pointer(&slot.value), unsafe.Sizeof(slot.value))
	}
	s.ready.Store(to)
	return true
}

// grow adds a chunk.
func (s *Store[T]) grow() error {
	p, err := s.heap.takeRoom(s.chunkSize())
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.absent == ErrClosed:
		err = ErrClosed
	case uint64(len(s.list)+1)<<s.shift() > 1<<32-1:
		err = ErrNoMemory
	}
	if err != nil {
		s.heap.giveRoom(p, s.chunkSize())
		return s.heap.fail("store", s.chunkSize(), err)
	}
	if len(s.list) >= hugeFrom {
		s.heap.space.adviseHuge(p, s.chunkSize())
	}
	s.list = append(s.list, p)
	atomic.StorePointer(&s.chunks, unsafe.Pointer(&s.list[0]))
	return nil
}

// Free ends the T. It fails with ErrStale if it has ended, or the Ref is none
// of this store.
func (s *Store[T]) Free(ref Ref[T]) error {
	s.mu.Lock()
	value, err := s.Get(ref)
	if err != nil {
		s.mu.Unlock()
		return err
	}
	poison(unsafe.Pointer(value), unsafe.Sizeof(*value))
	next := refWordOf(0, lastGeneration)
	if ref.word.generation() != lastGeneration {
		next = refWordOf(s.free, ref.word.generation())
		s.free = ref.word.number()
	} // else its Refs are used up: nobody gets this slot again
	s.slot(ref.word.index()).set(next)
	s.live--
	s.mu.Unlock()
	return nil
}

// Len is how many Ts there are.
func (s *Store[T]) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.live
}

// All gives every T with its Ref, in no promised order. What is freed meanwhile
// and was not reached is not given; what is made meanwhile may be.
func (s *Store[T]) All() iter.Seq2[Ref[T], *T] {
	return func(yield func(Ref[T], *T) bool) {
		for index := uint32(0); index < s.ready.Load(); index++ {
			slot := s.slot(index)
			word := refWord(slot.word.Load())
			if word.index() == index &&
				!yield(Ref[T]{word: word}, &slot.value) {
				return
			}
		}
	}
}

// Close ends all Ts and gives the memory back. It must be the last call.
func (s *Store[T]) Close() error {
	list := s.list
	if !s.heap.leave(s) {
		return ErrClosed
	}
	for _, p := range list {
		s.heap.giveRoom(p, s.chunkSize())
	}
	return nil
}

// forget leaves nothing that could be found.
func (s *Store[T]) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.absent = ErrClosed
	s.ready.Store(0)
	s.list, s.free, s.made, s.live = nil, 0, 0, 0
}
