/*
 * slots: the free times of a service, from the database. Two statements: the service with its staff and their
 * schedules, and what is already claimed; the rest is a sweep in memory (availability.h).
 */
#ifndef RULES_SLOTS_H
#define RULES_SLOTS_H

#include "core/db.h"
#include "rules/availability.h"

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

/* The same without what is taken, in one statement: for who books and lets the claim decide. */
bool slots_load_hours(struct db *db, struct pool *pool, struct id company, struct id service, struct id only,
                      instant from, instant to, struct slot_search *search);

struct slot {
    instant start, end;
    size_t staff_count;
    const struct slot_staff **staff; /* who can take it */
};
struct slots {
    size_t count;
    struct slot *items; /* by start */
};
struct slots slots_free(struct pool *pool, const struct slot_search *search, instant from, instant to);

/*
 * The first start ≥ from, within SLOTS_DAYS_MAX days, at which the service (of `only`, or of anyone) is free;
 * 0 when there is none. `duration` in minutes; 0: the service's own. Computed by the same sweep, looking 7
 * days at first and then further.
 */
instant slots_next(struct db *db, struct pool *pool, struct id company, struct id service, struct id only,
                   int duration, instant from);

#endif
