#include "dispatcher/look.h"

#include "base/log.h"
#include "dispatcher/claim.h"
#include "dispatcher/lease.h"
#include "dispatcher/pace.h"
#include "dispatcher/shards.h"

#include <limits.h>

enum {
    IDLE_POLL_US = 200000, /* finds what nobody poked for */
    GROWN_MOST = 500,      /* rows that are counted of what came within a second */
    SHARE_LEAST = 8,     /* rows of one lane in one look: a lane costs two round trips however few it gives */
    POLL_COST_FACTOR = 8 /* polling alone takes at most this part of the time */
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

static bool is_open(struct dispatcher *dispatcher, const struct lane *lane, instant now)
{
    if (lane_rests(lane, now))
        return false;
    dispatcher->work_left = true;
    return lane->failures < BREAKER_FAILURES || lane->unsettled == 0; /* or it opens once they are written */
}

struct claims {
    struct claim *items;
    size_t count;
    bool prompt; /* one of them came due just now, and has room */
};

/* What may be claimed from, beginning with the lane whose turn it is. */
static struct claims list_claims(struct dispatcher *dispatcher, struct rows due, size_t rotation, instant now)
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
        if (!is_open(dispatcher, claim.lane, now))
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
    dispatcher->squeezed = true;
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
    const struct scope *scope;
    struct claims claims;
    struct room room;
    int64_t start;
    int claimed;
};

/* At most so many rows of one lane. Returns how many it might have had; 0: it must wait. */
static int serve(struct serving *serving, struct claim *claim, int most, int *got)
{
    struct dispatcher *dispatcher = serving->dispatcher;
    int share = lane_share(dispatcher, claim->lane, serving->room, serving->claims.count);
    *got = 0;
    if (share > most)
        share = most;
    if (share == 0)
        return 0;
    *serving->scope->rotation = claim->next;
    *got = claim_lane(dispatcher, claim, share);
    serving->claimed += *got;
    serving->room.quick -= *got;
    serving->room.all -= *got;
    return share;
}

static void serve_slice(struct serving *serving, struct claim *claim)
{
    struct dispatcher *dispatcher = serving->dispatcher;
    bool more_left = dispatcher->more_left;
    int got,
        share = serve(serving, claim, give_way_slice(&dispatcher->give_way, &claim->lane->backlog), &got);
    dispatcher->more_left = more_left; /* of this lane there is, and its next slice has its time */
    if (share > 0)
        give_way_served(&dispatcher->give_way, &claim->lane->backlog, share, count_grown(dispatcher, claim),
                        serving->start);
}

/* What came just now, and, where nothing of that kind comes, every backlog. */
static void serve_at_once(struct serving *serving, bool paced)
{
    for (size_t i = 0; i < serving->claims.count; i++) {
        struct claim *claim = &serving->claims.items[i];
        int got, share;
        if (claim->backlog && paced)
            continue;
        share = serve(serving, claim, INT_MAX, &got);
        claim->lane->hungry = got == share;
        if (!claim->backlog && got < share) /* all that there was */
            give_way_count(&serving->dispatcher->give_way, got, serving->start);
    }
}

/* A slice of the lane that has waited longest, and of each that grows: those may need all the time there is.
 */
static void serve_in_slices(struct serving *serving)
{
    struct give_way *give_way = &serving->dispatcher->give_way;
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
    struct dispatcher *dispatcher = serving->dispatcher;
    dispatcher->backlog_at = INT64_MAX;
    for (size_t i = 0; i < serving->claims.count; i++) {
        struct claim *claim = &serving->claims.items[i];
        if (!claim->backlog)
            continue;
        int64_t until = give_way_until(&dispatcher->give_way, &claim->lane->backlog);
        claim->lane->hungry = until <= serving->start && !can_take(claim->lane, serving->room);
        if (!claim->lane->hungry && until < dispatcher->backlog_at)
            dispatcher->backlog_at = until;
    }
}

/* Returns how many rows were claimed; sets work_left where a lane may have more that can be sent. */
static int serve_lanes(struct dispatcher *dispatcher, const struct scope *scope, struct claims claims)
{
    struct serving serving = { dispatcher, scope, claims, claim_room(dispatcher), clock_monotonic(), 0 };
    give_way_count(&dispatcher->give_way, 0, serving.start);
    bool paced = give_way_gap(&dispatcher->give_way) > 0;
    serve_at_once(&serving, paced);
    if (paced && scope->slices) {
        serve_in_slices(&serving);
        plan_slices(&serving);
    }
    return serving.claimed;
}

static int look_into(struct dispatcher *dispatcher, const struct scope *scope, instant now)
{
    struct rows due = db_all(dispatcher->db, dispatcher->turn, &FIND_LANES,
                             BIND(value_id(scope->first), value_id(scope->last),
                                  value_int(shards_mask(dispatcher)), value_time(now + 1),
                                  value_time(now + BREAKER_FURTHEST), value_time(now), value_time(now)));
    if (due.count == 0)
        return 0;
    const struct transfer *before = TAILQ_LAST(&dispatcher->claimed, transfer_list);
    struct claims claims = list_claims(dispatcher, due, *scope->rotation, now);
    if (claims.count == 0)
        return 0;
    db_begin(dispatcher->db);
    int claimed = serve_lanes(dispatcher, scope, claims);
    lease_claimed(dispatcher, before, claimed, now);
    db_commit(dispatcher->db);
    dispatcher->leased = TAILQ_LAST(&dispatcher->claimed, transfer_list);
    log_debug("claimed rows=%d lanes=%zu", claimed, due.count);
    return claimed;
}

/* ---- when ---- */

/* Of a look that took so many microseconds: one that stood still, with the machine or the server, is no
 * measure. */
static int64_t cost_of(int64_t passed)
{
    return passed < IDLE_POLL_US ? passed : IDLE_POLL_US;
}

static void look_into_all(struct dispatcher *dispatcher, int64_t start, instant now)
{
    struct scope everybody = { id_lowest(), id_highest(), &dispatcher->rotation, true };
    struct give_way *give_way = &dispatcher->give_way;
    dispatcher->looked_at = start;
    dispatcher->look_at = start + IDLE_POLL_US;
    dispatcher->poked_count = 0;
    dispatcher->work_left = dispatcher->squeezed = false;
    dispatcher->backlog_at = INT64_MAX;
    int claimed = claim_tests(dispatcher, now);
    claimed += look_into(dispatcher, &everybody, now);
    int64_t end = clock_monotonic(), pause = give_way_pause(give_way);
    /* One that serves a backlog beside events is long and seldom, and says nothing of the next one's cost. */
    if (give_way->served_at < start || give_way_gap(give_way) == 0)
        dispatcher->look_cost = cost_of(end - start);
    if (dispatcher->once && claimed > 0)
        look_soon(dispatcher);
    int64_t next = dispatcher->backlog_at > end ? dispatcher->backlog_at : end;
    if (dispatcher->backlog_at < INT64_MAX && next + pause < dispatcher->look_at)
        dispatcher->look_at = next + pause;
    if (dispatcher->look_at == start + IDLE_POLL_US &&
        POLL_COST_FACTOR * dispatcher->look_cost > IDLE_POLL_US)
        dispatcher->look_at = end + POLL_COST_FACTOR * dispatcher->look_cost;
}

/* What somebody waits for, however many other lanes there are. */
static void look_into_poked(struct dispatcher *dispatcher, int64_t start, instant now)
{
    size_t count = dispatcher->poked_count;
    dispatcher->poked_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct id company = dispatcher->poked[i];
        look_into(dispatcher, &(struct scope){ company, company, &dispatcher->poked_rotation, false }, now);
    }
    int64_t end = clock_monotonic();
    if (dispatcher->backlog_at <= end)
        dispatcher->look_at = end; /* the next event is farthest away now */
    dispatcher->poked_next = end + cost_of(end - start);
}

void look_now(struct dispatcher *dispatcher)
{
    int64_t start = clock_monotonic();
    instant now = clock_now();
    dispatcher->swept = dispatcher->more_left = false;
    dispatcher->leased = NULL;
    if (start >= dispatcher->look_at)
        look_into_all(dispatcher, start, now);
    else
        look_into_poked(dispatcher, start, now);
    if (dispatcher->more_left || dispatcher->swept)
        look_soon(dispatcher);
}

void look_soon(struct dispatcher *dispatcher)
{
    int64_t gap = 2 * dispatcher->look_cost;
    if (dispatcher->look_at > dispatcher->looked_at + gap)
        dispatcher->look_at = dispatcher->looked_at + gap;
}

void look_poked(struct dispatcher *dispatcher, struct id company)
{
    if (id_is_nil(company) || dispatcher->poked_count == POKED_MOST) {
        look_soon(dispatcher);
        return;
    }
    for (size_t i = 0; i < dispatcher->poked_count; i++)
        if (id_equal(dispatcher->poked[i], company))
            return;
    dispatcher->poked[dispatcher->poked_count++] = company;
}

int64_t look_due_at(const struct dispatcher *dispatcher)
{
    if (room_size(claim_room(dispatcher)) == 0)
        return INT64_MAX;
    bool sooner = dispatcher->poked_count > 0 && dispatcher->poked_next < dispatcher->look_at;
    return sooner ? dispatcher->poked_next : dispatcher->look_at;
}
