/*
 * claims: the one door through which time of a person, room or chair is taken.
 *
 * In the caller's transaction: first the resource's row is locked (UPDATE … revision + 1), which serialises
 * rivals, then the claim is inserted; the table's WITHOUT OVERLAPS key is the guarantee.
 */
#ifndef RULES_BOOKING_CLAIMS_H
#define RULES_BOOKING_CLAIMS_H

#include "db/db.h"
#include "rules/booking/availability.h"

/* No claim is longer, so a search for what overlaps [from, to) need not look at starts before from -
 * CLAIM_MAX. Longer absences are several claims: claims_take splits them. */
#define CLAIM_MAX ((instant)24 * CLOCK_HOUR)

enum claim_result { CLAIM_TAKEN, CLAIM_CONFLICT, CLAIM_NO_RESOURCE };

/* Claims `span` of one seat for a booking. Whatever is not CLAIM_TAKEN must be rolled back by the caller. */
enum claim_result claims_take(struct db *db, struct id company, struct id resource, struct span span,
                              struct id booking);
/* Gives back all that a booking holds. The resource's revision moves. */
void claims_release(struct db *db, struct id company, struct id resource, struct id booking);

/* Locks several resources before one of them is chosen, or time moves between them. `resources` are sorted by
 * id, as everybody locks them: so rivals wait and do not deadlock. */
void claims_lock(struct db *db, struct pool *pool, struct id company, const struct id *resources,
                 size_t count);

/* What is taken of the resources (sorted by id) in [from, to): rows (resource_id u, booking_id u,
 * starts_at t, ends_at t) sorted by resource and start. One statement for every 20 resources. */
struct rows claims_of(struct db *db, struct pool *pool, struct id company, const struct id *resources,
                      size_t count, instant from, instant to);

#endif
