/*
 * partner: one webhook format. Each is one file with one const struct; a format only projects the native
 * snapshot.
 *
 * The dispatcher calls `envelope` and `sign` for each attempt and sends exactly those bytes.
 */
#ifndef PARTNERS_PARTNER_H
#define PARTNERS_PARTNER_H

#include "core/buf.h"
#include "core/clock.h"
#include "core/id.h"
#include "core/json.h"

struct partner_event {
    struct id id;
    const char *type; /* native: booking.created */
    instant created_at;
    struct json_object *data; /* the native snapshot */
    const char *data_text;    /* the same as stored */
};

struct partner_secrets {
    const char *current;
    const char *previous; /* NULL, or also good until the rotation's overlap ends */
};

struct partner {
    const char *name;
    const char *doc;
    const char *const *events; /* native types its specification names, NULL-terminated; NULL: all. Others go
                                  out in its envelope with the native data */
    int timeout_seconds;       /* the whole transfer, the answer's body included */
    const int *retry_seconds;  /* delay before attempt n, from the attempt before; [0] is 0; ended by -1 */

    /* Writes the body of one attempt. */
    void (*envelope)(struct pool *pool, const struct partner_event *event, struct partner_secrets secrets,
                     instant attempt_at, struct buf *body);
    /* Adds the header lines of one attempt, each `Name: value\r\n`; NULL: none of its own. */
    void (*sign)(struct pool *pool, const struct partner_event *event, struct partner_secrets secrets,
                 instant attempt_at, const char *body, size_t length, struct buf *headers);
    bool owns_signature; /* it has a `webhook-signature` of its own: the Standard Webhooks one is left out */
    /* A fresh secret in the format's own shape. */
    char *(*new_secret)(struct pool *pool);
};

extern const struct partner partner_standard, partner_bookme, partner_null;
extern const struct partner *const partners[]; /* NULL-terminated; partner_null is last and only for tests */
extern const char *const partner_choices[];    /* names that an API client may choose */

const struct partner *partner_find(const char *name); /* or NULL */

/* The Standard Webhooks headers that every delivery carries: webhook-id, webhook-timestamp and, unless owned,
 * webhook-signature. */
void partner_standard_headers(struct pool *pool, const struct partner *partner,
                              const struct partner_event *event, struct partner_secrets secrets,
                              instant attempt_at, const char *body, size_t length, struct buf *headers);

/* The delay in milliseconds before attempt `number` (1 is the first), with up to ±10 % jitter inside the
 * schedule; -1: no more. */
int64_t partner_retry_delay(const struct partner *partner, int number);

#endif
