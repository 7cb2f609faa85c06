/*
 * The life of a span, as lib/heap/{remote,list,cache,span,threads}.c have it,
 * call by call and step by step under their names: one span and a few threads,
 * each of which takes and gives blocks for ever. Every step on what threads
 * share is a step here; what only the span's owner looks at may be merged. Spin
 * goes through all interleavings.
 *
 *	THREADS, BLOCKS		how many [2, 2]
 *	HEAPS, CLASSES		what a released span may be used for [2, 1];
 *				all heaps but the first may be destroyed
 *	FORK			once, a thread may go on alone in a child;
 *				with one heap
 *
 * With FAULTS the one of the following that the variable FAULT of the
 * environment says is planted, to be found:
 */
#define OWNER_LATE	1	/* the owner is cleared after the letting go */
#define BLIND_LET_GO	2	/* the step that lets go does not compare */
#define BLIND_LIST	3	/* nor does the one that lists */
#define EARLY_APPEND	4	/* the span is appended before that step */
#define NO_RETRY	5	/* that failed, and the span is listed still */
#define LOST_COUNT	6	/* collect does not count what it took */
#define COUNT_UP	7	/* a listed span's count goes up */
#define OLD_USED	8	/* unlist leaves `used` as it was */
#define TAKE_DOOMED	9	/* list_take takes what its last freer has */
#define NO_LOCK		10	/* list_emptied does without the lock */
#define STILL_LISTED	11	/* and without taking the span out */
#define TWICE		12	/* list_put looks for the last block as well */
#define OUT_TWICE	13	/* FORK: taken out before and after it */
#define FORGOTTEN	14	/* FORK: nobody empties what a lost one has */

#ifdef FAULTS
c_decl { int planted; }
#define IS(fault)	c_expr { planted == fault }
#define PLANT(fault, wrong, right)					\
	if								\
	:: IS(fault) -> wrong						\
	:: else -> right						\
	fi
#else
#define PLANT(fault, wrong, right) right
#endif

#ifndef THREADS
#define THREADS 2
#endif
#ifndef BLOCKS
#define BLOCKS 2
#endif
#ifndef HEAPS
#define HEAPS 2
#endif
#ifndef CLASSES
#define CLASSES 1
#endif

/* The word `remote`; blocks are numbered from 1. */
#define FIRST(word)	((word) & 3)
#define COUNT(word)	((word) >> 2 & 3)
#define ONE		4
#define REMOTE_OWNED	16
#define REMOTE_LISTED	32

/* Kinds. */
#define SPAN_NONE	0
#define SPAN_BLOCKS	1
#define SPAN_LISTED	2

/* Where a block is. */
#define FRESH		0
#define OUT		1
#define PASSING		2		/* in a call of free */
#define FREE		3
#define LOST		4		/* its thread is not in the child */

#define GARBAGE		7		/* a link that its user wrote over */

/* The span. 0 is no thread, no block. */
byte remote, used, free, fresh, kind, owner, heap, class;
byte link[BLOCKS + 1];
bool stacked = true;			/* its slices can be taken */

bool locks[HEAPS];
bool listed[HEAPS * CLASSES];		/* is it in this list? */
bool current[THREADS + 1], partial[THREADS + 1];

/* What the code does not know. */
byte state[BLOCKS + 1];
byte holder;				/* the one who may touch the span */
byte calls[HEAPS];			/* calls under way */
byte dying;				/* heap + 1 that is being destroyed */
byte idle;
#ifdef FORK
byte child;				/* the thread that is in the child */
bool stranded;				/* the slices were with another */
#endif

#define LIST(h, c)	listed[(h) * CLASSES + (c)]

#define HAVE		assert(holder == me)

/* Compare and exchange; `also` goes with success. */
#define CHANGE(old, new, also)						\
	d_step {							\
		if							\
		:: remote == old -> remote = new; done = true; also	\
		:: else -> old = remote; done = false			\
		fi							\
	}

#define LOCK_TAKE(h)	atomic { !locks[h] -> locks[h] = true }
#define LOCK_DROP(h)	locks[h] = false

/* ---------------------------------------------------------------- remote.c */

/* The list at `block` goes behind the span's own. */
inline attach(block)
{
	d_step {
		HAVE;
		if
		:: free == 0 -> free = block
		:: else ->
			i = free;
			do
			:: assert(i <= BLOCKS);
			   if
			   :: link[i] == 0 -> break
			   :: else -> i = link[i]
			   fi
			od;
			link[i] = block;
			i = 0
		fi
	}
}

inline make_mine()
{
	d_step {
		HAVE;
		assert(free == 0);
		link[b] = 0;
		state[b] = FREE;
		free = b;
		b = 0;
		used--
	};
	if
	:: true -> cache_adopt()
	:: true -> list_put()		/* there is no cache */
	fi
}

/* The block is this thread's to free, and the span is not its. */
inline remote_free()
{
	old = remote;
	do
	:: old == 0 ->
		CHANGE(old, REMOTE_OWNED, assert(holder == 0); holder = me);
		if
		:: done -> new = 0; break
		:: else
		fi
	:: else ->
		d_step {
			link[b] = FIRST(old);
			new = old - FIRST(old) + b;
			if
			:: old & REMOTE_LISTED ->
				assert(COUNT(old) > 0);
				PLANT(COUNT_UP, new = new + ONE,
				      new = new - ONE)
			:: else -> new = new + ONE
			fi
		};
		CHANGE(old, new, freed());
		if
		:: done -> break
		:: else
		fi
	od;
	atomic { old = 0; done = false };
	if
	:: new == 0 -> make_mine()
	:: new != 0 && (new & REMOTE_LISTED) && COUNT(new) == 0 ->
		b = 0; new = 0;
		list_emptied()
	:: else -> b = 0; new = 0
	fi
}

/* Who brings the count of a listed span to 0 has it alone from then on. */
inline freed()
{
	state[b] = FREE;
	if
	:: (new & REMOTE_LISTED) && COUNT(new) == 0 ->
		assert(holder == 0);
		holder = me
	:: else
	fi
}

inline collect()
{
	got = 0;
	old = remote;
	if
	:: old == REMOTE_OWNED -> old = 0
	:: else ->
		do
		:: assert(!(old & REMOTE_LISTED));
		   CHANGE(old, REMOTE_OWNED, HAVE);
		   if
		   :: done -> break
		   :: else
		   fi
		od;
		attach(FIRST(old));
		d_step {
			HAVE;
			got = COUNT(old);
			PLANT(LOST_COUNT, skip, used = used - got);
			old = 0; done = false
		}
	fi
}

/* done: it is nobody's. */
inline let_go()
{
	HAVE;
	PLANT(OWNER_LATE, skip, owner = 0);
	d_step { old = REMOTE_OWNED; done = false };
	if
	:: remote == old ->
		PLANT(BLIND_LET_GO, old = remote, skip);
		CHANGE(old, 0, holder = 0; current[me] = false)
	:: else
	fi;
	old = 0;
	if
	:: done -> PLANT(OWNER_LATE, owner = 0, skip)
	:: else ->
		owner = me;
		collect()
	fi
}

/* done: it is listed, and another's as soon as the lock is dropped. */
inline remote_list()
{
	d_step { HAVE; old = REMOTE_OWNED; done = false };
	if
	:: remote == old ->
		PLANT(BLIND_LIST, old = remote, skip);
		CHANGE(old, REMOTE_OWNED + REMOTE_LISTED + used * ONE,
		       holder = 0)
	:: else
	fi;
	old = 0
}

/* done: it is this thread's. */
inline remote_unlist()
{
	old = remote;
	do
	:: COUNT(old) == 0 ->
		PLANT(TAKE_DOOMED, CHANGE(old, REMOTE_OWNED, holder = me),
		      done = false);
		break
	:: else ->
		CHANGE(old, REMOTE_OWNED, assert(holder == 0); holder = me);
		if
		:: done -> break
		:: else
		fi
	od;
	if
	:: done ->
		attach(FIRST(old));
		PLANT(OLD_USED, skip, used = COUNT(old))
	:: else
	fi;
	old = 0
}

/* ------------------------------------------------------------------ list.c */

inline take_out(h)
{
	d_step {
		HAVE;
		assert(LIST(h, class));
		LIST(h, class) = false
	};
	kind = SPAN_BLOCKS
}

inline append(h)
{
	d_step {
		assert(!LIST(h, class));
		LIST(h, class) = true
	};
	kind = SPAN_LISTED
}

inline list_put()
{
	owner = 0;
	do
	:: collect();
	   got = 0;
	   if
	   :: used == 0 -> release(); break
	   :: else ->
		LOCK_TAKE(heap);
		PLANT(EARLY_APPEND, append(heap), skip);
		remote_list();
		PLANT(NO_RETRY, done = true, skip);
		if
		:: done -> PLANT(EARLY_APPEND, skip, append(heap))
		:: else
		fi;
		/* While the lock is held the span stays in this heap. */
		LOCK_DROP(heap);
		PLANT(TWICE, look_again(), skip);
		if
		:: done -> done = false; break
		:: else
		fi
	   fi
	od
}

#ifdef FAULTS
inline look_again()
{
	if
	:: done && (remote & REMOTE_LISTED) && COUNT(remote) == 0 ->
		list_emptied()
	:: else
	fi
}
#endif

inline list_take(h, c)
{
	done = false;
	if
	:: LIST(h, c) ->
		LOCK_TAKE(h);
		if
		:: LIST(h, c) -> remote_unlist()
		:: else
		fi;
		if
		:: done -> take_out(h)
		:: else
		fi;
		LOCK_DROP(h)
	:: else
	fi
}

inline list_emptied()
{
	PLANT(NO_LOCK, skip, LOCK_TAKE(heap));
	PLANT(STILL_LISTED, kind = SPAN_BLOCKS, take_out(heap));
	PLANT(NO_LOCK, skip, LOCK_DROP(heap));
	release()
}

/* --------------------------------------------------------- span.c, slices.c */

inline slices_give()
{
	owner = 0;
	kind = SPAN_NONE;
	remote = 0;
	/* Under the lock of the slices, which is for this step alone. */
	d_step {
		HAVE;
		assert(!stacked);
		for (i : 1 .. BLOCKS) {
			state[i] = FRESH;
			link[i] = 0
		}
		i = 0; free = 0; fresh = 0; used = 0;
		heap = 0; class = 0;
		holder = 0;
		stacked = true
	}
}

inline release()
{
	d_step {
		HAVE;
		assert(kind == SPAN_BLOCKS);
		for (i : 1 .. BLOCKS) {
			assert(state[i] == FRESH || state[i] == FREE)
		}
		i = 0
	};
	slices_give()
}

inline span_make(h, c)
{
	atomic {
		if
		:: stacked ->
			stacked = false;
			assert(holder == 0);
			holder = me;
			done = true
		:: else -> done = false
		fi
	};
	if
	:: done ->
		d_step {
			class = c;
			heap = h;
			used = 0
		};
		remote = REMOTE_OWNED;
		kind = SPAN_BLOCKS
	:: else
	fi
}

/* ----------------------------------------------------------------- cache.c */

inline cache_emptied()
{
	d_step { HAVE; assert(partial[me]); partial[me] = false };
	release()
}

/* With too many in the bin one goes to the list: see cache_flush(). */
inline cache_adopt()
{
	if
	:: used == 0 -> release()
	:: else ->
		owner = me;
		d_step { HAVE; partial[me] = true }
	fi
}

/* done: it is not current any more. */
inline leave()
{
	used--;
	let_go();
	got = 0;
	if
	:: done
	:: else -> used++
	fi
}

/* There is no current span: from the bin, from the list, or new. */
inline refill(h, c)
{
	if
	:: partial[me] && heap == h && class == c ->
		d_step { partial[me] = false; done = true }
	:: else ->
		list_take(h, c);
		if
		:: done
		:: else -> span_make(h, c)
		fi;
		if
		:: done -> owner = me
		:: else
		fi
	fi;
	d_step {
		if
		:: done -> HAVE; used++; current[me] = true; done = false
		:: else
		fi
	}
}

/* A block of the current span, or see to it that there is one next time. */
inline cache_alloc()
{
	if
	:: free != 0 ->
		d_step {
			HAVE;
			i = free;
			assert(state[i] == FREE && link[i] <= BLOCKS);
			free = link[i];
			link[i] = GARBAGE;
			state[i] = OUT;
			used++;
			i = 0
		}
	:: else ->
		if
		:: fresh < BLOCKS && remote == REMOTE_OWNED ->
			d_step {
				HAVE;
				fresh++;
				assert(state[fresh] == FRESH);
				state[fresh] = OUT;
				link[fresh] = GARBAGE;
				used++
			}
		:: else ->
			collect();
			if
			:: got > 0 || fresh < BLOCKS
			:: else -> leave()
			fi;
			d_step { got = 0; done = false }
		fi
	fi
}

inline cache_collect()
{
	collect();
	if
	:: partial[me] && got > 0 && used == 0 -> cache_emptied()
	:: current[me] && used == 1 ->
		current[me] = false;
		release()
	:: else
	fi;
	got = 0
}

/* After cache_collect(), which is a call of its own here. */
inline cache_flush()
{
	done = false;
	if
	:: current[me] && (free != 0 || fresh < BLOCKS)
	:: current[me] && free == 0 && fresh == BLOCKS -> leave()
	:: else
	fi;
	if
	:: done -> done = false
	:: else ->
		d_step {
			HAVE;
			used = used - (current[me] -> 1 : 0);
			current[me] = false;
			partial[me] = false
		};
		list_put()
	fi
}

/* ----------------------------------------------------------------- alloc.c */

inline give()
{
	if
	:: owner == me ->
		d_step {
			HAVE;
			link[b] = free;
			state[b] = FREE;
			free = b;
			b = 0;
			used--
		};
		if
		:: used == 0 -> cache_emptied()
		:: else
		fi
	:: else -> remote_free()
	fi
}

/* ------------------------------------------------------------------ heap.c */

/* Nobody else is in a call on this heap or begins one: dying sees to that. */
inline heap_destroy(h)
{
	if
	:: kind != SPAN_NONE ->
		if
		:: heap == h ->
			/* Whoever had it does not look at it again. */
			d_step {
				for (i : 1 .. THREADS) {
					current[i] = false;
					partial[i] = false
				}
				i = 0;
				holder = me;
				assert(kind != SPAN_NONE)
			};
			slices_give()
		:: else
		fi
	:: else
	fi;
	/* The next heap may have this one's place. */
	d_step {
		for (i : 0 .. CLASSES - 1) {
			LIST(h, i) = false
		}
		i = 0
	}
}

/* --------------------------------------------------------------- threads.c */

#ifdef FORK

/* What was whose, in the child: nothing is another thread's. */
inline in_child()
{
	d_step {
		for (i : 1 .. THREADS) {
			current[i] = current[i] && i == me;
			partial[i] = partial[i] && i == me
		}
		for (i : 0 .. HEAPS - 1) {
			calls[i] = 0
		}
		idle = THREADS - 1;
		stranded = kind == SPAN_NONE && !stacked;
		if
		:: holder != me -> holder = 0
		:: else
		fi;
		/* Blocks that no list has are with threads or with users. */
		for (i : 1 .. BLOCKS) {
			if
			:: state[i] == PASSING -> state[i] = LOST
			:: state[i] == FREE -> state[i] = LOST
			:: else
			fi
		}
		i = free;
		do
		:: i != 0 -> state[i] = FREE; i = link[i]
		:: else -> break
		od;
		i = FIRST(remote);
		do
		:: i != 0 -> state[i] = FREE; i = link[i]
		:: else -> break
		od
	};
	take_over()
}

inline recount()
{
	d_step {
		used = fresh;
		i = free;
		do
		:: i != 0 -> used--; i = link[i]
		:: else -> break
		od
	}
}

inline take_over()
{
	if
	:: kind == SPAN_NONE || remote == 0 || owner == me
	:: else ->
		if
		:: !(remote & REMOTE_LISTED) ->
			holder = me;
			recount();
			list_put()
		:: (remote & REMOTE_LISTED) && COUNT(remote) == 0 ->
			holder = me;
			if
			:: kind == SPAN_LISTED ->
				PLANT(FORGOTTEN, holder = 0, list_emptied())
			:: else ->		/* it was taken out before */
				PLANT(OUT_TWICE, list_emptied(), release())
			fi
		:: else
		fi
	fi
}

#endif

/* -------------------------------------------------------------- invariants */

/* All threads are between two calls. */
inline check()
{
	d_step {
		/* `old` free blocks, `new` that others freed, `got` out. */
		old = 0;
		i = free;
		do
		:: i != 0 ->
			assert(i <= BLOCKS && state[i] == FREE && old < BLOCKS);
			old++;
			i = link[i]
		:: else -> break
		od;
		new = 0;
		i = FIRST(remote);
		do
		:: i != 0 ->
			assert(i <= BLOCKS && state[i] == FREE && new < BLOCKS);
			new++;
			i = link[i]
		:: else -> break
		od;
		got = 0;
		for (i : 1 .. BLOCKS) {
			assert(state[i] != PASSING);
			got = got + (state[i] == OUT || state[i] == LOST ->
				     1 : 0)
		}
		b = 0;
		for (i : 0 .. HEAPS * CLASSES - 1) {
			b = b + (listed[i] -> 1 : 0)
		}
		for (i : 1 .. THREADS) {
			assert(holder == i || (!current[i] && !partial[i]))
		}
		i = 0;
		if
		:: kind == SPAN_NONE ->
			assert(holder == 0 && b == 0);
#ifdef FORK
			assert(stacked != stranded);
			if
			:: stacked -> assert(owner == 0 && remote == 0)
			:: else
			fi
#else
			assert(stacked && owner == 0 && remote == 0)
#endif
		:: else ->
			/* No block is lost, none is twice in a list. */
			assert(old + new + got == fresh);
			assert(!stacked && owner == holder);
			assert(remote == 0 || (remote & REMOTE_OWNED));
			if
			:: remote == 0 ->	/* nobody's, so full */
				assert(holder == 0 && b == 0 &&
				       kind == SPAN_BLOCKS && got == BLOCKS &&
				       used == BLOCKS)
			:: remote & REMOTE_LISTED ->
				assert(holder == 0 && b == 1 &&
				       LIST(heap, class) &&
				       kind == SPAN_LISTED && got > 0 &&
				       COUNT(remote) == got)
			:: else ->
				assert(b == 0 && kind == SPAN_BLOCKS &&
				       COUNT(remote) == new &&
				       current[holder] + partial[holder] == 1);
				assert(used == got + new +
				       (current[holder] -> 1 : 0))
			fi
		fi;
		old = 0; new = 0; got = 0; b = 0
	}
}

#define MAY(h)		(dying != (h) + 1)
#define HAS		(current[me] || partial[me])
#define CALL(h)		idle--; called = (h) + 1; calls[h]++
#define OUT_2		(state[2] == OUT)
#define OUT_3		(state[3] == OUT)
#if BLOCKS < 3
#undef OUT_3
#define OUT_3		false
#endif
#if BLOCKS < 2
#undef OUT_2
#define OUT_2		false
#endif

#ifdef FORK
proctype thread(byte me) provided (child == 0 || child == _pid)
#else
proctype thread(byte me)
#endif
{
	byte b, i, old, new, got;
	byte called;			/* heap + 1 that this call is about */
	bool done;

again:
	atomic {
		assert(b == 0 && old == 0 && new == 0 && got == 0 && !done);
		if
		:: called != 0 -> calls[called - 1]--; called = 0
		:: else
		fi;
		idle++;
		if
		:: idle == THREADS -> check()
		:: else
		fi
	};
	if
	:: atomic { current[me] && MAY(heap) -> CALL(heap) };
	   cache_alloc()
	:: atomic { HAS && MAY(heap) -> CALL(heap) };
	   cache_collect()
	:: atomic { HAS && MAY(heap) -> CALL(heap) };
	   cache_flush()
	:: atomic { !current[me] && MAY(0) -> CALL(0) };
	   if
	   :: true -> refill(0, 0)
#if CLASSES > 1
	   :: true -> refill(0, 1)
#endif
	   fi
#if HEAPS > 1
	:: atomic { !current[me] && MAY(1) -> CALL(1) };
	   refill(1, 0)
	:: atomic { dying == 0 && calls[1] == 0 -> idle--; dying = 2 };
	   heap_destroy(1);
	   dying = 0
#endif
	:: atomic {
		(state[1] == OUT || OUT_2 || OUT_3) && MAY(heap) ->
		CALL(heap);
		if
		:: state[1] == OUT -> b = 1
		:: OUT_2 -> b = 2
		:: OUT_3 -> b = 3
		fi;
		state[b] = PASSING
	   };
	   give()
#ifdef FORK
	/* Holding all locks, and between two calls of its own. */
	:: atomic {
		child == 0 && !locks[0] -> child = me;
		in_child()
	   }
#endif
	fi;
	goto again
}

init
{
	atomic {
		byte t;

#ifdef FAULTS
		c_code { planted = atoi(getenv("FAULT")); };
#endif
		for (t : 1 .. THREADS) {
			run thread(t)
		}
	}
}
