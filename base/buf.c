#include "base/buf.h"

#include <stdarg.h>

enum { CAPACITY_FIRST = 256 };

static char nothing[1]; /* what an empty buffer points to; never written */

void buf_init(struct buf *buf, struct pool *pool, size_t limit)
{
    *buf = (struct buf){ .pool = pool, .data = nothing, .limit = limit };
}

void buf_release(struct buf *buf)
{
    if (!buf->pool && buf->capacity > 0)
        free(buf->data);
    buf_init(buf, buf->pool, buf->limit);
}

void buf_clear(struct buf *buf)
{
    buf->length = 0;
    buf->overflowed = false;
    if (buf->capacity > 0)
        buf->data[0] = '\0';
}

static void grow(struct buf *buf, size_t needed)
{
    size_t capacity = buf->capacity > 0 ? buf->capacity : CAPACITY_FIRST;

    while (capacity < needed)
        capacity = capacity > buf->limit / 2 ? buf->limit : capacity * 2;
    if (capacity == (size_t)-1)
        pool_exhausted();
    if (buf->pool) {
        char *data = pool_alloc(buf->pool, capacity + 1);
        memcpy(data, buf->data, buf->length);
        buf->data = data;
    } else {
        char *data = realloc(buf->capacity > 0 ? buf->data : NULL, capacity + 1);
        if (!data)
            pool_exhausted();
        buf->data = data;
    }
    buf->capacity = capacity;
    buf->data[buf->length] = '\0';
}

/* Makes sure of room for `length` more bytes and a NUL. */
static bool reserve(struct buf *buf, size_t length)
{
    if (buf->overflowed || length > buf->limit - buf->length) {
        buf->overflowed = true;
        return false;
    }
    if (buf->length + length > buf->capacity)
        grow(buf, buf->length + length);
    return true;
}

bool buf_add(struct buf *buf, const void *data, size_t length)
{
    if (!reserve(buf, length))
        return false;
    if (length > 0) {
        memcpy(buf->data + buf->length, data, length);
        buf->length += length;
        buf->data[buf->length] = '\0';
    }
    return true;
}

bool buf_add_text(struct buf *buf, const char *text)
{
    return buf_add(buf, text, strlen(text));
}

bool buf_add_char(struct buf *buf, char character)
{
    return buf_add(buf, &character, 1);
}

bool buf_printf(struct buf *buf, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0)
        pool_exhausted();
    if (!reserve(buf, (size_t)length))
        return false;
    if (length > 0) {
        va_start(arguments, format);
        vsnprintf(buf->data + buf->length, (size_t)length + 1, format, arguments);
        va_end(arguments);
        buf->length += (size_t)length;
    }
    return true;
}
