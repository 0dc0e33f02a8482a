/* A request from the outside in: what a fault leaves of it. No database is asked. */
#include "api/request.h"
#include "base/fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { TOO_LARGE = 17 << 20 };

static struct pool *pool;
static struct db *db;
static const char *asked;
static char answer[4096];
static size_t answered;
static int runs;

static const char *huge(struct request *request)
{
    char *text = pool_alloc(request->pool, TOO_LARGE + 1);

    memset(text, 'x', TOO_LARGE);
    return text;
}

static enum outcome reply_huge(struct request *request)
{
    struct json_object *body = json_new_object(request->pool);

    json_set_text(body, "text", huge(request));
    return reply_json(request, body);
}

static enum outcome fail_huge(struct request *request)
{
    return fail_because(request, ERROR_CONFLICT, huge(request));
}

static enum outcome retry_once(struct request *request)
{
    struct json_object *body = json_new_object(request->pool);

    json_set_text(body, "text", "of the try that counts");
    if (runs++ == 0)
        fault_raise(FAULT_RETRY, "a test's");
    return reply_json(request, body);
}

static const struct route things[] = {
    { "GET", "/huge", .own_door = true, .shape = SHAPE_FREE, .run = reply_huge },
    { "GET", "/refused", .own_door = true, .shape = SHAPE_FREE, .run = fail_huge },
    { "GET", "/again", .own_door = true, .shape = SHAPE_FREE, .run = retry_once },
    { 0 },
};
static const struct resource things_resource = { "things", things };
static const struct resource *const resources[] = { &things_resource, NULL };

static const char *param(struct exchange *exchange, const char *name)
{
    (void)exchange;
    if (strcmp(name, "REQUEST_URI") == 0)
        return asked;
    return strcmp(name, "REQUEST_METHOD") == 0 ? "GET" : NULL;
}

static int read_nothing(struct exchange *exchange, char *data, int length)
{
    (void)exchange, (void)data, (void)length;
    return 0;
}

static void write_answer(struct exchange *exchange, const char *data, int length)
{
    (void)exchange;
    assert_true(answered + (size_t)length < sizeof answer);
    memcpy(answer + answered, data, (size_t)length);
    answered += (size_t)length;
    answer[answered] = '\0';
}

static void ask(const char *path)
{
    struct exchange exchange = { param, read_nothing, write_answer, NULL, resources };
    struct request request;

    asked = path;
    answered = 0;
    request_serve(&request, &exchange, pool, db);
    pool_reset(pool);
}

static void an_answer_that_is_too_large_is_an_error(void **state)
{
    (void)state;
    ask("/huge");
    assert_non_null(strstr(answer, "Status: 500 "));
    assert_non_null(strstr(answer, "{\"error\":{\"code\":\"INTERNAL\""));
}

static void so_is_a_refusal_that_is(void **state)
{
    (void)state;
    ask("/refused");
    assert_non_null(strstr(answer, "Status: 500 "));
    assert_non_null(strstr(answer, "{\"error\":{\"code\":\"INTERNAL\""));
    assert_null(strstr(answer, "CONFLICT"));
}

static void a_retry_leaves_the_answer_of_the_last_try(void **state)
{
    (void)state;
    ask("/again");
    assert_int_equal(runs, 2);
    assert_non_null(strstr(answer, "{\"text\":\"of the try that counts\"}"));
}

static int set_up(void **state)
{
    (void)state;
    pool = pool_new();
    db = db_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    db_free(db);
    pool_free(pool);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_that_is_too_large_is_an_error),
        cmocka_unit_test(so_is_a_refusal_that_is),
        cmocka_unit_test(a_retry_leaves_the_answer_of_the_last_try),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
