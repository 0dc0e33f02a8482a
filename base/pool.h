/*
 * pool: memory that is released all at once.
 *
 * A request (or one turn of the dispatcher) allocates from its pool and never frees; `pool_reset` gives
 * everything back and runs the clean-up handlers, newest first. Running out of memory ends the process: its
 * parent starts another. Allocations are aligned for any type. Under AddressSanitizer, memory that was given
 * back is poisoned.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stdarg.h>
#include <stddef.h>

struct pool;

struct pool *pool_new(void);
void pool_free(struct pool *pool);

/* Gives back all memory but keeps one block, so that a steady load allocates nothing from the system. */
void pool_reset(struct pool *pool);

/* Zeroed memory; never NULL. */
void *pool_alloc(struct pool *pool, size_t size);
/* Zeroed memory for `count` things of `size` bytes; an overflow of the product ends the process. */
void *pool_array(struct pool *pool, size_t count, size_t size);

char *pool_strdup(struct pool *pool, const char *text);
char *pool_memdup(struct pool *pool, const void *data, size_t length); /* adds a closing NUL */
char *pool_printf(struct pool *pool, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *pool_vprintf(struct pool *pool, const char *format, va_list arguments);

/* How a process without memory ends: one line on standard error and status 71. For the few allocations
 * outside pools. */
_Noreturn void pool_exhausted(void);

/* Runs `release(thing)` at the next pool_reset or pool_free. */
void pool_on_reset(struct pool *pool, void (*release)(void *), void *thing);

#endif
