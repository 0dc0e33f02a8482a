/*
 * json: strict in, JSON.stringify out, over json-c.
 *
 * Roots are attached to a pool and released with it (json_own); parts belong to their root as json-c has it.
 * The writer gives exactly the text that JavaScript's JSON.stringify would (../shared reference: webhook
 * formats): no spaces, members in order, only `"`, `\` and U+0000–U+001F escaped, numbers in JavaScript's
 * shortest form.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/id.h"

#include <json-c/json.h>
#include <stdint.h>

struct json_limits {
    size_t bytes;
    int depth; /* nested objects and arrays */
};

/*
 * Parses one RFC 8259 text and nothing after it. Refused, with NULL and one English sentence in `*why`: more
 * than the limits, invalid UTF-8, a NUL or \u0000, duplicate members, numbers outside ±1.8e308 or integers
 * outside ±2^53 when written without fraction, anything that JSON.parse refuses (comments, NaN, trailing
 * commas, single quotes, leading zeros, control characters in strings, lone surrogates). The root belongs to
 * the pool.
 */
struct json_object *json_parse(struct pool *pool, const char *text, size_t length, struct json_limits limits,
                               const char **why);

/* Parses text this house has stored itself (a JSON column); a broken text is FAULT_BROKEN. NULL text gives
 * NULL. */
struct json_object *json_parse_stored(struct pool *pool, const char *text);

/* Adds JSON.stringify(value) to the buffer; NULL is null. False when the buffer's limit was reached. */
bool json_write(struct buf *out, struct json_object *value);
/* The same as one NUL-terminated text in the pool. */
char *json_text(struct pool *pool, struct json_object *value);
/* A number as JavaScript's Number::toString writes it (ECMA-262 6.1.6.1.20), NUL-terminated; non-finite as
 * `null`. */
char *json_number_text(char text[32], double number);

/* A new object or array that the pool releases. */
struct json_object *json_new_object(struct pool *pool);
struct json_object *json_new_array(struct pool *pool);
/* Ties an existing root to the pool; returns it. */
struct json_object *json_own(struct pool *pool, struct json_object *root);

/* Adders: the member is set last in order. NULL text adds null. `json_set` takes the reference of `value`. */
void json_set(struct json_object *object, const char *name, struct json_object *value);
void json_set_text(struct json_object *object, const char *name, const char *text);
void json_set_int(struct json_object *object, const char *name, int64_t integer);
void json_set_number(struct json_object *object, const char *name, double number);
void json_set_bool(struct json_object *object, const char *name, bool truth);
void json_set_time(struct json_object *object, const char *name, instant time); /* …T15:30:00.000Z */
void json_set_id(struct json_object *object, const char *name, const char *prefix,
                 struct id id); /* nil: null */

/* Readers of stored JSON: the member, or the fallback when it is missing, null or of another type. */
const char *json_get_text(struct json_object *object, const char *name); /* else NULL */
int64_t json_get_int(struct json_object *object, const char *name, int64_t fallback);
struct json_object *json_get(struct json_object *object, const char *name); /* else NULL */

#endif
