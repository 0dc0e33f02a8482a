#include "dispatcher/give_way.h"

enum {
    SHRINK_FACTOR = 4, /* to be served so much faster than it grows: twice, where others go first */
    SPREAD = 10,       /* slices in a gap, of different lanes */
    PATIENCE = 4       /* gaps without a slice, whatever there is beside it */
};

void give_way_count(struct give_way *give_way, int events, int64_t now)
{
    int64_t passed = now - give_way->window_at;
    if (passed > GIVE_WAY_WINDOW_US) {
        give_way->before = passed <= 2 * GIVE_WAY_WINDOW_US ? give_way->count : 0;
        give_way->count = 0;
        give_way->window_at = now;
    }
    give_way->count += events;
}

int64_t give_way_gap(const struct give_way *give_way)
{
    int rate = give_way->count > give_way->before ? give_way->count : give_way->before;
    return rate < GIVE_WAY_MOST_US / GIVE_WAY_EACH_US ? (int64_t)rate * GIVE_WAY_EACH_US : GIVE_WAY_MOST_US;
}

bool give_way_is_on(const struct give_way *give_way)
{
    return give_way->next_at < INT64_MAX && give_way_gap(give_way) > 0;
}

/* Of one lane: a slice's rows in this time are SHRINK_FACTOR times what comes to it. */
static int64_t lane_gap(const struct give_way *give_way, const struct lane_backlog *backlog)
{
    int64_t gap = give_way_gap(give_way), enough = gap;
    if (backlog->grown > 0)
        enough = INT64_C(1000000) * backlog->rows / ((int64_t)SHRINK_FACTOR * backlog->grown);
    if (enough < GIVE_WAY_LEAST_US)
        enough = GIVE_WAY_LEAST_US;
    return enough < gap ? enough : gap;
}

static int64_t later(int64_t left, int64_t right)
{
    return left > right ? left : right;
}

int64_t give_way_pause(const struct give_way *give_way)
{
    return give_way_gap(give_way) / SPREAD;
}

int64_t give_way_until(const struct give_way *give_way, const struct lane_backlog *backlog)
{
    int64_t pause = backlog->grown > 0 ? 0 : give_way_pause(give_way);
    return later(backlog->served_at + lane_gap(give_way, backlog), give_way->served_at + pause);
}

/* The slices of other lanes may come so often that each puts this one off before its time is there. */
bool give_way_waits(const struct give_way *give_way, const struct lane_backlog *backlog, bool prompt,
                    int64_t now)
{
    int64_t gap = lane_gap(give_way, backlog);
    return now < give_way_until(give_way, backlog) + (prompt ? gap : 0) &&
           now < backlog->served_at + PATIENCE * gap;
}

int give_way_slice(const struct give_way *give_way, const struct lane_backlog *backlog)
{
    int64_t gap = give_way_gap(give_way), least = backlog->heavy ? GIVE_WAY_HEAVY_SLICE : GIVE_WAY_SLICE;
    if (gap > 0)
        least = least * GIVE_WAY_MOST_US / gap;
    return (int)later(least, (int64_t)SHRINK_FACTOR * backlog->grown * GIVE_WAY_LEAST_US / 1000000);
}

void give_way_served(struct give_way *give_way, struct lane_backlog *backlog, int rows, int grown,
                     int64_t now)
{
    backlog->rows = rows;
    backlog->grown = grown;
    backlog->served_at = give_way->served_at = now;
}
