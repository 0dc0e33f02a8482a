#include "dispatcher/health.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const instant START = INT64_C(1761924600000); /* 2025-10-31T15:30:00Z */

struct patient {
    struct health health;
    instant now;
    bool was_warned;
};

static struct patient patient_new(void)
{
    return (struct patient){ .now = START };
}

static enum health_news attempt(struct patient *patient, bool succeeded, instant started_at)
{
    struct health_attempt attempt = {
        .succeeded = succeeded, .started_at = started_at, .now = patient->now, .disable_after = 5 * CLOCK_DAY
    };
    return health_count(&patient->health, &attempt, &patient->was_warned);
}

static enum health_news fail_now(struct patient *patient)
{
    return attempt(patient, false, patient->now);
}

static enum health_news succeed_now(struct patient *patient)
{
    return attempt(patient, true, patient->now);
}

static enum breaker breaker(const struct patient *patient)
{
    return health_breaker(&patient->health, patient->now);
}

/* ---- after it was switched on again ---- */

static void test_that_it_works_again_is_told_though_it_had_no_warning_since(void **state)
{
    (void)state;
    struct patient patient = patient_new();
    patient.health.warned = HEALTH_TOLD;
    assert_true(health_is_ailing(&patient.health));
    assert_int_equal(succeed_now(&patient), HEALTH_RECOVERED);
    assert_true(patient.was_warned);
    assert_int_equal(succeed_now(&patient), HEALTH_NOTHING);
}

static void test_the_warnings_begin_anew(void **state)
{
    (void)state;
    struct patient patient = patient_new();
    patient.health.warned = HEALTH_TOLD;
    assert_int_equal(fail_now(&patient), HEALTH_NOTHING);
    patient.now += 5 * CLOCK_DAY / 2;
    assert_int_equal(fail_now(&patient), HEALTH_FAILING);
    assert_int_equal(patient.health.warned, 50);
    patient.now += 5 * CLOCK_DAY / 2;
    patient.health.warned = HEALTH_TOLD; /* as if it had had none: the last tenth is granted */
    assert_int_equal(fail_now(&patient), HEALTH_FAILING);
    assert_int_equal(patient.health.warned, 90);
}

/* ---- the breaker ---- */

static void test_it_opens_at_the_tenth_failure_in_a_row(void **state)
{
    (void)state;
    struct patient patient = patient_new();
    for (int i = 0; i < 9; i++)
        fail_now(&patient);
    succeed_now(&patient);
    for (int i = 0; i < 9; i++) {
        fail_now(&patient);
        assert_int_equal(breaker(&patient), BREAKER_CLOSED);
    }
    fail_now(&patient);
    assert_int_equal(breaker(&patient), BREAKER_OPEN);
    assert_int_equal(patient.health.breaker_until - patient.now, BREAKER_FIRST);
    patient.now += BREAKER_FIRST;
    assert_int_equal(breaker(&patient), BREAKER_HALF_OPEN);
}

static void test_each_probe_that_fails_doubles_the_pause(void **state)
{
    (void)state;
    static const instant pauses[] = { 10, 20, 40, 80, 160, 300, 300, 300 };
    struct patient patient = patient_new();
    for (int i = 0; i < 9; i++)
        fail_now(&patient);
    for (size_t i = 0; i < sizeof pauses / sizeof *pauses; i++) {
        fail_now(&patient);
        assert_int_equal(patient.health.breaker_until - patient.now, pauses[i] * CLOCK_SECOND);
        patient.now = patient.health.breaker_until;
    }
}

static void test_what_was_sent_before_it_opened_moves_nothing(void **state)
{
    (void)state;
    struct patient patient = patient_new();
    for (int i = 0; i < 32; i++)
        fail_now(&patient);
    assert_int_equal(patient.health.breaker_until - patient.now, BREAKER_FIRST);
    patient.now += 2 * BREAKER_FIRST;
    struct health before = patient.health;
    attempt(&patient, false, START - 15 * CLOCK_SECOND);
    assert_int_equal(patient.health.breaker_until, before.breaker_until);
    assert_int_equal(patient.health.failures, before.failures);
}

static void test_any_success_closes_it(void **state)
{
    (void)state;
    struct patient patient = patient_new();
    for (int i = 0; i < 10; i++)
        fail_now(&patient);
    assert_int_equal(succeed_now(&patient), HEALTH_NOTHING);
    assert_int_equal(breaker(&patient), BREAKER_CLOSED);
    assert_int_equal(patient.health.failures, 0);
    assert_int_equal(patient.health.failing_since, 0);
}

static void test_a_clock_that_was_turned_back_keeps_nothing_closed(void **state)
{
    (void)state;
    struct patient patient = patient_new();
    for (int i = 0; i < 10; i++)
        fail_now(&patient);
    patient.now -= CLOCK_DAY;
    assert_int_equal(breaker(&patient), BREAKER_HALF_OPEN);
    fail_now(&patient);
    assert_int_equal(patient.health.failing_since, patient.now);
    assert_int_equal(patient.health.breaker_until - patient.now, 2 * BREAKER_FIRST);
}

static void test_failures_for_ever_overflow_nothing(void **state)
{
    (void)state;
    struct patient patient = patient_new();
    for (int i = 0; i < 5000; i++) {
        fail_now(&patient);
        patient.now += BREAKER_LONGEST;
    }
    assert_int_equal(patient.health.breaker_until, patient.now);
}

/* ---- failing and recovered ---- */

static enum health_news fail_after(struct patient *patient, instant later)
{
    patient->now = START + later;
    return fail_now(patient);
}

static void test_warnings_come_once_each_and_then_the_end(void **state)
{
    (void)state;
    struct patient patient = patient_new();
    instant way = 5 * CLOCK_DAY;
    assert_int_equal(fail_after(&patient, 0), HEALTH_NOTHING);
    assert_int_equal(fail_after(&patient, way / 2 - 1), HEALTH_NOTHING);
    assert_int_equal(fail_after(&patient, way / 2), HEALTH_FAILING);
    assert_int_equal(patient.health.warned, 50);
    assert_int_equal(fail_after(&patient, way / 2 + CLOCK_HOUR), HEALTH_NOTHING);
    assert_int_equal(fail_after(&patient, way * 7 / 10), HEALTH_FAILING);
    assert_int_equal(patient.health.warned, 70);
    assert_int_equal(fail_after(&patient, way * 9 / 10), HEALTH_FAILING);
    assert_int_equal(patient.health.warned, 90);
    assert_int_equal(fail_after(&patient, way - 1), HEALTH_NOTHING);
    assert_int_equal(fail_after(&patient, way), HEALTH_EXPIRED);
    assert_int_equal(patient.health.failing_since, START);
}

static void test_of_warnings_that_were_missed_only_the_last_is_given(void **state)
{
    (void)state;
    struct patient patient = patient_new();
    fail_after(&patient, 0);
    assert_int_equal(fail_after(&patient, 4 * CLOCK_DAY), HEALTH_FAILING);
    assert_int_equal(patient.health.warned, 70);
}

static void test_nobody_is_cut_off_without_a_warning(void **state)
{
    (void)state;
    struct patient patient = patient_new();
    fail_after(&patient, 0);
    assert_int_equal(fail_after(&patient, 30 * CLOCK_DAY), HEALTH_FAILING);
    assert_int_equal(patient.health.warned, 90);
    assert_int_equal(fail_after(&patient, 30 * CLOCK_DAY + CLOCK_DAY / 2 - 1), HEALTH_NOTHING);
    assert_int_equal(fail_after(&patient, 30 * CLOCK_DAY + CLOCK_DAY / 2), HEALTH_EXPIRED);
}

static void test_a_success_starts_the_way_anew(void **state)
{
    (void)state;
    struct patient patient = patient_new();
    fail_after(&patient, 0);
    fail_after(&patient, 3 * CLOCK_DAY);
    assert_int_equal(succeed_now(&patient), HEALTH_RECOVERED);
    assert_true(patient.was_warned);
    assert_int_equal(patient.health.warned, 0);
    assert_int_equal(succeed_now(&patient), HEALTH_NOTHING);
    assert_int_equal(fail_after(&patient, 5 * CLOCK_DAY), HEALTH_NOTHING);
    assert_int_equal(patient.health.failing_since, START + 5 * CLOCK_DAY);
}

static void test_recovery_is_told_after_the_longest_pause_only(void **state)
{
    (void)state;
    struct patient patient = patient_new();
    for (int i = 0; i < 14; i++) {
        fail_now(&patient);
        if (patient.health.breaker_until)
            patient.now = patient.health.breaker_until;
    }
    assert_int_equal(succeed_now(&patient), HEALTH_NOTHING);
    for (int i = 0; i < 15; i++) {
        fail_now(&patient);
        if (patient.health.breaker_until)
            patient.now = patient.health.breaker_until;
    }
    assert_int_equal(succeed_now(&patient), HEALTH_RECOVERED);
    assert_false(patient.was_warned);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_that_it_works_again_is_told_though_it_had_no_warning_since),
        cmocka_unit_test(test_the_warnings_begin_anew),
        cmocka_unit_test(test_it_opens_at_the_tenth_failure_in_a_row),
        cmocka_unit_test(test_each_probe_that_fails_doubles_the_pause),
        cmocka_unit_test(test_what_was_sent_before_it_opened_moves_nothing),
        cmocka_unit_test(test_any_success_closes_it),
        cmocka_unit_test(test_a_clock_that_was_turned_back_keeps_nothing_closed),
        cmocka_unit_test(test_failures_for_ever_overflow_nothing),
        cmocka_unit_test(test_warnings_come_once_each_and_then_the_end),
        cmocka_unit_test(test_of_warnings_that_were_missed_only_the_last_is_given),
        cmocka_unit_test(test_nobody_is_cut_off_without_a_warning),
        cmocka_unit_test(test_a_success_starts_the_way_anew),
        cmocka_unit_test(test_recovery_is_told_after_the_longest_pause_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
