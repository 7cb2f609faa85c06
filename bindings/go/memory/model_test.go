package memory_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/libmems/libmems/bindings/go/memory"
)

// A model is the same memory as plainly as can be: a list of holes that is
// searched from one end to the other, and what each block holds.
type model struct {
	holes  [][2]int // address and size, by address
	blocks map[int][]byte
}

func newModel(size int) *model {
	return &model{[][2]int{{0, size}}, map[int][]byte{}}
}

func (m *model) alloc(size int) int {
	best := -1
	for i, hole := range m.holes {
		if hole[1] >= size && (best < 0 || hole[1] < m.holes[best][1]) {
			best = i
		}
	}
	if best < 0 {
		return -1
	}
	addr := m.holes[best][0]
	m.cut(addr, size)
	m.blocks[addr] = make([]byte, size)
	return addr
}

// cut takes a range out of the hole that it lies in.
func (m *model) cut(addr, size int) {
	i := slices.IndexFunc(m.holes, func(hole [2]int) bool {
		return hole[0] <= addr && addr+size <= hole[0]+hole[1]
	})
	hole := m.holes[i]
	var rest [][2]int
	if addr > hole[0] {
		rest = append(rest, [2]int{hole[0], addr - hole[0]})
	}
	if end := hole[0] + hole[1]; addr+size < end {
		rest = append(rest, [2]int{addr + size, end - addr - size})
	}
	m.holes = slices.Replace(m.holes, i, i+1, rest...)
}

func (m *model) addHole(addr, size int) {
	if size == 0 {
		return
	}
	i, _ := slices.BinarySearchFunc(m.holes, addr, func(hole [2]int, at int) int {
		return hole[0] - at
	})
	m.holes = slices.Insert(m.holes, i, [2]int{addr, size})
	if i+1 < len(m.holes) && addr+size == m.holes[i+1][0] {
		m.holes[i][1] += m.holes[i+1][1]
		m.holes = slices.Delete(m.holes, i+1, i+2)
	}
	if i > 0 && m.holes[i-1][0]+m.holes[i-1][1] == addr {
		m.holes[i-1][1] += m.holes[i][1]
		m.holes = slices.Delete(m.holes, i, i+1)
	}
}

func (m *model) free(addr int) {
	m.addHole(addr, len(m.blocks[addr]))
	delete(m.blocks, addr)
}

// resize is Realloc: in place where that is possible.
func (m *model) resize(addr, size int) int {
	data := m.blocks[addr]
	end := addr + len(data)
	if size <= len(data) {
		m.addHole(addr+size, len(data)-size)
		m.blocks[addr] = data[:size:size]
		return addr
	}
	grown := make([]byte, size)
	copy(grown, data)
	for _, hole := range m.holes {
		if hole[0] == end && hole[1] >= size-len(data) {
			m.cut(end, size-len(data))
			m.blocks[addr] = grown
			return addr
		}
	}
	to := m.alloc(size)
	if to >= 0 {
		m.free(addr)
		m.blocks[to] = grown
	}
	return to
}

// A play does the same to both and compares what comes of it.
type play struct {
	*testing.T
	memory *memory.Memory
	model  *model
	live   []int
	fill   byte
}

func (p *play) same(call string, addr, want int, err error) {
	p.Helper()
	if addr != want || (err == nil) != (want >= 0) ||
		(err != nil && !errors.Is(err, memory.ErrNoMemory)) {
		p.Fatalf("%s: %d, %v; the model says %d", call, addr, err, want)
	}
}

func (p *play) write(addr int) {
	p.Helper()
	data := p.model.blocks[addr]
	p.fill++
	for i := range data {
		data[i] = p.fill + byte(i>>3)
	}
	if err := p.memory.Write(addr, data); err != nil {
		p.Fatal("write:", err)
	}
}

func (p *play) read(addr, size int) {
	p.Helper()
	data, err := p.memory.Read(addr, size)
	if err != nil || !bytes.Equal(data, p.model.blocks[addr][:size]) {
		p.Fatalf("read of %d at %d: %v, or other bytes", size, addr, err)
	}
}

// step does what two numbers say.
func (p *play) step(what, number uint32) {
	p.Helper()
	size := int(number%200) + 1
	switch number >> 8 % 16 {
	case 0:
		size *= 40 // the tree's, and more than a chunk now and then
	case 1:
		size *= 500
	}
	pick := -1
	if len(p.live) > 0 {
		pick = int(number>>16) % len(p.live)
	}
	switch {
	case what < 4 || pick < 0:
		addr, err := p.memory.Alloc(size)
		want := p.model.alloc(size)
		p.same("alloc", addr, want, err)
		if want >= 0 {
			p.live = append(p.live, addr)
			p.write(addr)
		}
	case what == 4:
		addr, err := p.memory.Malloc(size)
		want := p.model.alloc(size)
		p.same("malloc", addr, want, err)
		if want >= 0 {
			p.live = append(p.live, addr)
			p.read(addr, size)
		}
	case what == 5:
		align := 1 << (number >> 12 % 10)
		addr, err := p.memory.AllocAligned(size, align)
		if err != nil {
			if !errors.Is(err, memory.ErrNoMemory) {
				p.Fatal(err)
			}
			return
		}
		if addr%align != 0 {
			p.Fatalf("%d is no multiple of %d", addr, align)
		}
		p.model.cut(addr, size)
		p.model.blocks[addr] = make([]byte, size)
		p.live = append(p.live, addr)
		p.write(addr)
	case what < 8:
		had := len(p.model.blocks[p.live[pick]])
		addr, err := p.memory.Realloc(p.live[pick], size)
		want := p.model.resize(p.live[pick], size)
		p.same("realloc", addr, want, err)
		if want >= 0 {
			p.live[pick] = addr
			p.read(addr, min(had, size))
			p.write(addr)
		}
	case what < 10:
		addr := p.live[pick]
		p.read(addr, int(number>>1)%(len(p.model.blocks[addr])+1))
		p.write(addr)
	default:
		addr := p.live[pick]
		p.read(addr, len(p.model.blocks[addr]))
		if err := p.memory.Free(addr); err != nil {
			p.Fatal(err)
		}
		p.model.free(addr)
		p.live = slices.Delete(p.live, pick, pick+1)
		if _, ok := p.model.blocks[addr]; !ok {
			if err := p.memory.Free(addr); err == nil {
				p.Fatal("freed twice")
			}
		}
	}
}

func (p *play) check() {
	p.Helper()
	holes, err := p.memory.Check()
	if err != nil {
		p.Fatal(err)
	}
	if !slices.Equal(holes, p.model.holes) {
		p.Fatalf("holes %v; the model has %v", holes, p.model.holes)
	}
}

func seed(t testing.TB) (uint64, int) {
	number := func(name string, other int) int {
		if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
			return n
		}
		return other
	}
	from := number("MEMS_TEST_SEED", 20261120)
	t.Logf("MEMS_TEST_SEED=%d", from)
	return uint64(from), max(1, number("MEMS_TEST_SCALE", 1))
}

func TestSameAddressesAsTheModel(t *testing.T) {
	from, scale := seed(t)
	for round, size := range []int{4000, 100_000, 1 << 20, 3 << 20} {
		random := rand.New(rand.NewPCG(from, uint64(round)))
		m := memory.NewMemory(memory.Max(size))
		p := &play{T: t, memory: m, model: newModel(size)}
		for i := range 6000 * scale {
			// It fills up, and empties, by turns.
			what := random.Uint32() % 14
			if i/1000%2 == 0 && what >= 12 {
				what = 0
			}
			p.step(what, random.Uint32())
			if i%64 == 0 {
				p.check()
			}
		}
		for len(p.live) > 0 {
			p.step(13, random.Uint32())
		}
		p.check()
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func FuzzMemory(f *testing.F) {
	f.Add([]byte("allocate, free; allocate, resize and so on"))
	f.Add(bytes.Repeat([]byte{0, 10, 20, 30, 11, 0, 1, 2}, 30))
	f.Fuzz(func(t *testing.T, program []byte) {
		const size = 200_000
		m := memory.NewMemory(memory.Max(size))
		defer m.Close()
		p := &play{T: t, memory: m, model: newModel(size)}
		for len(program) >= 5 {
			number := uint32(0)
			for _, b := range program[1:5] {
				number = number<<8 | uint32(b)
			}
			p.step(uint32(program[0])%14, number)
			program = program[5:]
		}
		p.check()
	})
}

// Each goroutine has blocks of its own, which it finds as it left them, while
// it tries addresses of others', which may be anything.
func TestGoroutines(t *testing.T) {
	from, scale := seed(t)
	m := memory.NewMemory()
	defer m.Close()
	var all sync.WaitGroup
	for g := range 8 {
		all.Add(1)
		go func() {
			defer all.Done()
			random := rand.New(rand.NewPCG(from, uint64(g)))
			live := map[int][]byte{}
			for range 4000 * scale {
				if len(live) < 50 {
					size := 1 + random.IntN(300)
					if random.IntN(100) == 0 {
						size *= 500
					}
					alloc := m.Alloc
					if random.IntN(2) == 0 {
						alloc = m.Malloc
					}
					addr, err := alloc(size)
					if err != nil {
						t.Error(err)
						return
					}
					data := bytes.Repeat([]byte{byte(g)}, size)
					if err := m.Write(addr, data); err != nil {
						t.Error(err)
						return
					}
					live[addr] = data
				}
				_, _ = m.Read(random.IntN(100_000), random.IntN(300))
				for addr, data := range live {
					got, err := m.Read(addr, len(data))
					if err != nil || !bytes.Equal(got, data) {
						t.Errorf("block at %d: %v", addr, err)
						return
					}
					switch random.IntN(3) {
					case 0:
						size := 1 + random.IntN(600)
						moved, err := m.Realloc(addr, size)
						if err != nil {
							t.Error(err)
							return
						}
						delete(live, addr)
						data = bytes.Repeat([]byte{byte(g)}, size)
						if err := m.Write(moved, data); err != nil {
							t.Error(err)
							return
						}
						live[moved] = data
					case 1:
						if err := m.Free(addr); err != nil {
							t.Error(err)
							return
						}
						delete(live, addr)
					}
					break
				}
			}
			for addr := range live {
				if err := m.Free(addr); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	all.Wait()
	holes, err := m.Check()
	if err != nil || len(holes) != 1 {
		t.Fatal(holes, err)
	}
}
