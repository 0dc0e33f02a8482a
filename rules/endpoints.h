/*
 * endpoints: webhook endpoints, as the three faces share them: /api/v1/webhooks, /api/webhooks/keys (therapy)
 * and /v3/webhooks (PushPress). Each face has its own fields; what an endpoint may be and what a change does is
 * here. Everything is in the caller's transaction and of one company.
 */
#ifndef RULES_ENDPOINTS_H
#define RULES_ENDPOINTS_H

#include "core/request.h"

struct endpoint_order {
    const char *url, *format;
    const char *name, *description, *notes, *app_id; /* NULL: none */
    const char *secret;                              /* the client's own, checked; NULL: a fresh one */
    const char *const *events;                       /* native types or `*`, NULL-terminated; may repeat */
    const char *custom_headers;                      /* JSON text of an object; NULL: none */
    const char *signatures;                          /* space-separated families; NULL: none */
    int64_t rate_limit, retry_limit;                 /* 0: none */
    bool active;
};

/* What is wrong with the members that need more than a field table: url, secret, headers, signatures. Names the
 * members as given. Adds to the problems; true when it added none. */
bool endpoint_check(struct request *request, const struct endpoint_order *order, struct problems *problems);

/*
 * Makes it, with its subscriptions and the audit row `webhook.created`. `*secret` (in the pool) is what the
 * receiver needs and is shown once; a format may store only what it makes of it.
 */
struct id endpoint_create(struct request *request, const struct endpoint_order *order, const char **secret);

/* Every column of the table, and `events` (a JSON list of types, sorted). NULL: there is none. */
const struct row *endpoint_read(struct request *request, struct id endpoint);
/* By id, at most `limit` from behind `after` (nil: the first). `format` NULL: of any format. */
struct rows endpoint_list(struct request *request, const char *format, struct id after, int64_t limit);

/* In place of the subscriptions before; false where they were the same. */
bool endpoint_subscribe(struct request *request, struct id endpoint, const char *const *events);
/* Switches it on or off; on forgets why it was off and how it failed, and makes what was held due. False where it
 * was so already. */
bool endpoint_activate(struct request *request, struct id endpoint, bool active);
/* A new secret (`wanted`, or a fresh one where NULL); the one before signs as well for `overlap` milliseconds.
 * Returns what the receiver needs. */
const char *endpoint_rotate(struct request *request, struct id endpoint, const char *wanted, int64_t overlap);
/* False: there is none. */
bool endpoint_delete(struct request *request, struct id endpoint);

/* Who made it, for the `created_by` column: {"id","name","email"} as JSON, or NULL. */
struct json_object *endpoint_creator(struct request *request, struct id created_by);

#endif
