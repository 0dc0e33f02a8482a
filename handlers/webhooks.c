/* Webhooks: where events are sent, and how that went. */
#include "base/buf.h"
#include "partners/partner.h"
#include "rules/catalogue/event_types.h"
#include "rules/delivery/deliveries.h"
#include "rules/delivery/endpoints.h"
#include "rules/event/events.h"

enum {
    EVENTS_MAX = 64,
    SECRET_MAX = 255,
    RATE_MAX = 1000000,
    RETRIES_MAX = 50,
    FAMILIES_MAX = 2,
    OVERLAP_MAX = 7 * 86400,
    OVERLAP = 86400 /* seconds that both secrets sign after a change */
};

#define SECRET_LENGTH                                                                                        \
    "At least 16 characters; 8 for therapy, bookme and pushpress, which have a scheme of their own; after "  \
    "`whsec_` base64 of 24 to 64 bytes"

static const struct statement EVENT_OF = {
    "SELECT id, event_id FROM deliveries WHERE company_id = ? AND id = ?",
    .in = "uu",
};

/* ---- tables ---- */

static const enum error_code not_found[] = { ERROR_NOT_FOUND, ERROR_NONE };
static const enum error_code full[] = { ERROR_CONFLICT, ERROR_NONE };
static const struct field id_param[] = { { "id", FIELD_ID, .prefix = "whk", .doc = "The endpoint" }, { 0 } };

static const struct field create_in[] = {
    { "url", FIELD_URL, .required = true, .doc = "Where events are posted to; https",
      .example = "\"https://example.com/hooks\"" },
    { "format", FIELD_ENUM, .choices = partner_choices,
      .doc = "Envelope and signature; standard when left out", .example = "\"standard\"" },
    { "events", FIELD_LIST, .element = FIELD_ENUM, .choices = event_type_choices, .required = true, .min = 1,
      .max = EVENTS_MAX, .doc = "Which events it receives; `*` is all of them",
      .example = "[\"booking.created\",\"booking.cancelled\"]" },
    { "name", FIELD_TEXT, .nullable = true, .doc = "What people call it" },
    { "description", FIELD_TEXT, .max = 500, .nullable = true, .doc = "For people" },
    { "notes", FIELD_LINES, .max = 2000, .nullable = true, .doc = "For people, at more length" },
    { "customHeaders", FIELD_JSON, .nullable = true,
      .doc = "Up to 20 header lines that every request carries, name to value; they are never shown again",
      .example = "{\"X-Tenant\":\"7\"}" },
    { "signatures", FIELD_LIST, .element = FIELD_ENUM, .choices = partner_families, .nullable = true,
      .max = FAMILIES_MAX, .doc = "Header families that are sent beside the format's own" },
    { "rateLimit", FIELD_INT, .nullable = true, .min = 1, .max = RATE_MAX,
      .doc = "Deliveries an hour, the others wait; none when left out, 1000 for therapy" },
    { "retryLimit", FIELD_INT, .nullable = true, .min = 1, .max = RETRIES_MAX,
      .doc = "Attempts at most, where the format's schedule has more" },
    { "secret", FIELD_SECRET, .min = PARTNER_SECRET_MIN, .max = SECRET_MAX,
      .doc = "Signs what is sent; a fresh one is made when left out. " SECRET_LENGTH },
    { "active", FIELD_BOOL, .doc = "Whether events are sent; true when left out" },
    { 0 }
};
static const struct field update_in[] = {
    { "url", FIELD_URL,
      .doc = "Where events are posted to; https. Another host does not get the custom headers of the one "
             "before: send them again" },
    { "events", FIELD_LIST, .element = FIELD_ENUM, .choices = event_type_choices, .min = 1, .max = EVENTS_MAX,
      .doc = "Which events it receives, in place of those before" },
    { "name", FIELD_TEXT, .nullable = true, .doc = "What people call it" },
    { "description", FIELD_TEXT, .max = 500, .nullable = true, .doc = "For people" },
    { "notes", FIELD_LINES, .max = 2000, .nullable = true, .doc = "For people, at more length" },
    { "customHeaders", FIELD_JSON, .nullable = true, .doc = "In place of all those before" },
    { "signatures", FIELD_LIST, .element = FIELD_ENUM, .choices = partner_families, .nullable = true,
      .max = FAMILIES_MAX, .doc = "Header families beside the format's own, in place of those before" },
    { "rateLimit", FIELD_INT, .nullable = true, .min = 1, .max = RATE_MAX,
      .doc = "Deliveries an hour; null: as many as there are" },
    { "retryLimit", FIELD_INT, .nullable = true, .min = 1, .max = RETRIES_MAX,
      .doc = "Attempts at most; null: the format's schedule" },
    { "secret", FIELD_SECRET, .min = PARTNER_SECRET_MIN, .max = SECRET_MAX,
      .doc = "A new secret; the one before signs as well for 24 hours, or until the next change of the "
             "secret. " SECRET_LENGTH },
    { "active", FIELD_BOOL, .doc = "False holds deliveries back; true sends what was held" },
    { 0 }
};
static const struct field creator_out[] = {
    { "id", FIELD_TEXT, .required = true, .doc = "A person or an API key" },
    { "name", FIELD_TEXT, .required = true, .doc = "Its name" },
    { "email", FIELD_TEXT, .max = 254, .required = true, .nullable = true, .doc = "A person's" },
    { 0 }
};
static const struct field webhook_out[] = {
    { "id", FIELD_ID, .prefix = "whk", .required = true, .doc = "The endpoint" },
    { "url", FIELD_URL, .required = true, .doc = "Where events are posted to" },
    { "format", FIELD_ENUM, .choices = partner_choices, .required = true, .doc = "Envelope and signature" },
    { "events", FIELD_LIST, .element = FIELD_ENUM, .choices = event_type_choices, .required = true,
      .doc = "Which events it receives" },
    { "name", FIELD_TEXT, .required = true, .nullable = true, .doc = "What people call it" },
    { "description", FIELD_TEXT, .max = 500, .required = true, .nullable = true, .doc = "For people" },
    { "notes", FIELD_LINES, .max = 2000, .required = true, .nullable = true, .doc = "For people" },
    { "customHeaders", FIELD_LIST, .element = FIELD_TEXT, .required = true, .column = "header_names",
      .doc = "Names of the header lines that every request carries; their values are not shown" },
    { "signatures", FIELD_LIST, .element = FIELD_ENUM, .choices = partner_families, .required = true,
      .column = "families", .doc = "Header families beside the format's own" },
    { "rateLimit", FIELD_INT, .required = true, .nullable = true, .doc = "Deliveries an hour" },
    { "retryLimit", FIELD_INT, .required = true, .nullable = true, .doc = "Attempts at most" },
    { "displayKey", FIELD_TEXT, .required = true, .nullable = true,
      .doc = "The end of its key, in formats that call the secret so" },
    { "active", FIELD_BOOL, .required = true, .doc = "Whether events are sent" },
    { "disabledReason", FIELD_TEXT, .required = true, .nullable = true, .doc = "Why it was switched off" },
    { "successCount", FIELD_INT, .required = true, .doc = "Attempts that were taken; tests are not counted" },
    { "failureCount", FIELD_INT, .required = true, .doc = "Attempts that were not; tests are not counted" },
    { "lastStatus", FIELD_INT, .required = true, .nullable = true, .doc = "HTTP status of the last attempt" },
    { "lastAttemptAt", FIELD_TIME, .required = true, .nullable = true, .doc = "When that was" },
    { "lastSuccessAt", FIELD_TIME, .required = true, .nullable = true, .doc = "When one was last taken" },
    { "failingSince", FIELD_TIME, .required = true, .nullable = true,
      .doc = "The first failure since then; null: it works" },
    { "breakerUntil", FIELD_TIME, .required = true, .nullable = true,
      .doc = "It failed so often in a row that nothing but a probe is sent before" },
    { "createdBy", FIELD_OBJECT, .fields = creator_out, .required = true, .nullable = true,
      .column = "creator", .doc = "Who made it" },
    { "createdAt", FIELD_TIME, .required = true, .doc = "When it was made" },
    { "updatedAt", FIELD_TIME, .required = true, .doc = "When it was last changed" },
    { 0 }
};
static const struct field secret_out[] = {
    { "secret", FIELD_SECRET, .required = true, .doc = "Verifies what is sent; shown this once" }, { 0 }
};
static const struct field rotate_in[] = {
    { "secret", FIELD_SECRET, .min = PARTNER_SECRET_MIN, .max = SECRET_MAX,
      .doc = "The new secret; a fresh one is made when left out. " SECRET_LENGTH },
    { "overlapSeconds", FIELD_INT, .min = 0, .max = OVERLAP_MAX,
      .doc = "For how long the one before signs as well; a day when left out" },
    { 0 }
};
static const struct field rotate_out[] = { { "secret", FIELD_TEXT, .max = SECRET_MAX, .required = true,
                                             .doc = "Verifies what is sent; shown this once" },
                                           { 0 } };
static const struct field test_in[] = { { "event", FIELD_ENUM, .choices = event_type_choices + 1,
                                          .doc = "Type of the example event; booking.created when left out" },
                                        { 0 } };
static const struct field test_out[] = {
    { "eventId", FIELD_ID, .prefix = "evt", .required = true, .doc = "The example event" },
    { "deliveryId", FIELD_ID, .prefix = "dlv", .required = true, .doc = "Its way to this endpoint" },
    { 0 }
};

/* ---- helpers ---- */

/* NULL where they were not sent. */
static const char *const *sent_events(struct request *request)
{
    size_t count;
    const struct value *items = input_list(request->body, "events", &count);
    const char **events;

    if (!items)
        return NULL;
    events = pool_array(request->pool, count + 1, sizeof *events);
    for (size_t i = 0; i < count; i++)
        events[i] = items[i].text;
    return events;
}

/* The families, each once, with spaces between. */
static const char *sent_signatures(struct request *request)
{
    size_t count;
    const struct value *items = input_list(request->body, "signatures", &count);
    struct buf words;

    buf_init(&words, request->pool, 256);
    for (size_t i = 0; partner_families[i]; i++)
        for (size_t j = 0; j < count; j++)
            if (strcmp(partner_families[i], items[j].text) == 0) {
                buf_printf(&words, "%s%s", words.length > 0 ? " " : "", partner_families[i]);
                break;
            }
    return words.length > 0 ? words.data : NULL;
}

/* Lays what was sent over the order, but for the secret, which each format keeps in its own way. */
static void overlay(struct request *request, struct endpoint_order *order)
{
    const struct input *body = request->body;
    const struct {
        const char *name, **text;
    } texts[] = {
        { "name", &order->name },
        { "description", &order->description },
        { "notes", &order->notes },
        { "customHeaders", &order->custom_headers },
    };

    if (input_sent(body, "url"))
        endpoint_order_move(order, input_text(body, "url"));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (input_sent(body, texts[i].name))
            *texts[i].text = input_text(body, texts[i].name);
    if (input_sent(body, "signatures"))
        order->signatures = sent_signatures(request);
    if (input_sent(body, "rateLimit"))
        order->rate_limit = input_int(body, "rateLimit", 0);
    if (input_sent(body, "retryLimit"))
        order->retry_limit = input_int(body, "retryLimit", 0);
    order->events = sent_events(request);
    order->active = input_bool(body, "active", order->active);
}

static bool check_secret(struct request *request, const char *format, struct problems *problems)
{
    const char *secret = input_text(request->body, "secret");
    const char *problem = secret ? partner_secret_problem(request->pool, partner_find(format), secret) : NULL;

    if (problem)
        problems_add(problems, "secret", "%s", problem);
    return !problem;
}

/* Looks at what was sent alone, for an endpoint of the format. */
static bool check(struct request *request, const char *format, struct problems *problems)
{
    struct endpoint_order sent = { 0 };
    const char *problem;

    check_secret(request, format, problems);
    overlay(request, &sent);
    endpoint_check(request, &sent, problems);
    problem = sent.events ? partner_events_problem(partner_find(format), sent.events) : NULL;
    if (problem)
        problems_add(problems, "events", "%s", problem);
    return problems->count == 0;
}

/* The secret that was sent, or a fresh one, in the format's shapes. */
static struct partner_secret make_secret(struct request *request, const char *format)
{
    return partner_secret(request->pool, partner_find(format), input_text(request->body, "secret"));
}

/* The row as people see it. */
static struct row with_creator(struct request *request, const struct row *row)
{
    struct json_object *creator = endpoint_creator(request->pool, row);

    return row_with(request->pool, row, "creator",
                    value_text(creator ? json_text(request->pool, creator) : NULL));
}

/* ---- the endpoints ---- */

static enum outcome get(struct request *request)
{
    const struct row *row = endpoint_read(request, input_id(request->params, "id"));
    struct row shown;

    if (!row)
        return fail(request, ERROR_NOT_FOUND);
    endpoint_tell_pace(request, row);
    shown = with_creator(request, row);
    return reply_row(request, &shown);
}

static enum outcome create(struct request *request)
{
    struct problems problems = { .pool = request->pool };
    const char *format = input_text(request->body, "format");
    struct endpoint_order order = { .format = format ? format : partner_choices[0], .active = true };
    struct partner_secret secret;
    struct json_object *answer;
    const struct row *row;
    struct row shown;
    struct id webhook;

    if (!check(request, order.format, &problems))
        return fail_problems(request, &problems);
    secret = make_secret(request, order.format);
    order.secret = secret.stored;
    order.display_key = secret.display_key;
    order.rate_limit = partner_find(order.format)->rate_limit;
    overlay(request, &order);
    webhook = endpoint_create(request, &order);
    if (id_is_nil(webhook))
        return endpoint_fail_full(request);
    row = endpoint_read(request, webhook);
    endpoint_tell_pace(request, row);
    shown = with_creator(request, row);
    answer = field_render(request->pool, webhook_out, &shown);
    json_set_text(answer, "secret", secret.raw);
    return reply_json(request, answer);
}

static enum outcome list(struct request *request)
{
    bool broken;
    const struct value *cursor = page_cursor(request, "id", &broken);
    struct id after = cursor ? cursor[0].id : (struct id){ { 0 } };
    struct row *items;
    struct rows rows;

    if (broken)
        return fail_field(request, "cursor", "must be `next` of the page before");
    rows = endpoint_list(request, NULL, after, page_limit(request) + 1);
    items = pool_array(request->pool, rows.count + 1, sizeof *items);
    for (size_t i = 0; i < rows.count; i++)
        items[i] = with_creator(request, &rows.items[i]);
    return reply_page(request, (struct rows){ rows.count, items }, "id");
}

static enum outcome update(struct request *request)
{
    struct problems problems = { .pool = request->pool };
    const struct row *row = endpoint_lock(request, input_id(request->params, "id"));
    struct endpoint_order order;
    struct partner_secret secret;

    if (!row)
        return fail(request, ERROR_NOT_FOUND);
    if (!check(request, row_text(row, "format"), &problems))
        return fail_problems(request, &problems);
    order = endpoint_order_of(row);
    overlay(request, &order);
    if (input_sent(request->body, "secret")) {
        secret = make_secret(request, order.format);
        order.secret = secret.stored;
        order.display_key = secret.display_key;
    }
    endpoint_update(request, row, &order);
    return get(request);
}

static enum outcome erase(struct request *request)
{
    if (!endpoint_delete(request, input_id(request->params, "id")))
        return fail(request, ERROR_NOT_FOUND);
    return reply_empty(request);
}

static enum outcome rotate(struct request *request)
{
    int64_t overlap = input_int(request->body, "overlapSeconds", OVERLAP) * CLOCK_SECOND;
    const struct row *row = endpoint_lock(request, input_id(request->params, "id"));
    struct problems problems = { .pool = request->pool };
    struct partner_secret secret;
    struct json_object *answer;

    if (!row)
        return fail(request, ERROR_NOT_FOUND);
    if (!check_secret(request, row_text(row, "format"), &problems))
        return fail_problems(request, &problems);
    secret = make_secret(request, row_text(row, "format"));
    endpoint_rotate(request, row_id(row, "id"), secret.stored, secret.display_key, overlap);
    answer = json_new_object(request->pool);
    json_set_text(answer, "secret", secret.raw);
    return reply_json(request, answer);
}

static enum outcome send_test(struct request *request)
{
    struct id company = request->actor.company, webhook = input_id(request->params, "id"), delivery;
    const char *type = input_text(request->body, "event");
    struct json_object *answer = json_new_object(request->pool);
    const struct row *row = endpoint_read(request, webhook);

    if (!row)
        return fail(request, ERROR_NOT_FOUND);
    endpoint_tell_pace(request, row);
    if (!type)
        type = "booking.created";
    delivery = event_emit_test(request->db, request->pool, company, webhook, type,
                               event_example(request->pool, type), request->now);
    row = db_one(request->db, request->pool, &EVENT_OF, BIND(value_id(company), value_id(delivery)));
    json_set_id(answer, "eventId", "evt", row_id(row, "event_id"));
    json_set_id(answer, "deliveryId", "dlv", delivery);
    request->poke = request->poke_all = true;
    return reply_json(request, answer);
}

/* The newest first. */
static enum outcome deliveries(struct request *request)
{
    struct id company = request->actor.company, webhook = input_id(request->params, "id");
    bool broken;
    const struct value *cursor = page_cursor(request, "id", &broken);
    struct id before = cursor ? cursor[0].id : (struct id){ { 0 } };
    struct rows rows;

    if (broken)
        return fail_field(request, "cursor", "must be `next` of the page before");
    rows =
        deliveries_of_endpoint(request->db, request->pool, company, webhook, before, page_limit(request) + 1);
    if (rows.count == 0 && !endpoint_read(request, webhook))
        return fail(request, ERROR_NOT_FOUND);
    return reply_page(request, rows, "id");
}

static const struct route routes[] = {
    { "GET", "/api/v1/webhooks", .scope = "webhooks:read", .out = webhook_out, .shape = SHAPE_PAGE,
      .run = list, .summary = "List webhook endpoints" },
    { "POST", "/api/v1/webhooks", .scope = "webhooks:write", .in = create_in, .out = webhook_out,
      .more = secret_out, .status = 201, .errors = full, .tells_pace = true, .run = create,
      .summary = "Add a webhook endpoint" },
    { "GET", "/api/v1/webhooks/{id}", .scope = "webhooks:read", .params = id_param, .out = webhook_out,
      .errors = not_found, .tells_pace = true, .run = get, .summary = "Read a webhook endpoint" },
    { "PATCH", "/api/v1/webhooks/{id}", .scope = "webhooks:write", .params = id_param, .in = update_in,
      .out = webhook_out, .errors = not_found, .tells_pace = true, .run = update,
      .summary = "Change a webhook endpoint" },
    { "DELETE", "/api/v1/webhooks/{id}", .scope = "webhooks:write", .params = id_param, .shape = SHAPE_EMPTY,
      .errors = not_found, .run = erase,
      .summary = "Remove a webhook endpoint; what it has not received yet is given up" },
    { "POST", "/api/v1/webhooks/{id}/rotate-secret", .scope = "webhooks:write", .params = id_param,
      .in = rotate_in, .out = rotate_out, .status = 200, .errors = not_found, .run = rotate,
      .summary = "Give a webhook endpoint a new secret; for a while both sign" },
    { "POST", "/api/v1/webhooks/{id}/test", .scope = "webhooks:write", .params = id_param, .in = test_in,
      .out = test_out, .status = 202, .errors = not_found, .tells_pace = true, .run = send_test,
      .summary = "Send an example event to a webhook endpoint, once, even where it is switched off" },
    { "GET", "/api/v1/webhooks/{id}/deliveries", .scope = "webhooks:read", .params = id_param,
      .out = delivery_out, .shape = SHAPE_PAGE, .errors = not_found, .run = deliveries,
      .summary = "List what was sent to a webhook endpoint, the newest first" },
    { 0 }
};
const struct resource webhooks_resource = { "webhooks", routes };
