package a

import (
	"sync/atomic"
	"time"
	"unsafe"

	. "github.com/libmems/libmems/bindings/go"
	mems "github.com/libmems/libmems/bindings/go"
)

type plain struct {
	id    uint64
	price float64
	at    uintptr
	tags  [4]int32
	none  [0]*int
	count atomic.Int64
	inner struct{ b bool }
	after mems.Ref[plain]
}

type Item struct {
	Count int
	Name  string
}

type Order struct {
	ID    int
	Items [8]Item
}

type node struct {
	value int
	next  *node
}

type pair[A, B any] struct {
	first  A
	second B
}

type text = string

type named string

func good(a *mems.Arena, h *mems.Heap) {
	mems.New[plain](a)
	mems.New[pair[int, [2]plain]](a)
	mems.Slice[byte](a, 0, 10)
	mems.Append(a, []uint32{1}, 2)
	mems.NewPool[plain](h)
	mems.NewMap[uint64, plain](h)
	mems.CheckType[*int]()
	mems.Must(mems.New[plain](a))
	New[plain](a)
	var local pair[string, string] // not of mems
	_ = local
}

func bad(a *mems.Arena, h *mems.Heap) {
	mems.New[Order](a)                 // want `mems.New cannot have Order: Order.Items\[\].Name is string`
	mems.New[*plain](a)                // want `mems.New cannot have \*plain: \*plain is \*plain`
	mems.New[node](a)                  // want `node.next is \*node`
	mems.New[pair[int, []plain]](a)    // want `cannot have pair\[int, \[\]plain\]: pair.second is \[\]plain`
	mems.New[struct{ f func() }](a)    // want `f is func\(\)`
	mems.New[unsafe.Pointer](a)        // want `Pointer is unsafe.Pointer`
	mems.New[time.Time](a)             // want `cannot have time.Time: Time.loc is \*time.Location`
	mems.New[[3]any](a)                // want `\[3\]any\[\] is any`
	mems.New[map[int]int](a)           // want `is map\[int\]int`
	mems.New[chan int](a)              // want `is chan int`
	mems.New[text](a)                  // want `is text`
	mems.New[pair[int, named]](a)      // want `pair.second is named`
	mems.Slice[error](a, 0, 1)         // want `mems.Slice cannot have error: error is error`
	mems.Append(a, []string{"a"}, "b") // want `mems.Append cannot have string`
	mems.NewPool[node](h)              // want `mems.NewPool cannot have node`
	mems.NewStore[node](h)             // want `mems.NewStore cannot have node`
	mems.NewMap[string, uint64](h)     // want `mems.NewMap cannot have string: string is string`
	mems.NewMap[[2]string, *int](h)    // want `\[2\]string\[\] is string` `\*int is \*int`
	mems.Must(mems.New[node](a))       // want `mems.New cannot have node`
	New[node](a)                       // want `mems.New cannot have node`
	alloc := mems.New[node]            // want `mems.New cannot have node`
	_, _ = alloc(a)
}

type cache struct {
	items *mems.Store[Item] // want `mems.Store cannot have Item: Item.Name is string`
	index *mems.Map[int, uint64]
}

// What T is is known when it runs.
func either[T any](a *mems.Arena) (*T, error) {
	mems.New[pair[int, T]](a)
	mems.New[pair[string, T]](a) // want `pair.first is string`
	return mems.New[T](a)
}

func use(a *mems.Arena) { either[node](a) }
