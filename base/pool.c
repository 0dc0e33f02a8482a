#include "base/pool.h"

#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define POOL_POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POOL_POISONS 1
#endif
#endif

#ifdef POOL_POISONS
#include <sanitizer/asan_interface.h>
enum { GAP = 16 }; /* poisoned bytes between two allocations, so that running past one is seen */
#else
enum { GAP = 0 };
#define ASAN_POISON_MEMORY_REGION(address, size)   ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

enum {
    ALIGNMENT = _Alignof(max_align_t),
    BLOCK_FIRST = 16 * 1024,
    BLOCK_LAST = 256 * 1024 /* blocks double up to this; the one that a reset keeps is no larger */
};

struct block {
    struct block *older;
    size_t size, used; /* of the bytes behind the header */
    max_align_t bytes[];
};

struct cleanup {
    struct cleanup *older;
    void (*release)(void *);
    void *thing;
};

struct pool {
    struct block *blocks; /* the newest first: allocations come from it, and it is the largest */
    struct block *big;    /* one allocation each */
    struct cleanup *cleanups;
};

void pool_exhausted(void)
{
    static const char message[] = "out of memory\n";
    ssize_t ignored = write(STDERR_FILENO, message, sizeof message - 1);

    (void)ignored;
    _exit(71); /* EX_OSERR */
}

static struct block *block_new(size_t size, struct block *older)
{
    struct block *block;

    if (size > SIZE_MAX - sizeof *block)
        pool_exhausted();
    block = malloc(sizeof *block + size);
    if (!block)
        pool_exhausted();
    *block = (struct block){ .older = older, .size = size };
    ASAN_POISON_MEMORY_REGION(block->bytes, size);
    return block;
}

static void block_free_all(struct block *block)
{
    while (block) {
        struct block *older = block->older;
        ASAN_UNPOISON_MEMORY_REGION(block->bytes, block->size);
        free(block);
        block = older;
    }
}

static size_t aligned(size_t size)
{
    if (size > SIZE_MAX - GAP - ALIGNMENT)
        pool_exhausted();
    return (size + GAP + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* The place of `size` bytes of which `room` are taken; not zeroed. */
static void *take(struct pool *pool, size_t size)
{
    size_t room = aligned(size);
    struct block *block = pool->blocks;
    char *place;

    if (room > BLOCK_FIRST / 2 && (!block || room > block->size - block->used)) {
        block = pool->big = block_new(room, pool->big);
    } else if (!block || room > block->size - block->used) {
        size_t next = block ? block->size * 2 : BLOCK_FIRST;
        block = pool->blocks = block_new(next < BLOCK_LAST ? next : BLOCK_LAST, block);
    }
    place = (char *)block->bytes + block->used;
    block->used += room;
    ASAN_UNPOISON_MEMORY_REGION(place, size);
    return place;
}

struct pool *pool_new(void)
{
    struct pool *pool = calloc(1, sizeof *pool);

    if (!pool)
        pool_exhausted();
    return pool;
}

static void run_cleanups(struct pool *pool)
{
    while (pool->cleanups) {
        struct cleanup *cleanup = pool->cleanups;
        pool->cleanups = cleanup->older;
        cleanup->release(cleanup->thing);
    }
}

void pool_reset(struct pool *pool)
{
    struct block *kept;

    run_cleanups(pool);
    block_free_all(pool->big);
    pool->big = NULL;
    kept = pool->blocks;
    if (kept) {
        block_free_all(kept->older);
        kept->older = NULL;
        kept->used = 0;
        ASAN_POISON_MEMORY_REGION(kept->bytes, kept->size);
    }
}

void pool_free(struct pool *pool)
{
    if (!pool)
        return;
    run_cleanups(pool);
    block_free_all(pool->big);
    block_free_all(pool->blocks);
    free(pool);
}

void *pool_alloc(struct pool *pool, size_t size)
{
    return memset(take(pool, size), 0, size);
}

void *pool_array(struct pool *pool, size_t count, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(count, size, &total))
        pool_exhausted();
    return pool_alloc(pool, total);
}

char *pool_strdup(struct pool *pool, const char *text)
{
    return pool_memdup(pool, text, strlen(text));
}

char *pool_memdup(struct pool *pool, const void *data, size_t length)
{
    char *copy = take(pool, length == SIZE_MAX ? length : length + 1);

    if (length > 0)
        memcpy(copy, data, length);
    copy[length] = '\0';
    return copy;
}

char *pool_printf(struct pool *pool, const char *format, ...)
{
    va_list arguments;
    char *text;

    va_start(arguments, format);
    text = pool_vprintf(pool, format, arguments);
    va_end(arguments);
    return text;
}

char *pool_vprintf(struct pool *pool, const char *format, va_list arguments)
{
    va_list again;
    int length;
    char *text;

    va_copy(again, arguments);
    length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0)
        pool_exhausted(); /* vsnprintf fails only for want of memory or beyond INT_MAX bytes */
    text = take(pool, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    return text;
}

void pool_on_reset(struct pool *pool, void (*release)(void *), void *thing)
{
    struct cleanup *cleanup = pool_alloc(pool, sizeof *cleanup);

    *cleanup = (struct cleanup){ .older = pool->cleanups, .release = release, .thing = thing };
    pool->cleanups = cleanup;
}
