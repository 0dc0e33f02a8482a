#include "rules/delivery/endpoints.h"

#include "base/text.h"
#include "rules/people/audit.h"

enum {
    RELEASED_MAX = 100,
    GIVEN_UP_MAX = 2000
}; /* rows that one request moves; the dispatcher moves the rest */

/* ---- statements ---- */

#define ENDPOINT_COLUMNS                                                                                     \
    "e.id, e.url, e.format, e.name, e.description, e.notes, e.app_id, e.secret, e.previous_secret,"          \
    " e.previous_until, e.display_key, e.custom_headers, e.signatures, e.rate_limit, e.retry_limit,"         \
    " e.active, e.disabled_reason, e.created_by, e.success_count, e.failure_count, e.last_status,"           \
    " e.last_attempt_at, e.last_success_at, e.failing_since, e.failing_warned, e.breaker_failures,"          \
    " e.breaker_until, e.rate_window_at, e.rate_used, e.created_at, e.updated_at, (SELECT CONCAT('[',"       \
    " GROUP_CONCAT(JSON_QUOTE(s.event_type)"                                                                 \
    " ORDER BY s.event_type), ']')"                                                                          \
    " FROM webhook_subscriptions s"                                                                          \
    " WHERE s.company_id = e.company_id"                                                                     \
    " AND s.endpoint_id = e.id) AS events, COALESCE(JSON_KEYS(e.custom_headers), '[]') AS header_names,"     \
    " COALESCE(CONCAT('[\"', REPLACE(e.signatures, ' ', '\",\"'), '\"]'), '[]') AS families,"                \
    " (SELECT u.name FROM users u WHERE u.company_id = e.company_id AND u.id = e.created_by) AS "            \
    "creator_person,"                                                                                        \
    " (SELECT u.email FROM users u WHERE u.company_id = e.company_id AND u.id = e.created_by) AS "           \
    "creator_email,"                                                                                         \
    " (SELECT k.name FROM api_keys k WHERE k.id = e.created_by AND (k.company_id = e.company_id OR "         \
    "k.company_id IS NULL)) AS creator_key"

static const struct statement READ = {
    "SELECT " ENDPOINT_COLUMNS " FROM webhook_endpoints e"
    " WHERE e.company_id = ? AND e.id = ?",
    .in = "uu",
};

static const struct statement LIST = {
    "SELECT " ENDPOINT_COLUMNS " FROM webhook_endpoints e FORCE INDEX (webhook_endpoints_company)"
    " WHERE e.company_id = ? AND (? IS NULL OR e.id > ?) AND (? IS NULL OR e.format = ?)"
    " ORDER BY e.id LIMIT ?",
    .in = "uuussi",
};

static const struct statement LOCK = {
    "SELECT active, format, secret, url FROM webhook_endpoints WHERE company_id = ? AND id = ? FOR UPDATE",
    .in = "uu",
};

/* Two that add at the same time wait for each other here, so that both count right. */
static const struct statement LOCK_COMPANY = {
    "SELECT id FROM companies WHERE id = ? FOR UPDATE",
    .in = "u",
};

static const struct statement COUNT = {
    "SELECT COUNT(*) AS count FROM webhook_endpoints WHERE company_id = ?",
    .in = "u",
};

static const struct statement INSERT = {
    "INSERT INTO webhook_endpoints (id, company_id, url, format, name, description, notes, app_id, secret,"
    " display_key, custom_headers, signatures, rate_limit, retry_limit, active, created_by, created_at,"
    " updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    .in = "uussssssssssiiiutt",
};

static const struct statement UPDATE = {
    "UPDATE webhook_endpoints SET url = ?, name = ?, description = ?, notes = ?, app_id = ?,"
    " custom_headers = ?, signatures = ?, rate_limit = ?, retry_limit = ?, updated_at = ?"
    " WHERE company_id = ? AND id = ?",
    .in = "sssssssiituu",
};

static const struct statement TOUCH = {
    "UPDATE webhook_endpoints SET updated_at = ? WHERE company_id = ? AND id = ?",
    .in = "tuu",
};

static const struct statement SWITCH_OFF = {
    "UPDATE webhook_endpoints SET active = FALSE, updated_at = ? WHERE company_id = ? AND id = ?",
    .in = "tuu",
};

/* What switched it off, and how it failed, is forgotten; but not that it was told (HEALTH_TOLD: the news that
 * it works again is still to come). */
static const struct statement SWITCH_ON = {
    "UPDATE webhook_endpoints SET active = TRUE,"
    " failing_warned = IF(disabled_reason IS NULL AND failing_warned = 0, 0, 100), disabled_reason = NULL,"
    " failing_since = NULL, breaker_failures = 0, breaker_until = NULL, updated_at = ?"
    " WHERE company_id = ? AND id = ?",
    .in = "tuu",
};

static const struct statement ROTATE = {
    "UPDATE webhook_endpoints SET previous_secret = IF(? > 0, secret, NULL), previous_until = ?, secret = ?,"
    " display_key = ?, updated_at = ? WHERE company_id = ? AND id = ?",
    .in = "itsstuu",
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

static const struct statement SUBSCRIBED = {
    "SELECT event_type FROM webhook_subscriptions WHERE company_id = ? AND endpoint_id = ?",
    .in = "uu",
};

/* What was held while the endpoint was off is due at once; the oldest rows here, the rest a moment later, and
 * with it what a dispatcher has or had in hand. Along the lane's index and not by ORDER BY: see
 * dispatcher/hold.c. */
static const struct statement RELEASE_HELD = {
    "UPDATE deliveries FORCE INDEX (deliveries_lane) SET state = IF(requests > 0, 'retrying', 'pending'),"
    " due_at = ? WHERE company_id = ? AND endpoint_id = ? AND state = 'held' AND fence IS NULL LIMIT ?",
    .in = "tuui",
};

/* The rows stay as the record of what was not sent. What a dispatcher has in hand it settles; what one left
 * behind, dispatcher/jobs/orphans.c gives up. */
static const struct statement FAIL_UNSENT = {
    "UPDATE deliveries FORCE INDEX (deliveries_lane) SET state = 'failed', settled_at = ?"
    " WHERE company_id = ? AND endpoint_id = ? AND state IN ('pending', 'retrying', 'held') AND fence IS NULL"
    " LIMIT ?",
    .in = "tuui",
};

/* ---- reading ---- */

const struct row *endpoint_read(struct request *request, struct id endpoint)
{
    return db_one(request->db, request->pool, &READ,
                  BIND(value_id(request->actor.company), value_id(endpoint)));
}

const struct row *endpoint_lock(struct request *request, struct id endpoint)
{
    if (!db_one(request->db, request->pool, &LOCK,
                BIND(value_id(request->actor.company), value_id(endpoint))))
        return NULL;
    return endpoint_read(request, endpoint);
}

struct rows endpoint_list(struct request *request, const char *format, struct id after, int64_t limit)
{
    return db_all(request->db, request->pool, &LIST,
                  BIND(value_id(request->actor.company), value_id(after), value_id(after), value_text(format),
                       value_text(format), value_int(limit)));
}

/* The hour begins with the first of its deliveries: see dispatcher/pace.c. Where none runs, one would begin
 * now. */
void endpoint_tell_pace(struct request *request, const struct row *row)
{
    int64_t limit = row_int(row, "rate_limit"), used = row_int(row, "rate_used");
    instant begun = row_time(row, "rate_window_at");

    if (row_is_null(row, "rate_limit"))
        return;
    if (row_is_null(row, "rate_window_at") || begun > request->now || request->now >= begun + CLOCK_HOUR) {
        begun = request->now;
        used = 0;
    }
    rate_tell(request, limit, used < limit ? limit - used : 0, begun + CLOCK_HOUR);
}

struct json_object *endpoint_creator(struct pool *pool, const struct row *row)
{
    const char *person = row_text(row, "creator_person"), *key = row_text(row, "creator_key");
    struct json_object *creator;

    if (!person && !key)
        return NULL;
    creator = json_new_object(pool);
    json_set_id(creator, "id", person ? "usr" : "key", row_id(row, "created_by"));
    json_set_text(creator, "name", person ? person : key);
    json_set_text(creator, "email", row_text(row, "creator_email"));
    return creator;
}

/* ---- subscriptions ---- */

static bool is_among(const struct value *values, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(values[3 * i + 1].text, text) == 0)
            return true;
    return false;
}

/* The rows of SUBSCRIBE, each type once. */
static struct value *subscriptions(struct request *request, struct id endpoint, const char *const *events,
                                   size_t *used)
{
    size_t count = 0;
    struct value *values;

    while (events[count])
        count++;
    values = pool_array(request->pool, 3 * count + 1, sizeof *values);
    *used = 0;
    for (size_t i = 0; i < count; i++) {
        struct value *row = values + 3 * *used;

        if (is_among(values, *used, events[i]))
            continue;
        row[0] = value_id(request->actor.company);
        row[1] = value_text(events[i]);
        row[2] = value_id(endpoint);
        (*used)++;
    }
    return values;
}

bool endpoint_subscribe(struct request *request, struct id endpoint, const char *const *events)
{
    struct value company = value_id(request->actor.company);
    struct rows before = db_all(request->db, request->pool, &SUBSCRIBED, BIND(company, value_id(endpoint)));
    size_t count, same = 0;
    struct value *values = subscriptions(request, endpoint, events, &count);

    for (size_t i = 0; i < before.count; i++)
        same += is_among(values, count, row_text(&before.items[i], "event_type"));
    if (same == count && same == before.count)
        return false;
    if (before.count > 0)
        db_run(request->db, &UNSUBSCRIBE, BIND(company, value_id(endpoint)));
    db_run_many(request->db, &SUBSCRIBE, values, 3, count);
    return true;
}

/* ---- making ---- */

static struct value limit_value(int64_t limit)
{
    return limit > 0 ? value_int(limit) : value_null();
}

/* An empty object or list of words is none. */
static struct value text_or_null(const char *text, const char *empty)
{
    return value_text(text && strcmp(text, empty) != 0 ? text : NULL);
}

static bool is_full(struct request *request)
{
    struct value company = value_id(request->actor.company);

    db_one(request->db, request->pool, &LOCK_COMPANY, BIND(company));
    return row_int(db_one(request->db, request->pool, &COUNT, BIND(company)), "count") >= ENDPOINTS_MAX;
}

enum outcome endpoint_fail_full(struct request *request)
{
    return fail_because(request, ERROR_CONFLICT, "a company has at most 100 webhook endpoints");
}

static void insert(struct request *request, struct id endpoint, const struct endpoint_order *order)
{
    const struct actor *actor = &request->actor;

    db_run(request->db, &INSERT,
           BIND(value_id(endpoint), value_id(actor->company), value_text(order->url),
                value_text(order->format), value_text(order->name), value_text(order->description),
                value_text(order->notes), value_text(order->app_id), value_text(order->secret),
                value_text(order->display_key), text_or_null(order->custom_headers, "{}"),
                text_or_null(order->signatures, ""), limit_value(order->rate_limit),
                limit_value(order->retry_limit), value_int(order->active),
                value_id(id_is_nil(actor->user) ? actor->key : actor->user), value_time(request->now),
                value_time(request->now)));
}

/* For the audit log: to whom it leads. */
static void tell_target(struct request *request, struct json_object *details, const char *url)
{
    json_set_text(details, "target", pool_memdup(request->pool, url, text_origin_length(url)));
}

static struct json_object *target_told(struct request *request, const char *url)
{
    struct json_object *details = json_object_new_object();

    tell_target(request, details, url);
    return details;
}

struct id endpoint_create(struct request *request, const struct endpoint_order *order)
{
    struct id endpoint = id_new();

    if (is_full(request))
        return (struct id){ { 0 } };
    insert(request, endpoint, order);
    endpoint_subscribe(request, endpoint, order->events);
    audit_request(request, "webhook.created", "whk", endpoint, target_told(request, order->url));
    return endpoint;
}

/* ---- changing ---- */

bool endpoint_activate(struct request *request, struct id endpoint, bool active)
{
    struct value company = value_id(request->actor.company), id = value_id(endpoint);
    const struct row *row = db_one(request->db, request->pool, &LOCK, BIND(company, id));

    if (!row || (row_int(row, "active") != 0) == active)
        return false;
    db_run(request->db, active ? &SWITCH_ON : &SWITCH_OFF, BIND(value_time(request->now), company, id));
    if (!active)
        return true;
    db_run(request->db, &RELEASE_HELD, BIND(value_time(request->now), company, id, value_int(RELEASED_MAX)));
    request->poke = true;
    return true;
}

static void rotate(struct request *request, struct id endpoint, const char *secret, const char *display_key,
                   int64_t overlap)
{
    db_run(request->db, &ROTATE,
           BIND(value_int(overlap), overlap > 0 ? value_time(request->now + overlap) : value_null(),
                value_text(secret), value_text(display_key), value_time(request->now),
                value_id(request->actor.company), value_id(endpoint)));
}

void endpoint_rotate(struct request *request, struct id endpoint, const char *secret, const char *display_key,
                     int64_t overlap)
{
    rotate(request, endpoint, secret, display_key, overlap);
    audit_request(request, "webhook.rotated", "whk", endpoint, NULL);
}

struct endpoint_order endpoint_order_of(const struct row *row)
{
    return (struct endpoint_order){
        .url = row_text(row, "url"),
        .format = row_text(row, "format"),
        .name = row_text(row, "name"),
        .description = row_text(row, "description"),
        .notes = row_text(row, "notes"),
        .app_id = row_text(row, "app_id"),
        .custom_headers = row_text(row, "custom_headers"),
        .signatures = row_text(row, "signatures"),
        .rate_limit = row_int(row, "rate_limit"),
        .retry_limit = row_int(row, "retry_limit"),
        .active = row_int(row, "active") != 0,
    };
}

void endpoint_order_move(struct endpoint_order *order, const char *url)
{
    size_t length = text_origin_length(url);

    if (order->url && (text_origin_length(order->url) != length || strncasecmp(url, order->url, length) != 0))
        order->custom_headers = NULL;
    order->url = url;
}

/* The columns of UPDATE in its order, with the names that people see. */
static const struct {
    const char *name, *column;
} columns[] = {
    { "url", "url" },
    { "name", "name" },
    { "description", "description" },
    { "notes", "notes" },
    { "appId", "app_id" },
    { "customHeaders", "custom_headers" },
    { "signatures", "signatures" },
    { "rateLimit", "rate_limit" },
    { "retryLimit", "retry_limit" },
};
enum { COLUMNS = sizeof columns / sizeof *columns };

static void add_name(struct json_object *changed, const char *name)
{
    json_object_array_add(changed, json_object_new_string(name));
}

static void update_columns(struct request *request, const struct row *row, const struct endpoint_order *order,
                           struct json_object *changed)
{
    struct value values[COLUMNS + 3] = {
        value_text(order->url),
        value_text(order->name),
        value_text(order->description),
        value_text(order->notes),
        value_text(order->app_id),
        text_or_null(order->custom_headers, "{}"),
        text_or_null(order->signatures, ""),
        limit_value(order->rate_limit),
        limit_value(order->retry_limit),
        value_time(request->now),
        value_id(request->actor.company),
        value_id(row_id(row, "id")),
    };
    size_t before = json_object_array_length(changed);

    for (size_t i = 0; i < COLUMNS; i++)
        if (!value_equal(values[i], *row_value(row, columns[i].column)))
            add_name(changed, columns[i].name);
    if (json_object_array_length(changed) > before)
        db_run(request->db, &UPDATE, values, COLUMNS + 3);
}

/* A secret that is sent again is no change: the one before would stop to sign. */
static bool update_secret(struct request *request, const struct row *row, const struct endpoint_order *order)
{
    const char *stored = row_text(row, "secret");

    if (!order->secret || crypto_equal(order->secret, strlen(order->secret), stored, strlen(stored)))
        return false;
    rotate(request, row_id(row, "id"), order->secret, order->display_key, CLOCK_DAY);
    return true;
}

struct json_object *endpoint_update(struct request *request, const struct row *locked,
                                    const struct endpoint_order *order)
{
    struct id endpoint = row_id(locked, "id");
    struct json_object *changed = json_new_array(request->pool), *details;

    update_columns(request, locked, order, changed);
    if (order->events && endpoint_subscribe(request, endpoint, order->events))
        add_name(changed, "events");
    if (update_secret(request, locked, order))
        add_name(changed, "secret");
    if (endpoint_activate(request, endpoint, order->active))
        add_name(changed, "active");
    if (json_object_array_length(changed) == 0)
        return changed;
    db_run(request->db, &TOUCH,
           BIND(value_time(request->now), value_id(request->actor.company), value_id(endpoint)));
    details = audit_fields(changed);
    if (strcmp(order->url, row_text(locked, "url")) != 0)
        tell_target(request, details, order->url);
    audit_request(request, "webhook.updated", "whk", endpoint, details);
    return changed;
}

bool endpoint_delete(struct request *request, struct id endpoint)
{
    struct value company = value_id(request->actor.company), id = value_id(endpoint);
    const struct row *row = db_one(request->db, request->pool, &LOCK, BIND(company, id));

    if (!row)
        return false;
    db_run(request->db, &FAIL_UNSENT, BIND(value_time(request->now), company, id, value_int(GIVEN_UP_MAX)));
    db_run(request->db, &UNSUBSCRIBE, BIND(company, id));
    db_run(request->db, &DELETE, BIND(company, id));
    audit_request(request, "webhook.deleted", "whk", endpoint, target_told(request, row_text(row, "url")));
    return true;
}
