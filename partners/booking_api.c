/*
 * booking-api: the format of the Booking API overview. Members in snake case, times without a fraction,
 * three attempts; it names no signature, so those of the Standard Webhooks headers stand alone.
 */
#include "core/crypto.h"
#include "partners/partner.h"
#include "partners/project.h"

static const int retry_seconds[] = { 0, 60, 300, -1 };

static const char *const events[] = { "booking.created",   "booking.confirmed",   "booking.cancelled",
                                      "booking.completed", "booking.rescheduled", NULL };

static struct json_object *booking(struct pool *pool, const struct partner_event *event)
{
    static const char *const customer[] = { "email", "name", NULL };
    struct json_object *data = event->data, *booking = json_new_object(pool);

    project_copy(booking, "id", data);
    project_as(booking, "service", json_get(data, "service"), "slug");
    project_copy(booking, "duration", data);
    project_time(booking, "scheduled_at", data, "startsAt");
    json_set(booking, "customer", project_pick(json_get(data, "customer"), customer));
    if (strcmp(event->type, "booking.cancelled") == 0)
        project_as(booking, "reason", data, "cancellationReason");
    if (strcmp(event->type, "booking.rescheduled") == 0)
        project_time(booking, "previous_scheduled_at", data, "previousStartsAt");
    return booking;
}

static void write_data(struct pool *pool, const struct partner_event *event, struct buf *out)
{
    for (const char *const *known = events; *known; known++) {
        if (strcmp(*known, event->type) == 0) {
            json_write(out, booking(pool, event));
            return;
        }
    }
    buf_add_text(out, event->data_text);
}

static void envelope(struct pool *pool, const struct partner_event *event, struct partner_secrets secrets,
                     instant attempt_at, struct buf *body)
{
    (void)secrets, (void)attempt_at;
    buf_printf(body, "{\"event\":\"%s\",\"data\":", event->type);
    write_data(pool, event, body);
    buf_add_char(body, '}');
}

const struct partner partner_booking_api = {
    .name = "booking-api",
    .doc = "Booking API: `{event, data}` in snake case, signed in `webhook-signature` as standard is.",
    .events = events,
    .timeout_seconds = 10,
    .retry_seconds = retry_seconds,
    .data = write_data,
    .envelope = envelope,
    .new_secret = crypto_webhook_secret,
};
