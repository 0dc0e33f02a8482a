/*
 * dispatcher: the cron program. It stays for a window, and does its jobs turn by turn: loop.h runs the table
 * of jobs.c, job.h says what a job is. Four of them are the way of an event, and each hands on what the next
 * needs:
 *
 *     look       look.c     the lanes with due deliveries, and how much each may have now
 *                claim.c    … locks so much of them, lane by lane, in one short transaction,
 *                lease.c    … that leases them
 *     send       send.c     the courier carries the leased transfers; each that is back teaches its lane
 *     settle     settle.c   what is done is written down in batches, by the rules of settle_rules.c
 *
 *     struct claim (a lane) → struct transfer: claimed → leased → the courier → done
 *
 * How much goes where: lanes.h (how much of one endpoint, of one company and of all at once), give_way.h (old
 * rows beside what comes just now), pace.h (breaker and rate limit), health.h (what the answers say of an
 * endpoint over time), hold.h (what is switched off).
 *
 * Beside the way: window.h (who is at work: lock, hand-over, poke socket) and shards.h (which lanes are ours,
 * beside other dispatchers). Jobs that nobody calls are a file each in jobs/: reminders and recover make
 * deliveries due before the look, mail sends messages to people by the same courier, alarm tells of a lag;
 * housekeeping, orphans, partitions and forget sweep what is old.
 *
 * A delivery is leased, never taken: claiming moves due_at to the end of the lease and sets the fence, and
 * only the holder of that fence settles the row. What a killed dispatcher had in hand comes due again, and
 * rules/delivery/left.c logs the request that may have been sent.
 *
 * Each part keeps its state to itself: a job in the state that the loop gives it, opaque where others call
 * it. What one part says to another by a state, and not by a call, is this:
 *
 *     state             says                                set by        read by
 *     outage.away       the database is not to be asked     database      loop, window, shards, mail, recover
 *     outage.back_at    what hung on the connection is gone database      window, shards
 *     wake.asked        somebody wants one more look        wake          look
 *     window drains     nothing more is claimed             window        loop, mail
 *     lane.hungry       its own answer is to bring a look   look          lanes, for send
 *     lanes.squeezed    anybody's answer is to bring one    look          lanes, for send
 *     lanes.flying      so many are claimed or under way    lanes         lanes, for look; settle, window
 *     lanes.slow        … of which so many are late         lanes         lanes, for look
 *     lane.failures     in a row, not all written down yet  send          look
 *     lane.ailing       a success is news                   pace, health  health
 *     backlog.heavy     its last answer was long            send          give_way
 *     give_way.next_at  a lane waits for its slice          look          look; give_way, for settle
 */
#ifndef DISPATCHER_DISPATCHER_H
#define DISPATCHER_DISPATCHER_H

#include "courier/courier.h"
#include "db/db.h"
#include "dispatcher/database.h"
#include "dispatcher/lanes.h"
#include "dispatcher/transfer.h"
#include "dispatcher/wake.h"

/* What all work with, and the parts that others call. */
struct dispatcher {
    const struct options *options;
    struct db *db;
    struct pool *life, *turn; /* the program's; one turn's */
    struct courier *courier;

    struct outage outage;
    struct wake wake;
    struct lanes lanes;
    struct transfers transfers;
    struct window *window;
    struct shards *shards;
    struct hold *hold;
    struct send *send;
    struct settle *settle;
};

#endif
