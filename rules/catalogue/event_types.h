/*
 * event_types: the catalogue of events: the native types, what the data of each holds, and an example. It
 * knows the tables of all that happens; who only tells of something needs event_emit (rules/event/events.h).
 */
#ifndef RULES_CATALOGUE_EVENT_TYPES_H
#define RULES_CATALOGUE_EVENT_TYPES_H

#include "api/field.h"
#include "base/json.h"

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

/* An example snapshot of a type of the list, as a test send carries it. Belongs to the pool. */
struct json_object *event_example(struct pool *pool, const char *type);

#endif
