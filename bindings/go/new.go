package mems

import (
	"fmt"
	"reflect"
	"sync"
	"unsafe"
)

// Only types without pointers may live off the heap of Go: the collector does
// not look there, and would take away what is pointed to.

// typeWord is the first of an interface's two words: where its type is told of.
func typeWord(x any) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Pointer(&x))
}

// What is told of a type begins with its size, and how many bytes of it may
// hold pointers; what is told of a pointer type has somewhere a pointer to what
// is told of the other. That is the runtime's own: where it is is found by
// looking, and relied on if all types tried agree.
type typeHead struct {
	size, pointers uintptr
}

// elemAt is where a pointer type tells of the other; 0 if it was not found.
var elemAt = func() uintptr {
	type plain struct {
		_ [3]uint16
		_ float64
	}
	type mixed struct {
		_ uint64
		_ *int
		_ [2]uint64
	}
	const word = unsafe.Sizeof(uintptr(0))
	tried := []struct {
		value, pointer any
		size, pointers uintptr
	}{
		{plain{}, (*plain)(nil), unsafe.Sizeof(plain{}), 0},
		{mixed{}, (*mixed)(nil), unsafe.Sizeof(mixed{}), 8 + word},
		{"", (*string)(nil), 2 * word, word},
		{uint8(0), (*uint8)(nil), 1, 0},
		{[5]float32{}, (*[5]float32)(nil), 20, 0},
		{[]int(nil), (*[]int)(nil), 3 * word, word},
	}
	at := uintptr(0)
	for offset := 2 * word; offset < 12*word && at == 0; offset += word {
		if elemOf(tried[0].pointer, offset) == typeWord(tried[0].value) {
			at = offset
		}
	}
	for _, t := range tried {
		head := (*typeHead)(typeWord(t.value))
		if at == 0 || elemOf(t.pointer, at) != typeWord(t.value) ||
			head.size != t.size || head.pointers != t.pointers {
			return 0
		}
	}
	return at
}()

func elemOf(pointer any, offset uintptr) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Add(typeWord(pointer), offset))
}

// isPlain tells if values of the type are known to have no pointers. If not,
// CheckType knows.
func isPlain[T any]() bool {
	return elemAt != 0 && (*typeHead)(elemOf((*T)(nil), elemAt)).pointers == 0
}

// CheckType fails with ErrPointers, and the way to the first pointer, if values
// of the type have pointers; uintptr is none.
func CheckType[T any]() error {
	if isPlain[T]() || checkedPlain(reflect.TypeFor[T]()) {
		return nil
	}
	return pointersIn(reflect.TypeFor[T]())
}

func pointersIn(t reflect.Type) error {
	path, what := pathToPointer(t)
	name := t.Name()
	if name == "" {
		name = t.String()
	}
	return fmt.Errorf("mems: %s%s is %s: %w", name, path, what, ErrPointers)
}

// pathToPointer is the way to the first pointer in a type, "" and nil if it has
// none.
func pathToPointer(t reflect.Type) (string, reflect.Type) {
	switch t.Kind() {
	case reflect.Array:
		if t.Len() == 0 {
			return "", nil
		}
		path, what := pathToPointer(t.Elem())
		return "[]" + path, what
	case reflect.Struct:
		for i := range t.NumField() {
			path, what := pathToPointer(t.Field(i).Type)
			if what != nil {
				return "." + t.Field(i).Name + path, what
			}
		}
		return "", nil
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16,
		reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8,
		reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr,
		reflect.Float32, reflect.Float64, reflect.Complex64,
		reflect.Complex128:
		return "", nil
	}
	return "", t
}

var checked sync.Map // of a reflect.Type, whether it is plain

func checkedPlain(t reflect.Type) bool {
	if plain, ok := checked.Load(t); ok {
		return plain.(bool)
	}
	_, what := pathToPointer(t)
	checked.Store(t, what == nil)
	return what == nil
}

// Must gives the value, and panics when there was an error.
func Must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
