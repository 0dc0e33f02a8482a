#include "base/zone.h"
#include "tests/unit/zone_vectors.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka needs some of these before it. */
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static instant parse(const char *text)
{
    instant time = -1;

    if (!clock_parse(&time, text, strlen(text)))
        fail_msg("%s", text);
    return time;
}

static const struct zone *find(const char *name)
{
    const struct zone *zone = zone_find(name);

    if (!zone)
        fail_msg("no zone %s", name);
    return zone;
}

/* `HH:MM` of a date on a zone's wall must be the given instant. */
static void check_wall(const char *name, const char *wall, enum zone_fit fit, const char *expected)
{
    struct wall reading = { .minute = 0 };
    enum zone_fit found;
    char text[CLOCK_TEXT_SIZE];
    instant time;

    assert_true(date_parse(&reading.date, wall, 10));
    reading.minute = (wall[11] - '0') * 600 + (wall[12] - '0') * 60 + (wall[14] - '0') * 10 + wall[15] - '0';
    time = zone_from_wall(find(name), reading, &found);
    if (found != fit || time != parse(expected)) {
        fail_msg("%s %s is %s (%d), not %s (%d)", name, wall, clock_format(text, time), (int)found, expected,
                 (int)fit);
    }
}

static void test_known_days(void **state)
{
    (void)state;
    check_wall("America/New_York", "2023-11-06T09:00", ZONE_EXACT, "2023-11-06T14:00:00Z");
    check_wall("America/New_York", "2023-11-06T17:00", ZONE_EXACT, "2023-11-06T22:00:00Z");
    check_wall("America/New_York", "2025-03-09T13:00", ZONE_EXACT, "2025-03-09T17:00:00Z");
    check_wall("America/New_York", "2025-03-09T18:00", ZONE_EXACT, "2025-03-09T22:00:00Z");
    check_wall("America/Chicago", "2025-03-09T15:00", ZONE_EXACT, "2025-03-09T20:00:00Z");
    check_wall("America/New_York", "2025-03-31T23:30", ZONE_EXACT, "2025-04-01T03:30:00Z");
}

/* Weekly at 10:00 in New York stays 10:00 there; in Dubai it moves from 19:00 to 18:00. */
static void test_a_weekly_hour_seen_from_afar(void **state)
{
    static const struct {
        const char *date;
        int dubai_hour;
    } weeks[] = { { "2025-02-24", 19 }, { "2025-03-03", 19 }, { "2025-03-10", 18 }, { "2025-03-17", 18 } };
    (void)state;

    for (size_t i = 0; i < COUNT(weeks); i++) {
        struct wall ten = { .minute = 600 };
        instant time;
        date_parse(&ten.date, weeks[i].date, 10);
        time = zone_from_wall(find("America/New_York"), ten, NULL);
        assert_int_equal(zone_to_wall(find("America/New_York"), time).minute, 600);
        assert_int_equal(zone_to_wall(find("Asia/Dubai"), time).minute, weeks[i].dubai_hour * 60);
    }
}

static void test_gaps_and_repeated_hours(void **state)
{
    (void)state;
    check_wall("America/New_York", "2025-03-09T01:59", ZONE_EXACT, "2025-03-09T06:59:00Z");
    check_wall("America/New_York", "2025-03-09T02:00", ZONE_GAP, "2025-03-09T07:00:00Z");
    check_wall("America/New_York", "2025-03-09T02:59", ZONE_GAP, "2025-03-09T07:00:00Z");
    check_wall("America/New_York", "2025-03-09T03:00", ZONE_EXACT, "2025-03-09T07:00:00Z");
    check_wall("America/New_York", "2025-11-02T00:59", ZONE_EXACT, "2025-11-02T04:59:00Z");
    check_wall("America/New_York", "2025-11-02T01:00", ZONE_TWICE, "2025-11-02T05:00:00Z");
    check_wall("America/New_York", "2025-11-02T01:59", ZONE_TWICE, "2025-11-02T05:59:00Z");
    check_wall("America/New_York", "2025-11-02T02:00", ZONE_EXACT, "2025-11-02T07:00:00Z");
    check_wall("Australia/Lord_Howe", "2025-10-05T02:15", ZONE_GAP, "2025-10-04T15:30:00Z");
    check_wall("Pacific/Apia", "2011-12-30T12:00", ZONE_GAP,
               "2011-12-30T10:00:00Z"); /* a day that never was */
    check_wall("America/Havana", "2025-03-09T00:00", ZONE_GAP, "2025-03-09T05:00:00Z");
    check_wall("America/Havana", "2025-11-02T24:00", ZONE_EXACT, "2025-11-03T05:00:00Z");
    check_wall("America/New_York", "2025-03-08T24:00", ZONE_EXACT, "2025-03-09T05:00:00Z");
}

static void test_against_zoneinfo(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(offset_vectors); i++) {
        int offset = zone_offset(find(offset_vectors[i].zone), offset_vectors[i].seconds * CLOCK_SECOND);
        if (offset != offset_vectors[i].offset) {
            fail_msg("%s at %lld: %d, not %d", offset_vectors[i].zone, (long long)offset_vectors[i].seconds,
                     offset, offset_vectors[i].offset);
        }
    }
    for (size_t i = 0; i < COUNT(wall_vectors); i++) {
        int64_t days = wall_vectors[i].wall / 86400;
        int second = (int)(wall_vectors[i].wall % 86400);
        struct wall wall = { date_from_days(days), second / 60, second % 60 };
        enum zone_fit fit;
        instant time = zone_from_wall(find(wall_vectors[i].zone), wall, &fit);
        if (fit != wall_vectors[i].fit || time != wall_vectors[i].seconds * CLOCK_SECOND) {
            fail_msg("%s at wall %lld: %lld (%d), not %lld (%d)", wall_vectors[i].zone,
                     (long long)wall_vectors[i].wall, (long long)(time / CLOCK_SECOND), (int)fit,
                     (long long)wall_vectors[i].seconds, (int)wall_vectors[i].fit);
        }
    }
}

/* Every second hour of many years: to the wall and back is the same instant, or its earlier twin. */
static void test_there_and_back(void **state)
{
    static const char *const names[] = { "America/New_York",  "Europe/Dublin",  "Australia/Lord_Howe",
                                         "Africa/Casablanca", "Asia/Kathmandu", "America/Havana" };
    (void)state;

    for (size_t i = 0; i < COUNT(names); i++) {
        const struct zone *zone = find(names[i]);
        for (instant time = parse("2019-01-01T00:10:00Z"); time < parse("2045-01-01T00:00:00Z");
             time += 2 * CLOCK_HOUR) {
            enum zone_fit fit;
            instant back = zone_from_wall(zone, zone_to_wall(zone, time), &fit);
            assert_int_not_equal(fit, ZONE_GAP);
            if (back != time && !(fit == ZONE_TWICE && back < time && time - back <= 2 * CLOCK_HOUR))
                fail_msg("%s at %lld", names[i], (long long)time);
        }
    }
}

/* After the last change that a file lists, its rule holds. */
static void test_far_future(void **state)
{
    (void)state;
    check_wall("America/New_York", "2060-07-01T12:00", ZONE_EXACT, "2060-07-01T16:00:00Z");
    check_wall("America/New_York", "2060-12-01T12:00", ZONE_EXACT, "2060-12-01T17:00:00Z");
    check_wall("Australia/Sydney", "2060-01-15T12:00", ZONE_EXACT, "2060-01-15T01:00:00Z");
    check_wall("Australia/Sydney", "2060-07-15T12:00", ZONE_EXACT, "2060-07-15T02:00:00Z");
    check_wall("Asia/Tokyo", "9999-06-01T12:00", ZONE_EXACT, "9999-06-01T03:00:00Z");
    check_wall("Europe/Berlin", "2050-03-27T02:30", ZONE_GAP, "2050-03-27T01:00:00Z");
    check_wall("Europe/Berlin", "2050-10-30T02:30", ZONE_TWICE, "2050-10-30T00:30:00Z");
}

static void test_names(void **state)
{
    static const char *const none[] = {
        "",
        "Nowhere/City",
        "America",
        "America/",
        "/etc/passwd",
        "/usr/share/zoneinfo/UTC",
        "../zoneinfo/UTC",
        "America/../UTC",
        "Europe/Berlin\n",
        "Europe/Ber lin",
        "EST5EDT,M3.2.0,M11.1.0",
        "posixrules",
        "right/UTC",
        "Europe//Berlin",
        "Europe/Berlin/",
        "localtime",
        "leapseconds",
        "zone.tab",
        "europe/berlin",
        "Zo\xC3\xAB",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    };
    (void)state;

    for (size_t i = 0; i < COUNT(none); i++)
        if (zone_find(none[i]))
            fail_msg("%s", none[i]);
    assert_null(zone_find(NULL));
    assert_ptr_equal(find("Europe/Berlin"), find("Europe/Berlin"));
    assert_string_equal(zone_name(find("Etc/GMT+5")), "Etc/GMT+5");
    assert_string_equal(zone_name(find("America/Argentina/Buenos_Aires")), "America/Argentina/Buenos_Aires");
    assert_int_equal(zone_offset(find("Etc/GMT+5"), 0), -5 * 3600);
    assert_int_equal(zone_offset(find("UTC"), INSTANT_MAX), 0);
}

static void test_edges_of_time(void **state)
{
    struct wall wall = zone_to_wall(find("America/New_York"), INSTANT_MIN);
    (void)state;

    assert_int_equal(wall.date.year, 1969);
    assert_int_equal(wall.minute, 19 * 60);
    wall = zone_to_wall(find("Asia/Tokyo"), INSTANT_MAX);
    assert_int_equal(wall.date.year, 10000);
    assert_int_equal(wall.second, 59);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_days),
        cmocka_unit_test(test_a_weekly_hour_seen_from_afar),
        cmocka_unit_test(test_gaps_and_repeated_hours),
        cmocka_unit_test(test_against_zoneinfo),
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_far_future),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_edges_of_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
