/*
 * events: the outbox. An event and its deliveries are rows of the same transaction as the change they tell
 * of.
 */
#ifndef RULES_EVENTS_H
#define RULES_EVENTS_H

#include "core/db.h"
#include "core/field.h"
#include "core/json.h"

/* The native event types, in one const list (event_types.c) ended by a NULL type. */
enum { EVENT_PARTS = 3 };
struct event_type {
    const char *type; /* booking.created */
    const char *doc;
    const struct field *parts[EVENT_PARTS]; /* what its data holds, in this order; unused ones are NULL */
};
extern const struct event_type event_types[];
const struct event_type *event_type_find(const char *type); /* or NULL */
/* The parts in one table. */
const struct field *event_fields(struct pool *pool, const struct event_type *type);
/* The JSON Schema (2020-12) of its data, made from them. Belongs to the pool. */
struct json_object *event_schema(struct pool *pool, const struct event_type *type);
/* The same names as a NULL-terminated list, for FIELD_ENUM's choices; with `*` first. */
extern const char *const event_type_choices[];

/*
 * Writes the event with its snapshot and one delivery row, due at once, for every endpoint of the company
 * that subscribes to the type or to `*`; the dispatcher holds those of an endpoint that is switched off.
 * `data` is kept as JSON.stringify text. Two statements. Returns the event's id. The caller sets
 * request->poke (or wakes the dispatcher itself) so that it is sent after the commit.
 */
struct id event_emit(struct db *db, struct pool *pool, struct id company, const char *type,
                     struct json_object *data, instant now);

/* The same, but for one endpoint that is not told: what happened to it is for the others. */
struct id event_emit_but(struct db *db, struct pool *pool, struct id company, struct id endpoint,
                         const char *type, struct json_object *data, instant now);

/* A test send: for one endpoint only, whatever it subscribes to and even where it is off; tried once. Returns
 * the delivery's id. */
struct id event_emit_test(struct db *db, struct pool *pool, struct id company, struct id endpoint,
                          const char *type, struct json_object *data, instant now);

/* An example snapshot of a type of the list, as a test send carries it. Belongs to the pool. */
struct json_object *event_example(struct pool *pool, const char *type);

/*
 * The first id of the days that `retention_days` keeps. An older event stays as long as anybody's delivery of
 * its day waits; whether others of that day were delivered, or tests, is not known any more.
 */
struct id events_kept_from(void);

#endif
