#include "dispatcher/health.h"

enum { FAILURES_MOST = 1000 };

static instant breaker_pause(int failures)
{
    instant pause = BREAKER_FIRST;
    for (int i = BREAKER_FAILURES; i < failures && pause < BREAKER_LONGEST; i++)
        pause *= 2;
    return pause < BREAKER_LONGEST ? pause : BREAKER_LONGEST;
}

enum breaker health_breaker(const struct health *health, instant now)
{
    if (health->breaker_until == 0)
        return BREAKER_CLOSED;
    bool is_open = health->breaker_until > now && health->breaker_until <= now + BREAKER_FURTHEST;
    return is_open ? BREAKER_OPEN : BREAKER_HALF_OPEN;
}

bool health_is_ailing(const struct health *health)
{
    return health->failing_since != 0 || health->failures > 0 || health->breaker_until != 0 ||
           health->warned != 0;
}

/* What was sent before the breaker opened, and came back late, says nothing that is not known. */
static void count_failure(struct health *health, const struct health_attempt *attempt)
{
    if (health_breaker(health, attempt->started_at) == BREAKER_OPEN)
        return;
    if (health->failures < FAILURES_MOST)
        health->failures++;
    if (health->failures >= BREAKER_FAILURES)
        health->breaker_until = attempt->now + breaker_pause(health->failures);
}

/* Of what it fails now; what was told before it was switched on again is no warning. */
static int warned_of(const struct health *health)
{
    return health->warned == HEALTH_TOLD ? 0 : health->warned;
}

/* Who has had no warning yet is left the last tenth of the way from now on. */
static void grant_time(struct health *health, const struct health_attempt *attempt)
{
    instant latest = attempt->now - attempt->disable_after * 9 / 10;
    if (warned_of(health) == 0 && health->failing_since < latest)
        health->failing_since = latest;
}

static enum health_news judge_failing(struct health *health, const struct health_attempt *attempt)
{
    static const int thresholds[] = { 90, 70, 50 };
    instant failing = attempt->now - health->failing_since;
    if (failing >= attempt->disable_after && warned_of(health) > 0)
        return HEALTH_EXPIRED;
    for (size_t i = 0; i < sizeof thresholds / sizeof *thresholds; i++) {
        if (failing * 100 < attempt->disable_after * thresholds[i])
            continue;
        if (warned_of(health) >= thresholds[i])
            return HEALTH_NOTHING;
        grant_time(health, attempt);
        health->warned = thresholds[i];
        return HEALTH_FAILING;
    }
    return HEALTH_NOTHING;
}

enum health_news health_count(struct health *health, const struct health_attempt *attempt, bool *was_warned)
{
    *was_warned = health->warned > 0;
    if (attempt->succeeded) {
        bool was_cut_off = health->breaker_until != 0 && breaker_pause(health->failures) == BREAKER_LONGEST;
        *health = (struct health){ 0 };
        return *was_warned || was_cut_off ? HEALTH_RECOVERED : HEALTH_NOTHING;
    }
    if (health->failing_since == 0 || health->failing_since > attempt->now)
        health->failing_since = attempt->now;
    count_failure(health, attempt);
    return judge_failing(health, attempt);
}
