/* The therapy face of webhooks: an endpoint is the key that signs what is sent to it. Each answer begins with
 * `success`. Endpoints of other formats are not seen here. */
#include "api/idempotency.h"
#include "base/poke.h"
#include "base/text.h"
#include "partners/partner.h"
#include "rules/catalogue/event_types.h"
#include "rules/delivery/endpoints.h"
#include "rules/delivery/providers.h"
#include "rules/event/events.h"

#include <time.h>

enum { EVENTS_MAX = 64, RATE_MAX = 100000, NAME_MAX_LENGTH = 200, NOTES_MAX = 2000 };
enum {
    WAIT_US = 8 * 1000 * 1000,
    LOOK_EVERY_NS = 20 * 1000 * 1000,
    ANSWER_MAX = 16 * 1024,
    ANSWER_DEPTH = 32
};

/* The latest attempt at a delivery, if there was one yet. */
static const struct statement ATTEMPT = {
    "SELECT d.state, a.status, a.error, a.response FROM deliveries d"
    " LEFT JOIN attempts a ON a.company_id = d.company_id AND a.delivery_id = d.id"
    " WHERE d.company_id = ? AND d.id = ? ORDER BY a.id DESC LIMIT 1",
    .in = "uu",
};

static const struct partner *const face = &partner_therapy;

/* ---- tables ---- */

static const struct field id_param[] = { { "id", FIELD_ID, .prefix = "whk", .doc = "The webhook key" },
                                         { 0 } };

static const struct field create_in[] = {
    { "name", FIELD_TEXT, .min = 1, .max = NAME_MAX_LENGTH, .required = true, .doc = "What people call it",
      .example = "\"My Zapier Integration\"" },
    { "webhookUrl", FIELD_URL, .required = true,
      .doc = "Where events are posted to; https, but for addresses that the operator allow-lists",
      .example = "\"https://hooks.zapier.com/hooks/catch/xxx/yyy\"" },
    { "allowedEvents", FIELD_LIST, .element = FIELD_ENUM, .choices = event_type_choices + 1, .required = true,
      .min = 1, .max = EVENTS_MAX, .doc = "Which events it receives",
      .example = "[\"booking.created\",\"booking.payment_verified\",\"booking.reminder\"]" },
    { "rateLimit", FIELD_INT, .min = 1, .max = RATE_MAX,
      .doc = "Deliveries an hour, the others wait; 1000 when left out. Answers about a key tell in "
             "`X-RateLimit-Remaining` how many are left, and in `X-RateLimit-Reset` until when" },
    { "notes", FIELD_LINES, .max = NOTES_MAX, .nullable = true, .doc = "For people" },
    { 0 }
};
static const struct field update_in[] = {
    { "name", FIELD_TEXT, .min = 1, .max = NAME_MAX_LENGTH, .doc = "What people call it" },
    { "webhookUrl", FIELD_URL, .doc = "Where events are posted to" },
    { "allowedEvents", FIELD_LIST, .element = FIELD_ENUM, .choices = event_type_choices + 1, .min = 1,
      .max = EVENTS_MAX, .doc = "Which events it receives, in place of those before" },
    { "active", FIELD_BOOL, .doc = "False holds deliveries back; true sends what was held" },
    { "rateLimit", FIELD_INT, .min = 1, .max = RATE_MAX, .doc = "Deliveries an hour" },
    { "notes", FIELD_LINES, .max = NOTES_MAX, .nullable = true, .doc = "For people" },
    { 0 }
};
static const struct field test_in[] = { { "keyId", FIELD_ID, .prefix = "whk", .as_in_path = true,
                                          .required = true, .doc = "The webhook key" },
                                        { 0 } };

static const struct field creator_out[] = {
    { "_id", FIELD_TEXT, .required = true, .doc = "A person or an API key" },
    { "name", FIELD_TEXT, .required = true, .doc = "Their name" },
    { "email", FIELD_TEXT, .required = true, .nullable = true, .doc = "Their mailbox" },
    { 0 }
};
static const struct field key_out[] = {
    { "_id", FIELD_ID, .prefix = "whk", .required = true, .doc = "The webhook key" },
    { "name", FIELD_TEXT, .required = true, .nullable = true, .doc = "What people call it" },
    { "displayKey", FIELD_TEXT, .required = true, .nullable = true, .doc = "The end of the raw key" },
    { "webhookUrl", FIELD_URL, .required = true, .doc = "Where events are posted to" },
    { "allowedEvents", FIELD_LIST, .element = FIELD_ENUM, .choices = event_type_choices, .required = true,
      .doc = "Which events it receives" },
    { "active", FIELD_BOOL, .required = true, .doc = "Whether events are sent" },
    { "provider", FIELD_ENUM, .choices = provider_names, .required = true, .doc = "Told from the address" },
    { "rateLimit", FIELD_INT, .required = true, .nullable = true, .doc = "Deliveries an hour" },
    { "successCount", FIELD_INT, .required = true, .doc = "Attempts that were taken; tests are not counted" },
    { "failureCount", FIELD_INT, .required = true, .doc = "Attempts that were not; tests are not counted" },
    { "lastWebhookAt", FIELD_TIME, .required = true, .nullable = true, .doc = "When the last attempt was" },
    { "lastWebhookStatus", FIELD_INT, .required = true, .nullable = true, .doc = "HTTP status of it" },
    { "createdBy", FIELD_OBJECT, .fields = creator_out, .required = true, .nullable = true,
      .doc = "Who made it" },
    { "notes", FIELD_LINES, .required = true, .nullable = true, .doc = "For people" },
    { "createdAt", FIELD_TIME, .required = true, .doc = "When it was made" },
    { "updatedAt", FIELD_TIME, .required = true, .doc = "When it was last changed" },
    { 0 }
};
static const struct field made_out[] = {
    { "id", FIELD_ID, .prefix = "whk", .required = true, .doc = "The webhook key" },
    { "displayKey", FIELD_TEXT, .required = true, .doc = "The end of the raw key" },
    { "rawKey", FIELD_TEXT, .required = true, .doc = "Verifies what is sent; shown this once" },
    { "webhookUrl", FIELD_URL, .required = true, .doc = "Where events are posted to" },
    { "allowedEvents", FIELD_LIST, .element = FIELD_ENUM, .choices = event_type_choices, .required = true,
      .doc = "Which events it receives" },
    { "createdAt", FIELD_TIME, .required = true, .doc = "When it was made" },
    { 0 }
};
static const struct field create_out[] = { { "success", FIELD_BOOL, .required = true, .doc = "True" },
                                           { "key", FIELD_OBJECT, .fields = made_out, .required = true,
                                             .doc = "The webhook key" },
                                           { 0 } };
static const struct field one_out[] = { { "success", FIELD_BOOL, .required = true, .doc = "True" },
                                        { "key", FIELD_OBJECT, .fields = key_out, .required = true,
                                          .doc = "The webhook key" },
                                        { 0 } };
static const struct field list_out[] = { { "success", FIELD_BOOL, .required = true, .doc = "True" },
                                         { "keys", FIELD_LIST, .element = FIELD_OBJECT, .fields = key_out,
                                           .required = true, .doc = "All of them" },
                                         { 0 } };
static const struct field deleted_out[] = { { "success", FIELD_BOOL, .required = true, .doc = "True" },
                                            { "message", FIELD_TEXT, .required = true,
                                              .doc = "The same in words" },
                                            { 0 } };

/* ---- what a key looks like ---- */

static struct json_object *success(struct request *request)
{
    struct json_object *body = json_new_object(request->pool);

    json_set_bool(body, "success", true);
    return body;
}

/* Without fraction, as this face has them. */
static void set_time(struct json_object *object, const char *name, const struct value *value)
{
    char text[CLOCK_TEXT_SIZE];

    json_set_text(object, name, value_is_set(*value) ? clock_format_seconds(text, value->time) : NULL);
}

static void set_int(struct json_object *object, const char *name, const struct value *value)
{
    if (value_is_set(*value))
        json_set_int(object, name, value->integer);
    else
        json_set_text(object, name, NULL);
}

static void set_events(struct request *request, struct json_object *object, const struct row *row)
{
    json_set(object, "allowedEvents",
             json_object_get(json_parse_stored(request->pool, row_text(row, "events"))));
}

static struct json_object *creator_of(struct request *request, const struct row *row)
{
    struct json_object *known = endpoint_creator(request->pool, row), *creator;

    if (!known)
        return NULL;
    creator = json_object_new_object();
    json_set_text(creator, "_id", json_get_text(known, "id"));
    json_set_text(creator, "name", json_get_text(known, "name"));
    json_set_text(creator, "email", json_get_text(known, "email"));
    return creator;
}

static struct json_object *render(struct request *request, const struct row *row)
{
    struct json_object *key = json_new_object(request->pool);

    json_set_id(key, "_id", "whk", row_id(row, "id"));
    json_set_text(key, "name", row_text(row, "name"));
    json_set_text(key, "displayKey", row_text(row, "display_key"));
    json_set_text(key, "webhookUrl", row_text(row, "url"));
    set_events(request, key, row);
    json_set_bool(key, "active", row_int(row, "active") != 0);
    json_set_text(key, "provider", provider_of_url(row_text(row, "url")));
    set_int(key, "rateLimit", row_value(row, "rate_limit"));
    json_set_int(key, "successCount", row_int(row, "success_count"));
    json_set_int(key, "failureCount", row_int(row, "failure_count"));
    set_time(key, "lastWebhookAt", row_value(row, "last_attempt_at"));
    set_int(key, "lastWebhookStatus", row_value(row, "last_status"));
    json_set(key, "createdBy", creator_of(request, row));
    json_set_text(key, "notes", row_text(row, "notes"));
    set_time(key, "createdAt", row_value(row, "created_at"));
    set_time(key, "updatedAt", row_value(row, "updated_at"));
    return key;
}

/* Only what this face may see. */
static const struct row *of_face(const struct row *row)
{
    return row && strcmp(row_text(row, "format"), face->name) == 0 ? row : NULL;
}

static enum outcome reply_key(struct request *request, struct id id)
{
    const struct row *row = of_face(endpoint_read(request, id));
    struct json_object *body;

    if (!row)
        return fail(request, ERROR_NOT_FOUND);
    endpoint_tell_pace(request, row);
    body = success(request);
    json_set(body, "key", json_object_get(render(request, row)));
    return reply_json(request, body);
}

/* ---- making and changing ---- */

static const char *const *wanted_events(struct request *request)
{
    size_t count;
    const struct value *items = input_list(request->body, "allowedEvents", &count);
    const char **events = pool_array(request->pool, count + 1, sizeof *events);

    for (size_t i = 0; i < count; i++)
        events[i] = items[i].text;
    events[count] = NULL;
    return items ? events : NULL;
}

/* The rules call the address `url`. */
static bool check(struct request *request, const struct endpoint_order *order, struct problems *problems)
{
    if (endpoint_check(request, order, problems))
        return true;
    for (size_t i = 0; i < problems->count && i < PROBLEMS_MAX; i++)
        if (strcmp(problems->items[i].field, "url") == 0)
            problems->items[i].field = "webhookUrl";
    return false;
}

static enum outcome create(struct request *request)
{
    struct problems problems = { .pool = request->pool };
    struct endpoint_order order = {
        .url = input_text(request->body, "webhookUrl"),
        .format = face->name,
        .name = input_text(request->body, "name"),
        .notes = input_text(request->body, "notes"),
        .events = wanted_events(request),
        .rate_limit = input_int(request->body, "rateLimit", face->rate_limit),
        .active = true,
    };
    struct partner_secret secret;
    struct json_object *body, *key;
    const struct row *row;
    struct id id;

    if (!check(request, &order, &problems))
        return fail_problems(request, &problems);
    secret = partner_secret(request->pool, face, NULL);
    order.secret = secret.stored;
    order.display_key = secret.display_key;
    id = endpoint_create(request, &order);
    if (id_is_nil(id))
        return endpoint_fail_full(request);
    row = endpoint_read(request, id);
    endpoint_tell_pace(request, row);
    body = success(request);
    key = json_object_new_object();
    json_set(body, "key", key);
    json_set_id(key, "id", "whk", id);
    json_set_text(key, "displayKey", row_text(row, "display_key"));
    json_set_text(key, "rawKey", secret.raw);
    json_set_text(key, "webhookUrl", row_text(row, "url"));
    set_events(request, key, row);
    set_time(key, "createdAt", row_value(row, "created_at"));
    return reply_json(request, body);
}

static enum outcome list(struct request *request)
{
    struct rows rows = endpoint_list(request, face->name, (struct id){ { 0 } }, ENDPOINTS_MAX);
    struct json_object *body = success(request), *keys = json_object_new_array();

    json_set(body, "keys", keys);
    for (size_t i = 0; i < rows.count; i++)
        json_object_array_add(keys, json_object_get(render(request, &rows.items[i])));
    return reply_json(request, body);
}

static enum outcome get(struct request *request)
{
    return reply_key(request, input_id(request->params, "id"));
}

static enum outcome update(struct request *request)
{
    const struct input *body = request->body;
    struct problems problems = { .pool = request->pool };
    struct id id = input_id(request->params, "id");
    const struct row *row = of_face(endpoint_lock(request, id));
    struct endpoint_order order, sent = { .url = input_text(body, "webhookUrl") };

    if (!row)
        return fail(request, ERROR_NOT_FOUND);
    if (!check(request, &sent, &problems))
        return fail_problems(request, &problems);
    order = endpoint_order_of(row);
    if (sent.url)
        endpoint_order_move(&order, sent.url);
    if (input_sent(body, "name"))
        order.name = input_text(body, "name");
    if (input_sent(body, "notes"))
        order.notes = input_text(body, "notes");
    order.events = wanted_events(request);
    order.rate_limit = input_int(body, "rateLimit", order.rate_limit);
    order.active = input_bool(body, "active", order.active);
    endpoint_update(request, row, &order);
    return reply_key(request, id);
}

static enum outcome erase(struct request *request)
{
    struct id id = input_id(request->params, "id");
    struct json_object *body;

    if (!of_face(endpoint_lock(request, id)) || !endpoint_delete(request, id))
        return fail(request, ERROR_NOT_FOUND);
    body = success(request);
    json_set_text(body, "message", "Webhook key deleted successfully");
    return reply_json(request, body);
}

/* ---- the test ---- */

/* What the receiver said: JSON where it is some, else its text; null where it is not ours to show. Where it
 * said more than is kept, the end may have fallen into a character. */
static struct json_object *answer_data(struct request *request, const struct value *response)
{
    const struct json_limits limits = { ANSWER_MAX, ANSWER_DEPTH };
    const char *why, *text = response->text;
    struct json_object *parsed;
    size_t length;

    if (!value_is_set(*response))
        return NULL;
    length = response->length < ANSWER_MAX ? response->length : text_whole(text, response->length);
    if (!text_is_utf8(text, length) || memchr(text, '\0', length))
        return NULL;
    parsed = json_parse(request->pool, text, length, limits, &why);
    return parsed ? json_object_get(parsed) : json_object_new_string_len(text, (int)length);
}

static struct json_object *result(struct request *request, bool sent, const char *message)
{
    struct json_object *body = json_new_object(request->pool);

    json_set_bool(body, "success", sent);
    json_set_text(body, "message", message);
    return body;
}

/* `row` of ATTEMPT, or NULL while there is no attempt. */
static struct json_object *test_result(struct request *request, const struct row *row)
{
    struct json_object *body, *response;
    const struct value *status;
    const char *error;

    if (!row) {
        body = result(request, false, "The test webhook still waits to be sent; it is on its way");
        json_set(body, "response", NULL);
        return body;
    }
    status = row_value(row, "status");
    error = row_text(row, "error");
    if (!value_is_set(*status))
        body = result(request, false, error ? error : "The test webhook could not be sent");
    else if (status->integer / 100 != 2)
        body = result(request, false,
                      pool_printf(request->pool, "The receiver answered %d", (int)status->integer));
    else
        body = result(request, !error, error ? error : "Test webhook sent successfully");
    response = value_is_set(*status) ? json_object_new_object() : NULL;
    json_set(body, "response", response);
    if (response) {
        json_set_int(response, "status", status->integer);
        json_set(response, "data", answer_data(request, row_value(row, "response")));
    }
    return body;
}

static const struct row *wait_for_attempt(struct request *request, struct id delivery)
{
    const struct timespec pause = { .tv_nsec = LOOK_EVERY_NS };
    int64_t end = clock_monotonic() + WAIT_US;

    do {
        const struct row *row = db_one(request->db, request->pool, &ATTEMPT,
                                       BIND(value_id(request->actor.company), value_id(delivery)));
        if (row && (value_is_set(*row_value(row, "status")) || value_is_set(*row_value(row, "error")) ||
                    strcmp(row_text(row, "state"), "failed") == 0))
            return row;
        nanosleep(&pause, NULL);
    } while (clock_monotonic() < end);
    return NULL;
}

/*
 * Keeps what it wrote so far, so that the dispatcher sees the event, and waits for what comes of it: this
 * path has a pool of workers of its own. What a repeated Idempotency-Key is answered with meanwhile is stored
 * with the event.
 */
static enum outcome send_test(struct request *request)
{
    struct id id = input_id(request->body, "keyId"), delivery;
    const char *type = "booking.created", *text;
    const struct row *row = of_face(endpoint_read(request, id));

    if (!row)
        return fail(request, ERROR_NOT_FOUND);
    endpoint_tell_pace(request, row);
    delivery = event_emit_test(request->db, request->pool, request->actor.company, id, type,
                               event_example(request->pool, type), request->now);
    reply_json(request, test_result(request, NULL));
    text = json_text(request->pool, request->reply.body);
    if (request->idempotency_key)
        idempotency_store(request, text, strlen(text));
    request_keep(request);
    poke_dispatcher((struct id){ 0 });
    return reply_json(request, test_result(request, wait_for_attempt(request, delivery)));
}

static const enum error_code not_found[] = { ERROR_NOT_FOUND, ERROR_NONE };
static const enum error_code full[] = { ERROR_CONFLICT, ERROR_NONE };

static const struct route routes[] = {
    { "POST", "/api/webhooks/keys", .scope = "webhooks:write", .in = create_in, .out = create_out,
      .status = 201, .errors = full, .tells_pace = true, .run = create,
      .summary = "Make a webhook key (therapy style)" },
    { "GET", "/api/webhooks/keys", .scope = "webhooks:read", .out = list_out, .run = list,
      .summary = "List webhook keys" },
    { "GET", "/api/webhooks/keys/{id}", .scope = "webhooks:read", .params = id_param, .out = one_out,
      .errors = not_found, .tells_pace = true, .run = get, .summary = "Read a webhook key" },
    { "PATCH", "/api/webhooks/keys/{id}", .scope = "webhooks:write", .params = id_param, .in = update_in,
      .out = one_out, .errors = not_found, .tells_pace = true, .run = update,
      .summary = "Change a webhook key" },
    { "DELETE", "/api/webhooks/keys/{id}", .scope = "webhooks:write", .params = id_param, .out = deleted_out,
      .errors = not_found, .run = erase,
      .summary = "Remove a webhook key; what its receiver has not got yet is given up" },
    { "POST", "/api/webhooks/test", .scope = "webhooks:write", .in = test_in, .shape = SHAPE_FREE,
      .errors = not_found, .tells_pace = true, .run = send_test,
      .summary = "Send an example event and wait for the receiver: `success`, `message` in words, `response` "
                 "with `status` and `data`, or null where none came. What the receiver refuses is a 200 with "
                 "`success` false" },
    { 0 }
};
const struct resource webhook_keys_resource = { "webhooks (therapy)", routes };
