/*
 * scheme: how one signature is made. What is signed is written as a pattern, such as
 * `{id}.{timestamp}.{body}`, whose parts are those of one attempt; the same pattern signs, explains, and is
 * varied when a receiver's mistake is searched for.
 */
#ifndef PARTNERS_SCHEME_H
#define PARTNERS_SCHEME_H

#include "base/buf.h"
#include "base/clock.h"

#include <stdint.h>

struct scheme {
    const char *name;
    const char *header;  /* where the signature stands; NULL: in the body's member `signature` */
    const char *family;  /* `<family>-id` and `<family>-timestamp` stand beside it; NULL: they do not */
    const char *pattern; /* of {id} {event} {timestamp} {body} {data} */
    const char *prefix;  /* in front of each signature */
    bool full_time;      /* {timestamp} is RFC 3339 with milliseconds; else Unix seconds */
    bool base64;         /* else lower-case hex */
    bool decoded;        /* the key is what `whsec_` encodes; else the secret's own bytes, prefix and all */
    bool several;        /* during a rotation the previous secret signs too, after a space */
    const char *key_doc; /* how the key is made from the secret, in words */
};

/* The Standard Webhooks family, and the two that an endpoint may ask for beside it. */
extern const struct scheme scheme_standard, scheme_svix, scheme_github;

/* What the patterns stand for, in one attempt. */
struct parts {
    const char *id, *event, *timestamp;
    const char *body, *data;
    size_t body_length, data_length;
};

/* Whether the pattern holds the part, as "{data}". */
bool scheme_uses(const char *pattern, const char *part);
/* The timestamp of an attempt as the scheme signs it; in the pool. */
const char *scheme_timestamp(struct pool *pool, const struct scheme *scheme, instant at);
/* Writes what is signed. */
void scheme_text(const char *pattern, const struct parts *parts, struct buf *text);
/* The key's bytes; they live as long as the secret and the pool. */
const uint8_t *scheme_key(struct pool *pool, const struct scheme *scheme, const char *secret, size_t *length);
/* The signature as it stands in the message, with its prefix. */
char *scheme_sign(struct pool *pool, const struct scheme *scheme, const char *secret,
                  const struct parts *parts);

#endif
