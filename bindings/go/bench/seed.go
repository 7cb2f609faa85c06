package main

import (
	"errors"
	"sort"
	"sync"
)

// A seed is the algorithm of github.com/ezrantn/memory, written anew: the best
// hole is looked for among all, and each free sorts them.
type seed struct {
	mu    sync.RWMutex
	bytes []byte
	holes []span
	sizes map[int]int
}

type span struct{ start, size int }

const seedSize = 1 << 20

var errSeed = errors.New("out of memory, or nothing there")

func newSeed() *seed {
	return &seed{
		bytes: make([]byte, seedSize),
		holes: []span{{0, seedSize}},
		sizes: make(map[int]int),
	}
}

func (s *seed) Alloc(size int) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	best := -1
	for i, hole := range s.holes {
		if hole.size >= size && (best < 0 || hole.size < s.holes[best].size) {
			best = i
		}
	}
	if best < 0 {
		return -1, errSeed
	}
	start := s.holes[best].start
	s.sizes[start] = size
	s.holes[best].start += size
	s.holes[best].size -= size
	if s.holes[best].size == 0 {
		s.holes = append(s.holes[:best], s.holes[best+1:]...)
	}
	return start, nil
}

func (s *seed) Free(start int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	size, ok := s.sizes[start]
	if !ok {
		return errSeed
	}
	delete(s.sizes, start)
	s.holes = append(s.holes, span{start, size})
	sort.Slice(s.holes, func(i, j int) bool {
		return s.holes[i].start < s.holes[j].start
	})
	joined := []span{s.holes[0]}
	for _, hole := range s.holes[1:] {
		if last := &joined[len(joined)-1]; last.start+last.size == hole.start {
			last.size += hole.size
		} else {
			joined = append(joined, hole)
		}
	}
	s.holes = joined
	return nil
}

func (s *seed) Write(start int, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if size, ok := s.sizes[start]; !ok || len(data) > size {
		return errSeed
	}
	copy(s.bytes[start:], data)
	return nil
}

func (s *seed) Read(start, size int) ([]byte, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if has, ok := s.sizes[start]; !ok || size > has {
		return nil, errSeed
	}
	data := make([]byte, size)
	copy(data, s.bytes[start:])
	return data, nil
}
