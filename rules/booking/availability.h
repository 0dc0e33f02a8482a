/*
 * availability: when a service can be had of a staff member. Pure: no database, no clock.
 *
 * Working spans are wall-clock hours converted day by day with the zone's own rules, so they are right across
 * changes to and from summer time: an interval that begins in a gap begins at the jump; one that ends inside
 * a repeated hour ends at its last occurrence. Staff hours and the service's own hours (which may be in
 * another zone) are intersected.
 */
#ifndef RULES_BOOKING_AVAILABILITY_H
#define RULES_BOOKING_AVAILABILITY_H

#include "base/json.h"
#include "base/zone.h"

struct span { /* half-open: [start, end) */
    instant start, end;
};
struct spans { /* sorted, not overlapping, in a pool */
    size_t count;
    struct span *items;
};

struct minutes { /* of one wall-clock day, 0 ≤ start < end ≤ 1440 */
    int start, end;
};
struct day_hours {
    size_t count;
    struct minutes *items; /* sorted, not overlapping */
};
struct override {
    struct date date;
    struct day_hours hours; /* none: closed that day */
};
struct schedule {
    const struct zone *zone;
    struct day_hours weekly[7]; /* 0 Monday */
    size_t override_count;
    struct override *overrides; /* sorted by date */
};

/* What a service asks of a time. Minutes and wall clock in `zone`. */
struct service_rule {
    int duration, buffer_before, buffer_after, interval; /* minutes */
    unsigned days;                                       /* bit 0 Monday … bit 6 Sunday */
    struct minutes hours;
    const struct zone *zone;
};

/* From the stored columns (see schedules in sql/schema.sql). A malformed text is FAULT_BROKEN. */
struct schedule schedule_parse(struct pool *pool, const char *time_zone, const char *weekly,
                               const char *overrides);

/*
 * The spans in which work may be done, schedule ∩ service hours, as far as they reach into [from, to). They
 * are not cut at its edges, so that the grid of starts does not depend on the window. Spans of neighbouring
 * days may touch: work goes on through them, and each has its own grid.
 */
struct spans availability_open(struct pool *pool, const struct schedule *schedule,
                               const struct service_rule *rule, instant from, instant to);

/*
 * The starts s with from ≤ s < to at which the service fits: [s - buffer_before, s + duration + buffer_after)
 * clear of `busy`, and [s, s + duration) inside open spans without a break. (Buffers may reach past the
 * working hours.) Starts lie every `interval` minutes from the start of each open span of the whole local
 * day. `open` must have been made for a window that reaches a day beyond [from, to) on both sides, so that
 * the grid does not move with the window.
 *
 * They come one by one and in order, so that nobody who needs the first makes them all:
 *
 *     struct start_cursor cursor = availability_starts(open, busy, &rule, from, to);
 *     while (availability_next(&cursor, &start)) …
 *
 * All of them are linear in spans + busy + starts.
 */
struct start_cursor {
    struct spans open, busy;
    const struct service_rule *rule;
    instant from, to;
    size_t span, next_busy; /* where it is; the first busy span that does not end before the claim */
    instant at, run_end;    /* the next of the grid; where the unbroken run that the span is in ends */
};
struct start_cursor availability_starts(struct spans open, struct spans busy, const struct service_rule *rule,
                                        instant from, instant to);
bool availability_next(struct start_cursor *cursor, instant *start);

/* Whether one start fits, on the grid or off it. */
bool availability_fits(struct spans open, struct spans busy, const struct service_rule *rule, instant start);

/* The span that a booking at `start` claims: with its buffers. */
struct span availability_claim(const struct service_rule *rule, instant start);

#endif
