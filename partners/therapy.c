/*
 * therapy: the format of the therapy booking automation. Amounts are major units, times of sessions have no
 * fraction. The signature stands in the body and covers `data` alone; its key is the text of the key hash, so
 * that the raw key is never kept: who holds it can make the hash and verify.
 *
 * `id` is the event's and `data` the same at every attempt; `timestamp` and `signature` are of the attempt.
 */
#include "base/crypto.h"
#include "partners/partner.h"
#include "partners/project.h"

enum { DATA_LIMIT = 32 * 1024 * 1024, DISPLAYED = 8 /* last characters of a key */ };

static const int retry_seconds[] = { 0, 60, 120, 240, 480, 960, 1920, -1 };

static const char *const person[] = { "id", "name", "email", NULL };

static void set_people(struct json_object *to, struct json_object *data, const char *client)
{
    json_set(to, "client", project_pick(json_get(data, client), person));
    json_set(to, "therapist", project_pick(json_get(data, "staff"), person));
}

static void set_session(struct json_object *to, struct json_object *data)
{
    project_time(to, "scheduledAt", data, "startsAt");
    project_as(to, "durationMinutes", data, "duration");
    project_copy(to, "amount", json_get(data, "price"));
    project_copy(to, "currency", json_get(data, "price"));
}

static struct json_object *booking_created(struct pool *pool, struct json_object *data)
{
    struct json_object *shown = json_new_object(pool);

    project_as(shown, "bookingId", data, "id");
    project_as(shown, "isGuestBooking", data, "isGuest");
    set_people(shown, data, "customer");
    set_session(shown, data);
    project_as(shown, "paymentMethod", json_get(data, "payment"), "method");
    return shown;
}

static struct json_object *payment_verified(struct pool *pool, struct json_object *data)
{
    struct json_object *payment = json_get(data, "payment"), *shown = json_new_object(pool);

    project_as(shown, "bookingId", data, "id");
    set_people(shown, data, "customer");
    set_session(shown, data);
    project_as(shown, "paymentProvider", payment, "provider");
    project_as(shown, "paymentReference", payment, "reference");
    project_copy(shown, "secureCallLink", data);
    return shown;
}

static void set_length(struct json_object *to, struct json_object *data)
{
    instant starts_at, ends_at;

    if (project_instant(data, "startsAt", &starts_at) && project_instant(data, "endsAt", &ends_at))
        json_set_int(to, "durationMinutes", (ends_at - starts_at) / CLOCK_MINUTE);
    else
        json_set(to, "durationMinutes", NULL);
}

static struct json_object *reminder(struct pool *pool, struct json_object *data)
{
    struct json_object *shown = json_new_object(pool);

    project_copy(shown, "bookingId", data);
    project_copy(shown, "reminderType", data);
    project_copy(shown, "reminderLabel", data);
    set_people(shown, data, "client");
    project_time(shown, "scheduledAt", data, "startsAt");
    set_length(shown, data);
    project_copy(shown, "secureCallLink", data);
    project_copy(shown, "roomId", data);
    project_copy(shown, "timeUntilSession", data);
    return shown;
}

static const struct partner_shape shapes[] = { { "booking.created", .project = booking_created },
                                               { "booking.payment_verified", .project = payment_verified },
                                               { "booking.reminder", .project = reminder },
                                               { 0 } };

static const struct scheme scheme = {
    .name = "therapy",
    .pattern = "{event}.{timestamp}.{data}",
    .prefix = "",
    .full_time = true,
    .key_doc = "the text of `keyHash`: the 64 lower-case hex characters of the raw API key's SHA-256, not "
               "the bytes that they stand for",
};

static void envelope(struct pool *pool, const struct partner_event *event, struct partner_secrets secrets,
                     instant attempt_at, struct buf *body)
{
    char uuid[37];
    struct buf data;
    struct parts parts = { .event = event->type, .timestamp = scheme_timestamp(pool, &scheme, attempt_at) };

    buf_init(&data, pool, DATA_LIMIT);
    partner_data(pool, &partner_therapy, event, &data);
    parts.data = data.data;
    parts.data_length = data.length;
    buf_printf(body, "{\"id\":\"%s\",\"event\":\"%s\",\"timestamp\":\"%s\",\"data\":",
               id_format_uuid(uuid, event->id), parts.event, parts.timestamp);
    buf_add(body, data.data, data.length);
    buf_printf(body, ",\"signature\":\"%s\"}", scheme_sign(pool, &scheme, secrets.current, &parts));
}

static const char *key_hash(struct pool *pool, const char *raw)
{
    uint8_t digest[SHA256_SIZE];

    crypto_sha256(raw, strlen(raw), digest);
    return crypto_hex(pool, digest, sizeof digest);
}

static const char *display_key(struct pool *pool, const char *raw)
{
    size_t length = strlen(raw);

    return length < 2 * DISPLAYED ? NULL : pool_printf(pool, "sk_live_%s", raw + length - DISPLAYED);
}

const struct partner partner_therapy = {
    .name = "therapy",
    .doc = "Therapy booking: `{id, event, timestamp, data, signature}`; the signature is over `data`, with "
           "the hash of the key.",
    .shapes = shapes,
    .timeout_seconds = 5,
    .retry_seconds = retry_seconds,
    .rate_limit = 1000,
    .envelope = envelope,
    .scheme = &scheme,
    .new_secret = crypto_api_key,
    .stored_secret = key_hash,
    .display_key = display_key,
};
