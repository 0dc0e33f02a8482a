/*
 * field_text: one member that came as text (a JSON string, a query value, a path segment).
 */
#ifndef API_FIELD_TEXT_H
#define API_FIELD_TEXT_H

#include "api/field.h"

/* Reads a text by its row; NULL when `*value` is set, else what is wrong, as "must be …". `text` lives in the
 * pool. */
const char *field_take_text(struct pool *pool, const struct field *field, const char *text, size_t length,
                            struct value *value);

/* Checks a number against the row's range; NULL or what is wrong. */
const char *field_check_range(struct pool *pool, const struct field *field, double number);

/* Reads the number of a FIELD_MILLIS or FIELD_SECONDS; NULL or what is wrong. */
const char *field_take_since_epoch(enum field_type type, double number, struct value *value);

/* Whether members of this type are strings in JSON. */
bool field_is_text(enum field_type type);

#endif
