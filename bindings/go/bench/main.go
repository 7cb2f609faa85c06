// Bench compares mems with what else a Go program can do, in one table, and
// tells of each promise whether it holds:
//
//	go run .                 # all; some minutes
//	go run . -only request   # one group
//	go run . -objects 1000000
//
// Each group has a process of its own, in which its lanes run by turns: what
// disturbs one lane disturbs the others. A figure is the median of its rounds,
// and a ratio the median of the ratios that each round had. Times are those that
// all threads of the process had of the processors, the collector's among them:
// on a busy machine the time that goes by tells how busy it is; it is told, too.
// Each lane of the caches has a process of its own, for the sake of its memory.
// What go test -bench runs are the same lanes.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

var (
	only     = flag.String("only", "", "one group: its name, or cache")
	rounds   = flag.Int("rounds", 15, "rounds that each lane has")
	sample   = flag.Duration("sample", 10*time.Millisecond, "how long a round is")
	objectN  = flag.Int("objects", 10_000_000, "records in a cache")
	requestN = flag.Int("requests", 300_000, "requests that a cache has; each makes 10 KB of garbage")
	cell     = flag.String("cell", "", "for the program itself: what to measure")
)

// A figure is what one lane had.
type figure struct {
	Name   string
	Rounds []float64 // ns of the processors
	Walls  []float64 // ns that went by
	Allocs float64   // of Go's, for each time
	Bytes  float64
}

func main() {
	flag.Parse()
	if *cell != "" {
		measure(*cell)
		return
	}
	fmt.Printf("%s, %s/%s, %d processors; medians of %d rounds by turns\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), *rounds)
	var judged judge
	for _, g := range groups {
		if *only == "" || *only == g.name {
			var figures []figure
			inProcess("group:"+g.name, &figures)
			printGroup(g, figures)
			judged.group(g.name, figures)
		}
	}
	if *only == "" || *only == "cache" {
		results := map[string]cacheResult{}
		fmt.Printf("\n%d records of %d bytes live, then %d requests "+
			"(each row a process of its own)\n", *objectN, recordSize, *requestN)
		fmt.Printf("  %-12s %8s %8s %7s %7s %9s %9s %8s %8s %9s %8s %6s %7s\n",
			"", "built MB", "end MB", "set ns", "get ns", "GC ms", "GC CPU",
			"req/s", "p99 us", "p99.9 us", "CPU/req", "GCs", "missing")
		for _, l := range caches {
			var r cacheResult
			inProcess("cache:"+l.name, &r)
			results[l.name] = r
			fmt.Printf("  %-12s %8d %8d %7.0f %7.0f %9.2f %9.3f %8.0f %8.0f %9.0f %8.1f %6d %7d\n",
				l.name, r.Built>>20, r.End>>20, r.Set, r.Get, r.GCWall, r.GCCPU,
				r.Requests, r.P99, r.P999, r.CPU, r.Cycles, r.Missing)
		}
		judged.caches(results)
	}
	judged.print()
}

// inProcess measures in a process of its own.
func inProcess(what string, result any) {
	args := append(os.Args[1:], "-cell", what)
	cmd := exec.Command(must(os.Executable()), args...)
	cmd.Stderr = os.Stderr
	check(json.Unmarshal(must(cmd.Output()), result))
}

func measure(what string) {
	kind, name, _ := strings.Cut(what, ":")
	var result any
	for _, g := range groups {
		if kind == "group" && g.name == name {
			result = measureGroup(g)
		}
	}
	for _, l := range caches {
		if kind == "cache" && l.name == name {
			result = measureCache(l, *objectN, *requestN)
		}
	}
	check(json.NewEncoder(os.Stdout).Encode(result))
}

func measureGroup(g group) []figure {
	figures := make([]figure, len(g.lanes))
	runs := make([]func(int), len(g.lanes))
	counts := make([]int, len(g.lanes))
	for i, l := range g.lanes {
		run, end := l.open()
		defer end()
		runs[i], figures[i].Name = run, l.name
		// As many times as a sample is long.
		for n := 1; ; n *= 2 {
			start := cpuTime()
			run(n)
			if took := cpuTime() - start; took*4 > *sample || n >= 1<<30 {
				n = int(float64(n) * float64(*sample) / float64(took))
				counts[i] = max(n, 1)
				break
			}
		}
	}
	for range *rounds {
		for i, run := range runs {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start, cpu := time.Now(), cpuTime()
			run(counts[i])
			took, wall := cpuTime()-cpu, time.Since(start)
			runtime.ReadMemStats(&after)
			n := float64(counts[i])
			f := &figures[i]
			f.Rounds = append(f.Rounds, float64(took)/n)
			f.Walls = append(f.Walls, float64(wall)/n)
			f.Allocs = float64(after.Mallocs-before.Mallocs) / n
			f.Bytes = float64(after.TotalAlloc-before.TotalAlloc) / n
		}
	}
	return figures
}

func printGroup(g group, figures []figure) {
	fmt.Printf("\n%s: %s\n", g.name, g.title)
	for _, f := range figures {
		fmt.Printf("  %-20s %10.1f ns %10.1f wall %7.2fx of %s %6.1f allocs %7.0f B\n",
			f.Name, median(f.Rounds), median(f.Walls), ratio(f, figures[0]),
			figures[0].Name, f.Allocs, f.Bytes)
	}
}

func median(list []float64) float64 {
	list = slices.Clone(list)
	slices.Sort(list)
	if len(list) == 0 {
		return 0
	}
	return (list[len(list)/2] + list[(len(list)-1)/2]) / 2
}

// ratio is how many times of b's time a takes.
func ratio(a, b figure) float64 {
	list := make([]float64, 0, len(a.Rounds))
	for i := range a.Rounds {
		list = append(list, a.Rounds[i]/b.Rounds[i])
	}
	return median(list)
}
