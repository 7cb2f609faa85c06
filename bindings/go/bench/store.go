package main

import mems "github.com/libmems/libmems/bindings/go"

// What needs stores and maps.

var storeGroups = []group{{"ref", "one of 1,000,000 objects is read", []lane{
	{"go-pointer", func() (func(int), func()) {
		list := make([]*object, refObjects)
		for i := range list {
			list[i] = &object{}
			list[i].words[0] = uint64(i)
		}
		order := shuffled()
		return func(n int) {
			for i := range n {
				sinkWord += list[order[i%refObjects]].words[0]
			}
		}, nothing
	}},
	onHeap("mems-ref", func(h *mems.Heap) func(int) {
		store := must(mems.NewStore[object](h))
		list := make([]mems.Ref[object], refObjects)
		for i := range list {
			ref, p, err := store.New()
			check(err)
			p.words[0] = uint64(i)
			list[i] = ref
		}
		order := shuffled()
		return func(n int) {
			for i := range n {
				p, err := store.Get(list[order[i%refObjects]])
				if err != nil {
					check(err)
				}
				sinkWord += p.words[0]
			}
		}
	}),
}}}

const refObjects = 1_000_000

func shuffled() []uint32 {
	random := dice(3)
	order := make([]uint32, refObjects)
	for i := range order {
		j := random.below(i + 1)
		order[i], order[j] = order[j], uint32(i)
	}
	return order
}

func init() {
	caches = append([]cacheLane{{"mems.Map", func(n int) (cache, error) {
		h, err := mems.Open()
		if err != nil {
			return cache{}, err
		}
		m, err := mems.NewMap[uint64, record](h)
		if err != nil {
			return cache{}, err
		}
		return cache{
			set: func(key uint64, r *record) { check(m.Set(key, *r)) },
			get: func(key uint64, r *record) (ok bool) {
				*r, ok = m.Get(key)
				return ok
			},
		}, nil
	}}}, caches...)
}
