/* Webhooks: where events are sent, and how that went. */
#include "rules/webhooks.h"
#include "core/guard.h"
#include "core/patch.h"
#include "core/request.h"
#include "rules/audit.h"
#include "rules/events.h"

#define SECRET_OVERLAP CLOCK_DAY /* both secrets sign so long after a change */
enum { EVENTS_MAX = 32, SECRET_MIN = 16, SECRET_MAX = 255 };
enum {
    RELEASED_MAX = 100,
    GIVEN_UP_MAX = 2000
}; /* rows that one request moves; the dispatcher moves the rest */

/* ---- statements ---- */

static const struct statement READ = {
    "SELECT e.id, e.url, e.format, e.description, e.active, e.disabled_reason, e.success_count,"
    " e.failure_count, e.last_status, e.last_attempt_at, e.created_at, e.updated_at,"
    " (SELECT CONCAT('[', GROUP_CONCAT(JSON_QUOTE(s.event_type) ORDER BY s.event_type), ']')"
    " FROM webhook_subscriptions s WHERE s.company_id = e.company_id AND s.endpoint_id = e.id) AS events"
    " FROM webhook_endpoints e WHERE e.company_id = ? AND e.id = ?",
    .in = "uu",
    .out = "usssisiiittts",
};

static const struct statement LIST = {
    "SELECT e.id, e.url, e.format, e.description, e.active, e.disabled_reason, e.success_count,"
    " e.failure_count, e.last_status, e.last_attempt_at, e.created_at, e.updated_at,"
    " (SELECT CONCAT('[', GROUP_CONCAT(JSON_QUOTE(s.event_type) ORDER BY s.event_type), ']')"
    " FROM webhook_subscriptions s WHERE s.company_id = e.company_id AND s.endpoint_id = e.id) AS events"
    " FROM webhook_endpoints e FORCE INDEX (webhook_endpoints_company) WHERE e.company_id = ? AND (? IS NULL "
    "OR e.id > ?) ORDER BY e.id LIMIT ?",
    .in = "uuui",
    .out = "usssisiiittts",
};

static const struct statement LOCK = {
    "SELECT url, description, secret, active FROM webhook_endpoints WHERE company_id = ? AND id = ? FOR "
    "UPDATE",
    .in = "uu",
    .out = "sssi",
};

static const struct statement INSERT = {
    "INSERT INTO webhook_endpoints (id, company_id, url, format, description, secret, active, created_at,"
    " updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    .in = "uussssitt",
};

/* What switched it off is forgotten once it is on. */
static const struct statement UPDATE = {
    "UPDATE webhook_endpoints SET url = ?, description = ?, active = ?,"
    " disabled_reason = IF(active, NULL, disabled_reason), updated_at = ? WHERE company_id = ? AND id = ?",
    .in = "ssituu",
};

static const struct statement ROTATE = {
    "UPDATE webhook_endpoints SET previous_secret = secret, previous_until = ?, secret = ?"
    " WHERE company_id = ? AND id = ?",
    .in = "tsuu",
};

static const struct statement DELETE = {
    "DELETE FROM webhook_endpoints WHERE company_id = ? AND id = ?",
    .in = "uu",
};

static const struct statement SUBSCRIBE = {
    "INSERT INTO webhook_subscriptions (company_id, event_type, endpoint_id) VALUES (?, ?, ?)",
    .in = "usu",
};

static const struct statement UNSUBSCRIBE = {
    "DELETE FROM webhook_subscriptions WHERE company_id = ? AND endpoint_id = ?",
    .in = "uu",
};

/* What was held while the endpoint was off is due at once; the oldest rows here, the rest a moment later. */
static const struct statement RELEASE_HELD = {
    "UPDATE deliveries SET state = 'pending', due_at = ?, fence = NULL"
    " WHERE company_id = ? AND endpoint_id = ? AND state = 'held' ORDER BY due_at LIMIT ?",
    .in = "tuui",
};

/* The rows stay as the record of what was not sent. */
static const struct statement FAIL_UNSENT = {
    "UPDATE deliveries SET state = 'failed', fence = NULL, settled_at = ?"
    " WHERE company_id = ? AND endpoint_id = ? AND state IN ('pending', 'held') LIMIT ?",
    .in = "tuui",
};

static const struct statement EVENT_OF = {
    "SELECT id, event_id FROM deliveries WHERE company_id = ? AND id = ?",
    .in = "uu",
    .out = "uu",
};

/* ---- tables ---- */

static const enum error_code not_found[] = { ERROR_NOT_FOUND, ERROR_NONE };
static const struct field id_param[] = { { "id", FIELD_ID, .prefix = "whk", .doc = "The endpoint" }, { 0 } };

static const struct field create_in[] = {
    { "url", FIELD_URL, .required = true, .doc = "Where events are posted to; https",
      .example = "\"https://example.com/hooks\"" },
    { "format", FIELD_ENUM, .choices = webhook_formats,
      .doc = "Envelope and signature; standard when left out", .example = "\"standard\"" },
    { "events", FIELD_LIST, .element = FIELD_ENUM, .choices = event_type_choices, .required = true, .min = 1,
      .max = EVENTS_MAX, .doc = "Which events it receives; `*` is all of them",
      .example = "[\"booking.created\",\"booking.cancelled\"]" },
    { "description", FIELD_TEXT, .max = 500, .nullable = true, .doc = "For people" },
    { "secret", FIELD_SECRET, .min = SECRET_MIN, .max = SECRET_MAX,
      .doc = "Signs what is sent; a fresh one is made when left out" },
    { "active", FIELD_BOOL, .doc = "Whether events are sent; true when left out" },
    { 0 }
};
static const struct field update_in[] = {
    { "url", FIELD_URL, .doc = "Where events are posted to; https" },
    { "events", FIELD_LIST, .element = FIELD_ENUM, .choices = event_type_choices, .min = 1, .max = EVENTS_MAX,
      .doc = "Which events it receives, in place of those before" },
    { "description", FIELD_TEXT, .max = 500, .nullable = true, .doc = "For people" },
    { "secret", FIELD_SECRET, .min = SECRET_MIN, .max = SECRET_MAX,
      .doc =
          "A new secret; the one before signs as well for 24 hours, or until the next change of the secret" },
    { "active", FIELD_BOOL, .doc = "False holds deliveries back; true sends what was held" },
    { 0 }
};
static const struct field webhook_out[] = {
    { "id", FIELD_ID, .prefix = "whk", .required = true, .doc = "The endpoint" },
    { "url", FIELD_URL, .required = true, .doc = "Where events are posted to" },
    { "format", FIELD_ENUM, .choices = webhook_formats, .required = true, .doc = "Envelope and signature" },
    { "events", FIELD_LIST, .element = FIELD_ENUM, .choices = event_type_choices, .required = true,
      .doc = "Which events it receives" },
    { "description", FIELD_TEXT, .max = 500, .required = true, .nullable = true, .doc = "For people" },
    { "active", FIELD_BOOL, .required = true, .doc = "Whether events are sent" },
    { "disabledReason", FIELD_TEXT, .required = true, .nullable = true, .doc = "Why it was switched off" },
    { "successCount", FIELD_INT, .required = true, .doc = "Attempts that were taken" },
    { "failureCount", FIELD_INT, .required = true, .doc = "Attempts that were not" },
    { "lastStatus", FIELD_INT, .required = true, .nullable = true, .doc = "HTTP status of the last attempt" },
    { "lastAttemptAt", FIELD_TIME, .required = true, .nullable = true, .doc = "When that was" },
    { "createdAt", FIELD_TIME, .required = true, .doc = "When it was made" },
    { "updatedAt", FIELD_TIME, .required = true, .doc = "When it was last changed" },
    { 0 }
};
static const struct field created_out[] = {
    { "secret", FIELD_SECRET, .required = true, .doc = "Verifies what is sent; shown this once" }, { 0 }
};
static const struct field test_in[] = { { "event", FIELD_ENUM, .choices = event_type_choices + 1,
                                          .doc = "Type of the example event; booking.created when left out" },
                                        { 0 } };
static const struct field test_out[] = {
    { "eventId", FIELD_ID, .prefix = "evt", .required = true, .doc = "The example event" },
    { "deliveryId", FIELD_ID, .prefix = "dlv", .required = true, .doc = "Its way to this endpoint" },
    { 0 }
};

/* ---- helpers ---- */

static void check_target(struct request *request, struct problems *problems)
{
    const char *url = input_text(request->body, "url"), *secret = input_text(request->body, "secret");
    const char *problem = url ? guard_url_problem(url) : NULL;

    if (problem)
        problems_add(problems, "url", "%s", problem);
    problem = secret ? webhook_secret_problem(request->pool, secret) : NULL;
    if (problem)
        problems_add(problems, "secret", "%s", problem);
}

static bool came_before(const struct value *items, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (strcmp(items[j].text, items[i].text) == 0)
            return true;
    return false;
}

static void subscribe(struct request *request, struct id webhook)
{
    size_t count, used = 0;
    const struct value *items = input_list(request->body, "events", &count);
    struct value *values = pool_array(request->pool, 3 * count + 1, sizeof *values);

    for (size_t i = 0; i < count; i++) {
        if (came_before(items, i))
            continue;
        values[3 * used] = value_id(request->actor.company);
        values[3 * used + 1] = items[i];
        values[3 * used + 2] = value_id(webhook);
        used++;
    }
    db_run_many(request->db, &SUBSCRIBE, values, 3, used);
}

static const struct row *read_row(struct request *request, struct id webhook)
{
    return db_one(request->db, request->pool, &READ,
                  BIND(value_id(request->actor.company), value_id(webhook)));
}

/* ---- the endpoints ---- */

static enum outcome create(struct request *request)
{
    struct problems problems = { .pool = request->pool };
    const char *format = input_text(request->body, "format");
    const char *secret = input_text(request->body, "secret");
    struct id webhook = id_new();
    struct json_object *answer;

    check_target(request, &problems);
    if (problems.count > 0)
        return fail_problems(request, &problems);
    if (!secret)
        secret = webhook_new_secret(request->pool, format ? format : webhook_formats[0]);
    db_run(
        request->db, &INSERT,
        BIND(value_id(webhook), value_id(request->actor.company),
             value_text(input_text(request->body, "url")), value_text(format ? format : webhook_formats[0]),
             value_text(input_text(request->body, "description")),
             value_text(webhook_stored_secret(request->pool, format ? format : webhook_formats[0], secret)),
             value_int(input_bool(request->body, "active", true)), value_time(request->now),
             value_time(request->now)));
    subscribe(request, webhook);
    audit_request(request, "webhook.created", "whk", webhook, NULL);
    answer = field_render(request->pool, webhook_out, read_row(request, webhook));
    json_set_text(answer, "secret", secret);
    return reply_json(request, answer);
}

static enum outcome list(struct request *request)
{
    bool broken;
    const struct value *cursor = page_cursor(request, "id", &broken);
    struct value after = cursor ? cursor[0] : value_null();

    if (broken)
        return fail_field(request, "cursor", "must be `next` of the page before");
    return reply_page(
        request,
        db_all(request->db, request->pool, &LIST,
               BIND(value_id(request->actor.company), after, after, value_int(page_limit(request) + 1))),
        "id");
}

static enum outcome get(struct request *request)
{
    const struct row *row = read_row(request, input_id(request->params, "id"));

    return row ? reply_row(request, row) : fail(request, ERROR_NOT_FOUND);
}

/* Whether the events that were sent are others than those stored (a JSON list in the order of the types). */
static bool events_differ(struct request *request, const struct row *row)
{
    size_t count, used = 0, matched = 0;
    const struct value *items = input_list(request->body, "events", &count);
    struct json_object *stored = json_parse_stored(request->pool, row_text(row, "events"));

    for (size_t i = 0; i < count; i++) {
        if (came_before(items, i))
            continue;
        used++;
        for (size_t j = 0; j < json_object_array_length(stored); j++)
            matched +=
                strcmp(items[i].text, json_object_get_string(json_object_array_get_idx(stored, j))) == 0;
    }
    return matched != used || matched != json_object_array_length(stored);
}

static const struct patch_member members[] = {
    { "url", "url" }, { "description", "description" }, { "active", "active" }, { 0 }
};
enum { MEMBER_URL, MEMBER_DESCRIPTION, MEMBER_ACTIVE, MEMBERS };

static void apply_events(struct request *request, struct id webhook, struct json_object *changed)
{
    if (!input_sent(request->body, "events") || !events_differ(request, read_row(request, webhook)))
        return;
    db_run(request->db, &UNSUBSCRIBE, BIND(value_id(request->actor.company), value_id(webhook)));
    subscribe(request, webhook);
    json_object_array_add(changed, json_object_new_string("events"));
}

static void apply_secret(struct request *request, struct id webhook, const struct row *row,
                         struct json_object *changed)
{
    const char *secret = input_text(request->body, "secret");

    if (!secret || strcmp(secret, row_text(row, "secret")) == 0)
        return;
    db_run(request->db, &ROTATE,
           BIND(value_time(request->now + SECRET_OVERLAP), value_text(secret),
                value_id(request->actor.company), value_id(webhook)));
    json_object_array_add(changed, json_object_new_string("secret"));
}

/* What was held is due now. What waits when it goes off is held by the dispatcher, when it next looks. */
static void release_held(struct request *request, struct id webhook)
{
    db_run(request->db, &RELEASE_HELD,
           BIND(value_time(request->now), value_id(request->actor.company), value_id(webhook),
                value_int(RELEASED_MAX)));
    request->poke = true;
}

static enum outcome update(struct request *request)
{
    struct problems problems = { .pool = request->pool };
    struct value company = value_id(request->actor.company);
    struct id webhook = input_id(request->params, "id");
    const struct row *row = db_one(request->db, request->pool, &LOCK, BIND(company, value_id(webhook)));
    struct value values[MEMBERS];
    struct json_object *changed;

    if (!row)
        return fail(request, ERROR_NOT_FOUND);
    check_target(request, &problems);
    if (problems.count > 0)
        return fail_problems(request, &problems);
    changed = patch_merge(request->pool, request->body, row, members, values);
    apply_events(request, webhook, changed);
    apply_secret(request, webhook, row, changed);
    if (json_object_array_length(changed) == 0)
        return get(request);
    if (!row_int(row, "active") && values[MEMBER_ACTIVE].integer)
        release_held(request, webhook);
    db_run(request->db, &UPDATE,
           BIND(values[MEMBER_URL], values[MEMBER_DESCRIPTION], values[MEMBER_ACTIVE],
                value_time(request->now), company, value_id(webhook)));
    audit_request(request, "webhook.updated", "whk", webhook, audit_fields(changed));
    return get(request);
}

static enum outcome delete (struct request *request) {
    struct value company = value_id(request->actor.company), webhook = input_value(request->params, "id");

    if (!db_one(request->db, request->pool, &LOCK, BIND(company, webhook))) return fail(request,
                                                                                        ERROR_NOT_FOUND);
    db_run(request->db, &FAIL_UNSENT,
           BIND(value_time(request->now), company, webhook, value_int(GIVEN_UP_MAX)));
    db_run(request->db, &UNSUBSCRIBE, BIND(company, webhook));
    db_run(request->db, &DELETE, BIND(company, webhook));
    audit_request(request, "webhook.deleted", "whk", webhook.id, NULL);
    return reply_empty(request);
}

/* Nothing is sent to an endpoint that is off, and a test that waits until it is on would only surprise. */
static enum outcome fail_off(struct request *request)
{
    struct json_object *details = json_new_object(request->pool);

    json_set_text(details, "reason", "the endpoint is switched off: set `active` to true, then test it");
    return fail_with(request, ERROR_CONFLICT, details);
}

static enum outcome send_test(struct request *request)
{
    struct id company = request->actor.company, webhook = input_id(request->params, "id"), delivery;
    const char *type = input_text(request->body, "event");
    struct json_object *answer = json_new_object(request->pool);
    const struct row *row = read_row(request, webhook);

    if (!row)
        return fail(request, ERROR_NOT_FOUND);
    if (!row_int(row, "active"))
        return fail_off(request);
    if (!type)
        type = "booking.created";
    delivery = event_emit_test(request->db, request->pool, company, webhook, type,
                               event_example(request->pool, type), request->now);
    row = db_one(request->db, request->pool, &EVENT_OF, BIND(value_id(company), value_id(delivery)));
    json_set_id(answer, "eventId", "evt", row_id(row, "event_id"));
    json_set_id(answer, "deliveryId", "dlv", delivery);
    request->poke = true;
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
    rows = webhook_deliveries(request->db, request->pool, company, webhook, before, page_limit(request) + 1);
    if (rows.count == 0 && !read_row(request, webhook))
        return fail(request, ERROR_NOT_FOUND);
    return reply_page(request, rows, "id");
}

static const struct route routes[] = {
    { "GET", "/api/v1/webhooks", .scope = "webhooks:read", .out = webhook_out, .shape = SHAPE_PAGE,
      .run = list, .summary = "List webhook endpoints" },
    { "POST", "/api/v1/webhooks", .scope = "webhooks:write", .in = create_in, .out = webhook_out,
      .more = created_out, .status = 201, .run = create, .summary = "Add a webhook endpoint" },
    { "GET", "/api/v1/webhooks/{id}", .scope = "webhooks:read", .params = id_param, .out = webhook_out,
      .errors = not_found, .run = get, .summary = "Read a webhook endpoint" },
    { "PATCH", "/api/v1/webhooks/{id}", .scope = "webhooks:write", .params = id_param, .in = update_in,
      .out = webhook_out, .errors = not_found, .run = update, .summary = "Change a webhook endpoint" },
    { "DELETE", "/api/v1/webhooks/{id}", .scope = "webhooks:write", .params = id_param, .shape = SHAPE_EMPTY,
      .errors = not_found, .run = delete,
      .summary = "Remove a webhook endpoint; what it has not received yet is given up" },
    { "POST", "/api/v1/webhooks/{id}/test", .scope = "webhooks:write", .params = id_param, .in = test_in,
      .out = test_out, .status = 202,
      .errors = (const enum error_code[]){ ERROR_NOT_FOUND, ERROR_CONFLICT, ERROR_NONE }, .run = send_test,
      .summary = "Send an example event to a webhook endpoint that is switched on" },
    { "GET", "/api/v1/webhooks/{id}/deliveries", .scope = "webhooks:read", .params = id_param,
      .out = delivery_out, .shape = SHAPE_PAGE, .errors = not_found, .run = deliveries,
      .summary = "List what was sent to a webhook endpoint, the newest first" },
    { 0 }
};
const struct resource webhooks_resource = { "webhooks", routes };
