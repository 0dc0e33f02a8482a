/*
 * value: one typed datum, on its way from a request to a statement or from a row to a reply.
 *
 * Texts point into the request's pool and are not owned. The constructors are the only way values are made by
 * hand.
 */
#ifndef BASE_VALUE_H
#define BASE_VALUE_H

#include "base/clock.h"
#include "base/id.h"

#include <string.h>

struct input; /* api/field.h */
struct json_object;

enum value_type {
    VALUE_ABSENT, /* the member was not sent; never reaches a statement */
    VALUE_NULL,
    VALUE_INT, /* also booleans: 0 or 1 */
    VALUE_NUMBER,
    VALUE_TEXT, /* UTF-8 or, from BLOB columns, any bytes; NUL-terminated beyond `length` */
    VALUE_TIME,
    VALUE_ID,
    VALUE_OBJECT, /* input only: a nested object, parsed by its own table */
    VALUE_LIST    /* input only */
};

struct value {
    enum value_type type;
    size_t length; /* bytes of `text`, or items of `items` */
    union {
        int64_t integer;
        double number;
        const char *text;
        instant time;
        struct id id;
        const struct input *object;
        const struct value *items;
    };
};

static inline struct value value_null(void)
{
    return (struct value){ .type = VALUE_NULL };
}
static inline struct value value_int(int64_t integer)
{
    return (struct value){ .type = VALUE_INT, .integer = integer };
}
static inline struct value value_number(double number)
{
    return (struct value){ .type = VALUE_NUMBER, .number = number };
}
static inline struct value value_bytes(const char *bytes, size_t length)
{
    return (struct value){ .type = VALUE_TEXT, .length = length, .text = bytes };
}
/* NULL text gives a NULL value. */
static inline struct value value_text(const char *text)
{
    return text ? value_bytes(text, strlen(text)) : value_null();
}
static inline struct value value_time(instant time)
{
    return (struct value){ .type = VALUE_TIME, .time = time };
}
/* The nil id gives a NULL value. */
static inline struct value value_id(struct id id)
{
    return id_is_nil(id) ? value_null() : (struct value){ .type = VALUE_ID, .id = id };
}
static inline bool value_is_set(struct value value)
{
    return value.type != VALUE_ABSENT && value.type != VALUE_NULL;
}

/* Same type and same content; used to tell what a PATCH really changed. Not for objects and lists. */
bool value_equal(struct value left, struct value right);

#endif
