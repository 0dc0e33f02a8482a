/* clientpass, booking-api, therapy and pushpress: bodies to the byte, signature vectors, names. */
#include "base/crypto.h"
#include "partners/partner.h"
#include "tests/unit/format_bodies.h"
#include "tests/unit/webhook_vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
/* cmocka needs some of these before it. */
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* 2025-10-31T15:30:00.250Z; the attempt is a minute later. */
static const instant created_at = 1761924600250, attempt_at = 1761924660999;
static const struct partner_secrets secrets = {
    "0c5ba7286c153efe52b1315e4e6d68287e6493a153dc568d581339470da1e14b", "an older one", NULL
};

static int set_up(void **state)
{
    *state = pool_new();
    return 0;
}

static int tear_down(void **state)
{
    pool_free(*state);
    return 0;
}

static struct partner_event event_of(struct pool *pool, const char *type, const char *data)
{
    return (struct partner_event){
        .id = { .bytes = { [15] = 1 } },
        .type = type,
        .created_at = created_at,
        .data = json_parse_stored(pool, data),
        .data_text = data,
    };
}

static const char *envelope(struct pool *pool, const struct partner *partner, const char *type,
                            const char *data, instant at)
{
    struct partner_event event = event_of(pool, type, data);
    struct buf body;

    buf_init(&body, pool, 1 << 20);
    partner->envelope(pool, &event, secrets, at, &body);
    assert_false(body.overflowed);
    return body.data;
}

static void test_bodies(void **state)
{
    for (size_t at = 0; at < COUNT(format_bodies); at++)
        assert_string_equal(envelope(*state, format_bodies[at].partner, format_bodies[at].type,
                                     format_bodies[at].data, attempt_at),
                            format_bodies[at].body);
}

/* A snapshot that lacks everything gives nulls, never a crash. */
static void test_empty_data(void **state)
{
    for (size_t at = 0; at < COUNT(format_bodies); at++)
        assert_non_null(json_parse_stored(
            *state, envelope(*state, format_bodies[at].partner, format_bodies[at].type, "{}", attempt_at)));
    assert_string_equal(envelope(*state, &partner_booking_api, "booking.cancelled", "{}", attempt_at),
                        "{\"event\":\"booking.cancelled\",\"data\":{\"id\":null,\"service\":null,"
                        "\"duration\":null,\"scheduled_at\":null,\"customer\":null,\"reason\":null}}");
}

/* Every member of the data that is signed apart stands in the body as it was signed. */
static void test_data_is_part_of_the_body(void **state)
{
    for (size_t at = 0; at < COUNT(format_bodies); at++) {
        struct partner_event event = event_of(*state, format_bodies[at].type, format_bodies[at].data);
        struct buf data;

        buf_init(&data, *state, 1 << 20);
        partner_data(*state, format_bodies[at].partner, &event, &data);
        assert_non_null(strstr(format_bodies[at].body, data.data));
    }
}

static void test_therapy_retries(void **state)
{
    static const char data[] = "{\"id\":\"bk_1\"}";
    struct json_object *first =
        json_parse_stored(*state, envelope(*state, &partner_therapy, "booking.created", data, attempt_at));
    struct json_object *second = json_parse_stored(
        *state, envelope(*state, &partner_therapy, "booking.created", data, attempt_at + 60000));

    assert_string_equal(json_get_text(first, "id"), json_get_text(second, "id"));
    assert_true(json_object_equal(json_get(first, "data"), json_get(second, "data")));
    assert_string_not_equal(json_get_text(first, "timestamp"), json_get_text(second, "timestamp"));
    assert_string_not_equal(json_get_text(first, "signature"), json_get_text(second, "signature"));
}

static void test_therapy_vectors(void **state)
{
    for (size_t at = 0; at < COUNT(therapy_vectors); at++) {
        const char *json = therapy_vectors[at].json;
        struct parts parts = { .event = therapy_vectors[at].event,
                               .timestamp = therapy_vectors[at].timestamp,
                               .data = json,
                               .data_length = strlen(json) };
        const char *hash = partner_therapy.stored_secret(*state, therapy_vectors[at].raw_key);

        assert_string_equal(hash, therapy_vectors[at].key_hash);
        assert_string_equal(scheme_sign(*state, partner_therapy.scheme, hash, &parts),
                            therapy_vectors[at].signature);
        assert_string_equal(json_text(*state, json_parse_stored(*state, json)), json);
    }
}

static void test_pushpress_vectors(void **state)
{
    for (size_t at = 0; at < COUNT(pushpress_vectors); at++) {
        const char *json = pushpress_vectors[at].json;
        struct partner_event event = event_of(*state, "customer.created", json);
        struct partner_secrets with = { pushpress_vectors[at].secret, "an older one", NULL };
        struct buf headers;

        buf_init(&headers, *state, 4096);
        partner_headers(*state, &partner_pushpress, &event, with, attempt_at, "{}", 2, &headers);
        assert_string_equal(headers.data,
                            pool_printf(*state,
                                        "webhook-id: evt_00000000000000000000000001\r\n"
                                        "webhook-timestamp: 1761924660\r\nwebhook-signature: %s\r\n",
                                        pushpress_vectors[at].signature));
    }
}

static void test_names(void **state)
{
    static const struct {
        const char *native, *name;
    } names[] = {
        { "booking.created", "appointment.scheduled" },  { "booking.rescheduled", "appointment.rescheduled" },
        { "booking.cancelled", "appointment.canceled" }, { "booking.no_show", "appointment.noshowed" },
        { "booking.confirmed", "booking.confirmed" },    { "customer.created", "customer.created" }
    };

    (void)state;
    for (size_t at = 0; at < COUNT(names); at++) {
        assert_string_equal(partner_event_name(&partner_pushpress, names[at].native), names[at].name);
        assert_string_equal(partner_event_name(&partner_therapy, names[at].native), names[at].native);
    }
}

static void test_secrets(void **state)
{
    const char *raw = partner_therapy.new_secret(*state), *token = partner_pushpress.new_secret(*state);

    assert_true(crypto_api_key_is_plausible(raw, strlen(raw)));
    assert_int_equal(strlen(partner_therapy.stored_secret(*state, raw)), 64);
    assert_int_equal(strlen(token), 64);
    assert_int_equal(strspn(token, "0123456789abcdef"), 64);
    assert_null(partner_pushpress.stored_secret);
    assert_int_equal(strncmp(partner_clientpass.new_secret(*state), "whsec_", 6), 0);
    assert_int_equal(strncmp(partner_booking_api.new_secret(*state), "whsec_", 6), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_bodies, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_empty_data, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_data_is_part_of_the_body, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_therapy_retries, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_therapy_vectors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pushpress_vectors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_secrets, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
