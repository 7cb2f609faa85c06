// Package mems has what is generic in mems, and does nothing.
package mems

type Arena struct{}

type Heap struct{}

type (
	Pool[T any]              struct{ _ *T }
	Store[T any]             struct{ _ *T }
	Ref[T any]               uint64
	Map[K comparable, V any] struct{ _ *V }
)

func New[T any](a *Arena) (*T, error)                          { return new(T), nil }
func Slice[T any](a *Arena, length, capacity int) ([]T, error) { return nil, nil }
func Append[T any](a *Arena, list []T, more ...T) ([]T, error) { return nil, nil }
func NewPool[T any](h *Heap) (*Pool[T], error)                 { return nil, nil }
func NewStore[T any](h *Heap) (*Store[T], error)               { return nil, nil }
func NewMap[K comparable, V any](h *Heap) (*Map[K, V], error)  { return nil, nil }
func CheckType[T any]() error                                  { return nil }
func Must[T any](value T, err error) T                         { return value }
func (p *Pool[T]) New() (*T, error)                            { return New[T](nil) }
