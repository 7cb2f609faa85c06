package memory

import (
	"slices"
	"sync/atomic"
)

// Holes are found by their size, and of one size the lowest first. Those of
// each small size have a bin, a heap of addresses; larger ones are in a tree.

const smallMost = 1024 // sizes below have bins

type holes struct {
	bins   [smallMost]bin
	filled [smallMost / 64]atomic.Uint64 // a bit for each bin that has holes
	tree   tree
}

// A bin is a binary heap in which some addresses may be of holes that are gone,
// or be there twice: to look for one that goes would cost more than to meet it
// later.
type bin struct {
	heap  []int
	count int // holes that there are
}

// best is the smallest hole of at least size bytes, the lowest if there are
// several; its length is 0 if there is none.
func (h *holes) best(t *table, size int) (addr, length int) {
	if size < smallMost {
		if length = nextBit(h.filled[:], size); length >= 0 {
			b := &h.bins[length]
			for !t.isHole(b.heap[0], length) {
				b.pop()
			}
			return b.heap[0], length
		}
	}
	return h.tree.atLeast(size)
}

// isHole tells if there is a hole of just that size. Above all blocks, where
// no mark follows, there is none.
func (t *table) isHole(addr, size int) bool {
	return t.get(addr+size) != none && t.sizeOf(addr, free) == size
}

// add notes a hole, which has its mark.
func (h *holes) add(t *table, addr, size int) {
	if size >= smallMost {
		h.tree.add(addr, size)
		return
	}
	b := &h.bins[size]
	if b.count == 0 {
		b.heap = b.heap[:0]
		setBit(h.filled[:], uint(size))
	}
	b.count++
	if len(b.heap) > 2*b.count+16 {
		b.tidy(t, size)
	}
	b.push(addr)
}

// remove forgets a hole.
func (h *holes) remove(addr, size int) {
	if size >= smallMost {
		h.tree.remove(addr, size)
		return
	}
	b := &h.bins[size]
	if b.count--; b.count == 0 {
		clearBit(h.filled[:], uint(size))
		return
	}
	if b.heap[0] == addr {
		b.pop()
	}
}

func (b *bin) push(addr int) {
	heap := append(b.heap, addr)
	b.heap = heap
	i := len(heap) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if heap[parent] <= addr {
			break
		}
		heap[i] = heap[parent]
		i = parent
	}
	heap[i] = addr
}

func (b *bin) pop() {
	last := len(b.heap) - 1
	addr := b.heap[last]
	heap := b.heap[:last]
	b.heap = heap
	if last == 0 {
		return
	}
	i := 0
	for {
		child := 2*i + 1
		if child >= last {
			break
		}
		if child+1 < last && heap[child+1] < heap[child] {
			child++
		}
		if heap[child] >= addr {
			break
		}
		heap[i] = heap[child]
		i = child
	}
	heap[i] = addr
}

// tidy leaves each hole once. What is in order is a heap.
func (b *bin) tidy(t *table, size int) {
	b.heap = slices.DeleteFunc(b.heap, func(addr int) bool {
		return !t.isHole(addr, size)
	})
	slices.Sort(b.heap)
	b.heap = slices.Compact(b.heap)
}

// ------------------------------------------------------------ a tree of holes

// A tree has holes in the order of their sizes, and then of their addresses. It
// is a treap: a node's weight, which chance gave it, is above those below it,
// so the tree is about as deep as one in perfect balance. Node 0 is none.
type tree struct {
	nodes []node
	root  uint32
	idle  uint32 // nodes that are in no use, by their left
	dice  uint64
}

type node struct {
	addr, size  int
	left, right uint32
	weight      uint32
}

// before tells if the node's hole comes before that one.
func (n *node) before(addr, size int) bool {
	return n.size < size || n.size == size && n.addr < addr
}

// atLeast is the first hole of that size or more.
func (t *tree) atLeast(size int) (addr, length int) {
	for i := t.root; i != 0; {
		n := &t.nodes[i]
		if n.size < size {
			i = n.right
			continue
		}
		addr, length = n.addr, n.size
		i = n.left
	}
	return addr, length
}

func (t *tree) add(addr, size int) {
	t.dice = t.dice*6364136223846793005 + 1442695040888963407
	n := node{addr: addr, size: size, weight: uint32(t.dice >> 32)}
	i := t.idle
	if i == 0 {
		if len(t.nodes) == 0 {
			t.nodes = append(t.nodes, node{})
		}
		i = uint32(len(t.nodes))
		t.nodes = append(t.nodes, n)
	} else {
		t.idle = t.nodes[i].left
		t.nodes[i] = n
	}
	low, high := t.split(t.root, addr, size)
	t.root = t.join(t.join(low, i), high)
}

// remove takes out a hole that is there.
func (t *tree) remove(addr, size int) {
	low, high := t.split(t.root, addr, size)
	one, high := t.split(high, addr+1, size)
	t.root = t.join(low, high)
	t.nodes[one].left = t.idle
	t.idle = one
}

// split makes two trees of one: of what comes before that hole, and the rest.
func (t *tree) split(root uint32, addr, size int) (low, high uint32) {
	if root == 0 {
		return 0, 0
	}
	n := &t.nodes[root]
	if n.before(addr, size) {
		n.right, high = t.split(n.right, addr, size)
		return root, high
	}
	low, n.left = t.split(n.left, addr, size)
	return low, root
}

// join makes one tree of two, of which the first comes before the second.
func (t *tree) join(low, high uint32) uint32 {
	switch {
	case low == 0:
		return high
	case high == 0:
		return low
	}
	l, h := &t.nodes[low], &t.nodes[high]
	if l.weight > h.weight {
		l.right = t.join(l.right, high)
		return low
	}
	h.left = t.join(low, h.left)
	return high
}
