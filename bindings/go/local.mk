# The Go package. `make check` runs its tests where there is a Go of 1.24 or
# later; nothing of it is installed. See README.md here.

TESTS += %D%/go.test
EXTRA_DIST += \
	%D%/README.md \
	%D%/arena.go \
	%D%/arena_test.go \
	%D%/arrow.go \
	%D%/arrow_test.go \
	%D%/balance.go \
	%D%/batch.go \
	%D%/batch_test.go \
	%D%/bench/bench_test.go \
	%D%/bench/cache.go \
	%D%/bench/cmalloc.go \
	%D%/bench/go.mod \
	%D%/bench/go.sum \
	%D%/bench/judge.go \
	%D%/bench/lane.go \
	%D%/bench/main.go \
	%D%/bench/seed.go \
	%D%/bench/small.go \
	%D%/bench/store.go \
	%D%/bench/system_other.go \
	%D%/bench/system_unix.go \
	%D%/bench_test.go \
	%D%/bitset.go \
	%D%/block.go \
	%D%/block_test.go \
	%D%/cache.go \
	%D%/caches_mutex.go \
	%D%/caches_proc.go \
	%D%/class.go \
	%D%/context.go \
	%D%/core.c \
	%D%/core.h \
	%D%/core_cgo.go \
	%D%/core_pure.go \
	%D%/draw.go \
	%D%/draw_map.go \
	%D%/draw_rows.go \
	%D%/draw_test.go \
	%D%/errors.go \
	%D%/example_test.go \
	%D%/generate \
	%D%/go.mod \
	%D%/go.test \
	%D%/guard_off.go \
	%D%/guard_on.go \
	%D%/heap.go \
	%D%/heap_test.go \
	%D%/helper_test.go \
	%D%/http.go \
	%D%/http_test.go \
	%D%/huge_linux.go \
	%D%/huge_other.go \
	%D%/leaks.go \
	%D%/local.go \
	%D%/map.go \
	%D%/map_bench_test.go \
	%D%/map_records.go \
	%D%/map_table.go \
	%D%/map_test.go \
	%D%/map_verify.go \
	%D%/memory/bench_test.go \
	%D%/memory/check_test.go \
	%D%/memory/holes.go \
	%D%/memory/memory.go \
	%D%/memory/memory_test.go \
	%D%/memory/model_test.go \
	%D%/memory/table.go \
	%D%/mems.c \
	%D%/mems.h \
	%D%/memstest/memstest.go \
	%D%/memstest/memstest_test.go \
	%D%/memsvet/go.mod \
	%D%/memsvet/go.sum \
	%D%/memsvet/main.go \
	%D%/memsvet/main_test.go \
	%D%/memsvet/pointers/pointers.go \
	%D%/memsvet/pointers/pointers_test.go \
	%D%/memsvet/pointers/testdata/src/a/a.go \
	%D%/memsvet/pointers/testdata/src/github.com/libmems/libmems/bindings/go/mems.go \
	%D%/memsvet/pointers/testdata/src/vendored/a.go \
	%D%/memsvet/pointers/testdata/src/vendored/vendor/github.com/libmems/libmems/bindings/go/mems.go \
	%D%/new.go \
	%D%/options.go \
	%D%/parts.go \
	%D%/poison_asan.go \
	%D%/poison_off.go \
	%D%/pool.go \
	%D%/print.go \
	%D%/profile.go \
	%D%/profile_test.go \
	%D%/ptr.go \
	%D%/ptr_test.go \
	%D%/publish.go \
	%D%/random_test.go \
	%D%/region.go \
	%D%/region_linux.go \
	%D%/region_other.go \
	%D%/region_race.go \
	%D%/region_unix.go \
	%D%/region_windows.go \
	%D%/slots_pure.go \
	%D%/space.go \
	%D%/space_test.go \
	%D%/stats.go \
	%D%/stats_test.go \
	%D%/store.go \
	%D%/store_bench_test.go \
	%D%/store_test.go \
	%D%/testdata/consumer/main.go.txt \
	%D%/testdata/zip/main.go.txt \
	%D%/together/main.go

# The library as the package compiles it in; it lies in the repository, since
# that is where Go gets packages from.
go-sources:
	sh $(srcdir)/%D%/generate $(srcdir) $(srcdir)/%D%

.PHONY: go-sources
