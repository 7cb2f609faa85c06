package mems_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	mems "github.com/libmems/libmems/bindings/go"
)

func open(t testing.TB, list ...mems.Option) *mems.Heap {
	t.Helper()
	h, err := mems.Open(append([]mems.Option{mems.Name(t.Name()),
		mems.Maximum(64 << 20)}, list...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return h
}

func wants(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, not %v", what, err, want)
	}
}

func is[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, not %v", what, got, want)
	}
}

func text(n int) []byte {
	list := make([]byte, n)
	for i := range list {
		list[i] = byte('a' + i*7%26)
	}
	return list
}

func TestBlockReadsAsAReaderShould(t *testing.T) {
	h := open(t)
	for _, size := range []int{1, 100, 5000} {
		b := mems.Must(h.NewBlock(size))
		copy(b.Bytes(), text(size))
		if err := iotest.TestReader(b, text(size)); err != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
		wants(t, "close", b.Close(), nil)
	}
}

func TestBlockBeginsWithZeros(t *testing.T) {
	h := open(t)
	for range 3 {
		b := mems.Must(h.NewBlock(1000))
		for i, c := range b.Bytes() {
			if c != 0 {
				t.Fatalf("byte %d is %d", i, c)
			}
		}
		for i := range b.Bytes() {
			b.Bytes()[i] = 1
		}
		wants(t, "shrink", b.Resize(10), nil)
		wants(t, "grow", b.Resize(900), nil)
		is(t, "kept", b.Bytes()[9], 1)
		for i, c := range b.Bytes()[10:] {
			if c != 0 {
				t.Fatalf("byte %d is %d after growth", i+10, c)
			}
		}
		wants(t, "close", b.Close(), nil)
	}
}

func TestBlockGrowsAsAFileDoes(t *testing.T) {
	h := open(t)
	b := mems.Must(h.NewBlock(0))
	defer b.Close()
	var want []byte
	for i := range 200 {
		n, err := b.Write(text(i))
		is(t, "written", n, i)
		wants(t, "write", err, nil)
		want = append(want, text(i)...)
	}
	if !bytes.Equal(b.Bytes(), want) {
		t.Fatal("the bytes are others")
	}
	if b.Cap() < b.Len() || b.Cap() > 2*b.Len() {
		t.Errorf("room for %d bytes of %d", b.Cap(), b.Len())
	}
	// Behind the end, with a gap.
	gap := int64(b.Len() + 1000)
	n, err := b.WriteAt([]byte("end"), gap)
	is(t, "written behind the end", n, 3)
	wants(t, "write behind the end", err, nil)
	want = append(append(want, make([]byte, 1000)...), "end"...)
	if !bytes.Equal(b.Bytes(), want) {
		t.Fatal("the gap is not 0")
	}
	n, err = b.WriteAt(nil, gap*1000)
	is(t, "nothing", n, 0)
	wants(t, "nothing behind the end", err, nil)
	is(t, "length", b.Len(), len(want))
	// Its own bytes, which move.
	at, err := b.Seek(0, io.SeekEnd)
	is(t, "end", at, int64(len(want)))
	wants(t, "seek", err, nil)
	for range 3 {
		if _, err := b.Write(b.Bytes()); err != nil {
			t.Fatal(err)
		}
		want = append(want, want...)
	}
	if !bytes.Equal(b.Bytes(), want) {
		t.Fatal("what was written of itself is not what it was")
	}
}

func TestBlockOffsets(t *testing.T) {
	h := open(t)
	b := mems.Must(h.NewBlock(10))
	defer b.Close()
	copy(b.Bytes(), "0123456789")
	buffer := make([]byte, 4)

	n, err := b.ReadAt(buffer, 8)
	is(t, "at the end", n, 2)
	wants(t, "at the end", err, io.EOF)
	n, err = b.ReadAt(buffer, 6)
	is(t, "up to the end", string(buffer[:n]), "6789")
	wants(t, "up to the end", err, nil)
	for _, offset := range []int64{10, 11, math.MaxInt64} {
		n, err = b.ReadAt(buffer, offset)
		is(t, "beyond", n, 0)
		wants(t, "beyond", err, io.EOF)
	}
	_, err = b.ReadAt(buffer, -1)
	wants(t, "negative read", err, mems.ErrRange)
	_, err = b.WriteAt(buffer, -1)
	wants(t, "negative write", err, mems.ErrRange)
	_, err = b.WriteAt(buffer, math.MaxInt64-2)
	wants(t, "write beyond all numbers", err, mems.ErrRange)
	_, err = b.WriteAt(buffer, math.MaxInt/4)
	wants(t, "write beyond all memory", err, mems.ErrNoMemory)

	at, err := b.Seek(-3, io.SeekEnd)
	is(t, "from the end", at, 7)
	wants(t, "from the end", err, nil)
	at, err = b.Seek(1, io.SeekCurrent)
	is(t, "onward", at, 8)
	wants(t, "onward", err, nil)
	_, err = b.Seek(-9, io.SeekCurrent)
	wants(t, "before the begin", err, mems.ErrRange)
	_, err = b.Seek(math.MaxInt64, io.SeekEnd)
	wants(t, "beyond all numbers", err, mems.ErrRange)
	_, err = b.Seek(0, 3)
	wants(t, "from nowhere", err, mems.ErrOption)
	n, _ = b.Read(buffer)
	is(t, "the position stayed", string(buffer[:n]), "89")

	_, err = b.Seek(100, io.SeekStart)
	wants(t, "behind the end", err, nil)
	n, err = b.Read(buffer)
	is(t, "read behind the end", n, 0)
	wants(t, "read behind the end", err, io.EOF)
	moved, err := b.WriteTo(io.Discard)
	is(t, "written to", moved, 0)
	wants(t, "written to", err, nil)
	is(t, "length", b.Len(), 10)
}

func TestBlockCopies(t *testing.T) {
	h := open(t)
	want := text(100000)
	b := mems.Must(h.NewBlock(0))
	defer b.Close()
	n, err := b.ReadFrom(iotest.OneByteReader(bytes.NewReader(want)))
	is(t, "read", n, int64(len(want)))
	wants(t, "read", err, nil)
	if !bytes.Equal(b.Bytes(), want) {
		t.Fatal("what was read is not what was there")
	}
	_, _ = b.Seek(10, io.SeekStart)
	var out strings.Builder
	n, err = io.Copy(&out, b)
	is(t, "written", n, int64(len(want)-10))
	wants(t, "written", err, nil)
	is(t, "text", out.String(), string(want[10:]))

	// From behind the end, of a reader that has nothing; then something.
	end := int64(b.Len())
	_, _ = b.Seek(end+5, io.SeekStart)
	n, err = b.ReadFrom(strings.NewReader(""))
	is(t, "nothing", n, 0)
	wants(t, "nothing", err, nil)
	is(t, "length", int64(b.Len()), end)
	_, err = b.ReadFrom(strings.NewReader("x"))
	wants(t, "a byte", err, nil)
	is(t, "the gap", string(b.Bytes()[end:]), "\x00\x00\x00\x00\x00x")
}

type strange struct{ n int }

func (s strange) Read([]byte) (int, error)  { return s.n, nil }
func (s strange) Write([]byte) (int, error) { return s.n, nil }

func TestBlockHandsErrorsOn(t *testing.T) {
	h := open(t)
	b := mems.Must(h.NewBlock(100))
	defer b.Close()
	broken := errors.New("broken")
	n, err := b.ReadFrom(io.MultiReader(strings.NewReader("abc"),
		iotest.ErrReader(broken)))
	is(t, "read", n, 3)
	wants(t, "read", err, broken)
	_, _ = b.Seek(0, io.SeekStart)
	n, err = b.WriteTo(iotest.TruncateWriter(io.Discard, 0))
	is(t, "written", n, 100)
	wants(t, "written", err, nil)
	_, _ = b.Seek(0, io.SeekStart)
	n, err = b.WriteTo(strange{5})
	is(t, "written", n, 5)
	wants(t, "a short write", err, io.ErrShortWrite)
	for _, count := range []int{-1, 1 << 30} {
		_, err = b.ReadFrom(strange{count})
		wants(t, "a wrong count", err, mems.ErrRange)
		_, _ = b.Seek(0, io.SeekStart)
		_, err = b.WriteTo(strange{count})
		wants(t, "a wrong count", err, mems.ErrRange)
	}
}

func TestBlockIsFreedWithTheLastHolder(t *testing.T) {
	h := open(t)
	b := mems.Must(h.NewBlock(1 << 20))
	wants(t, "retain", b.Retain(), nil)
	wants(t, "release", b.Release(), nil)
	is(t, "blocks", h.Stats().Blocks, 1)
	is(t, "length", len(b.Bytes()), 1<<20)
	wants(t, "close", b.Close(), nil)
	is(t, "blocks", h.Stats().Blocks, 0)
	blockHasEnded(t, b)

	b = mems.Must(h.NewBlock(1))
	wants(t, "heap", h.Close(), nil)
	blockHasEnded(t, b)
	_, err := h.NewBlock(0)
	wants(t, "a block of a closed heap", err, mems.ErrClosed)
	_, err = h.NewBlock(1)
	wants(t, "a block of a closed heap", err, mems.ErrClosed)
}

func blockHasEnded(t *testing.T, b *mems.Block) {
	t.Helper()
	buffer := make([]byte, 1)
	for what, f := range map[string]func() error{
		"Retain":   b.Retain,
		"Release":  b.Release,
		"Close":    b.Close,
		"Resize":   func() error { return b.Resize(1) },
		"Read":     func() error { _, err := b.Read(buffer); return err },
		"ReadAt":   func() error { _, err := b.ReadAt(buffer, 0); return err },
		"Write":    func() error { _, err := b.Write(buffer); return err },
		"WriteAt":  func() error { _, err := b.WriteAt(buffer, 0); return err },
		"Seek":     func() error { _, err := b.Seek(0, 0); return err },
		"WriteTo":  func() error { _, err := b.WriteTo(io.Discard); return err },
		"ReadFrom": func() error { _, err := b.ReadFrom(strings.NewReader("x")); return err },
	} {
		wants(t, what, f(), mems.ErrClosed)
	}
	is(t, "Len", b.Len(), 0)
	is(t, "Cap", b.Cap(), 0)
	if b.Bytes() != nil {
		t.Error("there are bytes")
	}
}

func TestBlockWithoutMemoryStaysAsItWas(t *testing.T) {
	h := open(t, mems.Limit(4<<20))
	b := mems.Must(h.NewBlock(1 << 20))
	defer b.Close()
	copy(b.Bytes(), "kept")
	_, err := b.WriteAt([]byte{1}, 8<<20)
	wants(t, "write", err, mems.ErrLimit)
	wants(t, "resize", b.Resize(8<<20), mems.ErrLimit)
	wants(t, "resize", b.Resize(-1), mems.ErrBadSize)
	_, err = h.NewBlock(8 << 20)
	wants(t, "new", err, mems.ErrLimit)
	_, err = h.NewBlock(-1)
	wants(t, "new", err, mems.ErrBadSize)
	is(t, "length", b.Len(), 1<<20)
	is(t, "bytes", string(b.Bytes()[:4]), "kept")
	// More than half again is not there, what is needed is.
	wants(t, "to the last", b.Resize(2400<<10), nil)
	n, err := b.ReadFrom(iotest.TimeoutReader(bytes.NewReader(text(100))))
	is(t, "read", n, 100)
	wants(t, "read", err, iotest.ErrTimeout)
	is(t, "position", string(b.Bytes()[:3]), string(text(3)))
	wants(t, "shrink", b.Resize(3), nil)
	if b.Cap() > 100 {
		t.Errorf("%d bytes are kept for 3", b.Cap())
	}
}

func TestBlockServesManyAtOnce(t *testing.T) {
	h := open(t)
	b := mems.Must(h.NewBlock(0))
	var wait sync.WaitGroup
	const writers, size = 8, 1000
	for i := range writers {
		wants(t, "retain", b.Retain(), nil)
		wait.Add(1)
		go func() {
			defer wait.Done()
			defer b.Release()
			line := bytes.Repeat([]byte{byte(i + 1)}, size)
			got := make([]byte, size)
			for j := range 20 {
				at := int64((j*writers + i) * size)
				if _, err := b.WriteAt(line, at); err != nil {
					t.Error(err)
				}
				if _, err := b.ReadAt(got, at); err != nil ||
					!bytes.Equal(got, line) {
					t.Error("others are in the way", err)
				}
			}
		}()
	}
	wait.Wait()
	is(t, "length", b.Len(), writers*20*size)
	wants(t, "close", b.Close(), nil)
	wants(t, "close", b.Close(), mems.ErrClosed)
}
