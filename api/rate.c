#include "api/rate.h"

#include "api/request.h"
#include "base/config.h"
#include "base/log.h"

/* `used` is set before `window_at`, so it still sees the old window. */
static const struct statement COUNT = {
    "INSERT INTO rate_windows (subject, bucket, window_at, used) VALUES (?, ?, ?, 1)"
    " ON DUPLICATE KEY UPDATE used = IF(window_at = VALUES(window_at), LEAST(used, 2000000000) + 1, 1),"
    " window_at = VALUES(window_at) RETURNING used",
    .in = "uii",
};

static const struct statement SWEEP = {
    "DELETE FROM rate_windows WHERE window_at < IF(bucket = ?, ?, ?)",
    .in = "iii",
};

enum { MINUTE = 60, HOUR = 3600 };

static const struct {
    const char *name;
    int64_t window;
    enum setting setting;
} limits[] = {
    [RATE_BOOKINGS] = { "bookings", MINUTE, CONFIG_LIMIT_BOOKINGS },
    [RATE_CALENDAR] = { "calendar", HOUR, CONFIG_LIMIT_CALENDAR },
    [RATE_LOGINS] = { .name = "logins",
                      .window = MINUTE }, /* no route's: rules/people/logins has the number */
};

const char *rate_name(enum rate_limit which)
{
    return limits[which].name;
}

int64_t rate_window(enum rate_limit which)
{
    return limits[which].window;
}

static int64_t window_start(enum rate_limit which, instant now)
{
    int64_t seconds = now / CLOCK_SECOND;

    return seconds - seconds % limits[which].window;
}

static void warn_once(void)
{
    static bool warned;

    if (!warned)
        log_warn("the table of rate limits is full: what finds no room is not counted");
    warned = true;
}

/* What is over makes room; where nothing is, a look at the whole table a minute is enough. */
static bool make_room(struct db *db, instant now)
{
    static instant looked_at;

    if (looked_at <= now && now < looked_at + CLOCK_MINUTE)
        return false;
    looked_at = now;
    rate_sweep(db, now);
    return true;
}

struct rate_count rate_take(struct db *db, struct pool *pool, enum rate_limit which, struct id subject,
                            int64_t limit, instant now)
{
    int64_t start = window_start(which, now);
    const struct value values[] = { value_id(subject), value_int((int64_t)which), value_int(start) };
    const size_t count = sizeof values / sizeof *values;
    bool full;
    const struct row *row = db_try_one(db, pool, &COUNT, values, count, &full);

    if (full && make_room(db, now))
        row = db_try_one(db, pool, &COUNT, values, count, &full);
    if (full)
        warn_once();
    return (struct rate_count){ .limit = limit,
                                .used = row ? row_int(row, "used") : 1,
                                .window = limits[which].window,
                                .reset_at = (start + limits[which].window) * CLOCK_SECOND };
}

void rate_sweep(struct db *db, instant now)
{
    int64_t seconds = now / CLOCK_SECOND;

    db_run(db, &SWEEP,
           BIND(value_int(RATE_CALENDAR), value_int(seconds - HOUR), value_int(seconds - MINUTE)));
}

/* ---- of a request ---- */

/* Whom a request is counted for: the key, or the one that it comes from, the person, or else the address. */
static struct id subject_of(const struct request *request)
{
    uint8_t hash[SHA256_SIZE];
    struct id subject;

    if (!id_is_nil(request->actor.counted_with))
        return request->actor.counted_with;
    if (!id_is_nil(request->actor.key))
        return request->actor.key;
    if (!id_is_nil(request->actor.user))
        return request->actor.user;
    crypto_sha256(request->address, strlen(request->address), hash);
    memcpy(subject.bytes, hash, sizeof subject.bytes);
    return subject;
}

static int64_t limit_of(const struct request *request, enum rate_limit which)
{
    int64_t own = which == RATE_BOOKINGS ? request->actor.booking_limit : request->actor.calendar_limit;

    return own > 0 ? own : config_int(limits[which].setting);
}

static int64_t seconds_left(const struct request *request)
{
    return (request->rate.reset_at - request->now + CLOCK_SECOND - 1) / CLOCK_SECOND;
}

static void add_number(struct request *request, const char *header, int64_t number)
{
    reply_header(request, header, pool_printf(request->pool, "%lld", (long long)number));
}

void rate_tell(struct request *request, int64_t limit, int64_t left, instant reset_at)
{
    add_number(request, "X-RateLimit-Limit", limit);
    add_number(request, "X-RateLimit-Remaining", left);
    add_number(request, "X-RateLimit-Reset", (reset_at + CLOCK_SECOND - 1) / CLOCK_SECOND);
}

static void add_headers(struct request *request, const char *name)
{
    const struct rate_count *rate = &request->rate;
    long long limit = rate->limit, left = rate->used < rate->limit ? rate->limit - rate->used : 0;

    rate_tell(request, limit, left, rate->reset_at);
    reply_header(request, "RateLimit-Policy",
                 pool_printf(request->pool, "\"%s\";q=%lld;w=%lld", name, limit, (long long)rate->window));
    reply_header(
        request, "RateLimit",
        pool_printf(request->pool, "\"%s\";r=%lld;t=%lld", name, left, (long long)seconds_left(request)));
}

bool rate_check(struct request *request)
{
    enum rate_limit which = request->route->limit;

    if (which == RATE_NONE)
        return true;
    if (request->rate.limit == 0)
        request->rate = rate_take(request->db, request->pool, which, subject_of(request),
                                  limit_of(request, which), request->now);
    add_headers(request, rate_name(which));
    if (request->rate.used <= request->rate.limit)
        return true;
    fail_until(request, request->rate.reset_at);
    return false;
}
