#include "base/crypto.h"
#include "partners/partner.h"
#include "tests/unit/webhook_vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
/* cmocka needs some of these before it. */
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* 2025-10-31T15:30:00.250Z; the attempt is a minute later. */
static const instant created_at = 1761924600250, attempt_at = 1761924660999;
static const struct id event_id = { .bytes = { [15] = 1 } };
static const struct partner_secrets secrets = { "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", NULL, NULL };

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
        .id = event_id,
        .type = type,
        .created_at = created_at,
        .data = json_parse_stored(pool, data),
        .data_text = data,
    };
}

static const char *envelope(struct pool *pool, const struct partner *partner, const char *type,
                            const char *data)
{
    struct partner_event event = event_of(pool, type, data);
    struct buf body;

    buf_init(&body, pool, 1 << 20);
    partner->envelope(pool, &event, secrets, attempt_at, &body);
    assert_false(body.overflowed);
    return body.data;
}

static const char *headers(struct pool *pool, const struct partner *partner, struct partner_secrets with,
                           const char *body)
{
    struct partner_event event = event_of(pool, "booking.created", "{}");
    struct buf headers;

    buf_init(&headers, pool, 4096);
    partner_headers(pool, partner, &event, with, 1761924600999, body, strlen(body), &headers);
    assert_false(headers.overflowed);
    return headers.data;
}

static const char *signature(struct pool *pool, const struct scheme *scheme, const char *secret,
                             struct parts parts)
{
    return scheme_sign(pool, scheme, secret, &parts);
}

/* ---- the native snapshots ---- */

#define COMPANY                                                                                              \
    "\"company\":{\"id\":\"cli_1\",\"name\":\"Bella Hair Salon\",\"slug\":\"bella-hair-salon\","             \
    "\"timeZone\":\"America/New_York\"}"

/* 10:00 to 11:00 in New York, shown by a booking whose own zone is another. */
static const char booking[] =
    "{\"id\":\"bk_789\",\"confirmationNumber\":\"BK7X9M2P\",\"status\":\"pending\","
    "\"service\":{\"id\":\"srv_456\",\"name\":\"Haircut & Style\",\"slug\":\"haircut-style\"},"
    "\"staff\":{\"id\":\"usr_1\",\"name\":\"Ana\",\"email\":null},"
    "\"customer\":{\"id\":null,\"name\":\"John Doe\",\"email\":\"john@example.com\","
    "\"phone\":\"+1-555-0199\"},\"isGuest\":true,\"startsAt\":\"2025-11-01T14:00:00.000Z\","
    "\"endsAt\":\"2025-11-01T15:00:00.000Z\",\"duration\":60,\"timeZone\":\"Europe/Berlin\","
    "\"price\":{\"amount\":75,\"currency\":\"USD\",\"type\":\"flat\"},\"notes\":\"First time customer\","
    "\"cancellationReason\":null,\"cancelledBy\":null,\"createdAt\":\"2025-10-31T15:30:00.250Z\","
    "\"updatedAt\":\"2025-10-31T15:30:00.250Z\",\"confirmedAt\":null,\"cancelledAt\":null,"
    "\"completedAt\":null,\"noShowAt\":null," COMPANY "}";

/* ---- bookme ---- */

static const struct {
    const char *type, *data, *body;
} bookme_bodies[] = {
    { "booking.created", booking,
      "{\"event\":\"booking.created\",\"timestamp\":\"2025-10-31T15:30:00Z\",\"data\":{\"appointment\":{"
      "\"id\":\"bk_789\",\"confirmationNumber\":\"BK7X9M2P\",\"business\":{\"id\":\"cli_1\","
      "\"name\":\"Bella Hair Salon\",\"slug\":\"bella-hair-salon\"},\"service\":{\"id\":\"srv_456\","
      "\"name\":\"Haircut & Style\",\"duration\":60,\"price\":7500},\"customer\":{\"name\":\"John Doe\","
      "\"email\":\"john@example.com\",\"phone\":\"+1-555-0199\"},\"appointmentDate\":\"2025-11-01\","
      "\"startTime\":\"10:00\",\"endTime\":\"11:00\",\"status\":\"pending\",\"notes\":\"First time "
      "customer\",\"createdAt\":\"2025-10-31T15:30:00Z\"}}}" },
    { "booking.confirmed",
      "{\"id\":\"bk_789\",\"confirmationNumber\":\"BK7X9M2P\",\"status\":\"confirmed\",\"notes\":null,"
      "\"confirmedAt\":\"2025-10-31T16:00:00.000Z\"," COMPANY "}",
      "{\"event\":\"booking.confirmed\",\"timestamp\":\"2025-10-31T15:30:00Z\",\"data\":{\"appointment\":{"
      "\"id\":\"bk_789\",\"confirmationNumber\":\"BK7X9M2P\",\"status\":\"confirmed\","
      "\"confirmedAt\":\"2025-10-31T16:00:00Z\"}}}" },
    { "booking.cancelled",
      "{\"id\":\"bk_789\",\"confirmationNumber\":\"BK7X9M2P\",\"status\":\"cancelled\","
      "\"cancellationReason\":\"Customer request\",\"cancelledBy\":\"customer\","
      "\"cancelledAt\":\"2025-10-31T16:30:00.999Z\"," COMPANY "}",
      "{\"event\":\"booking.cancelled\",\"timestamp\":\"2025-10-31T15:30:00Z\",\"data\":{\"appointment\":{"
      "\"id\":\"bk_789\",\"confirmationNumber\":\"BK7X9M2P\",\"status\":\"cancelled\","
      "\"cancelledAt\":\"2025-10-31T16:30:00Z\",\"cancellationReason\":\"Customer request\","
      "\"cancelledBy\":\"customer\"}}}" },
    { "booking.completed",
      "{\"id\":\"bk_789\",\"confirmationNumber\":\"BK7X9M2P\",\"status\":\"completed\","
      "\"completedAt\":\"2025-11-01T11:00:00.000Z\"," COMPANY "}",
      "{\"event\":\"booking.completed\",\"timestamp\":\"2025-10-31T15:30:00Z\",\"data\":{\"appointment\":{"
      "\"id\":\"bk_789\",\"confirmationNumber\":\"BK7X9M2P\",\"status\":\"completed\","
      "\"completedAt\":\"2025-11-01T11:00:00Z\"}}}" },
    { "business.created",
      "{\"id\":\"cli_1\",\"name\":\"Bella Hair Salon\",\"slug\":\"bella-hair-salon\",\"category\":\"salon\","
      "\"timeZone\":\"America/New_York\",\"currency\":\"USD\",\"ownerId\":\"usr_456\","
      "\"createdAt\":\"2025-10-31T10:00:00.000Z\",\"updatedAt\":\"2025-10-31T10:00:00.000Z\","
      "\"owner\":{\"id\":\"usr_456\",\"email\":\"sarah@bellahair.com\"}}",
      "{\"event\":\"business.created\",\"timestamp\":\"2025-10-31T15:30:00Z\",\"data\":{\"business\":{"
      "\"id\":\"cli_1\",\"name\":\"Bella Hair Salon\",\"slug\":\"bella-hair-salon\",\"category\":\"salon\","
      "\"owner\":{\"id\":\"usr_456\",\"email\":\"sarah@bellahair.com\"},"
      "\"createdAt\":\"2025-10-31T10:00:00Z\"}}}" },
    { "business.updated",
      "{\"id\":\"cli_1\",\"name\":\"Bella\",\"updatedAt\":\"2025-10-31T14:00:00.000Z\",\"owner\":null,"
      "\"updatedFields\":[\"name\",\"description\"]}",
      "{\"event\":\"business.updated\",\"timestamp\":\"2025-10-31T15:30:00Z\",\"data\":{\"business\":{"
      "\"id\":\"cli_1\",\"updatedFields\":[\"name\",\"description\"],"
      "\"updatedAt\":\"2025-10-31T14:00:00Z\"}}}" },
    { "service.created",
      "{\"id\":\"srv_789\",\"name\":\"Hair Color\",\"slug\":\"hair-color\",\"duration\":120,"
      "\"price\":{\"amount\":150,\"currency\":\"USD\",\"type\":\"flat\"},"
      "\"createdAt\":\"2025-10-31T12:00:00.000Z\"," COMPANY "}",
      "{\"event\":\"service.created\",\"timestamp\":\"2025-10-31T15:30:00Z\",\"data\":{\"service\":{"
      "\"id\":\"srv_789\",\"businessId\":\"cli_1\",\"name\":\"Hair Color\",\"duration\":120,"
      "\"price\":15000,\"createdAt\":\"2025-10-31T12:00:00Z\"}}}" },
    { "service.updated",
      "{\"id\":\"srv_789\",\"updatedAt\":\"2025-10-31T13:00:00.000Z\","
      "\"updatedFields\":[\"price\",\"description\"]," COMPANY "}",
      "{\"event\":\"service.updated\",\"timestamp\":\"2025-10-31T15:30:00Z\",\"data\":{\"service\":{"
      "\"id\":\"srv_789\",\"businessId\":\"cli_1\",\"updatedFields\":[\"price\",\"description\"],"
      "\"updatedAt\":\"2025-10-31T13:00:00Z\"}}}" },
    /* not named by the format: the native data in its envelope */
    { "user.created", "{\"id\":\"usr_1\",\"name\":\"Zo\303\253\",\"rate\":75.5}",
      "{\"event\":\"user.created\",\"timestamp\":\"2025-10-31T15:30:00Z\","
      "\"data\":{\"id\":\"usr_1\",\"name\":\"Zo\303\253\",\"rate\":75.5}}" },
    { "booking.rescheduled", "{\"id\":\"bk_789\",\"previousStartsAt\":\"2025-11-01T14:00:00.000Z\"}",
      "{\"event\":\"booking.rescheduled\",\"timestamp\":\"2025-10-31T15:30:00Z\","
      "\"data\":{\"id\":\"bk_789\",\"previousStartsAt\":\"2025-11-01T14:00:00.000Z\"}}" },
};

static void test_bookme_bodies(void **state)
{
    for (size_t at = 0; at < COUNT(bookme_bodies); at++)
        assert_string_equal(envelope(*state, &partner_bookme, bookme_bodies[at].type, bookme_bodies[at].data),
                            bookme_bodies[at].body);
}

/* Each type that the format names has its projection: its data holds one member and not the native ones. */
static void test_bookme_projects_all(void **state)
{
    size_t count = 0;

    for (; partner_bookme.shapes[count].event; count++) {
        const char *body = envelope(*state, &partner_bookme, partner_bookme.shapes[count].event, booking);
        struct json_object *data = json_get(json_parse_stored(*state, body), "data");
        assert_int_equal(json_object_object_length(data), 1);
    }
    assert_int_equal(count, 8);
}

/* A snapshot that lacks everything gives nulls, never a crash. */
static void test_bookme_empty_data(void **state)
{
    for (size_t at = 0; partner_bookme.shapes[at].event; at++) {
        const char *body = envelope(*state, &partner_bookme, partner_bookme.shapes[at].event, "{}");
        assert_non_null(json_get(json_parse_stored(*state, body), "data"));
    }
    assert_string_equal(
        envelope(*state, &partner_bookme, "booking.created", "{}"),
        "{\"event\":\"booking.created\",\"timestamp\":\"2025-10-31T15:30:00Z\",\"data\":{\"appointment\":{"
        "\"id\":null,\"confirmationNumber\":null,\"business\":null,\"service\":null,\"customer\":null,"
        "\"appointmentDate\":null,\"startTime\":null,\"endTime\":null,\"status\":null,\"notes\":null,"
        "\"createdAt\":null}}}");
}

static struct json_object *appointment(struct pool *pool, const char *zone, const char *starts,
                                       const char *ends, const char *price)
{
    const char *data =
        pool_printf(pool,
                    "{\"startsAt\":\"%s\",\"endsAt\":\"%s\",\"duration\":30,\"service\":{\"id\":\"srv_1\"},"
                    "\"price\":%s,\"company\":{\"timeZone\":\"%s\"}}",
                    starts, ends, price, zone);
    const char *body = envelope(pool, &partner_bookme, "booking.created", data);

    return json_get(json_get(json_parse_stored(pool, body), "data"), "appointment");
}

static const struct {
    const char *zone, *starts, *ends, *date, *start_time, *end_time;
} walls[] = {
    { "UTC", "2025-11-01T00:00:00.000Z", "2025-11-01T00:30:00.000Z", "2025-11-01", "00:00", "00:30" },
    { "UTC", "2025-11-01T23:30:00.000Z", "2025-11-02T00:00:00.000Z", "2025-11-01", "23:30", "00:00" },
    { "America/New_York", "2025-11-01T03:30:00.000Z", "2025-11-01T04:30:00.000Z", "2025-10-31", "23:30",
      "00:30" },
    { "America/New_York", "2025-11-02T05:30:00.000Z", "2025-11-02T06:30:00.000Z", "2025-11-02", "01:30",
      "01:30" }, /* the clock goes back in between */
    { "America/Chicago", "2025-03-09T20:00:00.000Z", "2025-03-09T21:00:00.000Z", "2025-03-09", "15:00",
      "16:00" },
    { "Asia/Kathmandu", "2025-06-30T18:15:00.000Z", "2025-06-30T18:45:00.000Z", "2025-07-01", "00:00",
      "00:30" },
    { "Pacific/Kiritimati", "2025-12-31T10:00:00.000Z", "2025-12-31T11:00:00.000Z", "2026-01-01", "00:00",
      "01:00" },
    { "No/Where", "2025-11-01T12:00:00.000Z", "2025-11-01T12:30:00.000Z", "2025-11-01", "12:00", "12:30" },
};

static void test_bookme_wall_clock(void **state)
{
    for (size_t at = 0; at < COUNT(walls); at++) {
        struct json_object *shown =
            appointment(*state, walls[at].zone, walls[at].starts, walls[at].ends, "null");
        assert_string_equal(json_get_text(shown, "appointmentDate"), walls[at].date);
        assert_string_equal(json_get_text(shown, "startTime"), walls[at].start_time);
        assert_string_equal(json_get_text(shown, "endTime"), walls[at].end_time);
    }
}

static void test_bookme_prices(void **state)
{
    static const struct {
        const char *price;
        int64_t minor;
    } prices[] = {
        { "{\"amount\":75,\"currency\":\"USD\"}", 7500 },
        { "{\"amount\":75.5,\"currency\":\"USD\"}", 7550 },
        { "{\"amount\":0.07,\"currency\":\"EUR\"}", 7 },
        { "{\"amount\":19.99,\"currency\":\"EUR\"}", 1999 },
        { "{\"amount\":1.15,\"currency\":\"EUR\"}", 115 },
        { "{\"amount\":0,\"currency\":\"USD\"}", 0 },
        { "{\"amount\":5000,\"currency\":\"JPY\"}", 5000 },
        { "{\"amount\":12.345,\"currency\":\"KWD\"}", 12345 },
        { "{\"amount\":75,\"currency\":\"XXQ\"}", -1 },
        { "{\"amount\":75}", -1 },
        { "{\"currency\":\"USD\"}", -1 },
        { "null", -1 },
    };

    for (size_t at = 0; at < COUNT(prices); at++) {
        struct json_object *shown = appointment(*state, "UTC", "2025-11-01T12:00:00.000Z",
                                                "2025-11-01T12:30:00.000Z", prices[at].price);
        assert_int_equal(json_get_int(json_get(shown, "service"), "price", -1), prices[at].minor);
    }
}

static struct parts body_parts(const char *body)
{
    return (struct parts){ .body = body, .body_length = strlen(body) };
}

static void test_bookme_vectors(void **state)
{
    for (size_t at = 0; at < COUNT(bookme_vectors); at++)
        assert_string_equal(signature(*state, partner_bookme.scheme, bookme_vectors[at].secret,
                                      body_parts(bookme_vectors[at].body)),
                            bookme_vectors[at].signature);
    for (size_t at = 0; at < COUNT(sha256_vectors); at++) {
        struct parts parts = body_parts(sha256_vectors[at].body);
        assert_string_equal(signature(*state, partner_bookme.scheme, sha256_vectors[at].secret, parts),
                            sha256_vectors[at].signature);
        assert_string_equal(signature(*state, &scheme_github, sha256_vectors[at].secret, parts),
                            sha256_vectors[at].signature);
    }
}

/* ---- standard ---- */

static void test_standard_body(void **state)
{
    assert_string_equal(
        envelope(*state, &partner_standard, "booking.created", "{\"id\":\"bk_1\",\"b\":75.5}"),
        "{\"type\":\"booking.created\",\"timestamp\":\"2025-10-31T15:30:00.250Z\","
        "\"data\":{\"id\":\"bk_1\",\"b\":75.5}}");
    assert_null(partner_standard.scheme);
    assert_null(partner_standard.shapes);
}

/* The specification's own vector, whose id is not one of ours. */
static void test_standard_vector(void **state)
{
    for (size_t at = 0; at < COUNT(standard_vectors); at++) {
        struct parts parts = body_parts(standard_vectors[at].body);
        parts.id = standard_vectors[at].id;
        parts.timestamp = standard_vectors[at].timestamp;
        assert_string_equal(signature(*state, &scheme_standard, standard_vectors[at].secret, parts),
                            standard_vectors[at].signature);
        assert_string_equal(signature(*state, &scheme_svix, standard_vectors[at].secret, parts),
                            standard_vectors[at].signature);
    }
}

#define HEAD "webhook-id: evt_00000000000000000000000001\r\nwebhook-timestamp: 1761924600\r\n"

/* Signatures over `evt_….1761924600.{}`, computed with Python's hmac. */
static void test_standard_headers(void **state)
{
    static const char whsec[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    static const char raw[] = "plain secret", broken[] = "whsec_broken!";

    assert_string_equal(
        headers(*state, &partner_standard, (struct partner_secrets){ whsec, NULL, NULL }, "{}"),
        HEAD "webhook-signature: v1,92Touy8jhYtOc1hmUfWtc49HEYWRJ9sGunA2ds/M/Zc=\r\n");
    assert_string_equal(headers(*state, &partner_standard, (struct partner_secrets){ raw, NULL, NULL }, "{}"),
                        HEAD "webhook-signature: v1,Au4zsx25lew8p96xNUBpnKZNK4HXIWehg1jnlAMzuLk=\r\n");
    assert_string_equal(
        headers(*state, &partner_standard, (struct partner_secrets){ broken, NULL, NULL }, "{}"),
        HEAD "webhook-signature: v1,Itb619J3SWAQa0WY9bFSfG1BMYe+P8dxfXtZYnJmrLw=\r\n");
    assert_string_equal(
        headers(*state, &partner_clientpass, (struct partner_secrets){ raw, whsec, NULL }, "{}"),
        HEAD "webhook-signature: v1,Au4zsx25lew8p96xNUBpnKZNK4HXIWehg1jnlAMzuLk= "
             "v1,92Touy8jhYtOc1hmUfWtc49HEYWRJ9sGunA2ds/M/Zc=\r\n");
    assert_string_equal(headers(*state, &partner_null, (struct partner_secrets){ whsec, NULL, NULL }, "{}"),
                        HEAD);
}

/* Each signature computed with Python's hmac; one secret at a time where the header holds one. */
static void test_more_families(void **state)
{
    static const char whsec[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    struct partner_secrets with = { "plain secret", whsec, "github svix" };

    assert_string_equal(
        headers(*state, &partner_bookme, with, "{}"), HEAD
        "webhook-signature: v1,Au4zsx25lew8p96xNUBpnKZNK4HXIWehg1jnlAMzuLk= "
        "v1,92Touy8jhYtOc1hmUfWtc49HEYWRJ9sGunA2ds/M/Zc=\r\n"
        "X-BookMe-Signature: sha256=10589cf757694ca4996237788983dc6073c50061cbcae8a755043eeeba984ecd\r\n"
        "svix-id: evt_00000000000000000000000001\r\nsvix-timestamp: 1761924600\r\n"
        "svix-signature: v1,Au4zsx25lew8p96xNUBpnKZNK4HXIWehg1jnlAMzuLk= "
        "v1,92Touy8jhYtOc1hmUfWtc49HEYWRJ9sGunA2ds/M/Zc=\r\n"
        "X-Hub-Signature-256: sha256=10589cf757694ca4996237788983dc6073c50061cbcae8a755043eeeba984ecd\r\n");
    with.families = "";
    assert_null(strstr(headers(*state, &partner_bookme, with, "{}"), "svix"));
    with.families = "svixx git";
    assert_null(strstr(headers(*state, &partner_bookme, with, "{}"), "svix"));
    assert_null(strstr(headers(*state, &partner_bookme, with, "{}"), "Hub"));
}

/* ---- all of them ---- */

static void test_null_body(void **state)
{
    assert_string_equal(envelope(*state, &partner_null, "booking.created", "{\"id\":1}"), "{}");
}

static void test_find(void **state)
{
    (void)state;
    assert_ptr_equal(partner_find("standard"), &partner_standard);
    assert_ptr_equal(partner_find("clientpass"), &partner_clientpass);
    assert_ptr_equal(partner_find("booking-api"), &partner_booking_api);
    assert_ptr_equal(partner_find("therapy"), &partner_therapy);
    assert_ptr_equal(partner_find("bookme"), &partner_bookme);
    assert_ptr_equal(partner_find("pushpress"), &partner_pushpress);
    assert_ptr_equal(partner_find("null"), &partner_null);
    assert_null(partner_find(""));
    assert_null(partner_find("Standard"));
    for (size_t at = 0; partner_choices[at]; at++) {
        assert_non_null(partner_find(partner_choices[at]));
        assert_ptr_not_equal(partner_find(partner_choices[at]), &partner_null);
    }
}

static void test_new_secrets(void **state)
{
    for (size_t at = 0; partners[at]; at++) {
        struct partner_secret one = partner_secret(*state, partners[at], NULL);

        assert_string_not_equal(one.raw, partner_secret(*state, partners[at], NULL).raw);
        assert_true(strlen(one.raw) >= 38);
        assert_null(partner_secret_problem(*state, partners[at], one.raw));
        if (partners[at] != &partner_therapy)
            assert_ptr_equal(one.stored, one.raw);
    }
}

static void test_secret_of_therapy(void **state)
{
    struct partner_secret secret = partner_secret(*state, &partner_therapy, "sk_live_0123456789abcd1234");

    assert_string_equal(secret.raw, "sk_live_0123456789abcd1234");
    assert_string_equal(secret.display_key, "sk_live_abcd1234");
    assert_string_equal(partner_secret(*state, &partner_therapy, "abc").stored,
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_null(partner_secret(*state, &partner_therapy, "abc").display_key);
    assert_null(partner_secret(*state, &partner_standard, "sk_live_0123456789abcd1234").display_key);
}

static void test_own_secrets(void **state)
{
    static const char *const good[] = { "a-plain-secret-of-mine", "sixteen-is-enoug",
                                        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" };
    static const char *const bad[] = {
        "whsec_",
        "whsec_c2hvcnQ=",
        "whsec_not*base64*at*all*not*base64*",
        "whsec_QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB"
        "QUFBQUFBQUFBQUFBQUFBQUFBQUFB",
    };

    for (size_t at = 0; partners[at]; at++) {
        bool own = partners[at]->scheme != NULL;

        for (size_t i = 0; i < sizeof good / sizeof *good; i++)
            assert_null(partner_secret_problem(*state, partners[at], good[i]));
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
            assert_non_null(partner_secret_problem(*state, partners[at], bad[i]));
        assert_true(own == !partner_secret_problem(*state, partners[at], "eight-is"));
        assert_true(own == !partner_secret_problem(*state, partners[at], "but-fifteen-not"));
        assert_non_null(partner_secret_problem(*state, partners[at], "seven-7"));
    }
}

/* Every name that an endpoint may ask for is one that signs. */
static void test_families(void **state)
{
    const struct scheme *schemes[PARTNER_SCHEMES_MAX];

    (void)state;
    for (size_t at = 0; partner_families[at]; at++)
        assert_int_equal(partner_schemes(&partner_standard, partner_families[at], schemes), 2);
}

static void check_schedule(const struct partner *partner, const int *seconds, int count)
{
    assert_int_equal(partner_retry_delay(partner, 1), 0);
    for (int number = 1; number <= count; number++) {
        int64_t wanted = (int64_t)seconds[number - 1] * 1000, least = INT64_MAX, most = -1;
        for (int round = 0; round < 500; round++) {
            int64_t delay = partner_retry_delay(partner, number);
            least = delay < least ? delay : least;
            most = delay > most ? delay : most;
        }
        assert_true(least >= wanted - wanted / 10 && most <= wanted + wanted / 10);
        if (wanted > 0) /* it does jitter, to both sides */
            assert_true(least < wanted && most > wanted);
    }
    assert_int_equal(partner_retry_delay(partner, count + 1), -1);
    assert_int_equal(partner_retry_delay(partner, count + 2), -1);
    assert_int_equal(partner_retry_delay(partner, 1000000), -1);
    assert_int_equal(partner_retry_delay(partner, 0), -1);
    assert_int_equal(partner_retry_delay(partner, -1), -1);
}

static void test_schedules(void **state)
{
    static const int standard[] = { 0, 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400 };
    static const int bookme[] = { 0, 60, 300, 900, 3600, 21600, 86400 };

    static const int booking_api[] = { 0, 60, 300 };
    static const int therapy[] = { 0, 60, 120, 240, 480, 960, 1920 };

    (void)state;
    check_schedule(&partner_clientpass, standard, (int)COUNT(standard));
    check_schedule(&partner_booking_api, booking_api, (int)COUNT(booking_api));
    check_schedule(&partner_therapy, therapy, (int)COUNT(therapy));
    check_schedule(&partner_pushpress, standard, (int)COUNT(standard));
    check_schedule(&partner_standard, standard, (int)COUNT(standard));
    check_schedule(&partner_bookme, bookme, (int)COUNT(bookme));
    assert_int_equal(partner_standard.timeout_seconds, 15);
    assert_int_equal(partner_clientpass.timeout_seconds, 15);
    assert_int_equal(partner_booking_api.timeout_seconds, 10);
    assert_int_equal(partner_therapy.timeout_seconds, 5);
    assert_int_equal(partner_bookme.timeout_seconds, 30);
    assert_int_equal(partner_pushpress.timeout_seconds, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_bookme_bodies, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bookme_projects_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bookme_empty_data, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bookme_wall_clock, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bookme_prices, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bookme_vectors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_standard_body, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_standard_vector, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_standard_headers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_more_families, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_null_body, set_up, tear_down),
        cmocka_unit_test(test_find),
        cmocka_unit_test_setup_teardown(test_new_secrets, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_secret_of_therapy, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_own_secrets, set_up, tear_down),
        cmocka_unit_test(test_families),
        cmocka_unit_test(test_schedules),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
