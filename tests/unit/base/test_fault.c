#include "base/fault.h"
#include "tests/unit/child.h"

#include <stdarg.h>
#include <stdint.h>
/* cmocka needs some of these before it. */
#include <cmocka.h>

static void test_nothing_raised(void **state)
{
    struct fault_frame frame;
    volatile int runs = 0;
    (void)state;

    switch (fault_catch(&frame)) {
    case FAULT_NONE:
        runs++;
        fault_done(&frame);
        break;
    default:
        fail();
    }
    assert_int_equal(runs, 1);
}

static void test_raised_goes_to_the_innermost(void **state)
{
    struct fault_frame outer, inner;
    volatile enum fault caught_inside = FAULT_NONE;
    enum fault fault = fault_catch(&outer);
    (void)state;

    if (fault == FAULT_NONE) {
        enum fault inside = fault_catch(&inner);
        if (inside == FAULT_NONE)
            fault_raise(FAULT_DATABASE, "a test raises this number=%d", 1);
        caught_inside = inside;
        fault_raise(FAULT_BROKEN, "a test raises this number=%d", 2);
    }
    assert_int_equal(caught_inside, FAULT_DATABASE);
    assert_int_equal(fault, FAULT_BROKEN);
}

static void test_run_again(void **state)
{
    volatile int tries = 0;
    (void)state;

    for (;;) {
        struct fault_frame frame;
        enum fault fault = fault_catch(&frame);
        if (fault == FAULT_NONE) {
            if (++tries < 3)
                fault_raise(FAULT_RETRY, "a test raises this try=%d", tries);
            fault_done(&frame);
            break;
        }
        assert_int_equal(fault, FAULT_RETRY);
    }
    assert_int_equal(tries, 3);
}

static void raise_without_frame(const void *argument)
{
    fault_raise(FAULT_BROKEN, "no frame %s", (const char *)argument);
}

static void test_without_a_frame_the_process_ends(void **state)
{
    char text[512];
    (void)state;

    assert_int_equal(child_run(raise_without_frame, "here", text, sizeof text), 70);
    assert_non_null(strstr(text, " error "));
    assert_non_null(strstr(text, "no frame here\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_raised),
        cmocka_unit_test(test_raised_goes_to_the_innermost),
        cmocka_unit_test(test_run_again),
        cmocka_unit_test(test_without_a_frame_the_process_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
