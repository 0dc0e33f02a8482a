/*
 * bookme: the format of the BookMe platform. Amounts are minor units, times have no fraction, dates and
 * hours are the business's wall clock. The signature is over the body alone, with one secret at a time.
 */
#include "core/crypto.h"
#include "core/money.h"
#include "core/zone.h"
#include "partners/partner.h"

static const int retry_seconds[] = { 0, 60, 300, 900, 3600, 21600, 86400, -1 };

/* ---- parts of the projections ---- */

/* Copies a member of the snapshot as it is; null when the snapshot has none. */
static void copy(struct json_object *to, const char *name, struct json_object *from)
{
    json_set(to, name, json_object_get(json_get(from, name)));
}

/* The same for a time, which loses its fraction. */
static void copy_time(struct json_object *to, const char *name, struct json_object *from)
{
    const char *text = json_get_text(from, name);
    char seconds[CLOCK_TEXT_SIZE];
    instant time;

    if (text && clock_parse(&time, text, strlen(text)))
        json_set_text(to, name, clock_format_seconds(seconds, time));
    else
        json_set_text(to, name, NULL);
}

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

/* A new object that holds only the named members; NULL when there is nothing to take them from. */
static struct json_object *pick(struct json_object *from, const char *const *names)
{
    struct json_object *picked;

    if (!from)
        return NULL;
    picked = json_object_new_object();
    for (; *names; names++)
        copy(picked, *names, from);
    return picked;
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
    const char *text = json_get_text(data, source);
    char date[CLOCK_TEXT_SIZE], hours[8];
    struct wall wall;
    instant time;

    if (!text || !clock_parse(&time, text, strlen(text))) {
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
    struct json_object *service = pick(json_get(data, "service"), members);

    if (!service)
        return NULL;
    copy(service, "duration", data);
    set_price(service, json_get(data, "price"));
    return service;
}

static struct json_object *appointment_created(struct pool *pool, struct json_object *data)
{
    static const char *const business[] = { "id", "name", "slug", NULL };
    static const char *const customer[] = { "name", "email", "phone", NULL };
    struct json_object *appointment = json_new_object(pool);

    copy(appointment, "id", data);
    copy(appointment, "confirmationNumber", data);
    json_set(appointment, "business", pick(json_get(data, "company"), business));
    json_set(appointment, "service", booked_service(data));
    json_set(appointment, "customer", pick(json_get(data, "customer"), customer));
    set_wall(appointment, "appointmentDate", "startTime", data, "startsAt");
    set_wall(appointment, NULL, "endTime", data, "endsAt");
    copy(appointment, "status", data);
    copy(appointment, "notes", data);
    copy_time(appointment, "createdAt", data);
    return appointment;
}

static struct json_object *appointment_moved(struct pool *pool, struct json_object *data, const char *moment)
{
    struct json_object *appointment = json_new_object(pool);

    copy(appointment, "id", data);
    copy(appointment, "confirmationNumber", data);
    copy(appointment, "status", data);
    copy_time(appointment, moment, data);
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

    copy(appointment, "cancellationReason", data);
    copy(appointment, "cancelledBy", data);
    return appointment;
}

/* ---- businesses and services ---- */

static struct json_object *business_created(struct pool *pool, struct json_object *data)
{
    static const char *const owner[] = { "id", "email", NULL };
    struct json_object *business = json_new_object(pool);

    copy(business, "id", data);
    copy(business, "name", data);
    copy(business, "slug", data);
    copy(business, "category", data);
    json_set(business, "owner", pick(json_get(data, "owner"), owner));
    copy_time(business, "createdAt", data);
    return business;
}

static struct json_object *business_updated(struct pool *pool, struct json_object *data)
{
    struct json_object *business = json_new_object(pool);

    copy(business, "id", data);
    copy(business, "updatedFields", data);
    copy_time(business, "updatedAt", data);
    return business;
}

static struct json_object *service_of_business(struct pool *pool, struct json_object *data)
{
    struct json_object *service = json_new_object(pool);

    copy(service, "id", data);
    json_set(service, "businessId", json_object_get(json_get(json_get(data, "company"), "id")));
    return service;
}

static struct json_object *service_created(struct pool *pool, struct json_object *data)
{
    struct json_object *service = service_of_business(pool, data);

    copy(service, "name", data);
    copy(service, "duration", data);
    set_price(service, json_get(data, "price"));
    copy_time(service, "createdAt", data);
    return service;
}

static struct json_object *service_updated(struct pool *pool, struct json_object *data)
{
    struct json_object *service = service_of_business(pool, data);

    copy(service, "updatedFields", data);
    copy_time(service, "updatedAt", data);
    return service;
}

/* ---- the format ---- */

static const char *const events[] = { "booking.created",   "booking.confirmed", "booking.cancelled",
                                      "booking.completed", "business.created",  "business.updated",
                                      "service.created",   "service.updated",   NULL };

static const struct {
    const char *event;
    const char *member;
    struct json_object *(*project)(struct pool *pool, struct json_object *data);
} shapes[] = {
    { "booking.created", "appointment", appointment_created },
    { "booking.confirmed", "appointment", appointment_confirmed },
    { "booking.cancelled", "appointment", appointment_cancelled },
    { "booking.completed", "appointment", appointment_completed },
    { "business.created", "business", business_created },
    { "business.updated", "business", business_updated },
    { "service.created", "service", service_created },
    { "service.updated", "service", service_updated },
};

static void add_data(struct pool *pool, const struct partner_event *event, struct buf *body)
{
    for (size_t at = 0; at < sizeof shapes / sizeof *shapes; at++) {
        if (strcmp(shapes[at].event, event->type) == 0) {
            buf_printf(body, "{\"%s\":", shapes[at].member);
            json_write(body, shapes[at].project(pool, event->data));
            buf_add_char(body, '}');
            return;
        }
    }
    buf_add_text(body, event->data_text);
}

static void envelope(struct pool *pool, const struct partner_event *event, struct partner_secrets secrets,
                     instant attempt_at, struct buf *body)
{
    char timestamp[CLOCK_TEXT_SIZE];

    (void)secrets, (void)attempt_at;
    buf_printf(body, "{\"event\":\"%s\",\"timestamp\":\"%s\",\"data\":", event->type,
               clock_format_seconds(timestamp, event->created_at));
    add_data(pool, event, body);
    buf_add_char(body, '}');
}

static void sign(struct pool *pool, const struct partner_event *event, struct partner_secrets secrets,
                 instant attempt_at, const char *body, size_t length, struct buf *headers)
{
    uint8_t digest[SHA256_SIZE];

    (void)event, (void)attempt_at;
    crypto_hmac_sha256(secrets.current, strlen(secrets.current), body, length, digest);
    buf_printf(headers, "X-BookMe-Signature: sha256=%s\r\n", crypto_hex(pool, digest, sizeof digest));
}

const struct partner partner_bookme = {
    .name = "bookme",
    .doc = "BookMe: `{event, timestamp, data: {appointment|business|service}}`, signed in "
           "`X-BookMe-Signature`.",
    .events = events,
    .timeout_seconds = 30,
    .retry_seconds = retry_seconds,
    .envelope = envelope,
    .sign = sign,
    /* The same shape as everywhere, so that a library of the Standard Webhooks family takes it too. */
    .new_secret = crypto_webhook_secret,
};
