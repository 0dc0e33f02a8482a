#include "base/pool.h"
#include "tests/unit/child.h"

#include <setjmp.h>
#include <stdint.h>
/* cmocka needs some of these before it. */
#include <cmocka.h>

static void test_memory_is_zeroed_and_aligned(void **state)
{
    struct pool *pool = pool_new();
    (void)state;

    for (int round = 0; round < 3; round++) {
        for (size_t size = 1; size < 3000; size += 37) {
            unsigned char *bytes = pool_alloc(pool, size);
            assert_int_equal((uintptr_t)bytes % _Alignof(max_align_t), 0);
            for (size_t i = 0; i < size; i++)
                assert_int_equal(bytes[i], 0);
            memset(bytes, 0xAA, size);
        }
        pool_reset(pool);
    }
    pool_free(pool);
}

static void test_allocations_do_not_overlap(void **state)
{
    struct pool *pool = pool_new();
    unsigned char *places[400];
    (void)state;

    for (size_t i = 0; i < 400; i++) {
        size_t size = (i * 7919) % 5000 + 1;
        places[i] = pool_alloc(pool, size + 1);
        memset(places[i], (int)(i % 251), size);
    }
    for (size_t i = 0; i < 400; i++) {
        size_t size = (i * 7919) % 5000 + 1;
        assert_int_equal(places[i][0], i % 251);
        assert_int_equal(places[i][size - 1], i % 251);
        assert_int_equal(places[i][size], 0);
    }
    pool_free(pool);
}

static void test_nothing_and_much(void **state)
{
    struct pool *pool = pool_new();
    (void)state;

    assert_non_null(pool_alloc(pool, 0));
    assert_non_null(pool_array(pool, 0, 16));
    memset(pool_alloc(pool, 5 * 1024 * 1024), 1, 5 * 1024 * 1024);
    pool_reset(pool);
    memset(pool_alloc(pool, 5 * 1024 * 1024), 1, 5 * 1024 * 1024);
    pool_free(pool);
    pool_free(NULL);
}

static void test_texts(void **state)
{
    struct pool *pool = pool_new();
    char *copy = pool_memdup(pool, "a\0b", 3);
    (void)state;

    assert_memory_equal(copy, "a\0b", 4);
    assert_string_equal(pool_strdup(pool, ""), "");
    assert_string_equal(pool_strdup(pool, "slot"), "slot");
    assert_string_equal(pool_memdup(pool, NULL, 0), "");
    assert_string_equal(pool_printf(pool, "%d %s", 42, "wires"), "42 wires");
    assert_int_equal(strlen(pool_printf(pool, "%0*d", 100000, 1)), 100000);
    pool_free(pool);
}

static int order[4], order_count;

static void note(void *thing)
{
    order[order_count++] = *(int *)thing;
}

static void test_cleanups_run_newest_first_and_once(void **state)
{
    struct pool *pool = pool_new();
    int things[] = { 1, 2, 3 };
    (void)state;

    order_count = 0;
    pool_on_reset(pool, note, &things[0]);
    pool_on_reset(pool, note, &things[1]);
    pool_reset(pool);
    assert_int_equal(order_count, 2);
    assert_int_equal(order[0], 2);
    assert_int_equal(order[1], 1);
    pool_on_reset(pool, note, &things[2]);
    pool_free(pool);
    assert_int_equal(order_count, 3);
    assert_int_equal(order[2], 3);
}

/* A handler may still read what lies in the pool. */
static void test_cleanup_sees_its_memory(void **state)
{
    struct pool *pool = pool_new();
    int *thing = pool_alloc(pool, sizeof *thing);
    (void)state;

    *thing = 7;
    order_count = 0;
    pool_on_reset(pool, note, thing);
    pool_reset(pool);
    assert_int_equal(order[0], 7);
    pool_free(pool);
}

static struct pool *volatile last; /* still known when the child ends, so that it counts as no leak */

static void overflow(const void *argument)
{
    last = pool_new();
    pool_array(last, SIZE_MAX / 2, *(const size_t *)argument);
}

static void take_too_much(const void *argument)
{
    last = pool_new();
    pool_alloc(last, *(const size_t *)argument);
}

static void test_end_of_memory_ends_the_process(void **state)
{
    size_t three = 3, all = SIZE_MAX - 8;
    char text[256];
    (void)state;

    assert_int_equal(child_run(overflow, &three, text, sizeof text), 71);
    assert_string_equal(text, "out of memory\n");
    assert_int_equal(child_run(take_too_much, &all, text, sizeof text), 71);
}

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>

static void test_what_was_given_back_is_poisoned(void **state)
{
    struct pool *pool = pool_new();
    char *bytes = pool_alloc(pool, 24);
    (void)state;

    assert_false(__asan_address_is_poisoned(bytes + 23));
    assert_true(__asan_address_is_poisoned(bytes + 24));
    pool_reset(pool);
    assert_true(__asan_address_is_poisoned(bytes));
    pool_free(pool);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_is_zeroed_and_aligned),
        cmocka_unit_test(test_allocations_do_not_overlap),
        cmocka_unit_test(test_nothing_and_much),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_cleanups_run_newest_first_and_once),
        cmocka_unit_test(test_cleanup_sees_its_memory),
        cmocka_unit_test(test_end_of_memory_ends_the_process),
#ifdef __SANITIZE_ADDRESS__
        cmocka_unit_test(test_what_was_given_back_is_poisoned),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
