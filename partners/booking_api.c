/*
 * booking-api: the format of the Booking API overview. Members in snake case, times without a fraction,
 * three attempts; it names no signature, so those of the Standard Webhooks headers stand alone.
 */
#include "base/crypto.h"
#include "partners/partner.h"
#include "partners/project.h"

static const int retry_seconds[] = { 0, 60, 300, -1 };

static struct json_object *booking(struct pool *pool, struct json_object *data)
{
    static const char *const customer[] = { "email", "name", NULL };
    struct json_object *booking = json_new_object(pool);

    project_copy(booking, "id", data);
    project_as(booking, "service", json_get(data, "service"), "slug");
    project_copy(booking, "duration", data);
    project_time(booking, "scheduled_at", data, "startsAt");
    json_set(booking, "customer", project_pick(json_get(data, "customer"), customer));
    return booking;
}

static struct json_object *cancelled(struct pool *pool, struct json_object *data)
{
    struct json_object *shown = booking(pool, data);

    project_as(shown, "reason", data, "cancellationReason");
    return shown;
}

static struct json_object *rescheduled(struct pool *pool, struct json_object *data)
{
    struct json_object *shown = booking(pool, data);

    project_time(shown, "previous_scheduled_at", data, "previousStartsAt");
    return shown;
}

static const struct partner_shape shapes[] = {
    { "booking.created", .project = booking },         { "booking.confirmed", .project = booking },
    { "booking.cancelled", .project = cancelled },     { "booking.completed", .project = booking },
    { "booking.rescheduled", .project = rescheduled }, { 0 }
};

static void envelope(struct pool *pool, const struct partner_event *event, struct partner_secrets secrets,
                     instant attempt_at, struct buf *body)
{
    (void)secrets, (void)attempt_at;
    buf_printf(body, "{\"event\":\"%s\",\"data\":", event->type);
    partner_data(pool, &partner_booking_api, event, body);
    buf_add_char(body, '}');
}

const struct partner partner_booking_api = {
    .name = "booking-api",
    .doc = "Booking API: `{event, data}` in snake case, signed in `webhook-signature` as standard is.",
    .shapes = shapes,
    .timeout_seconds = 10,
    .retry_seconds = retry_seconds,
    .envelope = envelope,
    .new_secret = crypto_webhook_secret,
};
