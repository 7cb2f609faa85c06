/*
 * libmems: memory you can name.
 *
 * This header brings the six classic MeMS calls, which work on one heap of the
 * whole process, and everything else but the old names and the layout of words.
 *
 * The classic heap hands out *MeMS virtual addresses*: the first byte is 1000,
 * and mems_get() turns an address into the memory behind it. The heap is a
 * main chain of nodes, one for each time that the system was asked for pages,
 * and each node has a sub-chain of segments, PROCESS or HOLE. A request takes
 * the front of the first hole that is large enough; a freed segment joins the
 * holes beside it. Blocks are multiples of 8 bytes, and an address is as
 * aligned as the memory behind it: to 8 bytes.
 *
 * No call exits, prints (but mems_print_stats) or obeys a wrong address. Every
 * call may be made from any thread; only mems_finish() must be the last one.
 */
#ifndef MEMS_H
#define MEMS_H

#include <mems/arena.h>
#include <mems/base.h>
#include <mems/heap.h>
#include <mems/slab.h>
#include <mems/space.h>
#include <mems/stats.h>

MEMS_BEGIN_DECLS

/*
 * Start the heap, empty, its first address 1000.
 *
 * On failure errno is set and the heap is as before:
 *   EALREADY  the heap is started already; it and its blocks stay as they are
 *   ENOMEM    not even a small range of addresses could be reserved
 */
MEMS_API void mems_init(void);

/*
 * End the heap and give all its memory back. The next mems_init() starts at
 * 1000 again. No other call on the heap may run at the same time.
 *
 *   EINVAL    the heap is not started; nothing was done
 */
MEMS_API void mems_finish(void);

/*
 * Reserve `size` bytes, rounded up to a multiple of 8.
 *
 * Returns their first address (a number, not a pointer to memory), or NULL
 * with errno set and the heap unchanged:
 *   EINVAL    size is 0, or the heap is not started
 *   ENOMEM    no hole is large enough and the system gave no more pages
 */
MEMS_API MEMS_NODISCARD void *mems_malloc(size_t size);

/*
 * Give back the block that mems_malloc() gave at `address`. NULL is allowed
 * and does nothing.
 *
 * On failure errno is set and the heap is unchanged:
 *   EINVAL    no live block begins at this address (a hole, the inside of a
 *             block, an address never given, a second free), or the heap is
 *             not started
 */
MEMS_API void mems_free(void *address);

/*
 * The memory behind an address, which may lie inside a block.
 *
 * Returns NULL with errno set:
 *   EFAULT    the address is in no live block: in a hole, below 1000 or past
 *             the last node
 *   EINVAL    the heap is not started
 *
 * Takes no lock.
 */
MEMS_API void *mems_get(void *address);

/*
 * Print the chains and the counts to stdout, through stdio, in order with the
 * program's own output:
 *
 *   MAIN[1000:5095] -> P[1000:1999] <-> H[2000:5095] <-> NULL
 *   Page used: 1
 *   Space unused: 3096
 *   Main Chain Length: 1
 *   Sub-chain Length array: [2]
 *
 * On failure errno is set:
 *   EINVAL    the heap is not started; nothing was printed
 *   EIO       stdout took no more (errno is then what stdio left)
 */
MEMS_API void mems_print_stats(void);

MEMS_END_DECLS

#endif
