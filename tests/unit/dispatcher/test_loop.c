#include "base/clock.h"
#include "base/config.h"
#include "dispatcher/loop.h"
#include "dispatcher/options.h"
#include "dispatcher/window.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* ---- jobs that note that they were run ---- */

static char ran[16];
static int64_t due[2];
static bool over[2];

struct count {
    char steps;
};

static void note(char letter)
{
    size_t length = strlen(ran);
    ran[length] = letter;
    ran[length + 1] = '\0';
}

static void step_a(struct dispatcher *dispatcher, void *state)
{
    (void)dispatcher;
    ((struct count *)state)->steps++;
    note((char)('0' + ((struct count *)state)->steps));
}

static void step_b(struct dispatcher *dispatcher, void *state)
{
    (void)dispatcher;
    assert_null(state);
    note('b');
}

static void step_c(struct dispatcher *dispatcher, void *state)
{
    (void)dispatcher;
    (void)state;
    note('c');
}

static void meet_broken(struct dispatcher *dispatcher, void *state)
{
    (void)dispatcher;
    (void)state;
    fault_raise(FAULT_BROKEN, "a test's");
}

static void meet_no_database(struct dispatcher *dispatcher, void *state)
{
    (void)dispatcher;
    (void)state;
    fault_raise(FAULT_DATABASE, "a test's");
}

static int64_t due_a(const struct dispatcher *dispatcher, const void *state)
{
    (void)dispatcher;
    (void)state;
    return due[0];
}

static int64_t due_b(const struct dispatcher *dispatcher, const void *state)
{
    (void)dispatcher;
    (void)state;
    return due[1];
}

static bool over_a(const struct dispatcher *dispatcher, const void *state)
{
    (void)dispatcher;
    (void)state;
    return over[0];
}

static bool over_b(const struct dispatcher *dispatcher, const void *state)
{
    (void)dispatcher;
    (void)state;
    return over[1];
}

/* ---- a dispatcher around them ---- */

extern const struct job window_job, shards_job;

struct scene {
    struct options options;
    struct dispatcher dispatcher;
};

/* The parts that the loop asks: never run here. */
static void set_up(struct scene *scene, bool once)
{
    static const struct job *const parts[] = { &window_job, &shards_job, NULL };
    *scene = (struct scene){ .options = { .once = once } };
    scene->dispatcher.options = &scene->options;
    scene->dispatcher.life = pool_new();
    scene->dispatcher.db = db_new();
    loop_new(&scene->dispatcher, parts);
    ran[0] = '\0';
    due[0] = due[1] = 0;
    over[0] = over[1] = false;
}

static void tear_down(struct scene *scene)
{
    db_free(scene->dispatcher.db);
    pool_free(scene->dispatcher.life);
}

static void turn(struct scene *scene, const struct job *first, const struct job *second)
{
    const struct job *const table[] = { first, second, NULL };
    loop_turn(loop_new(&scene->dispatcher, table));
}

static bool is_over(struct scene *scene, const struct job *first, const struct job *second)
{
    const struct job *const table[] = { first, second, NULL };
    return loop_is_over(loop_new(&scene->dispatcher, table));
}

static const struct job a = {
    .name = "a", .size = sizeof(struct count), .due_at = due_a, .is_over = over_a, .step = step_a
};
static const struct job b = { .name = "b", .due_at = due_b, .is_over = over_b, .step = step_b };
static const struct job c = { .name = "c", .step = step_c };

/* ---- tests ---- */

static void test_what_is_due_runs_in_the_order_of_the_table(void **state)
{
    (void)state;
    struct scene scene;
    set_up(&scene, false);
    const struct job *const table[] = { &c, &b, &a, NULL };
    struct loop *loop = loop_new(&scene.dispatcher, table);
    loop_turn(loop);
    assert_string_equal(ran, "cb1");
    due[1] = INT64_MAX;
    loop_turn(loop);
    assert_string_equal(ran, "cb1c2"); /* each with its own state */
    tear_down(&scene);
}

static void test_it_sleeps_until_the_first_is_due(void **state)
{
    (void)state;
    struct scene scene;
    const struct job *const table[] = { &a, &b, &c, NULL };
    set_up(&scene, false);
    struct loop *loop = loop_new(&scene.dispatcher, table);
    due[0] = clock_monotonic() + 50000;
    due[1] = clock_monotonic() + 10000;
    assert_true(loop_due_at(loop) == due[1]);
    due[0] = due[1] = INT64_MAX;
    assert_true(loop_due_at(loop) < INT64_MAX); /* somebody may send a signal */
    tear_down(&scene);
}

static void test_draining_only_what_was_begun_goes_on(void **state)
{
    (void)state;
    struct scene scene;
    set_up(&scene, false);
    struct job settles = b;
    settles.while_draining = true;
    over[1] = true;
    assert_false(is_over(&scene, &a, &settles)); /* the window is not */
    window_drain(&scene.dispatcher, 60, "a test");
    turn(&scene, &a, &settles);
    assert_string_equal(ran, "b");
    assert_true(is_over(&scene, &a, &settles));
    over[1] = false;
    assert_false(is_over(&scene, &a, &settles));
    tear_down(&scene);
}

static void test_a_single_run_ends_when_every_job_is_over(void **state)
{
    (void)state;
    struct scene scene;
    set_up(&scene, true);
    over[0] = true;
    assert_false(is_over(&scene, &a, &b));
    over[1] = true;
    assert_true(is_over(&scene, &a, &b));
    assert_true(is_over(&scene, &c, &b));
    scene.dispatcher.outage.away = true;
    assert_false(is_over(&scene, &a, &b));
    tear_down(&scene);
}

static void test_the_leaders_jobs_wait_for_a_leader(void **state)
{
    (void)state;
    struct scene scene;
    struct job leads = b;
    leads.leader_only = true;
    set_up(&scene, false); /* and holds no shard */
    turn(&scene, &leads, &c);
    assert_string_equal(ran, "c");
    tear_down(&scene);
    set_up(&scene, true);
    turn(&scene, &leads, &c);
    assert_string_equal(ran, "bc");
    tear_down(&scene);
}

static void test_without_a_database_only_what_needs_none_goes_on(void **state)
{
    (void)state;
    struct scene scene;
    struct job free_of_it = c;
    free_of_it.without_database = true;
    set_up(&scene, false);
    scene.dispatcher.outage = (struct outage){ .away = true, .retry_at = clock_monotonic() + 60000000 };
    turn(&scene, &b, &free_of_it);
    assert_string_equal(ran, "c");
    tear_down(&scene);
}

static void test_a_step_that_fails_stops_no_other(void **state)
{
    (void)state;
    struct scene scene;
    static const struct job breaks = { .name = "breaks", .step = meet_broken };
    set_up(&scene, false);
    turn(&scene, &breaks, &c);
    assert_string_equal(ran, "c");
    assert_false(scene.dispatcher.outage.away);
    tear_down(&scene);
}

static void test_a_database_that_is_gone_is_left_alone_for_a_while(void **state)
{
    (void)state;
    struct scene scene;
    static const struct job loses = { .name = "loses", .step = meet_no_database };
    set_up(&scene, false);
    int64_t before = clock_monotonic();
    turn(&scene, &loses, &c);
    assert_string_equal(ran, "");
    assert_true(scene.dispatcher.outage.away);
    int64_t first = scene.dispatcher.outage.pause;
    assert_true(first > 0 && scene.dispatcher.outage.retry_at >= before + first);
    assert_int_equal(database_guarded(&scene.dispatcher, meet_no_database, NULL), FAULT_DATABASE);
    assert_true(scene.dispatcher.outage.pause > first);
    database_is_written(&scene.dispatcher);
    assert_int_equal(database_guarded(&scene.dispatcher, meet_no_database, NULL), FAULT_DATABASE);
    assert_true(scene.dispatcher.outage.pause == first);
    tear_down(&scene);
}

int main(void)
{
    config_load(NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_due_runs_in_the_order_of_the_table),
        cmocka_unit_test(test_it_sleeps_until_the_first_is_due),
        cmocka_unit_test(test_draining_only_what_was_begun_goes_on),
        cmocka_unit_test(test_a_single_run_ends_when_every_job_is_over),
        cmocka_unit_test(test_the_leaders_jobs_wait_for_a_leader),
        cmocka_unit_test(test_without_a_database_only_what_needs_none_goes_on),
        cmocka_unit_test(test_a_step_that_fails_stops_no_other),
        cmocka_unit_test(test_a_database_that_is_gone_is_left_alone_for_a_while),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
