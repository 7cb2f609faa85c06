package mems

import (
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// What memory all spaces and the heap of Go together may take.
var balanced struct {
	sync.Mutex
	total atomic.Int64 // 0: nobody asked
	used  int64        // bytes that spaces have in use
}

// BalanceMemoryLimit keeps GOMEMLIMIT, which does not count memory off the heap
// of Go, at what spaces leave of a total: when they grow, the collector gets
// less, though never less than an eighth. A total of 0 ends this, and leaves
// the limit where it is. What spaces have already counts when they next take
// memory or give it back.
func BalanceMemoryLimit(total int64) error {
	if total < 0 {
		return ErrOption
	}
	balanced.Lock()
	defer balanced.Unlock()
	balanced.total.Store(total)
	setMemoryLimit()
	return nil
}

// account tells how much the space has in use now.
func (s *Space) account(used int64) {
	balanced.Lock()
	defer balanced.Unlock()
	balanced.used += used - s.accounted
	s.accounted = used
	setMemoryLimit()
}

func setMemoryLimit() {
	if total := balanced.total.Load(); total > 0 {
		debug.SetMemoryLimit(max(total-balanced.used, total/8))
	}
}
