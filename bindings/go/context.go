package mems

import "context"

type arenaKey struct{}

// WithArena gives a context that carries the arena.
func WithArena(ctx context.Context, a *Arena) context.Context {
	return context.WithValue(ctx, arenaKey{}, a)
}

// ArenaFrom is the arena that the context carries. Without one it is nil, which
// stands for the heap of Go, so the second value may be left alone.
func ArenaFrom(ctx context.Context) (*Arena, bool) {
	a, _ := ctx.Value(arenaKey{}).(*Arena)
	return a, a != nil
}
