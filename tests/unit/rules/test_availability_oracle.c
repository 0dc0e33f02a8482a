/*
 * Random schedules, services and bookings around clock changes, checked against an oracle that knows nothing
 * of spans: it walks the minutes one by one and reads each off the walls.
 */
#include "rules/booking/availability.h"
#include "tests/unit/starts.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka needs some of these before it. */
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { ROUNDS = 400, DAYS = 14, MINUTES = DAYS * 1440, MARGIN = 4 * 1440, INTERVALS_MAX = 3, BUSY_MAX = 12 };

static uint64_t seed = 0x9E3779B97F4A7C15; /* xorshift64: the same rounds in every run */

static int below(int limit)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (int)(seed % (uint64_t)limit);
}

/* The minutes of a round: index 0 is `origin`; what is asked about lies MARGIN inside on both sides. */
struct world {
    instant origin;
    bool staff[MINUTES], service[MINUTES], busy[MINUTES];
    int anchor[MINUTES]; /* where the grid of the staff's span began that this minute is in */
};

static const struct {
    const char *zone, *around;
} scenes[] = {
    { "America/New_York", "2025-03-09T00:00:00Z" }, { "America/New_York", "2025-11-02T00:00:00Z" },
    { "Europe/Berlin", "2025-10-26T00:00:00Z" },    { "Australia/Lord_Howe", "2025-04-06T00:00:00Z" },
    { "America/Havana", "2025-11-02T00:00:00Z" },   { "America/Havana", "2025-03-09T00:00:00Z" },
    { "Asia/Kathmandu", "2025-05-01T00:00:00Z" },   { "Pacific/Auckland", "2025-09-28T00:00:00Z" },
    { "Pacific/Apia", "2011-12-30T00:00:00Z" },
};
static const char *const service_zones[] = { "UTC", "America/New_York", "Asia/Dubai", "Australia/Lord_Howe" };

static struct day_hours random_hours(struct pool *pool)
{
    struct day_hours hours = { 0, pool_array(pool, INTERVALS_MAX, sizeof(struct minutes)) };
    int end = 0;

    if (below(8) == 0) {
        hours.items[hours.count++] = (struct minutes){ 0, 1440 };
        return hours;
    }
    for (int i = below(INTERVALS_MAX + 1); i > 0 && end < 1440; i--) {
        int start = end + 10 * below(50);
        int length = 10 * (1 + below(60));
        if (start >= 1440)
            break;
        end = start + length > 1440 || below(6) == 0 ? 1440 : start + length;
        hours.items[hours.count++] = (struct minutes){ start, end };
    }
    return hours;
}

static struct schedule random_schedule(struct pool *pool, const char *zone, instant around)
{
    struct schedule schedule = { .zone = zone_find(zone),
                                 .overrides = pool_array(pool, 2, sizeof(struct override)) };
    int64_t day = around / CLOCK_DAY - 2;

    for (int i = 0; i < 7; i++)
        schedule.weekly[i] = random_hours(pool);
    for (int i = below(3); i > 0; i--) {
        day += 1 + below(3);
        schedule.overrides[schedule.override_count].date = date_from_days(day);
        schedule.overrides[schedule.override_count++].hours = random_hours(pool);
    }
    return schedule;
}

static struct service_rule random_rule(void)
{
    struct service_rule rule = { .duration = 5 * (1 + below(40)),
                                 .buffer_before = 5 * below(7),
                                 .buffer_after = 5 * below(7),
                                 .interval = 5 * (1 + below(20)),
                                 .days = below(2) ? 127U : (unsigned)below(128),
                                 .hours = { 0, 1440 },
                                 .zone = zone_find(service_zones[below(COUNT(service_zones))]) };

    if (below(2)) {
        rule.hours.start = 10 * below(120);
        rule.hours.end = rule.hours.start + 10 * (1 + below((1440 - rule.hours.start) / 10));
    }
    return rule;
}

/* What the wall shows at each minute, as minutes since 1970 on that wall. */
static void read_walls(const struct zone *zone, instant origin, int64_t *walls)
{
    for (int i = 0; i < MINUTES; i++) {
        struct wall wall = zone_to_wall(zone, origin + i * (instant)CLOCK_MINUTE);
        walls[i] = date_to_days(wall.date) * 1440 + wall.minute;
    }
}

/* From the first minute whose wall is not before the start, to the last whose wall is before the end. */
static void find_interval(const int64_t *walls, int64_t day, struct minutes minutes, int *first, int *last)
{
    *first = 0;
    while (*first < MINUTES && walls[*first] < day * 1440 + minutes.start)
        ++*first;
    *last = MINUTES - 1;
    while (*last >= 0 && walls[*last] >= day * 1440 + minutes.end)
        --*last;
}

static const struct day_hours *hours_on(const struct schedule *schedule, int64_t day)
{
    for (size_t i = 0; i < schedule->override_count; i++)
        if (date_to_days(schedule->overrides[i].date) == day)
            return &schedule->overrides[i].hours;
    return &schedule->weekly[date_weekday(date_from_days(day))];
}

static void mark_staff(struct world *world, const struct schedule *schedule)
{
    static int64_t walls[MINUTES];
    int first, last, covered = -1, anchor = 0;

    read_walls(schedule->zone, world->origin, walls);
    for (int64_t day = walls[0] / 1440; day <= walls[MINUTES - 1] / 1440; day++) {
        const struct day_hours *hours = hours_on(schedule, day);
        for (size_t i = 0; i < hours->count; i++) {
            find_interval(walls, day, hours->items[i], &first, &last);
            if (first > covered && first <= last)
                anchor = first;
            for (int minute = first; minute <= last; minute++) {
                if (!world->staff[minute]) {
                    world->staff[minute] = true;
                    world->anchor[minute] = anchor;
                }
            }
            covered = last > covered ? last : covered;
        }
    }
}

static void mark_service(struct world *world, const struct service_rule *rule)
{
    static int64_t walls[MINUTES];
    int first, last;

    read_walls(rule->zone, world->origin, walls);
    for (int64_t day = walls[0] / 1440; day <= walls[MINUTES - 1] / 1440; day++) {
        if (rule->days >> date_weekday(date_from_days(day)) & 1) {
            find_interval(walls, day, rule->hours, &first, &last);
            for (int minute = first; minute <= last; minute++)
                world->service[minute] = true;
        }
    }
}

static struct spans random_busy(struct pool *pool, struct world *world)
{
    struct spans busy = { 0, pool_array(pool, BUSY_MAX, sizeof(struct span)) };
    int minute = MARGIN - 1440;

    for (int i = below(BUSY_MAX); i > 0; i--) {
        int start = minute + 5 * below(200);
        int end = start + 5 * (1 + below(60));
        if (end > MINUTES - MARGIN + 1440)
            break;
        busy.items[busy.count++] = (struct span){ world->origin + start * (instant)CLOCK_MINUTE,
                                                  world->origin + end * (instant)CLOCK_MINUTE };
        for (minute = start; minute < end; minute++)
            world->busy[minute] = true;
    }
    return busy;
}

static bool oracle_fits(const struct world *world, const struct service_rule *rule, int minute)
{
    for (int i = minute; i < minute + rule->duration; i++)
        if (!world->staff[i] || !world->service[i])
            return false;
    for (int i = minute - rule->buffer_before; i < minute + rule->duration + rule->buffer_after; i++)
        if (world->busy[i])
            return false;
    return true;
}

/* The grid begins with the staff's span, or where the service opens inside it. */
static bool oracle_on_grid(const struct world *world, const struct service_rule *rule, int minute)
{
    int begin = minute;

    while (begin > world->anchor[minute] && world->service[begin - 1])
        begin--;
    return (minute - begin) % rule->interval == 0;
}

static void play(struct pool *pool, int round)
{
    static struct world world;
    size_t scene = (size_t)below(COUNT(scenes));
    instant around, from, to;
    struct schedule schedule;
    struct service_rule rule = random_rule();
    struct spans open, busy;
    struct starts starts;
    size_t next = 0;

    clock_parse(&around, scenes[scene].around, strlen(scenes[scene].around));
    schedule = random_schedule(pool, scenes[scene].zone, around);
    memset(&world, 0, sizeof world);
    world.origin = around - DAYS / 2 * CLOCK_DAY;
    mark_staff(&world, &schedule);
    mark_service(&world, &rule);
    busy = random_busy(pool, &world);
    from = world.origin + MARGIN * (instant)CLOCK_MINUTE;
    to = world.origin + (MINUTES - MARGIN) * (instant)CLOCK_MINUTE;
    open = availability_open(pool, &schedule, &rule, from - CLOCK_DAY, to + CLOCK_DAY);
    starts = starts_of(pool, open, busy, &rule, from, to);
    for (int minute = MARGIN; minute < MINUTES - MARGIN; minute++) {
        instant time = world.origin + minute * (instant)CLOCK_MINUTE;
        bool fits = oracle_fits(&world, &rule, minute);
        bool offered = next < starts.count && starts.items[next] == time;
        if (availability_fits(open, busy, &rule, time) != fits)
            fail_msg("round %d, scene %zu, minute %d: fits should be %d", round, scene, minute, fits);
        if (offered != (fits && oracle_on_grid(&world, &rule, minute))) {
            fail_msg("round %d, scene %zu, minute %d: offered %d, fits %d", round, scene, minute, offered,
                     fits);
        }
        next += offered;
    }
    assert_int_equal(next, starts.count);
}

static void test_against_the_oracle(void **state)
{
    struct pool *pool = pool_new();
    (void)state;

    for (int round = 0; round < ROUNDS; round++) {
        play(pool, round);
        pool_reset(pool);
    }
    pool_free(pool);
}

/* Asking for a week at once or hour by hour gives the same starts, whatever the window they are computed
 * from. */
static void test_the_window_does_not_matter(void **state)
{
    struct pool *pool = pool_new();
    (void)state;

    for (int round = 0; round < 60; round++) {
        instant around;
        struct service_rule rule = random_rule();
        struct schedule schedule;
        struct spans open;
        struct starts whole;
        size_t next = 0;
        clock_parse(&around, scenes[(size_t)round % COUNT(scenes)].around, 20);
        schedule = random_schedule(pool, scenes[(size_t)round % COUNT(scenes)].zone, around);
        open = availability_open(pool, &schedule, &rule, around - 4 * CLOCK_DAY, around + 4 * CLOCK_DAY);
        whole =
            starts_of(pool, open, (struct spans){ 0 }, &rule, around - 3 * CLOCK_DAY, around + 3 * CLOCK_DAY);
        for (instant from = around - 3 * CLOCK_DAY; from < around + 3 * CLOCK_DAY; from += 7 * CLOCK_HOUR) {
            instant to = from + 7 * CLOCK_HOUR < around + 3 * CLOCK_DAY ? from + 7 * CLOCK_HOUR
                                                                        : around + 3 * CLOCK_DAY;
            struct spans part = availability_open(pool, &schedule, &rule, from - CLOCK_DAY, to + CLOCK_DAY);
            struct starts starts = starts_of(pool, part, (struct spans){ 0 }, &rule, from, to);
            for (size_t i = 0; i < starts.count; i++, next++)
                assert_true(next < whole.count && whole.items[next] == starts.items[i]);
        }
        assert_int_equal(next, whole.count);
        pool_reset(pool);
    }
    pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_the_oracle),
        cmocka_unit_test(test_the_window_does_not_matter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
