/*
 * Everything that happened, in order, for whoever was away and catches up by pulling.
 *
 * A reader goes on behind the last id that it saw, so an event must never become visible behind one that was
 * shown. Ids are born in order of the real time, by several processes and hosts, but transactions commit in
 * any order. Two things close the gap: what is younger than FEED_LAG_MS is held back, so that a row with an
 * id of an earlier moment has been written by then, and the rows are read with shared locks, so that one that
 * is written but not committed is waited for (MariaDB waits at the row, whatever the isolation level). What
 * waits longer than the database allows is answered with 503 and asked again.
 */
#include "rules/event/events.h"
#include "api/request.h"
#include "rules/catalogue/event_types.h"

enum { FEED_LAG_MS = 2000 };

/* Test sends are of the one endpoint they were sent to: they did not happen. */
static const struct statement FEED = {
    "SELECT e.id, e.type, e.created_at, e.payload AS data FROM events e FORCE INDEX (events_company)"
    " WHERE e.company_id = ? AND e.id > ? AND e.id < ?"
    " AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.company_id = e.company_id AND d.event_id = e.id"
    " AND d.test) ORDER BY e.id LIMIT ? LOCK IN SHARE MODE",
    .in = "uuui",
};

static const struct statement FEED_OF_TYPE = {
    "SELECT e.id, e.type, e.created_at, e.payload AS data FROM events e FORCE INDEX (events_type)"
    " WHERE e.company_id = ? AND e.type = ? AND e.id > ? AND e.id < ?"
    " AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.company_id = e.company_id AND d.event_id = e.id"
    " AND d.test) ORDER BY e.id LIMIT ? LOCK IN SHARE MODE",
    .in = "usuui",
};

static const struct field feed_query[] = {
    { "after", FIELD_ID, .prefix = "evt", .doc = "Only what happened after this event" },
    { "type", FIELD_ENUM, .choices = event_type_choices + 1, .doc = "Only this type" },
    { 0 }
};
static const struct field event_out[] = {
    { "id", FIELD_ID, .prefix = "evt", .required = true, .doc = "The event; `webhook-id` of its deliveries" },
    { "type", FIELD_TEXT, .required = true, .doc = "See /api/v1/event-types" },
    { "createdAt", FIELD_TIME, .required = true, .doc = "When it happened" },
    { "data", FIELD_JSON, .required = true, .doc = "The snapshot of that moment" },
    { 0 }
};

/* As value_id, but the nil id is the lowest there is and not NULL. */
static struct value bound(struct id id)
{
    return (struct value){ .type = VALUE_ID, .id = id };
}

/* `next` of the page before is the id of its last event, so the two members say the same. */
static bool read_start(struct request *request, struct id *after)
{
    const char *cursor = input_text(request->query, "cursor");

    *after = input_id(request->query, "after");
    if (!cursor)
        return true;
    return id_is_nil(*after) && id_parse(after, "evt", cursor, strlen(cursor));
}

static struct rows read_feed(struct request *request, struct id after)
{
    struct id end =
        id_first_of(clock_real() - FEED_LAG_MS); /* from there on some may still be on their way */
    struct value company = value_id(request->actor.company), limit = value_int(page_limit(request));
    const char *type = input_text(request->query, "type");

    if (id_compare(after, events_kept_from()) < 0)
        after = events_kept_from();
    if (type)
        return db_all(request->db, request->pool, &FEED_OF_TYPE,
                      BIND(company, value_text(type), bound(after), bound(end), limit));
    return db_all(request->db, request->pool, &FEED, BIND(company, bound(after), bound(end), limit));
}

static enum outcome feed(struct request *request)
{
    struct json_object *body = json_new_object(request->pool), *data = json_object_new_array();
    struct rows rows;
    struct id last;

    json_set(body, "data", data);
    if (!read_start(request, &last))
        return fail_field(request, "cursor", "must be `next` of the page before, and not beside `after`");
    rows = read_feed(request, last);
    for (size_t i = 0; i < rows.count; i++) {
        last = row_id(&rows.items[i], "id");
        json_object_array_add(data, json_object_get(field_render(request->pool, event_out, &rows.items[i])));
    }
    json_set_id(body, "next", "evt", last);
    return reply_json(request, body);
}

static const struct route routes[] = {
    { "GET", "/api/v1/events", .scope = "webhooks:read", .query = feed_query, .out = event_out,
      .shape = SHAPE_FEED, .run = feed,
      .summary = "List all that happened, oldest first; `next` stays where nothing new has come yet" },
    { 0 }
};
const struct resource events_resource = { "events", routes };
