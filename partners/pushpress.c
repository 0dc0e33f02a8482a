/*
 * pushpress: the format of the PushPress platform, version 3. It has a `webhook-signature` of its own: hex,
 * over `data` as JSON.stringify writes it, with one secret at a time.
 *
 * Its clients check that an appointment's ids are texts, and refuse the whole message where one is null. So a
 * guest, who is on no customer's file, appears under the booking's own id: unlike an empty text it never
 * makes two guests one customer, and who looks it up among the customers is told that there is none.
 */
#include "base/crypto.h"
#include "partners/partner.h"
#include "partners/project.h"

enum { SECRET_BYTES = 32 };

static const struct scheme scheme = {
    .name = "pushpress",
    .header = "webhook-signature",
    .pattern = "{data}",
    .prefix = "",
    .key_doc = "the signing secret's own bytes as text",
};

/* There is no late-cancel window to judge by: late is who cancels once it has begun. */
static bool is_late(struct json_object *data)
{
    instant starts_at, cancelled_at;

    return project_instant(data, "startsAt", &starts_at) &&
           project_instant(data, "cancelledAt", &cancelled_at) && cancelled_at >= starts_at;
}

static struct json_object *appointment(struct pool *pool, struct json_object *data)
{
    struct json_object *shown = json_new_object(pool), *type = json_object_new_object();
    struct json_object *customer = json_get(json_get(data, "customer"), "id");
    instant starts_at;

    project_copy(shown, "id", data);
    project_as(shown, "companyId", json_get(data, "company"), "id");
    json_set(shown, "customerId", json_object_get(customer ? customer : json_get(data, "id")));
    project_as(shown, "staffId", json_get(data, "staff"), "id");
    project_copy(type, "name", json_get(data, "service"));
    json_set(shown, "type", type);
    if (project_instant(data, "startsAt", &starts_at))
        json_set_int(shown, "startTimestamp", starts_at / CLOCK_SECOND);
    else
        json_set(shown, "startTimestamp", NULL);
    json_set_bool(shown, "isLateCancel", is_late(data));
    return shown;
}

/* All but appointments are stored as PushPress shows them. */
static const struct partner_shape shapes[] = {
    { "booking.created", "appointment.scheduled", NULL, appointment },
    { "booking.rescheduled", "appointment.rescheduled", NULL, appointment },
    { "booking.no_show", "appointment.noshowed", NULL, appointment },
    { "booking.cancelled", "appointment.canceled", NULL, appointment },
    { "checkin.created" },
    { "checkin.updated" },
    { "checkin.deleted" },
    { "checkin.failed" },
    { "class.canceled" },
    { "customer.created" },
    { "customer.details.changed" },
    { "customer.status.changed" },
    { "customer.deleted" },
    { "enrollment.created" },
    { "enrollment.status.changed" },
    { "enrollment.deleted" },
    { "reservation.created" },
    { "reservation.waitlisted" },
    { "reservation.canceled" },
    { "reservation.noshowed" },
    { "memberapp.updated" },
    { "app.installed" },
    { "app.uninstalled" },
    { 0 }
};

static void envelope(struct pool *pool, const struct partner_event *event, struct partner_secrets secrets,
                     instant attempt_at, struct buf *body)
{
    (void)secrets, (void)attempt_at;
    buf_printf(body, "{\"event\":\"%s\",\"created\":%lld,\"data\":",
               partner_event_name(&partner_pushpress, event->type), (long long)event->created_at);
    partner_data(pool, &partner_pushpress, event, body);
    buf_add_char(body, '}');
}

static char *new_secret(struct pool *pool)
{
    uint8_t bytes[SECRET_BYTES];

    crypto_random(bytes, sizeof bytes);
    return crypto_hex(pool, bytes, sizeof bytes);
}

const struct partner partner_pushpress = {
    .name = "pushpress",
    .doc = "PushPress: `{event, created, data}`, signed in hex over `data` in `webhook-signature`.",
    .shapes = shapes,
    .timeout_seconds = 10,
    .retry_seconds = partner_standard_schedule,
    .apart = "app.",
    .envelope = envelope,
    .scheme = &scheme,
    .owns_signature = true,
    .new_secret = new_secret,
};
