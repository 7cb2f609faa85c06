package mems_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	mems "github.com/libmems/libmems/bindings/go"
)

func Example() {
	h, err := mems.Open(mems.Name("cache"), mems.Limit(1<<30))
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()

	block, err := h.Alloc(100)
	if err != nil {
		log.Fatal(err) // mems.ErrLimit, or mems.ErrNoMemory
	}
	copy(block, "off the heap of Go")
	fmt.Printf("%d bytes: %s\n", len(block), block[:18])

	fmt.Println(h.Free(block))
	fmt.Println(h.Free(block))
	// Output:
	// 100 bytes: off the heap of Go
	// <nil>
	// double free
}

func ExampleHeap_Alloc_limit() {
	h := mems.Must(mems.Open(mems.Name("small"), mems.Limit(1<<20)))
	defer h.Close()
	_, err := h.Alloc(2 << 20)
	fmt.Println(err)
	fmt.Println(errors.Is(err, mems.ErrLimit), errors.Is(err, mems.ErrNoMemory))
	// Output:
	// mems: allocation of 2097152 bytes in "small": the hard limit would be exceeded
	// true true
}

type point struct{ X, Y int32 }

func ExampleArena() {
	h := mems.Must(mems.Open())
	defer h.Close()
	a := mems.Must(h.NewArena())
	defer a.Close()

	p := mems.Must(mems.New[point](a))
	p.X = 3
	list := mems.Must(mems.Slice[point](a, 0, 10))
	list = mems.Must(mems.Append(a, list, *p, point{1, 2}))
	fmt.Println(list)

	mark := a.Mark()
	_ = mems.Must(a.Bytes(1000))
	fmt.Println(a.Release(mark), a.Used() < 1000)

	a.Reset() // all of it is gone
	fmt.Println(a.Used(), a.Release(mark))
	// Output:
	// [{3 0} {1 2}]
	// <nil> true
	// 0 what it referred to has ended
}

// Types with pointers are refused: the collector would not see what they hold.
func ExampleNew_pointers() {
	type order struct {
		ID    int
		Items []struct{ Name string }
	}
	h := mems.Must(mems.Open())
	defer h.Close()
	_, err := mems.New[order](mems.Must(h.NewArena()))
	fmt.Println(errors.Is(err, mems.ErrPointers))
	// Output: true
}

func ExamplePool() {
	h := mems.Must(mems.Open())
	defer h.Close()
	points := mems.Must(mems.NewPool[point](h))
	p := mems.Must(points.New())
	p.X = 1
	fmt.Println(*p)
	fmt.Println(points.Free(p))
	// Output:
	// {1 0}
	// <nil>
}

// A Local serves one goroutine, faster than the heap itself does.
func ExampleLocal() {
	h := mems.Must(mems.Open())
	defer h.Close()
	done := make(chan []byte)
	go func() {
		l := mems.Must(h.NewLocal())
		defer l.Close()
		block := mems.Must(l.Alloc(64))
		copy(block, "from a worker")
		done <- block
	}()
	block := <-done
	fmt.Printf("%s\n", block[:13])
	fmt.Println(h.Free(block)) // whoever allocated it
	// Output:
	// from a worker
	// <nil>
}

func ExampleBlock() {
	h := mems.Must(mems.Open())
	defer h.Close()
	b := mems.Must(h.NewBlock(0))
	defer b.Close()

	_, _ = io.Copy(b, strings.NewReader("It grows as a file does."))
	fmt.Println(b.Len())

	head := make([]byte, 8)
	_, err := b.ReadAt(head, 0)
	fmt.Printf("%s %v\n", head, err)
	_, err = b.ReadAt(head, 20)
	fmt.Println(err)
	fmt.Printf("%s\n", b.Bytes()[3:])
	// Output:
	// 24
	// It grows <nil>
	// EOF
	// grows as a file does.
}

// greet takes its memory from the arena of the request, or from Go's heap.
func greet(ctx context.Context, name string) ([]byte, error) {
	a, _ := mems.ArenaFrom(ctx)
	return mems.Append(a, nil, []byte("Hello, "+name)...)
}

func ExampleHandler() {
	h := mems.Must(mems.Open())
	defer h.Close()
	handler := mems.Handler(h, http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			text, err := greet(r.Context(), r.URL.Query().Get("name"))
			if err != nil {
				http.Error(w, err.Error(), http.StatusInsufficientStorage)
				return
			}
			_, _ = w.Write(text)
		}))
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest("GET", "/?name=Ada", nil))
	fmt.Println(answer.Body)
	fmt.Println(h.Stats().ArenaBytes, "bytes are left of it")
	// Output:
	// Hello, Ada
	// 0 bytes are left of it
}

func ExampleWithArena() {
	h := mems.Must(mems.Open())
	defer h.Close()
	a := mems.Must(h.NewArena())
	defer a.Close()
	text, err := greet(mems.WithArena(context.Background(), a), "Grace")
	fmt.Printf("%s %v %v\n", text, err, a.Used() > 0)
	text, err = greet(context.Background(), "Edsger")
	fmt.Printf("%s %v\n", text, err)
	// Output:
	// Hello, Grace <nil> true
	// Hello, Edsger <nil>
}

func ExampleHeap_Stats() {
	h := mems.Must(mems.Open(mems.Name("counted")))
	defer h.Close()
	for range 3 {
		_ = mems.Must(h.Alloc(100))
	}
	s := h.Stats()
	fmt.Println(s.Name, s.Blocks, s.BlockBytes, s.Classes)
	for _, block := range h.Blocks() {
		_ = h.Free(block)
	}
	fmt.Println(h.Stats().Blocks)
	// Output:
	// counted 3 336 [{112 3}]
	// 0
}

// Addresses of a space mean the same in Go, C and JavaScript.
func ExampleSpace() {
	s := mems.Must(mems.NewSpace())
	defer s.Close()
	addr := mems.Must(s.Alloc(100))
	_ = s.Write(addr, []byte("found by its name"))
	_ = s.SetRoot("greeting", addr)

	found := mems.Must(s.Root("greeting"))
	view := mems.Must(s.Bytes(found, 17)) // not a copy
	fmt.Printf("%s, %v\n", view, s.AddrOf(pointer(view)) == addr)
	fmt.Println(s.Read(addr+100, make([]byte, 100))) // beyond the block
	// Output:
	// found by its name, true
	// not within one block
}
