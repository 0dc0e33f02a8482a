/*
 * webhooks: the formats that a client can choose, and their secrets. How each format speaks is the partners'
 * own matter; a test holds this list against theirs.
 */
#ifndef RULES_WEBHOOKS_H
#define RULES_WEBHOOKS_H

#include "core/pool.h"

extern const char *const webhook_formats[];    /* NULL-terminated; the first is the default */
extern const char *const webhook_signatures[]; /* header families that can be had beside the format's own */

/* How many bytes a secret of `whsec_` + base64 may stand for. */
enum { WEBHOOK_SECRET_BYTES_MIN = 24, WEBHOOK_SECRET_BYTES_MAX = 64 };

/* A fresh secret as the receiver needs it: an API key (therapy), a random token (pushpress), or `whsec_` and
 * base64. */
const char *webhook_new_secret(struct pool *pool, const char *format);
/* What is stored and signs: for therapy the lower-case hex SHA-256 of the raw key, else the secret itself. */
const char *webhook_stored_secret(struct pool *pool, const char *format, const char *raw);
/* How people tell keys apart, `sk_live_` and its last 8 characters; NULL where the format has no keys. */
const char *webhook_display_key(struct pool *pool, const char *format, const char *raw);
/*
 * NULL where a client's own secret can sign, else what is wrong with it, as "must be …". One that begins with
 * `whsec_` must be base64 of 24 to 64 bytes; any other is used as its bytes.
 */
const char *webhook_secret_problem(struct pool *pool, const char *secret);

#endif
