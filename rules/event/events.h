/*
 * events: the outbox. An event and its deliveries are rows of the same transaction as the change they tell
 * of.
 */
#ifndef RULES_EVENT_EVENTS_H
#define RULES_EVENT_EVENTS_H

#include "base/json.h"
#include "db/db.h"

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

/*
 * The first id of the days that `retention_days` keeps. An older event stays as long as anybody's delivery of
 * its day waits; whether others of that day were delivered, or tests, is not known any more.
 */
struct id events_kept_from(void);

#endif
