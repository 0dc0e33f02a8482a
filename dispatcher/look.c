/*
 * look: finds the lanes with due rows, decides which of them are served now and how much each may have, has
 * that claimed and leased, and hands it on to be sent. wake.h says what brings the next look.
 *
 * A look goes over all lanes, or only over those of the companies for which somebody has poked.
 */
#include "base/log.h"
#include "dispatcher/claim.h"
#include "dispatcher/job.h"
#include "dispatcher/lease.h"
#include "dispatcher/options.h"
#include "dispatcher/pace.h"
#include "dispatcher/send.h"
#include "dispatcher/shards.h"

#include <limits.h>

enum {
    GROWN_MOST = 500, /* rows that are counted of what came within a second */
    SHARE_LEAST = 8,  /* rows of one lane in one look: a lane costs two round trips however few it gives */
};
#define BACKLOG_AGE CLOCK_SECOND /* overdue for so long */

/*
 * Two dives into deliveries_lane for each endpoint, to the first row of what is fresh and of what is tried
 * again: some microseconds each, however many rows wait. (A loose index scan over the lanes would visit only
 * those with rows, but the optimizer chooses it by statistics, which are stale just when a lane has filled
 * up.) An open breaker costs no dive. The bits are the shards that are ours.
 */
static const struct statement FIND_LANES = {
    "SELECT endpoint.id, endpoint.company_id, "
    "(SELECT fresh.due_at FROM deliveries AS fresh FORCE INDEX (deliveries_lane) "
    "WHERE fresh.state = 'pending' AND fresh.endpoint_id = endpoint.id ORDER BY fresh.due_at LIMIT 1) AS "
    "fresh_at, "
    "(SELECT again.due_at FROM deliveries AS again FORCE INDEX (deliveries_lane) "
    "WHERE again.state = 'retrying' AND again.endpoint_id = endpoint.id ORDER BY again.due_at LIMIT 1) AS "
    "again_at "
    "FROM webhook_endpoints AS endpoint WHERE endpoint.company_id BETWEEN ? AND ? "
    "AND (? >> (ORD(RIGHT(endpoint.id, 1)) & 31)) & 1 AND (NOT "
    "endpoint.active OR endpoint.breaker_until IS NULL "
    "OR endpoint.breaker_until NOT BETWEEN ? AND ?) HAVING fresh_at <= ? OR again_at <= ?",
    .in = "uuitttt"
};

static const struct statement COUNT_GROWN = {
    "SELECT (SELECT COUNT(*) FROM (SELECT 1 FROM deliveries FORCE INDEX (deliveries_lane) WHERE state = "
    "'pending' AND endpoint_id = ? AND due_at > ? AND due_at <= ? AND company_id = ? LIMIT ?) AS fresh) + "
    "(SELECT COUNT(*) FROM (SELECT 1 FROM deliveries FORCE INDEX (deliveries_lane) WHERE state = "
    "'retrying' AND endpoint_id = ? AND due_at > ? AND due_at <= ? AND company_id = ? LIMIT ?) AS again) AS "
    "grown",
    .in = "uttuiuttui"
};

struct look {
    struct transfer_list claimed;    /* in the transaction at hand */
    struct transfer_list leased;     /* by one that was committed: to be sent */
    size_t rotation, poked_rotation; /* the lane that is asked first, so that each comes first in its turn */
    bool found;                      /* the last look over all found due rows that may be sent */
    bool left; /* the look at hand left some that it might have had: it looks again soon */
};

/* ---- which lanes there are ---- */

struct scope {             /* of a look */
    struct id first, last; /* companies */
    size_t *rotation;      /* goes on behind the lane that was served last */
    bool slices;           /* lanes that give way are served too */
};

static bool has_backlog(const struct claim *claim)
{
    instant before = claim->now - BACKLOG_AGE;
    return claim_is_due(claim->fresh_at, before) || claim_is_due(claim->again_at, before);
}

static bool is_open(struct look *look, const struct lane *lane, instant now)
{
    if (lane_rests(lane, now))
        return false;
    look->found = true;
    return lane->failures < BREAKER_FAILURES || lane->unsettled == 0; /* or it opens once they are written */
}

struct claims {
    struct claim *items;
    size_t count;
    bool prompt; /* one of them came due just now, and has room */
};

/* What may be claimed from, beginning with the lane whose turn it is. */
static struct claims list_claims(struct dispatcher *dispatcher, struct look *look, struct rows due,
                                 size_t rotation, instant now)
{
    struct claims claims = { .items = pool_array(dispatcher->turn, due.count, sizeof *claims.items) };
    struct id fence = id_new();
    size_t first = rotation % due.count;
    for (size_t i = 0; i < due.count; i++) {
        const struct row *row = &due.items[(first + i) % due.count];
        struct claim claim = { .company = row_id(row, "company_id"),
                               .fence = fence,
                               .fresh_at = row_time(row, "fresh_at"),
                               .again_at = row_time(row, "again_at"),
                               .now = now,
                               .next = first + i + 1 };
        claim.lane = lanes_get(&dispatcher->lanes, row_id(row, "id"), claim.company);
        claim.backlog = has_backlog(&claim);
        if (!is_open(look, claim.lane, now))
            continue;
        claims.prompt |= !claim.backlog && lane_room(claim.lane) > 0;
        claims.items[claims.count++] = claim;
    }
    return claims;
}

/* ---- which of them are served ---- */

static int room_size(struct room room)
{
    int least = room.quick < room.all ? room.quick : room.all;
    return least > 0 ? least : 0;
}

/* What one lane may have in this look: its own room, a fair part of what is free, and its company's part. */
static int lane_share(struct dispatcher *dispatcher, const struct lane *lane, struct room room, size_t lanes)
{
    int fair = room_size(room) / (int)lanes;
    int share = lane_room(lane), company = lane_company_room(lane, room.quick, room.all);
    if (fair < SHARE_LEAST)
        fair = SHARE_LEAST;
    if (share > fair)
        share = fair;
    if (share <= company)
        return share;
    dispatcher->lanes.squeezed = true;
    return company;
}

/* How many rows came within the last second, of either kind: a recovery makes what was given up wait again.
 */
static int count_grown(struct dispatcher *dispatcher, const struct claim *claim)
{
    struct value lane = value_id(claim->lane->endpoint), owner = value_id(claim->company),
                 since = value_time(claim->now - BACKLOG_AGE), until = value_time(claim->now),
                 most = value_int(GROWN_MOST);
    const struct row *row = db_one(dispatcher->db, dispatcher->turn, &COUNT_GROWN,
                                   BIND(lane, since, until, owner, most, lane, since, until, owner, most));
    return (int)row_int(row, "grown");
}

/* Where not, the lane waits for answers, its own or its company's, and those bring the next look. */
static bool can_take(const struct lane *lane, struct room room)
{
    return lane_room(lane) > 0 && lane_company_room(lane, room.quick, room.all) > 0;
}

struct serving { /* of the lanes that a look has found */
    struct dispatcher *dispatcher;
    struct look *look;
    const struct scope *scope;
    struct claims claims;
    struct room room;
    int64_t start;
    int claimed;
};

/* At most so many rows of one lane. Returns how many it might have had; 0: it must wait. */
static int serve(struct serving *serving, struct claim *claim, int most, struct taken *taken)
{
    struct dispatcher *dispatcher = serving->dispatcher;
    int share = lane_share(dispatcher, claim->lane, serving->room, serving->claims.count);
    *taken = (struct taken){ 0 };
    if (share > most)
        share = most;
    if (share == 0)
        return 0;
    *serving->scope->rotation = claim->next;
    *taken = claim_lane(dispatcher, claim, share, &serving->look->claimed);
    serving->look->left |= taken->is_swept;
    serving->claimed += taken->rows;
    serving->room.quick -= taken->rows;
    serving->room.all -= taken->rows;
    return share;
}

/* Where it gives all that it might, there is more; but its next slice has its time. */
static void serve_slice(struct serving *serving, struct claim *claim)
{
    struct dispatcher *dispatcher = serving->dispatcher;
    struct give_way *give_way = &dispatcher->lanes.give_way;
    struct taken taken;
    int share = serve(serving, claim, give_way_slice(give_way, &claim->lane->backlog), &taken);
    if (share > 0)
        give_way_served(give_way, &claim->lane->backlog, share, count_grown(dispatcher, claim),
                        serving->start);
}

/* What came just now, and, where nothing of that kind comes, every backlog. */
static void serve_at_once(struct serving *serving, bool paced)
{
    for (size_t i = 0; i < serving->claims.count; i++) {
        struct claim *claim = &serving->claims.items[i];
        struct taken taken;
        if (claim->backlog && paced)
            continue;
        int share = serve(serving, claim, INT_MAX, &taken);
        serving->look->left |= taken.is_full;
        claim->lane->hungry = taken.rows == share;
        if (!claim->backlog && taken.rows < share) /* all that there was */
            give_way_count(&serving->dispatcher->lanes.give_way, taken.rows, serving->start);
    }
}

/* A slice of the lane that has waited longest, and of each that grows: those may need all the time there is.
 */
static void serve_in_slices(struct serving *serving)
{
    struct give_way *give_way = &serving->dispatcher->lanes.give_way;
    struct claim *first = NULL;
    for (size_t i = 0; i < serving->claims.count; i++) {
        struct claim *claim = &serving->claims.items[i];
        const struct lane_backlog *backlog = &claim->lane->backlog;
        if (!claim->backlog || !can_take(claim->lane, serving->room) ||
            give_way_waits(give_way, backlog, serving->claims.prompt, serving->start))
            continue;
        if (backlog->grown > 0)
            serve_slice(serving, claim);
        else if (!first || backlog->served_at < first->lane->backlog.served_at)
            first = claim;
    }
    if (first)
        serve_slice(serving, first);
}

/* When the next of them is due. Nothing else is to bring a look for what gives way, but an answer where it
 * was due and had no room. */
static void plan_slices(struct serving *serving)
{
    struct give_way *give_way = &serving->dispatcher->lanes.give_way;
    give_way->next_at = INT64_MAX;
    for (size_t i = 0; i < serving->claims.count; i++) {
        struct claim *claim = &serving->claims.items[i];
        if (!claim->backlog)
            continue;
        int64_t until = give_way_until(give_way, &claim->lane->backlog);
        claim->lane->hungry = until <= serving->start && !can_take(claim->lane, serving->room);
        if (!claim->lane->hungry && until < give_way->next_at)
            give_way->next_at = until;
    }
}

/* Returns how many rows were claimed. */
static int serve_lanes(struct dispatcher *dispatcher, struct look *look, const struct scope *scope,
                       struct claims claims)
{
    struct give_way *give_way = &dispatcher->lanes.give_way;
    struct serving serving = { .dispatcher = dispatcher,
                               .look = look,
                               .scope = scope,
                               .claims = claims,
                               .room = lanes_room(&dispatcher->lanes),
                               .start = clock_monotonic() };
    give_way_count(give_way, 0, serving.start);
    bool paced = give_way_gap(give_way) > 0;
    serve_at_once(&serving, paced);
    if (paced && scope->slices) {
        serve_in_slices(&serving);
        plan_slices(&serving);
    }
    return serving.claimed;
}

/* Ends the transaction at hand. */
static void lease(struct dispatcher *dispatcher, struct look *look, int claimed, instant now)
{
    lease_claimed(dispatcher, &look->claimed, claimed, now);
    db_commit(dispatcher->db);
    TAILQ_CONCAT(&look->leased, &look->claimed, link);
}

static int look_into(struct dispatcher *dispatcher, struct look *look, const struct scope *scope, instant now)
{
    struct rows due = db_all(dispatcher->db, dispatcher->turn, &FIND_LANES,
                             BIND(value_id(scope->first), value_id(scope->last),
                                  value_int(shards_mask(dispatcher)), value_time(now + 1),
                                  value_time(now + BREAKER_FURTHEST), value_time(now), value_time(now)));
    if (due.count == 0)
        return 0;
    struct claims claims = list_claims(dispatcher, look, due, *scope->rotation, now);
    if (claims.count == 0)
        return 0;
    db_begin(dispatcher->db);
    int claimed = serve_lanes(dispatcher, look, scope, claims);
    lease(dispatcher, look, claimed, now);
    log_debug("claimed rows=%d lanes=%zu", claimed, due.count);
    return claimed;
}

/* Somebody waits for a test: it goes first, past a breaker, a rate limit and even where the endpoint is off.
 * They are leased before the lanes are looked into, which would give the same rows again. */
static int look_for_tests(struct dispatcher *dispatcher, struct look *look, instant now)
{
    struct rows due = claim_find_tests(dispatcher, now);
    struct id fence = id_new();
    int claimed = 0;
    if (due.count == 0)
        return 0;
    db_begin(dispatcher->db);
    for (size_t i = 0; i < due.count; i++) {
        struct taken taken = claim_tests_of(dispatcher, &due.items[i], fence, now, &look->claimed);
        claimed += taken.rows;
        look->left |= taken.is_swept;
    }
    lease(dispatcher, look, claimed, now);
    look->found = true;
    return claimed;
}

/* ---- when ---- */

static void look_into_all(struct dispatcher *dispatcher, struct look *look, int64_t start, instant now)
{
    struct scope everybody = { id_lowest(), id_highest(), &look->rotation, true };
    struct give_way *give_way = &dispatcher->lanes.give_way;
    struct wake *wake = &dispatcher->wake;
    wake_look_begins(wake, start);
    look->found = dispatcher->lanes.squeezed = false;
    give_way->next_at = INT64_MAX;
    int claimed = look_for_tests(dispatcher, look, now);
    claimed += look_into(dispatcher, look, &everybody, now);
    int64_t end = clock_monotonic();
    /* One that serves a backlog beside events is long and seldom, and says nothing of the next one's cost. */
    if (give_way->served_at < start || give_way_gap(give_way) == 0)
        wake_look_took(wake, end - start);
    if (dispatcher->options->once && claimed > 0)
        wake_soon(wake);
    if (give_way->next_at < INT64_MAX)
        wake_by(wake, (give_way->next_at > end ? give_way->next_at : end) + give_way_pause(give_way));
    wake_look_ends(wake, end);
}

/* What somebody waits for, however many other lanes there are. */
static void look_into_poked(struct dispatcher *dispatcher, struct look *look, int64_t start, instant now)
{
    struct wake *wake = &dispatcher->wake;
    size_t count = wake->poked_count;
    wake->poked_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct id company = wake->poked[i];
        look_into(dispatcher, look, &(struct scope){ company, company, &look->poked_rotation, false }, now);
    }
    int64_t end = clock_monotonic();
    if (dispatcher->lanes.give_way.next_at <= end)
        wake_by(wake, end); /* the next event is farthest away now */
    wake_poked_look_ends(wake, start, end);
}

static void look_now(struct dispatcher *dispatcher, void *state)
{
    struct look *look = state;
    int64_t start = clock_monotonic();
    instant now = clock_now();
    look->left = false;
    if (start >= dispatcher->wake.look_at)
        look_into_all(dispatcher, look, start, now);
    else
        look_into_poked(dispatcher, look, start, now);
    if (look->left)
        wake_soon(&dispatcher->wake);
}

/* ---- the job ---- */

static void init(struct dispatcher *dispatcher, void *state)
{
    struct look *look = state;
    (void)dispatcher;
    TAILQ_INIT(&look->claimed);
    TAILQ_INIT(&look->leased);
    look->found = true; /* until a look finds none */
}

/* Where there is no room for another transfer, answers bring the next look. */
static int64_t due_at(const struct dispatcher *dispatcher, const void *state)
{
    (void)state;
    return room_size(lanes_room(&dispatcher->lanes)) > 0 ? wake_due_at(&dispatcher->wake) : INT64_MAX;
}

static bool is_over(const struct dispatcher *dispatcher, const void *state)
{
    return !((const struct look *)state)->found && !dispatcher->wake.asked;
}

/* What is leased is sent though a later claim failed: else nobody would until that runs out. */
static void step(struct dispatcher *dispatcher, void *state)
{
    struct look *look = state;
    enum fault fault = database_guarded(dispatcher, look_now, look);
    if (fault != FAULT_NONE) {
        claim_forget(dispatcher, &look->claimed);
        look->found = true; /* for all that is known */
    }
    if (fault == FAULT_RETRY)
        wake_soon(&dispatcher->wake);
    send_leased(dispatcher, &look->leased);
}

const struct job look_job = { .name = "look",
                              .size = sizeof(struct look),
                              .init = init,
                              .due_at = due_at,
                              .is_over = is_over,
                              .step = step };
