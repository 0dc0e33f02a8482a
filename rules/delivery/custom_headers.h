/*
 * custom_headers: what an endpoint may ask to be sent along. Checked where an endpoint is made or changed,
 * and once more before it is sent.
 */
#ifndef RULES_DELIVERY_CUSTOM_HEADERS_H
#define RULES_DELIVERY_CUSTOM_HEADERS_H

#include <stddef.h>

enum { CUSTOM_HEADERS_MAX = 20, CUSTOM_HEADER_NAME_MAX = 64, CUSTOM_HEADER_VALUE_MAX = 1000 };

/* NULL where the name may be sent, else what is wrong with it, as "must be …". Ours and those that steer the
 * connection are forbidden, in whatever case. */
const char *custom_header_name_problem(const char *name);
/* The same for a value: printable ASCII, not blank at its ends. Never repeat it in an answer: it may be a
 * secret. */
const char *custom_header_value_problem(const char *value, size_t length);

#endif
