/*
 * The life of a span under the memory model of C11: the protocol of remote.pml,
 * two heaps, with the orders that lib/heap gives its atomic steps. Relacy runs
 * it many times, each with another interleaving and with loads that may see old
 * values. Whatever only the owner of a span may touch is a plain variable here,
 * so that two threads at it without an order between them are found, and so
 * are links of free blocks and what users write to theirs.
 *
 *	remote_relacy ITERATIONS [FAULT]
 *
 * Listing needs no release: who has the span next takes the lock first.
 *
 * It tells on standard output how that went, and on standard error, if there is
 * a fault, how it came about. Faults to be found:
 *
 *	push-relaxed	a block is pushed without release
 *	last-relaxed	so is the last of a listed span, without acquire
 *	first-relaxed	a span that was nobody's is had without acquire
 *	collect-relaxed	blocks are taken without acquire
 *	let-go-relaxed	a span is let go of without release
 *	unlist-relaxed	a span is taken from a list without acquire
 */
#include <relacy/relacy.hpp>

#include <cstdlib>
#include <cstring>
#include <iostream>
#include <sstream>
#include <string>

#define THREADS 3
#define BLOCKS 3
#define HEAPS 2
#define STEPS 6

#define REMOTE_OWNED 0x80000000u
#define REMOTE_LISTED 0x40000000u
#define REMOTE_FIRST 0x1fffu
#define REMOTE_COUNT_SHIFT 13
#define GARBAGE 77

enum { SPAN_NONE, SPAN_BLOCKS, SPAN_LISTED };

static const rl::memory_order relaxed = rl::mo_relaxed;
static const rl::memory_order acquire = rl::mo_acquire;
static const rl::memory_order release = rl::mo_release;

/* A load, and the step that changes what it saw. */
struct orders {
	rl::memory_order load, change;
};

/* What remote.c has for all of them; the faults weaken one. */
static struct orders push = { acquire, rl::mo_acq_rel };
static struct orders first = push, take_all = push, go = push;
static struct orders list = push, unlist = push;

static void plant(const std::string &fault)
{
	const struct orders no_acquire = { relaxed, release };
	const struct orders no_release = { acquire, acquire };

	if (fault == "push-relaxed")
		push = no_release;
	else if (fault == "last-relaxed")
		push = no_acquire;
	else if (fault == "first-relaxed")
		first = no_acquire, push.load = relaxed;
	else if (fault == "collect-relaxed")
		take_all = no_acquire;
	else if (fault == "let-go-relaxed")
		go = no_release;
	else if (fault == "unlist-relaxed")
		unlist = no_acquire;
	else
		std::exit(2);
}

static unsigned count_of(unsigned word)
{
	return word >> REMOTE_COUNT_SHIFT & REMOTE_FIRST;
}

struct model : rl::test_suite<model, THREADS> {
	rl::atomic<unsigned> remote, kind, owner;
	rl::var<unsigned> used, ours, fresh;	/* `free` is taken */
	rl::var<unsigned> heap;
	rl::var<unsigned> link[BLOCKS + 1];	/* the blocks' memory */

	rl::mutex locks[HEAPS], slices_lock;
	rl::atomic<unsigned> listed[HEAPS];	/* the list's first span */
	rl::var<bool> stacked;			/* the span can be taken */

	/* What users have: a block that one puts there, another may free. */
	rl::atomic<unsigned> shared[BLOCKS + 1];

	/* Each thread looks at its own. */
	bool current[THREADS + 1], partial[THREADS + 1];

	void before()
	{
		remote($) = 0;
		used($) = 0;
		kind($) = SPAN_NONE;
		owner($) = 0;
		ours($) = 0;
		fresh($) = 0;
		heap($) = 0;
		stacked($) = true;
		for (unsigned i = 0; i < HEAPS; i++)
			listed[i]($) = 0;
		for (unsigned i = 0; i <= BLOCKS; i++) {
			link[i]($) = 0;
			shared[i]($) = 0;
		}
		std::memset(current, 0, sizeof(current));
		std::memset(partial, 0, sizeof(partial));
	}

	/* ------------------------------------------------------- remote.c */

	rl::var<unsigned> &next(unsigned block)
	{
		RL_ASSERT(block > 0 && block <= BLOCKS);
		return link[block];
	}

	bool change(unsigned *old, unsigned word, struct orders orders)
	{
		return remote($).compare_exchange_strong(*old, word,
				orders.change, orders.load);
	}

	void attach(unsigned word)
	{
		unsigned block = word & REMOTE_FIRST, last = ours($);

		if (last == 0) {
			ours($) = block;
			return;
		}
		while (next(last)($) != 0)
			last = next(last)($);
		next(last)($) = block;
	}

	void make_mine(unsigned me, unsigned block)
	{
		RL_ASSERT(heap($) < HEAPS);
		link[block]($) = 0;
		ours($) = block;
		used($) = used($) - 1;
		if (rl::rand(2) == 0)
			cache_adopt(me);
		else
			list_put();
	}

	void remote_free(unsigned me, unsigned block)
	{
		unsigned old = remote($).load(push.load), word;

		for (;;) {
			if (old == 0) {
				if (!change(&old, REMOTE_OWNED, first))
					continue;
				make_mine(me, block);
				return;
			}
			link[block]($) = old & REMOTE_FIRST;
			word = (old & ~REMOTE_FIRST) | block;
			if ((old & REMOTE_LISTED) != 0)
				word -= 1u << REMOTE_COUNT_SHIFT;
			else
				word += 1u << REMOTE_COUNT_SHIFT;
			if (change(&old, word, push))
				break;
		}
		if ((word & REMOTE_LISTED) != 0 && count_of(word) == 0)
			list_emptied();
	}

	unsigned collect()
	{
		unsigned old = remote($).load(take_all.load);

		if (old == REMOTE_OWNED)
			return 0;
		while (!change(&old, REMOTE_OWNED, take_all))
			;
		attach(old);
		used($) = used($) - count_of(old);
		return count_of(old);
	}

	bool let_go(unsigned me)
	{
		unsigned old = REMOTE_OWNED;

		owner($).store(0, relaxed);
		if (remote($).load(go.load) == old && change(&old, 0, go))
			return true;
		owner($).store(me, relaxed);
		(void)collect();
		return false;
	}

	bool remote_list()
	{
		unsigned old = REMOTE_OWNED;

		return remote($).load(list.load) == old &&
		       change(&old, REMOTE_OWNED | REMOTE_LISTED |
			      used($) << REMOTE_COUNT_SHIFT, list);
	}

	bool remote_unlist()
	{
		unsigned old = remote($).load(unlist.load);

		do {
			if (count_of(old) == 0)
				return false;
		} while (!change(&old, REMOTE_OWNED, unlist));
		attach(old);
		used($) = count_of(old);
		return true;
	}

	/* --------------------------------------------------------- list.c */

	void take_out(unsigned its)
	{
		RL_ASSERT(listed[its]($).load(relaxed) == 1);
		listed[its]($).store(0, relaxed);
		kind($).store(SPAN_BLOCKS, relaxed);
	}

	void list_put()
	{
		unsigned its = heap($);
		bool done;

		owner($).store(0, relaxed);
		do {
			(void)collect();
			if (used($) == 0) {
				give_up();
				return;
			}
			locks[its].lock($);
			done = remote_list();
			if (done) {
				RL_ASSERT(listed[its]($).load(relaxed) == 0);
				listed[its]($).store(1, relaxed);
				kind($).store(SPAN_LISTED, relaxed);
			}
			locks[its].unlock($);
		} while (!done);
	}

	bool list_take(unsigned its)
	{
		bool done;

		if (listed[its]($).load(relaxed) == 0)
			return false;
		locks[its].lock($);
		done = listed[its]($).load(relaxed) != 0 && remote_unlist();
		if (done)
			take_out(its);
		locks[its].unlock($);
		return done;
	}

	void list_emptied()
	{
		unsigned its = heap($);

		locks[its].lock($);
		take_out(its);
		locks[its].unlock($);
		give_up();
	}

	/* ----------------------------------------------- span.c, slices.c */

	/* span_release(); `release` is taken */
	void give_up()
	{
		unsigned all = ours($);

		/* Whose turn it is may look at all of it. */
		while (all != 0)
			all = next(all)($);
		all = remote($).load(relaxed) & REMOTE_FIRST;
		while (all != 0)
			all = next(all)($);
		RL_ASSERT(heap($) < HEAPS && fresh($) <= BLOCKS);
		RL_ASSERT(kind($).load(relaxed) == SPAN_BLOCKS);
		owner($).store(0, relaxed);
		kind($).store(SPAN_NONE, relaxed);
		remote($).store(0, relaxed);
		slices_lock.lock($);
		RL_ASSERT(!stacked($));
		stacked($) = true;
		slices_lock.unlock($);
	}

	bool span_make(unsigned its)
	{
		bool have;

		slices_lock.lock($);
		have = stacked($);
		stacked($) = false;
		slices_lock.unlock($);
		if (!have)
			return false;
		RL_ASSERT(kind($).load(relaxed) == SPAN_NONE);
		heap($) = its;
		ours($) = 0;
		used($) = 0;
		fresh($) = 0;
		remote($).store(REMOTE_OWNED, relaxed);
		kind($).store(SPAN_BLOCKS, release);
		return true;
	}

	/* -------------------------------------------------------- cache.c */

	void cache_adopt(unsigned me)
	{
		if (used($) == 0) {
			give_up();
			return;
		}
		owner($).store(me, relaxed);
		partial[me] = true;
	}

	bool leave(unsigned me)
	{
		used($) = used($) - 1;
		if (let_go(me))
			return true;
		used($) = used($) + 1;
		return false;
	}

	bool refill(unsigned me, unsigned its)
	{
		if (current[me]) {
			if (collect() > 0 || fresh($) < BLOCKS)
				return true;
			if (!leave(me))
				return true;
			current[me] = false;
		}
		if (partial[me] && heap($) == its) {
			partial[me] = false;
		} else {
			if (!list_take(its) && !span_make(its))
				return false;
			owner($).store(me, relaxed);
		}
		used($) = used($) + 1;
		current[me] = true;
		return true;
	}

	void cache_alloc(unsigned me)
	{
		unsigned its = rl::rand(HEAPS), block;

		while (!current[me] || ours($) == 0) {
			if (!current[me] || fresh($) == BLOCKS ||
			    remote($).load(relaxed) != REMOTE_OWNED) {
				if (!refill(me, its))
					return;
			} else {
				/* cut() */
				block = fresh($) + 1;
				link[block]($) = 0;
				fresh($) = block;
				ours($) = block;
			}
		}
		block = ours($);
		RL_ASSERT(block <= BLOCKS);
		ours($) = next(block)($);
		used($) = used($) + 1;
		/* The user writes to it and lets somebody free it. */
		link[block]($) = GARBAGE;
		RL_ASSERT(shared[block]($).load(relaxed) == 0);
		shared[block]($).store(1, release);
	}

	void cache_flush(unsigned me)
	{
		if (current[me]) {
			(void)collect();
			current[me] = false;
			if (used($) == 1) {
				give_up();
			} else if (ours($) != 0 || fresh($) < BLOCKS ||
				   !leave(me)) {
				used($) = used($) - 1;
				list_put();
			}
		} else if (partial[me]) {
			partial[me] = false;
			list_put();
		}
	}

	/* -------------------------------------------------------- alloc.c */

	void give(unsigned me)
	{
		unsigned block = 1 + rl::rand(BLOCKS);

		if (shared[block]($).exchange(0, acquire) == 0)
			return;
		RL_ASSERT(link[block]($) == GARBAGE);
		link[block]($) = GARBAGE;
		if (owner($).load(relaxed) != me) {
			remote_free(me, block);
			return;
		}
		link[block]($) = ours($);
		ours($) = block;
		used($) = used($) - 1;
		if (used($) == 0) {
			RL_ASSERT(partial[me]);
			partial[me] = false;
			give_up();
		}
	}

	void thread(unsigned index)
	{
		unsigned me = index + 1;

		for (int i = 0; i < STEPS; i++) {
			switch (rl::rand(5)) {
			case 0:
			case 1:
				cache_alloc(me);
				break;
			case 2:
			case 3:
				give(me);
				break;
			default:
				cache_flush(me);
			}
		}
	}

	/* Nobody is at it any more: is every block somewhere, once? */
	void after()
	{
		unsigned word = remote($).load(relaxed), out = 0, have = 0;
		unsigned holders = 0, waiting = 0, is_current = 0, lists = 0;

		for (unsigned i = 1; i <= THREADS; i++) {
			holders += current[i] + partial[i];
			is_current += current[i];
		}
		for (unsigned i = 1; i <= BLOCKS; i++)
			out += shared[i]($).load(relaxed);
		for (unsigned i = 0; i < HEAPS; i++)
			lists += listed[i]($).load(relaxed);
		if (kind($).load(relaxed) == SPAN_NONE) {
			RL_ASSERT(stacked($) && holders == 0 && word == 0 &&
				  out == 0 && lists == 0);
			return;
		}
		for (unsigned i = ours($); i != 0; i = next(i)($))
			RL_ASSERT(++have <= BLOCKS);
		for (unsigned i = word & REMOTE_FIRST; i != 0; i = next(i)($))
			RL_ASSERT(++waiting <= BLOCKS);
		RL_ASSERT(out + have + waiting == fresh($));
		if (word == 0) {
			RL_ASSERT(holders == 0 && lists == 0 && out == BLOCKS);
		} else if ((word & REMOTE_LISTED) != 0) {
			RL_ASSERT(holders == 0 && lists == 1 && out > 0);
			RL_ASSERT(listed[heap($)]($).load(relaxed) == 1);
			RL_ASSERT(count_of(word) == out);
		} else {
			RL_ASSERT(holders == 1 && lists == 0);
			RL_ASSERT(count_of(word) == waiting);
			RL_ASSERT(used($) == out + waiting + is_current);
		}
	}
};

int main(int argc, char **argv)
{
	rl::test_params params;
	std::ostringstream quiet;
	bool right;

	if (argc > 2)
		plant(argv[2]);
	params.iteration_count = argc > 1 ? std::atoi(argv[1]) : 100000;
	params.search_type = rl::random_scheduler_type;
	params.execution_depth_limit = 10000;
	params.output_stream = &quiet;
	params.progress_stream = &quiet;
	right = rl::simulate<model>(params);
	if (!right)
		std::cerr << quiet.str();
	std::cout << (right ? "right" : rl::test_result_str(params.test_result))
		  << ", " << params.stop_iteration << " iterations"
		  << std::endl;
	/* A faulty run leaves things that destructors do not understand. */
	std::_Exit(right ? 0 : 1);
}
