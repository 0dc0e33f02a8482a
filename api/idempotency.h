/*
 * idempotency: the Idempotency-Key header on every POST.
 *
 * Scoped by API key or person + method + path; the fingerprint is the SHA-256 of the body. The row is written
 * in the same transaction as the effect and kept for 24 h: a refused request keeps nothing.
 */
#ifndef API_IDEMPOTENCY_H
#define API_IDEMPOTENCY_H

#include "api/request.h"

enum idempotency {
    IDEMPOTENCY_FRESH,    /* go on; idempotency_store must follow before the commit */
    IDEMPOTENCY_REPLAYED, /* the stored answer is in the reply, with Idempotent-Replayed: true */
    IDEMPOTENCY_REFUSED   /* fail() has been called */
};

enum idempotency idempotency_begin(struct request *request);
void idempotency_store(struct request *request, const char *body, size_t length);

#endif
