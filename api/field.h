/*
 * field: one table row per member of a request or a reply.
 *
 * The same const rows drive validation (field_parse_*), output (field_render) and the OpenAPI schema
 * (openapi.c), so the three cannot drift apart. A table ends with a row whose name is NULL.
 */
#ifndef API_FIELD_H
#define API_FIELD_H

#include "base/json.h"
#include "base/value.h"
#include "db/db.h"

enum field_type {
    FIELD_TEXT,  /* one line of printable UTF-8; min/max in characters; max 0 means 200 */
    FIELD_LINES, /* printable UTF-8 with line breaks; max 0 means 10000 */
    FIELD_AMOUNT, /* money in major units, ≥ 0: in → VALUE_NUMBER; out from an integer column of minor units
                   * `…amount` and its neighbour `…currency` */
    FIELD_ID,     /* `prefix` names the kind → VALUE_ID */
    FIELD_TIME,   /* RFC 3339, any offset → VALUE_TIME; out: UTC with milliseconds */
    FIELD_MILLIS,  /* a JSON number, milliseconds since 1970 → VALUE_TIME; out likewise */
    FIELD_SECONDS, /* … seconds, with or without a fraction; out: whole ones */
    FIELD_DATE,    /* YYYY-MM-DD → VALUE_TEXT */
    FIELD_CLOCK,   /* HH:MM, 00:00 … 24:00 → VALUE_INT, minutes since midnight */
    FIELD_INT,     /* min..max → VALUE_INT; min = max = 0 means any safe integer */
    FIELD_NUMBER,  /* a double, min..max as FIELD_INT */
    FIELD_BOOL,    /* → VALUE_INT */
    FIELD_ENUM,    /* one of `choices` → VALUE_TEXT */
    FIELD_EMAIL,
    FIELD_PHONE,
    FIELD_URL,      /* absolute http or https, at most 2048 bytes */
    FIELD_ZONE,     /* IANA name that this machine knows → VALUE_TEXT */
    FIELD_CURRENCY, /* ISO 4217 → VALUE_TEXT */
    FIELD_SLUG,
    FIELD_SECRET, /* printable ASCII without spaces, never logged, never rendered but where `.once` */
    FIELD_OBJECT, /* `fields` → VALUE_OBJECT */
    FIELD_LIST,   /* of `element` (with `fields`, `choices`, `prefix` as that type needs); min/max items →
                     VALUE_LIST */
    FIELD_JSON    /* any JSON object, kept as its text: in → VALUE_TEXT, out from a column of JSON text */
};

struct field {
    const char *name; /* camelCase, as in JSON */
    enum field_type type;
    enum field_type element; /* of FIELD_LIST */
    bool required;           /* in: must be sent; out: always there */
    bool nullable;           /* null is taken, or given */
    int64_t min, max;
    const char *prefix;
    const char *const
        *choices;    /* NULL-terminated; of FIELD_ID: words that are taken in place of an id, as null */
    bool as_in_path; /* of FIELD_ID: a malformed one is no fault but nobody's, nil, for the handler's 404 */
    const struct field *fields;
    const char *fallback; /* query members only: the text used when it was not sent */
    const char *column;   /* out: the row's column; NULL: the name in snake_case, after its parents'
                             (`customer_name`) */
    const char *doc;      /* one sentence; stands in the OpenAPI document */
    const char *example;  /* JSON text, or NULL */
};

/* What was read by one table: values in the order of its rows. */
struct input {
    const struct field *fields;
    const struct value *values;
};

/* One complaint: `field` is a path like `price.amount` or `hours[2].start`. */
struct problem {
    const char *field;
    const char *text; /* "must be …" */
};
enum { PROBLEMS_MAX = 32 };
struct problems {
    struct pool *pool;
    size_t count;
    struct problem items[PROBLEMS_MAX]; /* more are counted and dropped */
};
void problems_add(struct problems *problems, const char *field, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Reads a JSON object by a table. All faults are collected, none stops the rest. Unknown members are a fault
 * where `strict`. The result is complete only when no problem was added.
 */
const struct input *field_parse_json(struct pool *pool, const struct field *fields,
                                     struct json_object *object, bool strict, struct problems *problems);
/*
 * Reads a query string (application/x-www-form-urlencoded) by a table. A name sent twice is a fault, but for
 * FIELD_LIST, whose items come repeated or comma-separated. Bad escapes and invalid UTF-8 are faults.
 */
const struct input *field_parse_query(struct pool *pool, const struct field *fields, const char *query,
                                      bool strict, struct problems *problems);

/*
 * Renders a row as a JSON object by an output table: only members of the table leave the house. FIELD_OBJECT
 * takes its members from columns with its own column name and `_` in front; a nullable object whose columns
 * are all NULL is null. FIELD_LIST, FIELD_JSON and objects marked with `.column` read JSON text from one
 * column. A NULL in a member that is neither nullable nor required is left out.
 */
struct json_object *field_render(struct pool *pool, const struct field *fields, const struct row *row);

/* Reading an input by member name; an unknown name is FAULT_BROKEN. */
struct value input_value(const struct input *input, const char *name); /* VALUE_ABSENT when not sent */
/* The sent value (null included), else the row's column: what a PATCH leaves. */
struct value input_or(const struct input *input, const char *name, const struct row *row, const char *column);
bool input_sent(const struct input *input, const char *name);        /* sent, even as null */
const char *input_text(const struct input *input, const char *name); /* NULL when absent or null */
int64_t input_int(const struct input *input, const char *name, int64_t fallback);
bool input_bool(const struct input *input, const char *name, bool fallback);
double input_number(const struct input *input, const char *name, double fallback);
instant input_time(const struct input *input, const char *name, instant fallback);
struct id input_id(const struct input *input, const char *name); /* nil when absent or null */
const struct input *input_object(const struct input *input, const char *name);
/* The list's items (`*count` of them), each a value of the element's type; NULL and 0 when absent. */
const struct value *input_list(const struct input *input, const char *name, size_t *count);

#endif
