/*
 * MeMS as it is taught: a linked main chain of linked sub-chains, first fit.
 *
 * A fair form of the old design, for comparison: headers lie beside the data,
 * a freed segment joins both neighbours, a node is exactly the pages that its
 * first request needs. Every call walks the chains.
 */
#ifndef BENCH_LIST_MEMS_H
#define BENCH_LIST_MEMS_H

#include <stddef.h>
#include <stdint.h>

struct list_mems;

struct list_mems *list_mems_create(void);

/* The address of `size` bytes, from 1000 up; 0 if the system has no more. */
uint64_t list_mems_alloc(struct list_mems *mems, size_t size);

/* 0, or -1 if no block begins there. */
int list_mems_free(struct list_mems *mems, uint64_t va);

/* The memory behind an address, or NULL. */
void *list_mems_get(struct list_mems *mems, uint64_t va);

/* Bytes of headers, bytes in nodes, and blocks. */
void list_mems_count(const struct list_mems *mems, uint64_t *headers,
		     uint64_t *mapped, uint64_t *blocks);

#endif
