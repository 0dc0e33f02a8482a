#include "base/fault.h"
#include "rules/booking/availability.h"
#include "tests/unit/starts.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka needs some of these before it. */
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char nine_to_five[] =
    "{\"monday\":[[540,1020]],\"tuesday\":[[540,1020]],\"wednesday\":[[540,1020]],"
    "\"thursday\":[[540,1020]],\"friday\":[[540,1020]]}";
static const char always[] = "{\"monday\":[[0,1440]],\"tuesday\":[[0,1440]],\"wednesday\":[[0,1440]],"
                             "\"thursday\":[[0,1440]],\"friday\":[[0,1440]],\"saturday\":[[0,1440]],"
                             "\"sunday\":[[0,1440]]}";

static int set_up(void **state)
{
    *state = pool_new();
    return 0;
}

static int tear_down(void **state)
{
    pool_free(*state);
    return 0;
}

static instant parse(const char *text)
{
    instant time = -1;

    if (!clock_parse(&time, text, strlen(text)))
        fail_msg("%s", text);
    return time;
}

static struct service_rule hourly(const char *zone)
{
    return (struct service_rule){
        .duration = 60, .interval = 60, .days = 127, .hours = { 0, 1440 }, .zone = zone_find(zone)
    };
}

/* `weekly` hours as seen from `from` to `to`: must be just the listed spans, written `start/end`. */
static void check_open(struct pool *pool, const char *zone, const char *weekly, const char *overrides,
                       struct service_rule rule, const char *from, const char *to,
                       const char *const *expected)
{
    struct schedule schedule = schedule_parse(pool, zone, weekly, overrides);
    struct spans open = availability_open(pool, &schedule, &rule, parse(from), parse(to));
    char start[CLOCK_TEXT_SIZE], end[CLOCK_TEXT_SIZE];
    size_t i;

    for (i = 0; i < open.count && expected[i]; i++) {
        const char *span = pool_printf(pool, "%s/%s", clock_format_seconds(start, open.items[i].start),
                                       clock_format_seconds(end, open.items[i].end));
        assert_string_equal(span, expected[i]);
    }
    assert_int_equal(i, open.count);
    assert_null(expected[i]);
}

static void test_days_of_the_clock_change(void **state)
{
    static const char all_day_sunday[] = "{\"sunday\":[[780,1080]]}";
    static const char one_to_three[] = "{\"sunday\":[[60,180]]}";
    static const char nights[] = "{\"saturday\":[[1320,1440]],\"sunday\":[[0,90],[90,150]]}";
    (void)state;

    check_open(*state, "America/New_York", nine_to_five, "{}", hourly("America/New_York"),
               "2023-11-06T00:00:00Z", "2023-11-07T00:00:00Z",
               (const char *[]){ "2023-11-06T14:00:00Z/2023-11-06T22:00:00Z", NULL });
    check_open(*state, "America/New_York", all_day_sunday, "{}", hourly("America/New_York"),
               "2025-03-09T00:00:00Z", "2025-03-10T00:00:00Z",
               (const char *[]){ "2025-03-09T17:00:00Z/2025-03-09T22:00:00Z", NULL });
    check_open(*state, "America/Chicago", "{\"sunday\":[[900,960]]}", "{}", hourly("Asia/Dubai"),
               "2025-03-09T00:00:00Z", "2025-03-10T00:00:00Z",
               (const char *[]){ "2025-03-09T20:00:00Z/2025-03-09T21:00:00Z", NULL });
    /* 01:00 to 03:00 is an hour in spring and three in autumn. */
    check_open(*state, "America/New_York", one_to_three, "{}", hourly("America/New_York"),
               "2025-03-09T00:00:00Z", "2025-03-10T00:00:00Z",
               (const char *[]){ "2025-03-09T06:00:00Z/2025-03-09T07:00:00Z", NULL });
    check_open(*state, "America/New_York", one_to_three, "{}", hourly("America/New_York"),
               "2025-11-02T00:00:00Z", "2025-11-03T00:00:00Z",
               (const char *[]){ "2025-11-02T05:00:00Z/2025-11-02T08:00:00Z", NULL });
    /* 00:00 to 01:00 ends before the repeated hour begins. */
    check_open(*state, "America/New_York", "{\"sunday\":[[0,60]]}", "{}", hourly("America/New_York"),
               "2025-11-02T00:00:00Z", "2025-11-03T00:00:00Z",
               (const char *[]){ "2025-11-02T04:00:00Z/2025-11-02T05:00:00Z", NULL });
    /* 01:30 is twice: the first interval ends at the second, the next began at the first. */
    check_open(*state, "America/New_York", nights, "{}", hourly("America/New_York"), "2025-11-01T00:00:00Z",
               "2025-11-03T00:00:00Z",
               (const char *[]){ "2025-11-02T02:00:00Z/2025-11-02T04:00:00Z",
                                 "2025-11-02T04:00:00Z/2025-11-02T07:30:00Z", NULL });
    /* All of it in a gap: nothing. */
    check_open(*state, "America/New_York", "{\"sunday\":[[130,170]]}", "{}", hourly("America/New_York"),
               "2025-03-09T00:00:00Z", "2025-03-10T00:00:00Z", (const char *[]){ NULL });
    /* In Havana midnight happens twice; the Saturday ends at the first. */
    check_open(*state, "America/Havana", "{\"saturday\":[[1380,1440]]}", "{}", hourly("America/Havana"),
               "2025-11-01T00:00:00Z", "2025-11-03T00:00:00Z",
               (const char *[]){ "2025-11-02T03:00:00Z/2025-11-02T04:00:00Z", NULL });
}

static void test_weekly_across_the_change_seen_from_dubai(void **state)
{
    struct schedule schedule = schedule_parse(*state, "America/New_York", "{\"monday\":[[600,660]]}", "{}");
    struct service_rule rule = hourly("Asia/Dubai");
    struct spans open = availability_open(*state, &schedule, &rule, parse("2025-02-24T00:00:00Z"),
                                          parse("2025-03-23T00:00:00Z"));
    (void)state;

    assert_int_equal(open.count, 4);
    for (size_t i = 0; i < open.count; i++) {
        assert_int_equal(zone_to_wall(zone_find("America/New_York"), open.items[i].start).minute, 600);
        assert_int_equal(zone_to_wall(zone_find("Asia/Dubai"), open.items[i].start).minute,
                         (i < 2 ? 19 : 18) * 60);
    }
}

static void test_end_of_the_month(void **state)
{
    check_open(*state, "America/New_York", "{\"monday\":[[1410,1440]]}", "{}", hourly("America/New_York"),
               "2025-03-31T04:00:00Z", "2025-04-01T04:00:00Z",
               (const char *[]){ "2025-04-01T03:30:00Z/2025-04-01T04:00:00Z", NULL });
}

static void test_zones_and_days_of_the_service(void **state)
{
    struct service_rule rule = hourly("Europe/London");
    rule.days = 1U << 1 | 1U << 2; /* Tuesday, Wednesday */
    rule.hours = (struct minutes){ 600, 900 };

    /* Berlin works 09–17, London serves 10–15, which is 11–16 in Berlin. */
    check_open(*state, "Europe/Berlin", nine_to_five, "{}", rule, "2025-06-02T00:00:00Z",
               "2025-06-09T00:00:00Z",
               (const char *[]){ "2025-06-03T09:00:00Z/2025-06-03T14:00:00Z",
                                 "2025-06-04T09:00:00Z/2025-06-04T14:00:00Z", NULL });
    /* Auckland's Wednesday morning is London's Tuesday evening: outside the hours. */
    check_open(*state, "Pacific/Auckland", nine_to_five, "{}", rule, "2025-06-02T00:00:00Z",
               "2025-06-09T00:00:00Z", (const char *[]){ NULL });
    rule.days = 0;
    check_open(*state, "Europe/Berlin", always, "{}", rule, "2025-06-02T00:00:00Z", "2025-06-09T00:00:00Z",
               (const char *[]){ NULL });
}

static void test_overrides(void **state)
{
    static const char overrides[] =
        "{\"2025-06-07\":[[600,660]],\"2025-06-03\":[],\"2025-06-04\":[[0,60],[1380,1440]]}";

    check_open(
        *state, "UTC", nine_to_five, overrides, hourly("UTC"), "2025-06-02T00:00:00Z", "2025-06-09T00:00:00Z",
        (const char *[]){
            "2025-06-02T09:00:00Z/2025-06-02T17:00:00Z", "2025-06-04T00:00:00Z/2025-06-04T01:00:00Z",
            "2025-06-04T23:00:00Z/2025-06-05T00:00:00Z", "2025-06-05T09:00:00Z/2025-06-05T17:00:00Z",
            "2025-06-06T09:00:00Z/2025-06-06T17:00:00Z", "2025-06-07T10:00:00Z/2025-06-07T11:00:00Z", NULL });
}

static size_t count_slots(struct pool *pool, const char *weekly, struct service_rule rule, struct spans busy,
                          const char *from, const char *to, struct starts *starts)
{
    struct schedule schedule = schedule_parse(pool, "UTC", weekly, "{}");
    struct spans open =
        availability_open(pool, &schedule, &rule, parse(from) - CLOCK_DAY, parse(to) + CLOCK_DAY);

    *starts = starts_of(pool, open, busy, &rule, parse(from), parse(to));
    return starts->count;
}

static void test_slots_of_a_day(void **state)
{
    struct span lunch = { parse("2025-06-02T12:00:00Z"), parse("2025-06-02T13:00:00Z") };
    struct service_rule rule = hourly("UTC");
    struct starts starts;

    assert_int_equal(count_slots(*state, nine_to_five, rule, (struct spans){ 0 }, "2025-06-02T00:00:00Z",
                                 "2025-06-03T00:00:00Z", &starts),
                     8);
    assert_true(starts.items[0] == parse("2025-06-02T09:00:00Z"));
    assert_true(starts.items[7] == parse("2025-06-02T16:00:00Z"));
    assert_int_equal(count_slots(*state, nine_to_five, rule, (struct spans){ 1, &lunch },
                                 "2025-06-02T00:00:00Z", "2025-06-03T00:00:00Z", &starts),
                     7);
    /* Buffers keep away from what is busy, but may reach past the working hours. */
    rule.buffer_before = 15;
    rule.buffer_after = 15;
    assert_int_equal(count_slots(*state, nine_to_five, rule, (struct spans){ 1, &lunch },
                                 "2025-06-02T00:00:00Z", "2025-06-03T00:00:00Z", &starts),
                     5);
    assert_true(starts.items[0] == parse("2025-06-02T09:00:00Z"));
    assert_true(starts.items[1] == parse("2025-06-02T10:00:00Z"));
    assert_true(starts.items[2] == parse("2025-06-02T14:00:00Z"));
    /* From inclusive, to exclusive, and the grid does not move with them. */
    rule = hourly("UTC");
    assert_int_equal(count_slots(*state, nine_to_five, rule, (struct spans){ 0 }, "2025-06-02T09:30:00Z",
                                 "2025-06-02T12:00:00Z", &starts),
                     2);
    assert_true(starts.items[0] == parse("2025-06-02T10:00:00Z"));
}

static void test_midnight_to_midnight(void **state)
{
    struct service_rule rule = hourly("UTC");
    struct starts starts;

    rule.duration = 1440;
    rule.interval = 1440;
    assert_int_equal(count_slots(*state, always, rule, (struct spans){ 0 }, "2025-06-02T00:00:00Z",
                                 "2025-06-05T00:00:00Z", &starts),
                     3);
    /* Time goes on past midnight where the next day is open too. */
    rule.duration = 90;
    rule.interval = 90;
    assert_int_equal(count_slots(*state, always, rule, (struct spans){ 0 }, "2025-06-02T00:00:00Z",
                                 "2025-06-03T00:00:00Z", &starts),
                     16);
    rule.duration = 120;
    rule.interval = 50; /* each midnight begins the grid anew */
    assert_int_equal(count_slots(*state, always, rule, (struct spans){ 0 }, "2025-06-02T00:00:00Z",
                                 "2025-06-04T00:00:00Z", &starts),
                     58);
    assert_true(starts.items[29] == parse("2025-06-03T00:00:00Z"));
    /* And not where it is closed. */
    assert_int_equal(count_slots(*state, "{\"monday\":[[0,1440]]}", rule, (struct spans){ 0 },
                                 "2025-06-02T00:00:00Z", "2025-06-04T00:00:00Z", &starts),
                     27);
}

static void test_fits(void **state)
{
    struct span working = { parse("2025-06-02T09:00:00Z"), parse("2025-06-02T17:00:00Z") };
    struct span taken = { parse("2025-06-02T12:00:00Z"), parse("2025-06-02T13:00:00Z") };
    struct spans open = { 1, &working }, busy = { 1, &taken };
    struct service_rule rule = hourly("UTC");
    (void)state;

    assert_true(availability_fits(open, busy, &rule, parse("2025-06-02T10:07:00Z"))); /* off the grid */
    assert_true(availability_fits(open, busy, &rule, parse("2025-06-02T11:00:00Z")));
    assert_false(availability_fits(open, busy, &rule, parse("2025-06-02T11:00:01Z")));
    assert_false(availability_fits(open, busy, &rule, parse("2025-06-02T12:59:59Z")));
    assert_true(availability_fits(open, busy, &rule, parse("2025-06-02T13:00:00Z")));
    assert_true(availability_fits(open, busy, &rule, parse("2025-06-02T16:00:00Z")));
    assert_false(availability_fits(open, busy, &rule, parse("2025-06-02T16:01:00Z")));
    assert_false(availability_fits(open, busy, &rule, parse("2025-06-02T08:59:00Z")));
    rule.buffer_before = 30;
    assert_false(availability_fits(open, busy, &rule, parse("2025-06-02T13:29:00Z")));
    assert_true(availability_fits(open, busy, &rule, parse("2025-06-02T13:30:00Z")));
    assert_true(availability_fits(open, busy, &rule, parse("2025-06-02T09:00:00Z")));
    rule.buffer_after = 10;
    assert_true(availability_claim(&rule, working.start).start == working.start - 30 * CLOCK_MINUTE);
    assert_true(availability_claim(&rule, working.start).end == working.start + 70 * CLOCK_MINUTE);
}

static void test_a_broken_schedule_is_a_fault(void **state)
{
    static const struct {
        const char *zone, *weekly, *overrides;
    } broken[] = {
        { "Nowhere/City", "{}", "{}" },
        { "UTC", "[]", "{}" },
        { "UTC", "{}", "[]" },
        { "UTC", "{", "{}" },
        { "UTC", "{\"monday\":5}", "{}" },
        { "UTC", "{\"monday\":[5]}", "{}" },
        { "UTC", "{\"monday\":[[1]]}", "{}" },
        { "UTC", "{\"monday\":[[1,2,3]]}", "{}" },
        { "UTC", "{\"monday\":[[\"1\",2]]}", "{}" },
        { "UTC", "{\"monday\":[[60,60]]}", "{}" },
        { "UTC", "{\"monday\":[[60,30]]}", "{}" },
        { "UTC", "{\"monday\":[[-1,30]]}", "{}" },
        { "UTC", "{\"monday\":[[0,1441]]}", "{}" },
        { "UTC", "{\"monday\":[[0,60],[30,90]]}", "{}" },
        { "UTC", "{}", "{\"2025-02-30\":[]}" },
        { "UTC", "{}", "{\"2025-02-20\":[[9,8]]}" },
    };

    for (volatile size_t i = 0; i < COUNT(broken); i++) {
        struct fault_frame frame;
        enum fault fault = fault_catch(&frame);
        if (fault == FAULT_NONE) {
            schedule_parse(*state, broken[i].zone, broken[i].weekly, broken[i].overrides);
            fault_done(&frame);
        }
        assert_int_equal(fault, FAULT_BROKEN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_days_of_the_clock_change, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_weekly_across_the_change_seen_from_dubai, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_end_of_the_month, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_zones_and_days_of_the_service, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_overrides, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_slots_of_a_day, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_midnight_to_midnight, set_up, tear_down),
        cmocka_unit_test(test_fits),
        cmocka_unit_test_setup_teardown(test_a_broken_schedule_is_a_fault, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
