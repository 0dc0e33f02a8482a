/*
 * bookme: the format of the BookMe platform. Amounts are minor units, times have no fraction, dates and
 * hours are the business's wall clock. The signature is over the body alone, with one secret at a time.
 */
#include "base/crypto.h"
#include "base/money.h"
#include "base/zone.h"
#include "partners/partner.h"
#include "partners/project.h"

static const int retry_seconds[] = { 0, 60, 300, 900, 3600, 21600, 86400, -1 };

/* ---- parts of the projections ---- */

static void set_price(struct json_object *to, struct json_object *price)
{
    struct json_object *amount = json_get(price, "amount");
    const char *currency = json_get_text(price, "currency");
    int64_t minor;

    if (amount && currency && money_from_major(&minor, json_object_get_double(amount), currency))
        json_set_int(to, "price", minor);
    else
        json_set_text(to, "price", NULL);
}

static const struct zone *business_zone(struct json_object *data)
{
    const char *name = json_get_text(json_get(data, "company"), "timeZone");
    const struct zone *zone = name ? zone_find(name) : NULL;

    return zone ? zone : zone_find("UTC");
}

/* Sets the wall clock's `HH:MM` of one of the snapshot's times and, where asked, its date before it. */
static void set_wall(struct json_object *to, const char *date_name, const char *time_name,
                     struct json_object *data, const char *source)
{
    char date[CLOCK_TEXT_SIZE], hours[8];
    struct wall wall;
    instant time;

    if (!project_instant(data, source, &time)) {
        if (date_name)
            json_set_text(to, date_name, NULL);
        json_set_text(to, time_name, NULL);
        return;
    }
    wall = zone_to_wall(business_zone(data), time);
    snprintf(hours, sizeof hours, "%02d:%02d", wall.minute / 60 % 24, wall.minute % 60);
    if (date_name)
        json_set_text(to, date_name, date_format(date, wall.date));
    json_set_text(to, time_name, hours);
}

/* ---- bookings ---- */

static struct json_object *booked_service(struct json_object *data)
{
    static const char *const members[] = { "id", "name", NULL };
    struct json_object *service = project_pick(json_get(data, "service"), members);

    if (!service)
        return NULL;
    project_copy(service, "duration", data);
    set_price(service, json_get(data, "price"));
    return service;
}

static struct json_object *appointment_created(struct pool *pool, struct json_object *data)
{
    static const char *const business[] = { "id", "name", "slug", NULL };
    static const char *const customer[] = { "name", "email", "phone", NULL };
    struct json_object *appointment = json_new_object(pool);

    project_copy(appointment, "id", data);
    project_copy(appointment, "confirmationNumber", data);
    json_set(appointment, "business", project_pick(json_get(data, "company"), business));
    json_set(appointment, "service", booked_service(data));
    json_set(appointment, "customer", project_pick(json_get(data, "customer"), customer));
    set_wall(appointment, "appointmentDate", "startTime", data, "startsAt");
    set_wall(appointment, NULL, "endTime", data, "endsAt");
    project_copy(appointment, "status", data);
    project_copy(appointment, "notes", data);
    project_time(appointment, "createdAt", data, "createdAt");
    return appointment;
}

static struct json_object *appointment_moved(struct pool *pool, struct json_object *data, const char *moment)
{
    struct json_object *appointment = json_new_object(pool);

    project_copy(appointment, "id", data);
    project_copy(appointment, "confirmationNumber", data);
    project_copy(appointment, "status", data);
    project_time(appointment, moment, data, moment);
    return appointment;
}

static struct json_object *appointment_confirmed(struct pool *pool, struct json_object *data)
{
    return appointment_moved(pool, data, "confirmedAt");
}

static struct json_object *appointment_completed(struct pool *pool, struct json_object *data)
{
    return appointment_moved(pool, data, "completedAt");
}

static struct json_object *appointment_cancelled(struct pool *pool, struct json_object *data)
{
    struct json_object *appointment = appointment_moved(pool, data, "cancelledAt");

    project_copy(appointment, "cancellationReason", data);
    project_copy(appointment, "cancelledBy", data);
    return appointment;
}

/* ---- businesses and services ---- */

static struct json_object *business_created(struct pool *pool, struct json_object *data)
{
    static const char *const owner[] = { "id", "email", NULL };
    struct json_object *business = json_new_object(pool);

    project_copy(business, "id", data);
    project_copy(business, "name", data);
    project_copy(business, "slug", data);
    project_copy(business, "category", data);
    json_set(business, "owner", project_pick(json_get(data, "owner"), owner));
    project_time(business, "createdAt", data, "createdAt");
    return business;
}

static struct json_object *business_updated(struct pool *pool, struct json_object *data)
{
    struct json_object *business = json_new_object(pool);

    project_copy(business, "id", data);
    project_copy(business, "updatedFields", data);
    project_time(business, "updatedAt", data, "updatedAt");
    return business;
}

static struct json_object *service_of_business(struct pool *pool, struct json_object *data)
{
    struct json_object *service = json_new_object(pool);

    project_copy(service, "id", data);
    json_set(service, "businessId", json_object_get(json_get(json_get(data, "company"), "id")));
    return service;
}

static struct json_object *service_created(struct pool *pool, struct json_object *data)
{
    struct json_object *service = service_of_business(pool, data);

    project_copy(service, "name", data);
    project_copy(service, "duration", data);
    set_price(service, json_get(data, "price"));
    project_time(service, "createdAt", data, "createdAt");
    return service;
}

static struct json_object *service_updated(struct pool *pool, struct json_object *data)
{
    struct json_object *service = service_of_business(pool, data);

    project_copy(service, "updatedFields", data);
    project_time(service, "updatedAt", data, "updatedAt");
    return service;
}

/* ---- the format ---- */

static const struct partner_shape shapes[] = {
    { "booking.created", NULL, "appointment", appointment_created },
    { "booking.confirmed", NULL, "appointment", appointment_confirmed },
    { "booking.cancelled", NULL, "appointment", appointment_cancelled },
    { "booking.completed", NULL, "appointment", appointment_completed },
    { "business.created", NULL, "business", business_created },
    { "business.updated", NULL, "business", business_updated },
    { "service.created", NULL, "service", service_created },
    { "service.updated", NULL, "service", service_updated },
    { 0 }
};

static const struct scheme scheme = {
    .name = "bookme",
    .header = "X-BookMe-Signature",
    .pattern = "{body}",
    .prefix = "sha256=",
    .key_doc = "the secret's own bytes as text, with `whsec_` where it begins so",
};

static void envelope(struct pool *pool, const struct partner_event *event, struct partner_secrets secrets,
                     instant attempt_at, struct buf *body)
{
    char timestamp[CLOCK_TEXT_SIZE];

    (void)secrets, (void)attempt_at;
    buf_printf(body, "{\"event\":\"%s\",\"timestamp\":\"%s\",\"data\":", event->type,
               clock_format_seconds(timestamp, event->created_at));
    partner_data(pool, &partner_bookme, event, body);
    buf_add_char(body, '}');
}

const struct partner partner_bookme = {
    .name = "bookme",
    .doc = "BookMe: `{event, timestamp, data: {appointment|business|service}}`, signed in "
           "`X-BookMe-Signature`.",
    .shapes = shapes,
    .timeout_seconds = 30,
    .retry_seconds = retry_seconds,
    .envelope = envelope,
    .scheme = &scheme,
    /* The same shape as everywhere, so that a library of the Standard Webhooks family takes it too. */
    .new_secret = crypto_webhook_secret,
};
