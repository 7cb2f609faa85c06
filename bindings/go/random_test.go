package mems

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// Numbers for the tests, as in those of C: MEMS_TEST_SEED seeds them, and
// MEMS_TEST_SCALE multiplies the lengths of runs.

func testRandom(t testing.TB, stream uint64) *rand.Rand {
	seed := uint64(20261120)
	if text := os.Getenv("MEMS_TEST_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 0, 64)
		if err != nil {
			t.Fatal(err)
		}
		seed = n
	}
	t.Logf("MEMS_TEST_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, stream))
}

func testScaled(count int) int {
	scale, err := strconv.ParseFloat(os.Getenv("MEMS_TEST_SCALE"), 64)
	if err != nil {
		scale = 1
	}
	if collected {
		scale /= 10 // the race detector's
	}
	return max(1, int(float64(count)*scale))
}
