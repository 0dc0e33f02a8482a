/*
 * slots: the free times of a service, from the database. Two statements: the service with its staff and their
 * schedules, and what is already claimed; the rest is a sweep in memory (availability.h).
 */
#ifndef RULES_BOOKING_SLOTS_H
#define RULES_BOOKING_SLOTS_H

#include "db/db.h"
#include "rules/booking/availability.h"

enum { SLOTS_DAYS_MAX = 62 };

struct slot_staff {
    struct id id;
    const char *name;
    struct schedule schedule;
    struct spans open; /* a day wider than the asked window */
    struct spans busy;
};

struct slot_search {
    struct id company, service;
    const struct row *record; /* the service's columns: name, time_zone, price_amount, price_currency … */
    bool active;              /* whether it can be booked; what is booked can be moved still */
    struct service_rule rule;
    size_t staff_count;
    struct slot_staff *staff; /* sorted by id: who is active, on the service and has a schedule */
    bool staff_known;         /* false: `only` is not active staff of this service */
    uint64_t revision;        /* a fingerprint of all that was read but the claims; moves with them too */
};

/* False when the company has no such active service. A nil `only` means any of its staff. Loads what is taken
 * in [from, to) with a day on both sides. */
bool slots_load(struct db *db, struct pool *pool, struct id company, struct id service, struct id only,
                instant from, instant to, struct slot_search *search);

/* The same without what is taken, in one statement, and of an inactive service too: for who books and lets
 * the claim decide. */
bool slots_load_hours(struct db *db, struct pool *pool, struct id company, struct id service, struct id only,
                      instant from, instant to, struct slot_search *search);

struct slot {
    instant start, end;
    size_t staff_count;
    const struct slot_staff **staff; /* who can take it */
};

/*
 * The free slots with from ≤ start < to, one by one and in order: however many they are, one is in memory.
 *
 *     struct slot_sweep sweep = slots_sweep(pool, &search, from, to);
 *     while ((slot = slots_step(&sweep))) …
 */
struct slot_head {
    struct start_cursor cursor;
    instant start; /* the next of this person, where there is one left */
    bool left;
};
struct slot_sweep {
    const struct slot_search *search;
    struct slot_head *heads; /* one for each of the staff */
    struct slot slot;
};
struct slot_sweep slots_sweep(struct pool *pool, const struct slot_search *search, instant from, instant to);
const struct slot *slots_step(struct slot_sweep *sweep); /* until the next step; NULL at the end */

/* What somebody wished for and did not get. */
struct slot_wish {
    struct id company, service, staff /* nil: any */;
    struct id booking; /* whose own time counts as free, or nil */
    int duration;      /* minutes; 0: the service's own */
    instant from;
};

/*
 * The first start ≥ from, within SLOTS_DAYS_MAX days, at which the wish could be met; 0 when there is none.
 * Days are looked at a few at first and then more. Not to be asked while others wait for a lock.
 */
instant slots_next(struct db *db, struct pool *pool, const struct slot_wish *wish);

#endif
