#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "rules/people/slugs.h"

static struct pool *pool;

static void names_become_slugs(void **state)
{
    static const struct {
        const char *name, *slug;
    } cases[] = {
        { "Bella Hair Salon", "bella-hair-salon" },
        { "  Haircut & Style!  ", "haircut-style" },
        { "A", "a" },
        { "24/7 Gym", "24-7-gym" },
        { "Praxis Dr. Weiß", "praxis-dr-wei" },
        { "美容室", "company" },
        { "---", "company" },
        { "", "company" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(slug_from_name(pool, cases[i].name, "company", 0), cases[i].slug);
}

static void every_attempt_gives_a_slug_and_another_one(void **state)
{
    static const char *const names[] = {
        "x", "Zürich Ost", "An endless name that goes on and on and on and on and on and on and on and on",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbb", "?"
    };
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *before = "";
        for (int attempt = 0; attempt < SLUG_ATTEMPTS; attempt++) {
            const char *slug = slug_from_name(pool, names[i], "service", attempt);
            assert_true(text_is_slug(slug, strlen(slug)));
            assert_string_not_equal(slug, before);
            before = slug;
        }
    }
    assert_string_equal(slug_from_name(pool, "Gym", "company", 1), "gym-2");
    assert_string_equal(slug_from_name(pool, "Gym", "company", SLUG_NUMBERED - 1), "gym-10");
}

static int setup(void **state)
{
    (void)state;
    pool = pool_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pool_free(pool);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_become_slugs),
        cmocka_unit_test(every_attempt_gives_a_slug_and_another_one),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
