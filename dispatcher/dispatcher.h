/*
 * dispatcher: the cron program. It stays for a window, and in each turn of its loop goes the way of an event:
 *
 *     reminders  rules/booking/reminders.c   due reminders become events with their deliveries
 *     recover    recover.c           what an endpoint missed is made due again, where people ask for it
 *     look       look.c              the lanes with due deliveries, and how much each may have now
 *     claim      claim.c             so much of them is leased, lane by lane, in one short transaction
 *     send       send.c              the courier carries every transfer
 *     settle     settle.c            answers are written down in batches, by the rules of settle_rules.c
 *     mail       mail.c              due messages to people go the same way, to the mail server
 *
 * How much goes where: lanes.c (how much of one endpoint and of one company at once), give_way.c (old rows
 * beside what comes just now), pace.c (breaker and rate limit), health.c (what the answers say of an endpoint
 * over time), hold.c (what is switched off).
 *
 * Beside the way: window.c (who is at work: lock, handover, poke socket, a database that went away), shards.c
 * (which lanes are ours, beside other dispatchers), recover.c (sending again what was missed), alarm.c,
 * housekeeping.c, orphans.c and partitions.c (what goes when it is old). main.c is the loop.
 *
 * A delivery is leased, never taken: claiming moves due_at to the end of the lease and sets the fence, and
 * only the holder of that fence settles the row. What a killed dispatcher had in hand comes due again, and
 * rules/delivery/left.c logs the request that may have been sent.
 *
 * A `struct transfer` is one attempt at one delivery. It belongs to exactly one list or to the courier:
 * idle → claimed → the courier → done → idle. Database work runs inside dispatcher_guarded, so that a failure
 * of the database leaves a turn but never the program; nothing is taken from `done` before its commit.
 */
#ifndef DISPATCHER_DISPATCHER_H
#define DISPATCHER_DISPATCHER_H

#include "base/buf.h"
#include "base/fault.h"
#include "courier/courier.h"
#include "db/db.h"
#include "dispatcher/lanes.h"
#include "dispatcher/settle_rules.h"
#include "partners/partner.h"
#include "rules/booking/reminders.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

enum {
    RESPONSE_LIMIT = 16 * 1024, /* bytes of an answer that are read and kept */
    SLOW_FACTOR = 4, /* slow ones do not count against `parallel`; all stay below SLOW_FACTOR * parallel */
    POKED_MOST = 8   /* companies that are looked into one by one; where more poke, all are */
};

struct transfer {
    struct errand errand; /* the first member: an errand that is done is its transfer */
    TAILQ_ENTRY(transfer) link;
    struct pool *pool; /* all that the pointers below point to; reset when the transfer is idle again */
    struct lane *lane;

    /* What was claimed. */
    struct id delivery, company, fence;
    struct partner_event event;
    struct course course;
    struct partner_secrets secrets;
    const char *url;
    const char *custom_headers; /* JSON object of the endpoint's own headers; NULL: none */
    const char *broken;         /* why it cannot be sent at all; NULL: it can */

    /* The attempt. */
    struct id attempt;
    instant started_at;
    int64_t done_at; /* clock_monotonic() */
    int64_t number;  /* of this request among all for the delivery, from 1, whether they count or not */
    struct buf body;
    bool on_the_wire; /* the courier had it: the attempt is logged */

    /* What came of it. */
    struct answer answer;
    struct verdict verdict;
    const char *error;
    bool keep_response;
};
TAILQ_HEAD(transfer_list, transfer);

struct mail_room; /* mail.c */

struct dispatcher {
    struct db *db;
    struct pool *life, *turn; /* the program's; one turn's */
    struct courier *courier;
    struct sender webhooks; /* what is in flight */
    struct lanes lanes;
    struct transfer_list idle, claimed, done;
    const struct transfer *leased; /* up to this one `claimed` is committed; NULL: none of it */
    int parallel, lane_parallel;
    int done_count;
    bool once;

    /* look.c */
    int64_t look_at; /* when to look for due lanes */
    int64_t looked_at, look_cost;
    size_t rotation;             /* the lane that is asked first, so that each comes first in its turn */
    struct id poked[POKED_MOST]; /* companies whose lanes alone are to be looked into, sooner than that */
    size_t poked_count, poked_rotation;
    int64_t poked_next; /* … but not before */
    bool work_left;     /* the last look found due rows that may be sent */
    struct give_way give_way;
    int64_t backlog_at; /* when the first lane that gives way is to be served; INT64_MAX: there is none */
    bool more_left;     /* the last look found one that gave all it might at once: it may have more */
    bool squeezed;      /* … and a lane that had to wait for room that its company or everyone uses */
    bool swept;         /* … or rows that had to be held: there may be more of them */

    /* hold.c */
    size_t turn_held;   /* rows in this turn */
    int64_t release_at; /* when to look for held rows that may go */
    bool held_left;     /* there may be more of them */

    /* recover.c */
    int64_t recover_at, recover_round; /* when to look again; when this round over all of them began */
    struct id recovered_last;          /* the one that came last in this round; nil: none yet */
    struct rows recoveries;            /* this turn's, */
    const struct row *recovery;        /* … and the one in hand */

    /* settle.c */
    size_t batch;    /* most transfers in one settling; 1 while a row that cannot be settled is searched */
    size_t in_doubt; /* of the first that are done: whether they are written is not known; 0: none */
    int settle_retries;
    uint64_t delivered, failed_attempts;

    /* window.c */
    int poke_socket; /* -1: none */
    dev_t poke_device;
    ino_t poke_inode; /* of its place in the file system */
    bool locked;      /* the lock of our name is ours */
    bool draining;    /* claims nothing more; ends when nothing is in flight or at `drain_until` */
    int64_t drain_until;
    bool away; /* the database does not answer, or refuses; next tried at `retry_at` */
    int64_t retry_at, retry_pause;
    int64_t heartbeat_at;
    char holder[120]; /* host:pid */
    char name[80];    /* one dispatcher at a time works by it */
    bool named;       /* by --name, beside the one that the host's cron starts: its socket is its own */

    /* shards.c */
    struct id id;         /* of this process */
    bool entered;         /* it has a row among the living */
    uint32_t shards;      /* held, a bit each; worth nothing from `shards_until` on */
    int64_t shards_until; /* clock_monotonic() when the lease may have run out */
    int64_t shards_at;    /* the next renewal */

    /* housekeeping.c */
    int64_t house_at; /* the next step */
    size_t house_job; /* … and what it does; 0: a round begins */

    /* orphans.c */
    struct id orphan_lane; /* how far the walk has come; nil: it begins */
    size_t orphan_state;

    /* partitions.c */
    int64_t sweep_at;                      /* the next step of the sweep; INT64_MAX: nothing to sweep */
    struct id sweep_event, sweep_delivery; /* how far it has come */

    /* mail.c and alarm.c */
    struct mail_room *mail;
    int64_t alarm_at; /* when to look next */

    /* main.c */
    struct reminder_round reminders; /* while they run */
    int64_t reminders_at, window_until;
};

/* Runs `step`; false when the database failed it: rolled back, logged, and `away` when it is gone. */
bool dispatcher_guarded(struct dispatcher *dispatcher, void (*step)(struct dispatcher *), enum fault *fault);

#endif
