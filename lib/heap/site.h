/* The book of call sites. */
#ifndef MEMS_HEAP_SITE_H
#define MEMS_HEAP_SITE_H

#include "heap/book.h"

extern struct book mems__site_book;

#endif
