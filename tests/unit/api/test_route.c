/* Which route a path and a method find. */
#include "api/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct route things[] = {
    { "GET", "/things", .summary = "list" },
    { "POST", "/things", .summary = "create" },
    { "GET", "/things/{id}", .summary = "one" },
    { "POST", "/things/{id}/parts/{part}", .summary = "part" },
    { 0 },
};
static const struct resource things_resource = { "things", things };
const struct resource *const resources[] = { &things_resource, NULL };

static struct pool *pool;

static const char *found(const char *method, const char *path)
{
    struct route_match match = route_match(pool, resources, method, path);

    return match.route ? match.route->summary : match.allow ? match.allow : "404";
}

static void finds_the_route_of_path_and_method(void **state)
{
    (void)state;
    assert_string_equal(found("GET", "/things"), "list");
    assert_string_equal(found("POST", "/things"), "create");
    assert_string_equal(found("GET", "/things/a%20b"), "one");
    assert_string_equal(found("POST", "/things/7/parts/8"), "part");
    assert_string_equal(found("HEAD", "/things/7"), "one");
}

static void names_the_methods_of_a_known_path(void **state)
{
    (void)state;
    assert_string_equal(found("PUT", "/things"), "GET, HEAD, POST");
    assert_string_equal(found("get", "/things"), "GET, HEAD, POST");
    assert_string_equal(found("HEAD", "/things/7/parts/8"), "POST");
}

static void knows_only_exact_paths(void **state)
{
    static const char *const strange[] = { "",
                                           "/",
                                           "/thing",
                                           "/things/",
                                           "/things//parts/8",
                                           "//things",
                                           "/things/7/",
                                           "/things/7/parts",
                                           "/things/7/parts/8/9",
                                           "things",
                                           "/Things",
                                           "/things/7/parts/" };

    (void)state;
    for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++)
        assert_string_equal(found("GET", strange[i]), "404");
}

static void keeps_what_the_braces_took(void **state)
{
    struct route_match match = route_match(pool, resources, "POST", "/things/left/parts/right%2f");

    (void)state;
    assert_int_equal(match.count, 2);
    assert_memory_equal(match.segments[0].text, "left/", 5);
    assert_int_equal(match.segments[0].length, 4);
    assert_int_equal(match.segments[1].length, 8);
}

static int start(void **state)
{
    (void)state;
    pool = pool_new();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    pool_free(pool);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_route_of_path_and_method),
        cmocka_unit_test(names_the_methods_of_a_known_path),
        cmocka_unit_test(knows_only_exact_paths),
        cmocka_unit_test(keeps_what_the_braces_took),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
