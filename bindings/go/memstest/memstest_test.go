package memstest_test

import (
	"fmt"
	"strings"
	"testing"

	mems "github.com/libmems/libmems/bindings/go"
	"github.com/libmems/libmems/bindings/go/memstest"
)

// recorder is a test that notes what it is told.
type recorder struct {
	testing.TB
	text string
}

func (r *recorder) Helper() {}

func (r *recorder) Error(args ...any) { r.text += fmt.Sprint(args...) }

func (r *recorder) Errorf(format string, args ...any) {
	r.text += fmt.Sprintf(format, args...)
}

func look(t *testing.T, h *mems.Heap) string {
	r := recorder{TB: t}
	memstest.NoLeaks(&r, h)
	return r.text
}

func TestNoLeaks(t *testing.T) {
	h, err := mems.Open(mems.Name("leaky"), mems.Maximum(16<<20))
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	defer memstest.NoLeaks(t, h)
	if got := look(t, h); got != "" {
		t.Errorf("an empty heap: %s", got)
	}
	block := mems.Must(h.Alloc(100))
	a := mems.Must(h.NewArena())
	_ = mems.Must(a.Bytes(100))
	got := look(t, h)
	for _, want := range []string{`"leaky"`, "1 blocks of 112 bytes",
		fmt.Sprint(a.Held()), "mems_debug", "TestNoLeaks"} {
		debugging := h.Origins() != ""
		if want == "mems_debug" && debugging || want == "TestNoLeaks" && !debugging {
			continue
		}
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in %s", want, got)
		}
	}
	if strings.Contains(got, "(*Heap)") {
		t.Errorf("frames that tell nothing: %s", got)
	}
	if err := h.Free(block); err != nil {
		t.Error(err)
	}
	if got := look(t, h); strings.Contains(got, "blocks") ||
		!strings.Contains(got, "arenas") {
		t.Errorf("an arena only: %s", got)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}

func TestNoLeaksOfAClosedHeap(t *testing.T) {
	h, err := mems.Open(mems.Maximum(16 << 20))
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
	if got := look(t, h); !strings.Contains(got, "closed before") {
		t.Errorf("a closed heap: %s", got)
	}
}
