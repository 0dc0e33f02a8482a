/*
 * id: UUIDv7 in 16 bytes (RFC 9562), shown as a prefix, an underscore and 26 lower-case Crockford base32
 * characters: `bk_01hf…`. To every client they are opaque.
 */
#ifndef BASE_ID_H
#define BASE_ID_H

#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct id {
    uint8_t bytes[16];
};

enum { ID_TEXT_SIZE = 48 }; /* the longest prefix (18), `_`, 26 characters, NUL */

/* A fresh UUIDv7: 48 bits of clock_real(), then random bits. Ids made by one process never repeat and sort by
 * birth. */
struct id id_new(void);

bool id_is_nil(struct id id); /* all zero: "none" */
bool id_equal(struct id left, struct id right);
int id_compare(struct id left, struct id right); /* as memcmp */

struct id id_lowest(void);  /* sorts before all ids there are; nil would be NULL to a statement */
struct id id_highest(void); /* sorts after them */

/* The bounds of what was born when: no id of `time` or later sorts before it, none of before does after it.
 */
struct id id_first_of(instant time);
instant id_time(struct id id); /* when it was born; of a UUIDv7 alone */

/* Writes `prefix_…` with a NUL into `text` of ID_TEXT_SIZE bytes; returns `text`. */
char *id_format(char *text, const char *prefix, struct id id);

/*
 * Reads `prefix_` + 26 characters. Upper case is taken as lower case; everything else that is not exactly an
 * id with this prefix (length, alphabet, more than 128 bits) is false and leaves `id` alone.
 */
bool id_parse(struct id *id, const char *prefix, const char *text, size_t length);

/* RFC 9562 text `8-4-4-4-12`, 36 characters + NUL, for the styles that show plain UUIDs. */
char *id_format_uuid(char text[37], struct id id);

#endif
