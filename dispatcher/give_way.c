#include "dispatcher/give_way.h"

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
    if (rate > GIVE_WAY_MOST_US / GIVE_WAY_EACH_US)
        return GIVE_WAY_MOST_US;
    return (int64_t)rate * GIVE_WAY_EACH_US;
}

int64_t give_way_until(const struct give_way *give_way)
{
    return give_way->served_at + give_way_gap(give_way);
}

bool give_way_waits(const struct give_way *give_way, bool prompt, int64_t now)
{
    return now < give_way_until(give_way) + (prompt ? give_way_gap(give_way) : 0);
}

void give_way_served(struct give_way *give_way, int64_t now)
{
    give_way->served_at = now;
}
