package mems

// A stack has free blocks of one class at hand.
type stack struct {
	count uint32
	most  uint32 // as many as it may hold; 0 before its first use
	units *[stackRoom]uint32
}

// A cache has a stack for each class. One goroutine at a time uses it; only the
// counts are looked at by others.
type cache struct {
	stacks [classCount]stack
	_      [64]byte // so that the next owner's words are in other lines
}

const (
	stackRoom  = 256
	stackBytes = 128 << 10 // and no more than that is held by a stack
)

// mostOf is how many blocks of a class a stack holds.
func mostOf(class uint32) uint32 {
	return min(stackRoom, max(4, stackBytes/classSizes[class]))
}

func (s *stack) open(class uint32) {
	if s.most == 0 {
		s.units = new([stackRoom]uint32)
		s.most = mostOf(class)
	}
}

func (s *stack) pop() uint32 {
	n := s.count - 1
	setCount(&s.count, n)
	return s.units[n%stackRoom]
}

func (s *stack) push(unit uint32) {
	s.units[s.count%stackRoom] = unit
	setCount(&s.count, s.count+1)
}

// spill takes the count blocks that came first.
func (s *stack) spill(out []uint32) []uint32 {
	n := copy(out, s.units[:s.count])
	copy(s.units[:], s.units[n:s.count])
	setCount(&s.count, s.count-uint32(n))
	return out[:n]
}
