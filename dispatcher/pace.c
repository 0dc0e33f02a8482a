#include "dispatcher/pace.h"

#include <limits.h>

/* A lane that rests is looked at again after so long: the owner may have raised the limit. */
enum { REST_MOST = 10 * CLOCK_SECOND };

/* No row: somebody has it locked; nobody waits for that. */
static const struct statement LOCK_RATE = {
    "SELECT rate_window_at, rate_used FROM webhook_endpoints WHERE company_id = ? AND id = ? "
    "FOR UPDATE SKIP LOCKED",
    .in = "uu"
};

static const struct statement SPEND = {
    "UPDATE webhook_endpoints SET rate_window_at = ?, rate_used = ? WHERE id = ? AND company_id = ?",
    .in = "tiuu"
};

enum breaker pace_breaker(struct lane *lane, const struct row *endpoint, instant now)
{
    struct health health = { .failing_since = row_time(endpoint, "failing_since"),
                             .warned = (int)row_int(endpoint, "failing_warned"),
                             .failures = (int)row_int(endpoint, "breaker_failures"),
                             .breaker_until = row_time(endpoint, "breaker_until") };
    enum breaker breaker = health_breaker(&health, now);
    lane->ailing = health_is_ailing(&health);
    if (breaker == BREAKER_HALF_OPEN)
        lane_slow_start(lane);
    return breaker;
}

struct pace pace_read(struct dispatcher *dispatcher, struct lane *lane, struct id company,
                      const struct row *endpoint, instant now)
{
    struct pace pace = { .left = INT_MAX, .window_at = now };
    if (row_is_null(endpoint, "rate_limit"))
        return pace;
    const struct row *row = db_one(dispatcher->db, dispatcher->turn, &LOCK_RATE,
                                   BIND(value_id(company), value_id(lane->endpoint)));
    if (!row)
        return (struct pace){ 0 };
    instant window_at = row_time(row, "rate_window_at");
    if (!row_is_null(row, "rate_window_at") && window_at <= now && now < window_at + PACE_WINDOW) {
        pace.window_at = window_at;
        pace.used = (int)row_int(row, "rate_used");
    }
    pace.limited = true;
    pace.left = (int)row_int(endpoint, "rate_limit") - pace.used;
    if (pace.left > 0)
        return pace;
    pace.left = 0;
    instant until = pace.window_at + PACE_WINDOW;
    lane_rest(lane, until < now + REST_MOST ? until : now + REST_MOST);
    return pace;
}

void pace_spend(struct dispatcher *dispatcher, const struct lane *lane, struct id company,
                const struct pace *pace, int sent)
{
    if (pace->limited && sent > 0)
        db_run(dispatcher->db, &SPEND,
               BIND(value_time(pace->window_at), value_int(pace->used + sent), value_id(lane->endpoint),
                    value_id(company)));
}
