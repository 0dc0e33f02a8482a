/*
 * recover: sending again what an endpoint missed, as people ask for it (handlers/recoveries.c).
 *
 * A running recovery walks the company's events by their ids from `cursor_id` on. Once a second it makes up
 * to `rate` deliveries due: those that are missing, those that had failed, or both. A delivery's id follows
 * from event and endpoint, and cursor, count and deliveries are of one transaction: whoever is killed,
 * nothing is lost or made twice.
 */
#include "base/log.h"
#include "dispatcher/job.h"
#include "dispatcher/shards.h"
#include "rules/event/events.h"

enum {
    RECOVER_EVERY_US = 1000000,
    RECOVER_PAUSE = 900, /* milliseconds: a step of another process was so short a time ago */
    AT_ONCE = 8,         /* recoveries in one turn */
    TURN_US = 50000,     /* … in which no other and no further look is begun after that */
    SCAN = 1000,         /* events in one look */
    LOOKS = 5            /* … of one step, where few of them are to be sent */
};

static const struct statement FIND_RUNNING = {
    "SELECT id, company_id, endpoint_id FROM recoveries"
    " WHERE state = 'running' AND (? IS NULL OR id > ?) ORDER BY id LIMIT ?",
    .in = "uui"
};

/* No row: it has ended, or somebody is at it right now. */
static const struct statement LOCK = {
    "SELECT r.since, r.until, r.rate, r.what, r.cursor_id, r.created_at, r.updated_at, e.active"
    " FROM (SELECT company_id, endpoint_id, since, until, rate, what, cursor_id, created_at, updated_at"
    " FROM recoveries WHERE company_id = ? AND id = ? AND state = 'running' FOR UPDATE SKIP LOCKED) r"
    " JOIN webhook_endpoints e ON e.company_id = r.company_id AND e.id = r.endpoint_id",
    .in = "uu"
};

/*
 * The events behind the cursor, with what this endpoint has of each; `made_id` is the id of the delivery that
 * event_emit would have made (rules/event/events.c). `wanted`: the endpoint subscribes to it, and it is
 * neither a test send, which was for one endpoint alone, nor news about this very endpoint, which is for the
 * others.
 */
static const struct statement SCAN_EVENTS = {
    "SELECT v.id, v.created_at, d.id AS delivery_id, d.state,"
    " CAST(UNHEX(CONCAT(LEFT(HEX(v.id), 12), '7', SUBSTR(v.hash, 1, 3),"
    " SUBSTR('89AB', 1 + (ASCII(SUBSTR(v.hash, 32, 1)) & 3), 1), SUBSTR(v.hash, 4, 15))) AS BINARY(16))"
    " AS made_id,"
    " EXISTS (SELECT 1 FROM webhook_subscriptions s WHERE s.company_id = v.company_id"
    " AND s.event_type IN (v.type, '*') AND s.endpoint_id = v.endpoint_id)"
    " AND NOT v.about_it AND NOT EXISTS (SELECT 1 FROM deliveries t WHERE t.company_id = v.company_id"
    " AND t.event_id = v.id AND t.test) AS wanted"
    " FROM (SELECT id, company_id, type, created_at, ? AS endpoint_id, MD5(CONCAT(id, ?)) AS hash,"
    " type LIKE 'webhook.%' AND LOCATE(?, payload) > 0 AS about_it"
    " FROM events FORCE INDEX (events_company) WHERE company_id = ? AND id > ? AND id < ?"
    " ORDER BY id LIMIT ?) v"
    " LEFT JOIN deliveries d ON d.company_id = v.company_id AND d.event_id = v.id"
    " AND d.endpoint_id = v.endpoint_id AND NOT d.test ORDER BY v.id",
    .in = "uusuuui", .out = "utusui"
};

/* IGNORE: its id says which it is. */
static const struct statement MAKE = {
    "INSERT IGNORE INTO deliveries (id, company_id, endpoint_id, event_id, state, due_at, created_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)",
    .in = "uuuustt"
};

static const struct statement REVIVE = {
    "UPDATE deliveries SET state = ?, due_at = ?, attempts = 0, fence = NULL, settled_at = NULL"
    " WHERE company_id = ? AND id = ? AND state = 'failed'",
    .in = "stuu"
};

static const struct statement ADVANCE = {
    "UPDATE recoveries SET cursor_id = ?, recovered = recovered + ?, state = ?, updated_at = ?"
    " WHERE company_id = ? AND id = ?",
    .in = "uistuu"
};

struct recover {
    int64_t at;            /* the next turn's part of the round */
    int64_t round_at;      /* when this round over all of them began */
    struct id last;        /* the one that came last in this round; nil: none yet */
    struct rows running;   /* this turn's, */
    const struct row *row; /* … and the one in hand */
};

struct step {
    struct id recovery, company, endpoint;
    instant since, until, now;
    struct id cursor, end; /* looks at the events between */
    bool missing, failed;  /* which of them */
    const char *state;     /* of what is made due */
    int64_t room;          /* deliveries that it still may make due */
    struct value *made, *revived;
    size_t made_count, revived_count;
};
enum { MADE = 7, REVIVED = 4 }; /* values of a row */

static bool is_rested(const struct row *row, instant now)
{
    instant at = row_time(row, "updated_at");
    bool is_new = row_is_null(row, "cursor_id");
    return is_new || now - at >= RECOVER_PAUSE || now < at;
}

/* An event's row is made some time after the moment that it bears. */
static void begin(struct dispatcher *dispatcher, struct step *step, const struct row *row)
{
    const char *what = row_text(row, "what");
    step->since = row_time(row, "since");
    step->until = row_time(row, "until");
    step->cursor = row_is_null(row, "cursor_id") ? id_first_of(step->since > 0 ? step->since : 1)
                                                 : row_id(row, "cursor_id");
    if (id_compare(step->cursor, events_kept_from()) < 0)
        step->cursor = events_kept_from();
    step->end = id_first_of(step->until + CLOCK_MINUTE);
    step->missing = strcmp(what, "failed") != 0;
    step->failed = strcmp(what, "missing") != 0;
    step->state = row_int(row, "active") ? "retrying" : "held";
    step->room = row_int(row, "rate");
    step->made = pool_array(dispatcher->turn, (size_t)step->room * MADE, sizeof *step->made);
    step->revived = pool_array(dispatcher->turn, (size_t)step->room * REVIVED, sizeof *step->revived);
}

static void note_made(struct step *step, const struct row *row)
{
    struct value *value = step->made + MADE * step->made_count++;
    *value++ = *row_value(row, "made_id");
    *value++ = value_id(step->company);
    *value++ = value_id(step->endpoint);
    *value++ = *row_value(row, "id");
    *value++ = value_text(step->state);
    *value++ = value_time(step->now);
    *value++ = *row_value(row, "created_at");
}

static void note_revived(struct step *step, const struct row *row)
{
    struct value *value = step->revived + REVIVED * step->revived_count++;
    *value++ = value_text(step->state);
    *value++ = value_time(step->now);
    *value++ = value_id(step->company);
    *value++ = *row_value(row, "delivery_id");
}

/* True where the event gives a delivery. */
static bool take_event(struct step *step, const struct row *row)
{
    const char *state = row_text(row, "state");
    instant at = row_time(row, "created_at");
    if (at < step->since || at >= step->until || !row_int(row, "wanted"))
        return false;
    if (!state && step->missing)
        note_made(step, row);
    else if (state && step->failed && strcmp(state, "failed") == 0)
        note_revived(step, row);
    else
        return false;
    return true;
}

/* Looks at the next events; false where there are no more, or no more room. */
static bool look(struct dispatcher *dispatcher, struct step *step)
{
    char text[ID_TEXT_SIZE];
    struct rows events =
        db_all(dispatcher->db, dispatcher->turn, &SCAN_EVENTS,
               BIND(value_id(step->endpoint), value_id(step->endpoint),
                    value_text(id_format(text, "whk", step->endpoint)), value_id(step->company),
                    value_id(step->cursor), value_id(step->end), value_int(SCAN)));
    for (size_t i = 0; i < events.count && step->room > 0; i++) {
        step->room -= take_event(step, &events.items[i]);
        step->cursor = row_id(&events.items[i], "id");
    }
    return events.count >= SCAN && step->room > 0;
}

static const char *finish(struct dispatcher *dispatcher, struct step *step, bool is_done)
{
    const char *state = is_done ? "done" : "running";
    size_t count = step->made_count + step->revived_count;
    if (step->made_count > 0)
        db_run_many(dispatcher->db, &MAKE, step->made, MADE, step->made_count);
    if (step->revived_count > 0)
        db_run_many(dispatcher->db, &REVIVE, step->revived, REVIVED, step->revived_count);
    db_run(dispatcher->db, &ADVANCE,
           BIND(value_id(step->cursor), value_int((int64_t)count), value_text(state), value_time(step->now),
                value_id(step->company), value_id(step->recovery)));
    return state;
}

static bool has_time(const struct recover *recover)
{
    return clock_monotonic() < recover->at + TURN_US;
}

/* One step of the recovery in hand. */
static void recover_one(struct dispatcher *dispatcher, void *data)
{
    const struct recover *recover = data;
    struct step step = {
        .recovery = row_id(recover->row, "id"),
        .company = row_id(recover->row, "company_id"),
        .endpoint = row_id(recover->row, "endpoint_id"),
        .now = clock_now(),
    };
    bool more = true;
    db_begin(dispatcher->db);
    const struct row *row = db_one(dispatcher->db, dispatcher->turn, &LOCK,
                                   BIND(value_id(step.company), value_id(step.recovery)));
    if (!row || !is_rested(row, step.now)) {
        db_commit(dispatcher->db);
        return;
    }
    begin(dispatcher, &step, row);
    for (int i = 0; i < LOOKS && more && (i == 0 || has_time(recover)); i++)
        more = look(dispatcher, &step);
    const char *state = finish(dispatcher, &step, !more && step.room > 0);
    db_commit(dispatcher->db);
    log_debug("recovery made=%zu revived=%zu state=%s", step.made_count, step.revived_count, state);
    if (step.made_count + step.revived_count > 0)
        wake_soon(&dispatcher->wake);
}

/* ---- the job ---- */

static int64_t due_at(const struct dispatcher *dispatcher, const void *state)
{
    (void)dispatcher;
    return ((const struct recover *)state)->at;
}

/* All had a step in this round. */
static bool is_over(const struct dispatcher *dispatcher, const void *state)
{
    const struct recover *recover = state;
    (void)dispatcher;
    return recover->at > 0 && id_is_nil(recover->last);
}

/* A step of the next few, each guarded on its own: one that fails keeps no other from going on. */
static void recover_some(struct dispatcher *dispatcher, void *state)
{
    struct recover *recover = state;
    struct value after = value_id(recover->last);
    int64_t now = clock_monotonic();
    size_t i = 0;
    if (id_is_nil(recover->last))
        recover->round_at = now;
    recover->at = now + RECOVER_EVERY_US; /* should this fail */
    recover->running =
        db_all(dispatcher->db, dispatcher->turn, &FIND_RUNNING, BIND(after, after, value_int(AT_ONCE)));
    recover->at = now; /* the next few in the next turn */
    for (; i < recover->running.count && (i == 0 || has_time(recover)) && !dispatcher->outage.away; i++) {
        recover->row = &recover->running.items[i];
        recover->last = row_id(recover->row, "id");
        if (shards_own(dispatcher, row_id(recover->row, "endpoint_id")))
            database_guarded(dispatcher, recover_one, recover);
    }
    if (i == recover->running.count && i < AT_ONCE) {
        recover->last = (struct id){ { 0 } };
        recover->at = recover->round_at + RECOVER_EVERY_US;
    }
}

const struct job recover_job = { .name = "recover",
                                 .size = sizeof(struct recover),
                                 .due_at = due_at,
                                 .is_over = is_over,
                                 .step = recover_some };
