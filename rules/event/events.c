#include "rules/event/events.h"

#include "base/config.h"

static const struct statement INSERT_EVENT = {
    "INSERT INTO events (id, company_id, type, payload, created_at) VALUES (?, ?, ?, ?, ?)",
    .in = "uusst",
};

/*
 * One delivery for each subscribed endpoint, in one statement. Their ids are UUIDv7 in form: the event's
 * moment, then version and variant around bits of a hash of event and endpoint, so that they sort by birth
 * and never meet.
 */
static const struct statement INSERT_DELIVERIES = {
    "INSERT INTO deliveries (id, company_id, endpoint_id, event_id, state, due_at, created_at)"
    " SELECT UNHEX(CONCAT(LEFT(HEX(t.event_id), 12), '7', SUBSTR(t.hash, 1, 3),"
    " SUBSTR('89AB', 1 + (ASCII(SUBSTR(t.hash, 32, 1)) & 3), 1), SUBSTR(t.hash, 4, 15))),"
    " t.company_id, t.endpoint_id, t.event_id, 'pending', t.created_at, t.created_at"
    " FROM (SELECT DISTINCT v.id AS event_id, v.company_id, v.created_at, s.endpoint_id,"
    " MD5(CONCAT(v.id, s.endpoint_id)) AS hash"
    " FROM events v"
    " JOIN webhook_subscriptions s ON s.company_id = v.company_id AND s.event_type IN (v.type, '*')"
    " WHERE v.company_id = ? AND v.id = ? AND s.endpoint_id <> ?) t",
    .in = "uus",
};

static const struct statement INSERT_DELIVERY = {
    "INSERT INTO deliveries (id, company_id, endpoint_id, event_id, state, test, due_at, created_at)"
    " VALUES (?, ?, ?, ?, 'pending', TRUE, ?, ?)",
    .in = "uuuutt",
};

static struct id insert_event(struct db *db, struct pool *pool, struct id company, const char *type,
                              struct json_object *data, instant now)
{
    struct id event = id_new();
    db_run(db, &INSERT_EVENT,
           BIND(value_id(event), value_id(company), value_text(type), value_text(json_text(pool, data)),
                value_time(now)));
    return event;
}

struct id event_emit(struct db *db, struct pool *pool, struct id company, const char *type,
                     struct json_object *data, instant now)
{
    return event_emit_but(db, pool, company, (struct id){ { 0 } }, type, data, now);
}

struct id event_emit_but(struct db *db, struct pool *pool, struct id company, struct id endpoint,
                         const char *type, struct json_object *data, instant now)
{
    struct id event = insert_event(db, pool, company, type, data, now);
    db_run(db, &INSERT_DELIVERIES,
           BIND(value_id(company), value_id(event), value_bytes((const char *)endpoint.bytes, 16)));
    return event;
}

struct id event_emit_test(struct db *db, struct pool *pool, struct id company, struct id endpoint,
                          const char *type, struct json_object *data, instant now)
{
    struct id event = insert_event(db, pool, company, type, data, now);
    struct id delivery = id_new();
    db_run(db, &INSERT_DELIVERY,
           BIND(value_id(delivery), value_id(company), value_id(endpoint), value_id(event), value_time(now),
                value_time(now)));
    return delivery;
}

struct id events_kept_from(void)
{
    int64_t day = clock_real() / CLOCK_DAY - config_int(CONFIG_RETENTION_DAYS);

    return id_first_of(day > 0 ? day * CLOCK_DAY : 1);
}
