/* The life of a booking: every status against every action, and the words that refusals tell. */
#include "rules/booking/bookings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { ACTIONS = 5 };

/* In the order of enum booking_action. */
static const char *const words[ACTIONS] = { "confirm", "cancel", "complete", "no-show", "reschedule" };

static const struct {
    const char *status;
    const char *next[ACTIONS];
} expected[] = {
    { "pending", { "confirmed", "cancelled", NULL, "no_show", "pending" } },
    { "confirmed", { NULL, "cancelled", "completed", "no_show", "confirmed" } },
    { "completed", { NULL, NULL, NULL, NULL, NULL } },
    { "cancelled", { NULL, NULL, NULL, NULL, NULL } },
    { "no_show", { NULL, NULL, NULL, NULL, NULL } },
};

static void every_status_meets_every_action(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        for (int action = 0; action < ACTIONS; action++) {
            const char *next = booking_next_status(expected[i].status, (enum booking_action)action);
            if (!expected[i].next[action])
                assert_null(next);
            else
                assert_string_equal(next, expected[i].next[action]);
        }
}

static void an_unknown_status_goes_nowhere(void **state)
{
    (void)state;
    assert_null(booking_next_status("", BOOKING_CONFIRM));
    assert_null(booking_next_status("PENDING", BOOKING_CONFIRM));
    assert_null(booking_actions("nonsense")[0]);
}

static bool lists(const char *const *list, const char *word)
{
    for (; *list; list++)
        if (strcmp(*list, word) == 0)
            return true;
    return false;
}

static void the_listed_actions_are_the_possible_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const char *const *list = booking_actions(expected[i].status);
        for (int action = 0; action < ACTIONS; action++)
            assert_int_equal(lists(list, words[action]), expected[i].next[action] != NULL);
    }
}

static void every_status_is_a_choice_and_every_next_one_too(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        assert_true(lists(booking_statuses, expected[i].status));
        for (int action = 0; action < ACTIONS; action++)
            assert_true(!expected[i].next[action] || lists(booking_statuses, expected[i].next[action]));
    }
    size_t count = 0;
    while (booking_statuses[count])
        count++;
    assert_int_equal(count, sizeof expected / sizeof *expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_meets_every_action),
        cmocka_unit_test(an_unknown_status_goes_nowhere),
        cmocka_unit_test(the_listed_actions_are_the_possible_ones),
        cmocka_unit_test(every_status_is_a_choice_and_every_next_one_too),
    };
    return cmocka_run_group_tests_name("booking_state", tests, NULL, NULL);
}
