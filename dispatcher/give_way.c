#include "dispatcher/give_way.h"

enum { SHRINK_FACTOR = 4 }; /* to be served so much faster than it grows: twice, where others go first */

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
    int64_t gap =
        rate < GIVE_WAY_MOST_US / GIVE_WAY_EACH_US ? (int64_t)rate * GIVE_WAY_EACH_US : GIVE_WAY_MOST_US;
    return give_way->enough > 0 && gap > give_way->enough ? give_way->enough : gap;
}

int64_t give_way_until(const struct give_way *give_way)
{
    return give_way->served_at + give_way_gap(give_way);
}

bool give_way_waits(const struct give_way *give_way, bool prompt, int64_t now)
{
    return now < give_way_until(give_way) + (prompt ? give_way_gap(give_way) : 0);
}

void give_way_served(struct give_way *give_way, int grown, int most, int64_t now)
{
    int64_t enough = grown > 0 ? INT64_C(1000000) * most / ((int64_t)SHRINK_FACTOR * grown) : 0;
    if (grown > 0 && enough < GIVE_WAY_LEAST_US)
        enough = GIVE_WAY_LEAST_US;
    bool with_others = give_way->served_at == now;
    if (!with_others || give_way->enough == 0 || (enough > 0 && enough < give_way->enough))
        give_way->enough = enough;
    give_way->served_at = now;
}
