#include "dispatcher/settle_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const instant NOW = INT64_C(1761924600000); /* 2025-10-31T15:30:00Z */

static struct course course_at(int attempts, instant age)
{
    return (struct course){ .partner = &partner_standard, .attempts = attempts, .created_at = NOW - age };
}

static struct answer answer_of(int status)
{
    return (struct answer){ .kind = ANSWER_HTTP, .status = status };
}

static struct verdict decide(struct answer answer, struct course course)
{
    return settle_decide(&answer, &course, NOW);
}

static void assert_within(int64_t number, int64_t low, int64_t high)
{
    if (number < low || number > high)
        fail_msg("%lld is not within %lld..%lld", (long long)number, (long long)low, (long long)high);
}

/* ---- Retry-After ---- */

static void assert_retry_after(const char *text, int64_t expected)
{
    int64_t delay = -1;
    if (!settle_retry_after(text, NOW, &delay))
        delay = -1;
    if (delay != expected)
        fail_msg("`%s` gave %lld, not %lld", text, (long long)delay, (long long)expected);
}

static void test_retry_after_in_seconds(void **state)
{
    (void)state;
    assert_retry_after("0", 0);
    assert_retry_after("120", 120000);
    assert_retry_after(" 7 ", 7000);
    assert_retry_after("86400", CLOCK_DAY);
    assert_retry_after("86401", CLOCK_DAY);
    assert_retry_after("99999999999999999999999", CLOCK_DAY);
}

static void test_retry_after_as_a_date(void **state)
{
    (void)state;
    assert_retry_after("Fri, 31 Oct 2025 15:31:30 GMT", 90000);
    assert_retry_after("Friday, 31-Oct-25 15:31:30 GMT", 90000);
    assert_retry_after("Fri Oct 31 15:31:30 2025", 90000);
    assert_retry_after("Fri, 31 Oct 2025 15:29:00 GMT", 0);
    assert_retry_after("Fri, 31 Oct 2036 15:29:00 GMT", CLOCK_DAY);
}

static void test_retry_after_that_is_malformed(void **state)
{
    (void)state;
    assert_retry_after("", -1);
    assert_retry_after("  ", -1);
    assert_retry_after("soon", -1);
    assert_retry_after("-5", -1);
    assert_retry_after("+5", -1);
    assert_retry_after("1.5", -1);
    assert_retry_after("5 minutes", -1);
    assert_retry_after("20251031", RETRY_AFTER_LONGEST); /* seconds, not a date */
    assert_retry_after("2025-10-31", -1);
}

/* ---- verdicts ---- */

static void test_any_2xx_is_delivered(void **state)
{
    (void)state;
    static const int statuses[] = { 200, 201, 202, 204, 299 };
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        struct verdict verdict = decide(answer_of(statuses[i]), course_at(2, 0));
        assert_string_equal(verdict.state, "delivered");
        assert_int_equal(verdict.attempts, 3);
        assert_null(verdict.disable);
    }
}

static void test_everything_else_is_tried_again_on_schedule(void **state)
{
    (void)state;
    static const int statuses[] = { 301, 302, 400, 401, 404, 500, 503 };
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        struct verdict verdict = decide(answer_of(statuses[i]), course_at(0, 0));
        assert_string_equal(verdict.state, "retrying");
        assert_int_equal(verdict.attempts, 1);
        assert_within(verdict.due_at - NOW, 4500, 5500);
        assert_int_equal(verdict.rest_until, 0);
    }
    struct verdict second = decide(answer_of(500), course_at(1, 0));
    assert_within(second.due_at - NOW, 270000, 330000);
}

static void test_no_answer_counts(void **state)
{
    (void)state;
    struct answer silence = { .kind = ANSWER_NONE };
    struct verdict verdict = decide(silence, course_at(0, 0));
    assert_string_equal(verdict.state, "retrying");
    assert_int_equal(verdict.attempts, 1);
    struct answer broken_off = { .kind = ANSWER_NONE, .status = 200 };
    assert_string_equal(decide(broken_off, course_at(0, 0)).state, "retrying");
}

static void test_the_schedule_ends(void **state)
{
    (void)state;
    assert_string_equal(decide(answer_of(500), course_at(8, 0)).state, "retrying");
    struct verdict last = decide(answer_of(500), course_at(9, 0));
    assert_string_equal(last.state, "failed");
    assert_int_equal(last.attempts, 10);
    struct course single = { .partner = &partner_null, .created_at = NOW };
    assert_string_equal(decide(answer_of(500), single).state, "failed");
}

/* An endpoint may ask for fewer attempts than its format has, not for more. */
static void test_the_endpoint_s_own_limit_ends_it_sooner(void **state)
{
    struct course course = course_at(1, CLOCK_MINUTE);
    (void)state;
    course.retry_limit = 3;
    assert_string_not_equal(decide(answer_of(500), course).state, "failed");
    assert_string_equal(decide(answer_of(200), course).state, "delivered");
    course.attempts = 2;
    assert_string_equal(decide(answer_of(500), course).state, "failed");
    course = course_at(9, CLOCK_DAY);
    course.retry_limit = 100;
    assert_string_equal(decide(answer_of(500), course).state, "failed");
}

static void test_429_does_not_count(void **state)
{
    (void)state;
    struct answer busy = answer_of(429);
    struct verdict verdict = decide(busy, course_at(9, 0));
    assert_string_equal(verdict.state, "retrying");
    assert_int_equal(verdict.attempts, 9);
    assert_int_equal(verdict.due_at - NOW, 30000);
    assert_true(verdict.rest_until > NOW);
    verdict = decide(busy, course_at(9, CLOCK_DAY));
    assert_int_equal(verdict.due_at - NOW, CLOCK_HOUR);
    busy.retry_after = "90";
    verdict = decide(busy, course_at(9, 0));
    assert_int_equal(verdict.due_at - NOW, 90000);
    assert_int_equal(verdict.rest_until - NOW, 90000);
    busy.retry_after = "0"; /* a floor, so that it is no busy loop */
    verdict = decide(busy, course_at(0, 0));
    assert_int_equal(verdict.due_at - NOW, CLOCK_SECOND);
    assert_int_equal(verdict.rest_until - NOW, CLOCK_SECOND);
}

static void test_429_does_not_go_on_for_ever(void **state)
{
    (void)state;
    struct answer busy = { .kind = ANSWER_HTTP, .status = 429, .retry_after = "60" };
    struct verdict verdict = decide(busy, course_at(3, UNCOUNTED_AGE));
    assert_int_equal(verdict.attempts, 4);
    assert_string_equal(verdict.state, "retrying");
    verdict = decide(busy, course_at(9, UNCOUNTED_AGE));
    assert_string_equal(verdict.state, "failed");
}

static void test_retry_after_is_never_undercut(void **state)
{
    (void)state;
    struct answer later = { .kind = ANSWER_HTTP, .status = 503, .retry_after = "3600" };
    struct verdict verdict = decide(later, course_at(0, 0));
    assert_int_equal(verdict.attempts, 0); /* 503 with Retry-After does not count */
    assert_int_equal(verdict.due_at - NOW, CLOCK_HOUR);
    later.status = 500;
    verdict = decide(later, course_at(0, 0));
    assert_int_equal(verdict.attempts, 1); /* 500 does, but waits as asked */
    assert_int_equal(verdict.due_at - NOW, CLOCK_HOUR);
    later.retry_after = "1"; /* sooner than the schedule: the schedule */
    verdict = decide(later, course_at(1, 0));
    assert_within(verdict.due_at - NOW, 270000, 330000);
    later.status = 503;
    later.retry_after = "whenever";
    assert_int_equal(decide(later, course_at(0, 0)).attempts, 1);
}

static void test_faults_of_ours_do_not_count(void **state)
{
    (void)state;
    struct answer ours = { .kind = ANSWER_OURS };
    struct verdict verdict = decide(ours, course_at(9, 0));
    assert_string_equal(verdict.state, "retrying");
    assert_int_equal(verdict.attempts, 9);
    assert_int_equal(verdict.due_at - NOW, CLOCK_SECOND);
    assert_int_equal(decide(ours, course_at(0, CLOCK_DAY)).due_at - NOW, 10 * CLOCK_MINUTE);
    assert_string_equal(decide(ours, course_at(9, UNCOUNTED_AGE)).state, "failed");
}

static void test_what_may_be_ours_does_not_count_for_a_day(void **state)
{
    (void)state;
    struct answer unreached = { .kind = ANSWER_UNREACHED };
    struct course young = course_at(3, CLOCK_HOUR), old = course_at(3, UNREACHED_AGE);
    struct verdict verdict = decide(unreached, young);
    assert_string_equal(verdict.state, "retrying");
    assert_int_equal(verdict.attempts, 3);
    assert_int_equal(verdict.due_at - NOW, 30 * CLOCK_MINUTE);
    assert_false(settle_concerns_endpoint(&unreached, &young, &verdict));
    assert_int_equal(decide(unreached, course_at(0, 0)).due_at - NOW, 5 * CLOCK_SECOND);
    verdict = decide(unreached, old);
    assert_int_equal(verdict.attempts, 4);
    assert_true(settle_concerns_endpoint(&unreached, &old, &verdict));
    assert_string_equal(decide(unreached, course_at(9, UNREACHED_AGE)).state, "failed");
}

static void test_nothing_is_tried_again_once_it_is_useless(void **state)
{
    (void)state;
    struct course course = course_at(0, 0);
    course.useless_at = NOW + 10 * CLOCK_SECOND;
    assert_string_equal(decide(answer_of(500), course).state, "retrying");
    course.useless_at = NOW + CLOCK_SECOND;
    assert_string_equal(decide(answer_of(500), course).state, "failed");
    assert_string_equal(decide(answer_of(429), course).state, "failed");
    assert_string_equal(decide(answer_of(200), course).state, "delivered");
    struct answer ours = { .kind = ANSWER_OURS };
    assert_string_equal(decide(ours, course).state, "failed");
}

static void test_every_format_is_done_before_the_shortest_lease(void **state)
{
    (void)state;
    for (size_t i = 0; partners[i]; i++)
        assert_true(partners[i]->timeout_seconds < 40);
}

static void test_410_and_the_header_switch_the_endpoint_off(void **state)
{
    (void)state;
    struct verdict gone = decide(answer_of(410), course_at(9, 0));
    assert_string_equal(gone.state, "held");
    assert_non_null(gone.disable);
    struct answer wish = { .kind = ANSWER_HTTP, .status = 500, .disable = true };
    assert_string_equal(decide(wish, course_at(0, 0)).state, "held");
    wish.status = 200;
    struct verdict taken = decide(wish, course_at(0, 0));
    assert_string_equal(taken.state, "delivered");
    assert_non_null(taken.disable);
    struct answer cut = { .kind = ANSWER_NONE, .status = 410 };
    assert_null(decide(cut, course_at(0, 0)).disable);
}

static void test_the_header_abort_gives_up_the_delivery_alone(void **state)
{
    (void)state;
    struct answer wish = { .kind = ANSWER_HTTP, .status = 500, .abort = true };
    struct verdict verdict = decide(wish, course_at(0, 0));
    assert_string_equal(verdict.state, "failed");
    assert_int_equal(verdict.attempts, 1);
    assert_null(verdict.disable);
    wish.status = 429;
    assert_string_equal(decide(wish, course_at(0, 0)).state, "failed");
    wish.status = 200;
    assert_string_equal(decide(wish, course_at(0, 0)).state, "delivered");
    wish = (struct answer){ .kind = ANSWER_NONE, .status = 500, .abort = true };
    assert_string_equal(decide(wish, course_at(0, 0)).state, "retrying");
}

static void test_a_test_is_tried_once_and_says_nothing_of_the_endpoint(void **state)
{
    (void)state;
    static const enum answer_kind kinds[] = { ANSWER_HTTP, ANSWER_NONE, ANSWER_UNREACHED, ANSWER_OURS };
    struct course test = course_at(0, 0);
    test.is_test = true;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct answer answer = { .kind = kinds[i], .status = 410 };
        struct verdict verdict = decide(answer, test);
        assert_string_equal(verdict.state, "failed");
        assert_null(verdict.disable);
        assert_false(settle_concerns_endpoint(&answer, &test, &verdict));
    }
    struct answer taken = answer_of(200);
    struct verdict verdict = decide(taken, test);
    assert_string_equal(verdict.state, "delivered");
    assert_false(settle_concerns_endpoint(&taken, &test, &verdict));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_retry_after_in_seconds),
        cmocka_unit_test(test_retry_after_as_a_date),
        cmocka_unit_test(test_retry_after_that_is_malformed),
        cmocka_unit_test(test_any_2xx_is_delivered),
        cmocka_unit_test(test_everything_else_is_tried_again_on_schedule),
        cmocka_unit_test(test_no_answer_counts),
        cmocka_unit_test(test_the_schedule_ends),
        cmocka_unit_test(test_the_endpoint_s_own_limit_ends_it_sooner),
        cmocka_unit_test(test_429_does_not_count),
        cmocka_unit_test(test_429_does_not_go_on_for_ever),
        cmocka_unit_test(test_retry_after_is_never_undercut),
        cmocka_unit_test(test_faults_of_ours_do_not_count),
        cmocka_unit_test(test_what_may_be_ours_does_not_count_for_a_day),
        cmocka_unit_test(test_nothing_is_tried_again_once_it_is_useless),
        cmocka_unit_test(test_every_format_is_done_before_the_shortest_lease),
        cmocka_unit_test(test_410_and_the_header_switch_the_endpoint_off),
        cmocka_unit_test(test_the_header_abort_gives_up_the_delivery_alone),
        cmocka_unit_test(test_a_test_is_tried_once_and_says_nothing_of_the_endpoint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
