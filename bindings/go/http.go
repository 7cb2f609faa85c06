package mems

import "net/http"

// Handler gives each request an arena of the heap, which its context carries,
// and ends it when next returns or panics: what a request allocates is garbage
// no longer, but gone at once, and its memory is the next one's. The arena is
// one goroutine's; others that the request starts may read what lies in it, if
// they end before it does. When the heap is closed requests have no arena, which
// for New and its like stands for the heap of Go.
func Handler(h *Heap, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, err := h.NewArena()
		if err == nil {
			// An arena of its own: one that somebody keeps for too long
			// is closed, not another request's.
			defer a.Close()
			r = r.WithContext(WithArena(r.Context(), a))
		}
		next.ServeHTTP(w, r)
	})
}
