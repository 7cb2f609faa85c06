package mems_test

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	mems "github.com/libmems/libmems/bindings/go"
)

func TestArenaInAContext(t *testing.T) {
	h := open(t)
	a := mems.Must(h.NewArena())
	defer a.Close()
	ctx := mems.WithArena(context.Background(), a)
	got, ok := mems.ArenaFrom(ctx)
	is(t, "arena", got, a)
	is(t, "found", ok, true)
	for _, ctx := range []context.Context{context.Background(),
		mems.WithArena(ctx, nil)} {
		got, ok = mems.ArenaFrom(ctx)
		is(t, "found", ok, false)
		is(t, "without", *mems.Must(mems.New[int](got)), 0)
	}
}

// arenas notes which arenas are in use.
type arenas struct {
	sync.Mutex
	inUse map[*mems.Arena]bool
	last  *mems.Arena
}

func (s *arenas) enter(t *testing.T, a *mems.Arena) {
	s.Lock()
	defer s.Unlock()
	if a == nil || s.inUse[a] {
		t.Error("an arena that is another request's, or none")
	}
	s.inUse[a], s.last = true, a
}

func (s *arenas) leave(a *mems.Arena) {
	s.Lock()
	defer s.Unlock()
	delete(s.inUse, a)
}

func TestHandler(t *testing.T) {
	h := open(t)
	known := &arenas{inUse: make(map[*mems.Arena]bool)}
	begun := make(chan struct{}, 1)
	server := httptest.NewUnstartedServer(mems.Handler(h, http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			a, _ := mems.ArenaFrom(r.Context())
			known.enter(t, a)
			defer known.leave(a)
			mine := mems.Must(a.Bytes(1000 + len(r.URL.Path)*100))
			for i := range mine {
				if mine[i] != 0 {
					t.Error("not 0")
				}
				mine[i] = r.URL.Path[1]
			}
			switch r.URL.Path[1] {
			case 'p':
				panic("as asked")
			case 'a':
				panic(http.ErrAbortHandler)
			case 'w':
				begun <- struct{}{}
				<-r.Context().Done()
			}
			time.Sleep(time.Millisecond)
			for i := range mine {
				if mine[i] != r.URL.Path[1] {
					t.Error("somebody else writes here")
				}
			}
			_, _ = w.Write(mine)
		})))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	defer server.Close()

	var wait sync.WaitGroup
	for i := range 16 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for j := range 20 {
				path := "/" + string(rune('b'+i%8)) + strings.Repeat("x", j)
				if i%8 == 7 {
					path = "/" + string("pa"[j%2])
				}
				response, err := http.Get(server.URL + path)
				if err != nil {
					if i%8 != 7 {
						t.Error(err)
					}
					continue
				}
				got, err := io.ReadAll(response.Body)
				_ = response.Body.Close()
				if err != nil || len(got) != 1000+len(path)*100 ||
					strings.Trim(string(got), path[1:2]) != "" {
					t.Error("another answer", err)
				}
			}
		}()
	}
	wait.Wait()

	// A client that goes away.
	ctx, cancel := context.WithCancel(context.Background())
	request, _ := http.NewRequestWithContext(ctx, "GET", server.URL+"/w", nil)
	go func() {
		<-begun
		cancel()
	}()
	_, err := http.DefaultClient.Do(request)
	wants(t, "abort", err, context.Canceled)

	server.Close()
	is(t, "in use", len(known.inUse), 0)
	is(t, "held", h.Stats().ArenaBytes, 0)
	// One that was kept is closed, whatever requests followed.
	_, err = known.last.Bytes(1)
	wants(t, "kept", err, mems.ErrClosed)
}

func TestHandlerOfAClosedHeap(t *testing.T) {
	h := open(t)
	served := false
	handler := mems.Handler(h, http.HandlerFunc(
		func(_ http.ResponseWriter, r *http.Request) {
			a, ok := mems.ArenaFrom(r.Context())
			is(t, "arena", ok, false)
			is(t, "bytes", len(mems.Must(a.Bytes(10))), 10)
			served = true
		}))
	wants(t, "close", h.Close(), nil)
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	is(t, "served", served, true)
}
