/*
 * endpoints: webhook endpoints, as the three faces share them: /api/v1/webhooks, /api/webhooks/keys (therapy)
 * and /v3/webhooks (PushPress). Each face has its own fields; what an endpoint may be and what a change does
 * is here. Everything is in the caller's transaction and of one company.
 */
#ifndef RULES_DELIVERY_ENDPOINTS_H
#define RULES_DELIVERY_ENDPOINTS_H

#include "api/request.h"

enum {
    ENDPOINTS_MAX = 100 /* of one company */
};

struct endpoint_order {
    const char *url, *format;
    const char *name, *description, *notes, *app_id; /* NULL: none */
    const char *secret, *display_key;                /* what signs, and how people tell it apart */
    const char *const *events;                       /* native types or `*`, NULL-terminated; may repeat */
    const char *custom_headers;                      /* JSON text of an object; NULL: none */
    const char *signatures;                          /* space-separated families; NULL: none */
    int64_t rate_limit, retry_limit;                 /* 0: none */
    bool active;
};

/*
 * What is wrong with the members that need more than a field table: url and headers. One that is NULL is not
 * looked at: a PATCH checks what was sent and not what is stored, which an operator's stricter settings must
 * not make unchangeable. Adds to the problems; true when it added none.
 */
bool endpoint_check(struct request *request, const struct endpoint_order *order, struct problems *problems);

/*
 * Makes it, with its subscriptions and the audit row `webhook.created`. The nil id: the company has
 * ENDPOINTS_MAX already; answer with endpoint_fail_full.
 */
struct id endpoint_create(struct request *request, const struct endpoint_order *order);
enum outcome endpoint_fail_full(struct request *request);

/* Every column of the table, and `events` (a JSON list of types, sorted), `header_names` and `families` (JSON
 * lists too: of custom headers the names, of `signatures` the words). NULL: there is none. */
const struct row *endpoint_read(struct request *request, struct id endpoint);
/* The same, and nobody else changes it before the commit. */
const struct row *endpoint_lock(struct request *request, struct id endpoint);
/* By id, at most `limit` from behind `after` (nil: the first). `format` NULL: of any format. */
struct rows endpoint_list(struct request *request, const char *format, struct id after, int64_t limit);

/* What a row of endpoint_lock says, but for `secret` and `events`, which are NULL. A PATCH lays over it what
 * was sent, once that is checked, and gives it to endpoint_update. */
struct endpoint_order endpoint_order_of(const struct row *row);
/* To another URL. Where that leads to another host the custom headers stay behind: they may hold a secret of
 * the host before, which is shown to nobody, and not to whoever chooses where it is sent. */
void endpoint_order_move(struct endpoint_order *order, const char *url);
/*
 * Makes the endpoint what the order says and writes the audit row `webhook.updated`; a NULL `secret` or
 * `events` leaves that as it is, the format never changes, a new secret overlaps with the one before for a
 * day. Returns the names of what really changed as a JSON array of the pool's; where it is empty nothing was
 * written.
 */
struct json_object *endpoint_update(struct request *request, const struct row *locked,
                                    const struct endpoint_order *order);

/* In place of the subscriptions before; false where they were the same. Not audited. */
bool endpoint_subscribe(struct request *request, struct id endpoint, const char *const *events);
/* Switches it on or off; on forgets why it was off and how it failed, and makes what was held due. False
 * where it was so already. Not audited: endpoint_update does it all. */
bool endpoint_activate(struct request *request, struct id endpoint, bool active);
/* A new secret, and how people tell it apart (or NULL); the one before signs as well for `overlap`
 * milliseconds. Audited as `webhook.rotated`. */
void endpoint_rotate(struct request *request, struct id endpoint, const char *secret, const char *display_key,
                     int64_t overlap);
/* With its subscriptions; what it has not received is given up. False: there is none. Audited as
 * `webhook.deleted`. */
bool endpoint_delete(struct request *request, struct id endpoint);

/* In the answer's headers, where the endpoint of this row of endpoint_read has a rate limit: how many
 * deliveries an hour, how many the current one still allows, and when that ends. */
void endpoint_tell_pace(struct request *request, const struct row *row);

/* Who made it, of an endpoint's row: {"id","name","email"} as JSON, or NULL. */
struct json_object *endpoint_creator(struct pool *pool, const struct row *row);

#endif
