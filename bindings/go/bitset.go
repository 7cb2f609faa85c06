//go:build !cgo

package mems

import "math/bits"

// A bitset finds the next set bit, and the one before, in a few steps however
// far it is: each level has a bit for every word of the level below that is
// not 0.
type bitset struct {
	levels [6][]uint64
	region region
}

// bitsetSize is how many bytes a set of n bits takes.
func bitsetSize(n uint32) uintptr {
	size := uintptr(0)
	for words := (uint64(n) + 63) / 64; ; words = (words + 63) / 64 {
		size += uintptr(words) * 8
		if words == 1 {
			return size
		}
	}
}

func openBitset(n uint32) (bitset, error) {
	var s bitset
	r, err := takeRegion((bitsetSize(n) + 4095) &^ 4095)
	if err != nil {
		return s, err
	}
	s.region = r
	all := wordsAt(r)
	for i, words := 0, (uint64(n)+63)/64; ; i, words = i+1, (words+63)/64 {
		s.levels[i], all = all[:words:words], all[words:]
		if words == 1 {
			return s, nil
		}
	}
}

func (s *bitset) close() { giveRegion(s.region, s.region.size) }

func (s *bitset) has(i uint32) bool {
	return s.levels[0][i/64]>>(i%64)&1 != 0
}

func (s *bitset) set(i uint32) {
	for _, level := range s.levels {
		if level == nil {
			return
		}
		was := level[i/64]
		level[i/64] = was | 1<<(i%64)
		if was != 0 {
			return
		}
		i /= 64
	}
}

func (s *bitset) unset(i uint32) {
	for _, level := range s.levels {
		if level == nil {
			return
		}
		level[i/64] &^= 1 << (i % 64)
		if level[i/64] != 0 {
			return
		}
		i /= 64
	}
}

// next is the first set bit from i on, or end.
func (s *bitset) next(i, end uint32) uint32 {
	for n := 0; n < len(s.levels) && s.levels[n] != nil; n++ {
		level := s.levels[n]
		if int(i/64) >= len(level) {
			return end
		}
		if word := level[i/64] >> (i % 64); word != 0 {
			i += uint32(bits.TrailingZeros64(word))
			for n--; n >= 0; n-- {
				i = i*64 + uint32(bits.TrailingZeros64(s.levels[n][i]))
			}
			return min(i, end)
		}
		i = i/64 + 1
	}
	return end
}

// last is the last set bit up to i; bit 0 must be set.
func (s *bitset) last(i uint32) uint32 {
	for n := 0; n < len(s.levels) && s.levels[n] != nil; n++ {
		level := s.levels[n]
		if word := level[i/64] << (63 - i%64); word != 0 {
			i -= uint32(bits.LeadingZeros64(word))
			for n--; n >= 0; n-- {
				i = i*64 + 63 -
					uint32(bits.LeadingZeros64(s.levels[n][i]))
			}
			return i
		}
		if i < 64 {
			return 0
		}
		i = i/64 - 1
	}
	return 0
}
