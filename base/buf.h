/*
 * buf: a growing byte buffer with a limit fixed at birth.
 *
 * An addition that would pass the limit is refused whole and sets `overflowed`; later additions are refused
 * too, so that a caller may add freely and test once at the end. `data` always has a NUL at `length`.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/pool.h"

#include <stdbool.h>

struct buf {
    struct pool *pool; /* where the bytes live; NULL: the heap, released by buf_release */
    char *data;
    size_t length;
    size_t capacity;
    size_t limit; /* the most `length` may reach */
    bool overflowed;
};

void buf_init(struct buf *buf, struct pool *pool, size_t limit);
void buf_release(struct buf *buf); /* only for heap buffers */
void buf_clear(struct buf *buf);   /* empty again; keeps the memory, forgets the overflow */

bool buf_add(struct buf *buf, const void *data, size_t length);
bool buf_add_text(struct buf *buf, const char *text);
bool buf_add_char(struct buf *buf, char character);
bool buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
