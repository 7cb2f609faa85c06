package mems

import (
	"errors"
	"math"
	"math/rand"
	"os"
	"runtime/debug"
	"strconv"
	"testing"
)

// Tests of chance start from MEMS_TEST_SEED, and are MEMS_TEST_SCALE times as
// long.
func seed(t testing.TB) *rand.Rand {
	n := int64(20261120)
	if text := os.Getenv("MEMS_TEST_SEED"); text != "" {
		n, _ = strconv.ParseInt(text, 0, 64)
	}
	t.Logf("MEMS_TEST_SEED=%d", n)
	return rand.New(rand.NewSource(n))
}

func scaled(count int) int {
	scale, err := strconv.ParseFloat(os.Getenv("MEMS_TEST_SCALE"), 64)
	if err != nil {
		scale = 1
	}
	return max(1, int(float64(count)*scale))
}

func open(t testing.TB, list ...Option) *Heap {
	t.Helper()
	h, err := Open(append([]Option{Name(t.Name()), Maximum(64 << 20)},
		list...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if h.closed.Load() {
			return
		}
		if err := h.Verify(); err != nil {
			t.Error(err)
		}
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

func openSpace(t testing.TB, list ...Option) *Space {
	t.Helper()
	s, err := NewSpace(append([]Option{Name(t.Name()), Maximum(64 << 20)},
		list...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.closed.Load() {
			return
		}
		if err := s.Verify(); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func good(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wrong(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %v", err, want)
	}
}

func is[T comparable](t testing.TB, got, want T) {
	t.Helper()
	if got != want {
		t.Fatalf("got %v, want %v", got, want)
	}
}

func memoryLimit() int64 { return debug.SetMemoryLimit(-1) }

func restoreMemoryLimit() { debug.SetMemoryLimit(math.MaxInt64) }
