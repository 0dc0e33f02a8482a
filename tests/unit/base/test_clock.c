#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>
/* cmocka needs some of these before it. */
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void test_parse(void **state)
{
    static const struct {
        const char *text;
        instant time;
    } good[] = {
        { "1970-01-01T00:00:00Z", 0 },
        { "1969-12-31T23:30:00-01:00", 1800000 },
        { "2025-10-31T15:30:00Z", 1761924600000 },
        { "2025-10-31t15:30:00z", 1761924600000 },
        { "2025-10-31 15:30:00Z", 1761924600000 },
        { "2025-10-31T17:30:00+02:00", 1761924600000 },
        { "2025-10-31T10:00:00.000-05:30", 1761924600000 },
        { "2025-10-31T15:30:00-00:00", 1761924600000 },
        { "2025-10-31T15:30:00.25Z", 1761924600250 },
        { "2025-10-31T15:30:00.2509999999999999999999999999999Z", 1761924600250 },
        { "2025-10-31T15:30:00.9999Z", 1761924600999 },
        { "2024-02-29T00:00:00Z", 1709164800000 },
        { "2000-02-29T00:00:00Z", 951782400000 },
        { "9999-12-31T23:59:59.999Z", INSTANT_MAX },
    };
    (void)state;

    for (size_t i = 0; i < COUNT(good); i++) {
        instant time = -1;
        if (!clock_parse(&time, good[i].text, strlen(good[i].text)) || time != good[i].time)
            fail_msg("%s gives %lld", good[i].text, (long long)time);
    }
}

static void test_refuse(void **state)
{
    static const char *const bad[] = {
        "",
        "2025-10-31",
        "2025-10-31T15:30:00",
        "2025-10-31T15:30Z",
        "2025-10-31T15:30:60Z",
        "2025-10-31T15:60:00Z",
        "2025-10-31T24:00:00Z",
        "2025-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2025-04-31T00:00:00Z",
        "2025-13-01T00:00:00Z",
        "2025-00-01T00:00:00Z",
        "2025-01-00T00:00:00Z",
        "25-10-31T15:30:00Z",
        "2025-10-31T15:30:00.Z",
        "2025-10-31T15:30:00,5Z",
        "2025-10-31T15:30:00+0200",
        "2025-10-31T15:30:00+2:00",
        "2025-10-31T15:30:00+24:00",
        "2025-10-31T15:30:00+02:60",
        "2025-10-31T15:30:00ZZ",
        "2025-10-31T15:30:00Z ",
        " 2025-10-31T15:30:00Z",
        "2025-10-31_15:30:00Z",
        "2025/10/31T15:30:00Z",
        "+2025-10-31T15:30:00Z",
        "-025-10-31T15:30:00Z",
        "1969-12-31T23:59:59.999Z",
        "9999-12-31T23:59:59-01:00",
        "20251031T153000Z",
        "2025-10-31T15:30:00 Z",
        "1761924600",
    };
    instant time = 7;
    (void)state;

    for (size_t i = 0; i < COUNT(bad); i++)
        if (clock_parse(&time, bad[i], strlen(bad[i])))
            fail_msg("%s", bad[i]);
    assert_false(clock_parse(&time, "2025-10-31T15:30:00Z\0", 21));
    assert_false(clock_parse(&time, "2025-10-31T15:30:00Z", 19));
    assert_int_equal(time, 7);
}

static void test_format(void **state)
{
    char text[CLOCK_TEXT_SIZE];
    (void)state;

    assert_string_equal(clock_format(text, 0), "1970-01-01T00:00:00.000Z");
    assert_string_equal(clock_format(text, 1761924600005), "2025-10-31T15:30:00.005Z");
    assert_string_equal(clock_format_seconds(text, 1761924600999), "2025-10-31T15:30:00Z");
    assert_string_equal(clock_format(text, INSTANT_MAX), "9999-12-31T23:59:59.999Z");
    assert_string_equal(clock_format(text, -1), "1969-12-31T23:59:59.999Z");
    assert_string_equal(clock_format(text, INSTANT_MAX + 1), "10000-01-01T00:00:00.000Z");
}

static void test_format_and_back(void **state)
{
    char text[CLOCK_TEXT_SIZE];
    (void)state;

    for (instant time = 0; time < INSTANT_MAX; time += 1234567890123) {
        instant back = -1;
        clock_format(text, time);
        assert_true(clock_parse(&back, text, strlen(text)));
        assert_true(back == time);
    }
}

/* Counts the days of eight thousand years one by one, beside the formulas. */
static void test_every_date(void **state)
{
    static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int64_t days = 0;
    int weekday = 3;
    (void)state;

    for (int year = 1970; year <= 9999; year++) {
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        for (int month = 1; month <= 12; month++) {
            int length = lengths[month - 1] + (month == 2 && leap);
            for (int day = 1; day <= length; day++, days++, weekday = (weekday + 1) % 7) {
                struct date date = { year, month, day }, back = date_from_days(days);
                if (date_to_days(date) != days || date_weekday(date) != weekday || back.year != year ||
                    back.month != month || back.day != day)
                    fail_msg("%d-%d-%d", year, month, day);
            }
        }
    }
    assert_int_equal(date_to_days((struct date){ 1969, 12, 31 }), -1);
    assert_int_equal(date_from_days(-1).day, 31);
    assert_int_equal(date_weekday((struct date){ 1969, 12, 28 }), 6);
}

static void test_dates(void **state)
{
    static const char *const bad[] = { "",           "2025-1-01",   "2025-02-29",
                                       "1969-12-31", "2025-01-01T", "2025-01-01 ",
                                       "20250101",   "2025-13-01",  "2025-00-10",
                                       "2025-01-32" };
    struct date date;
    char text[CLOCK_TEXT_SIZE];
    (void)state;

    assert_true(date_parse(&date, "2024-02-29", 10));
    assert_int_equal(date.year * 10000 + date.month * 100 + date.day, 20240229);
    assert_string_equal(date_format(text, date), "2024-02-29");
    for (size_t i = 0; i < COUNT(bad); i++)
        if (date_parse(&date, bad[i], strlen(bad[i])))
            fail_msg("%s", bad[i]);
    assert_int_equal(date.year, 2024);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void assert_real(void)
{
    int64_t distance = clock_now() - clock_real();
    assert_true(distance > -1000 && distance < 1000);
}

static void test_following_a_file(void **state)
{
    char path[] = "/tmp/slotwire-test-clock-XXXXXX";
    int file = mkstemp(path);
    (void)state;

    assert_true(file >= 0);
    close(file);
    write_file(path, "2025-10-31T15:30:00Z\n");
    clock_follow(path);
    assert_true(clock_now() == 1761924600000);
    write_file(path, "2025-10-31T15:30:01Z");
    assert_true(clock_now() == 1761924600000); /* read only when told */
    clock_follow(path);
    assert_true(clock_now() == 1761924601000);
    write_file(path, "tomorrow\n");
    clock_follow(path);
    assert_real();
    write_file(path, "");
    clock_follow(path);
    assert_real();
    clock_set(5);
    assert_true(clock_now() == 5);
    unlink(path);
    clock_follow(path);
    assert_real();
    clock_set(5);
    clock_follow("");
    assert_real();
    clock_follow(NULL);
    assert_real();
}

static void test_monotonic(void **state)
{
    int64_t last = clock_monotonic();
    (void)state;

    clock_set(0);
    for (int i = 0; i < 1000; i++) {
        int64_t now = clock_monotonic();
        assert_true(now >= last);
        last = now;
    }
    assert_true(clock_real() > 1700000000000);
    clock_follow(NULL);
}

static void test_offset(void **state)
{
    (void)state;

    instant machine = clock_real();
    clock_set_offset(-3600000);
    assert_int_equal(clock_offset(), -3600000);
    assert_true(llabs(clock_real() - (machine - 3600000)) < 60000);
    assert_true(llabs(clock_now() - clock_real()) < 60000);
    clock_set(5);
    assert_true(clock_now() == 5); /* a test's time is a test's time */
    clock_follow(NULL);
    clock_set_offset(0);
    assert_true(llabs(clock_real() - machine) < 60000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_refuse),
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_format_and_back),
        cmocka_unit_test(test_every_date),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_following_a_file),
        cmocka_unit_test(test_monotonic),
        cmocka_unit_test(test_offset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
