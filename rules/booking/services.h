/*
 * services: what a company offers, and when its staff work. Shared by the API and the demo.
 */
#ifndef RULES_BOOKING_SERVICES_H
#define RULES_BOOKING_SERVICES_H

#include "api/field.h"
#include "db/db.h"

/* Monday first, NULL-terminated: for FIELD_ENUM's choices. */
extern const char *const weekday_names[];
extern const char *const price_types[]; /* hourly, flat, custom */

/* A service as readers of /api/v1 see it. */
extern const struct field service_out[];
/* What service.* events carry behind it. */
extern const struct field service_snapshot[];

enum {
    SERVICE_DURATION_MAX = 1440, /* minutes */
    SLOT_INTERVAL_MIN = 5,       /* minutes */
    SERVICE_STAFF_MAX = 100,
    DAY_MINUTES = 1440,
    EVERY_DAY = 0x7f
};

/* All facts of a service, for making or changing it. */
struct service_order {
    struct id company;
    const char *name;
    const char *slug; /* NULL: made from the name, and made unique */
    const char *description;
    int64_t duration, buffer_before, buffer_after; /* minutes */
    int64_t slot_interval;                         /* minutes; 0: the duration, SLOT_INTERVAL_MIN at least */
    int64_t price_amount;                          /* minor units */
    const char *price_currency;
    const char *price_type; /* NULL: flat */
    int64_t days;           /* bit 0 Monday … bit 6 Sunday; 0: every day */
    int64_t from, to;       /* minutes since midnight on the clock of `time_zone`; 0 and 0: the whole day */
    const char *time_zone;
    bool inactive;
    const struct id *staff; /* active staff of the company */
    size_t staff_count;     /* at most SERVICE_STAFF_MAX */
    instant now;
};

enum service_result {
    SERVICE_DONE,
    SERVICE_SLUG_TAKEN, /* the slug that was asked for belongs to another */
    SERVICE_NOT_STAFF   /* answer->bad_staff tells which of the ids is not active staff */
};

struct service_answer {
    const struct row *row; /* for service_out and service_facts */
    size_t bad_staff;
};

/* In the caller's transaction: the service, its staff and service.created. The caller wakes the dispatcher.
 */
enum service_result service_create(struct db *db, struct pool *pool, const struct service_order *order,
                                   struct service_answer *answer);

/*
 * Writes all facts of an existing service, its staff where `with_staff`, and service.updated with
 * `updated_fields`, an array of member names.
 */
enum service_result service_update(struct db *db, struct pool *pool, struct id service,
                                   const struct service_order *order, bool with_staff,
                                   struct json_object *updated_fields, struct service_answer *answer);

/* The service as a row for service_out; NULL when the company has none or it was deleted. */
const struct row *service_read(struct db *db, struct pool *pool, struct id company, struct id service);
/* The same, locked until the transaction ends. */
const struct row *service_lock(struct db *db, struct pool *pool, struct id company, struct id service);
/* Up to `limit` of them in order of birth, from the first after `after` (nil: from the start). */
struct rows service_list(struct db *db, struct pool *pool, struct id company, struct id after, int64_t limit);
/* Soft: its bookings stay, its slug is free again. Emits service.deleted. */
void service_delete(struct db *db, struct pool *pool, const struct row *service, instant now);

/* The facts as a row holds them, to change some and give the rest back to service_update. */
struct service_order service_facts(struct pool *pool, const struct row *service);

/*
 * Stores when a staff member works, in place of what was stored before; the resource's revision moves. Texts
 * as sql/schema.sql has them: weekly {"monday":[[540,720],[780,1020]],…}, overrides
 * {"2026-12-24":[[540,720]], "2026-12-25":[]}. The intervals must be sorted and apart. Emits nothing:
 * user.updated is the caller's.
 */
void schedule_store(struct db *db, struct id company, struct id user, const char *time_zone,
                    const char *weekly, const char *overrides, instant now);

#endif
