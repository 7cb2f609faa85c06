package main

import "fmt"

// A judge tells of each promise whether what was measured holds it.
type judge struct{ lines []string }

func (j *judge) say(what string, value float64, atLeast bool, limit float64) {
	word, sign := "SHORT", "at most"
	if atLeast {
		sign = "at least"
	}
	if value >= limit == atLeast || value == limit {
		word = "holds"
	}
	j.lines = append(j.lines, fmt.Sprintf("  %-5s  %-62s %9.3g (%s %g)",
		word, what, value, sign, limit))
}

func (j *judge) group(name string, figures []figure) {
	of := map[string]figure{}
	for _, f := range figures {
		of[f.Name] = f
	}
	faster := func(what, a, b string, limit float64) {
		j.say(what, ratio(of[b], of[a]), true, limit)
	}
	switch name {
	case "object":
		faster("New[T] in an arena is faster than new(T), times", "mems-arena", "go-new", 8)
		j.say("New[T] in an arena, allocations of Go", of["mems-arena"].Allocs, false, 0.001)
		faster("a pair by a Local is faster than new(T), times", "mems-local", "go-new", 4)
		faster("a pair by default is faster than new(T), times", "mems-pool", "go-new", 1.4)
		faster("a pair by default is faster than C.malloc and free, times", "mems-pool", "c-malloc", 2)
	case "request":
		faster("a request's nodes in an arena are faster than by new, times", "mems-arena", "go-new", 6)
	case "verbs":
		faster("the verbs at 10,000 live are faster than the seed's, times", "memory-10000", "seed-10000", 100)
		j.say("the verbs at 1,000,000 live, times of 100 live", ratio(of["memory-1000000"], of["memory-100"]), false, 3)
		j.say("the same with 64 bytes each", ratio(of["memory-64-1000000"], of["memory-64-100"]), false, 3)
	case "ref":
		j.say("a checked Ref is read in, times of a pointer", ratio(of["mems-ref"], of["go-pointer"]), false, 1.5)
	}
}

func (j *judge) caches(results map[string]cacheResult) {
	off, ok := results["mems.Map"]
	if !ok {
		return
	}
	on, plain := results["map[K]*V"], results["map[K]V"]
	j.say("a full collection takes less CPU than with map[K]*V, times", on.GCCPU/off.GCCPU, true, 1000)
	j.say("RSS at the end of the load, times of map[K]*V", float64(off.End)/float64(on.End), false, 0.35)
	j.lines = append(j.lines, fmt.Sprintf(
		"  and in all honesty, a map without pointers (map[K]V) takes %.2f times as\n"+
			"  long for a get, %.2f times for p99.9, %.1f times as much CPU for a full\n"+
			"  collection, and %.2f times the memory",
		plain.Get/off.Get, plain.P999/off.P999, plain.GCCPU/off.GCCPU,
		float64(plain.End)/float64(off.End)))
}

func (j *judge) print() {
	if len(j.lines) == 0 {
		return
	}
	fmt.Println("\nWhat mems promises")
	for _, line := range j.lines {
		fmt.Println(line)
	}
}
