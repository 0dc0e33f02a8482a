/*
 * deliveries: the record of what was sent, and sending one of them again.
 */
#ifndef RULES_DELIVERY_DELIVERIES_H
#define RULES_DELIVERY_DELIVERIES_H

#include "api/field.h"
#include "db/db.h"

extern const char *const delivery_states[];

/* A delivery with its log of attempts, as readers of /api/v1 see it. */
extern const struct field delivery_out[];

/* How much of its log a delivery shows in a list, and alone. */
enum {
    DELIVERY_ATTEMPTS_LISTED = 20,
    DELIVERY_RESPONSE_LISTED = 4096,
    DELIVERY_ATTEMPTS_SHOWN = 500,
    DELIVERY_RESPONSE_SHOWN = 16384
};

/* Rows for delivery_out: of an endpoint up to `limit`, the newest first, from the first older than `before`
 * (nil: from the newest). */
struct rows deliveries_of_endpoint(struct db *db, struct pool *pool, struct id company, struct id endpoint,
                                   struct id before, int64_t limit);

struct delivery_filter {
    struct id endpoint, event; /* nil: any */
    const char *state, *type;  /* NULL: any */
    instant since, until;      /* when the event happened: from … to before; 0: any time */
    struct id before;          /* a cursor: only older ones; nil: from the newest */
};
/*
 * The same by a filter, of the whole company. At most DELIVERIES_SCANNED rows are looked at for a state or a
 * type, which no index knows in this order; `*seen` is then the last of them, and what is missing from the
 * page lies behind it. NULL: that was all.
 */
enum { DELIVERIES_SCANNED = 20000 };
struct rows deliveries_find(struct db *db, struct pool *pool, struct id company,
                            const struct delivery_filter *filter, int64_t limit, const struct row **seen);

/* One of them with all its attempts; NULL: there is none. */
const struct row *delivery_read(struct db *db, struct pool *pool, struct id company, struct id delivery);

/*
 * Makes it due now, as if it had never been tried; held where its endpoint is off. NULL when that is done,
 * else why not: it is on its way, or endpoint or event are gone. `*found` is false where there is no such
 * delivery. The caller wakes the dispatcher.
 */
const char *delivery_resend(struct db *db, struct pool *pool, struct id company, struct id delivery,
                            instant now, bool *found);

/* Gives up those that still wait, unsent. Returns how many. */
struct delivery_key {
    struct id company, delivery;
};
uint64_t deliveries_give_up(struct db *db, struct pool *pool, const struct delivery_key *keys, size_t count,
                            instant now);

#endif
