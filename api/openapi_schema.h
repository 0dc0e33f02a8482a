/*
 * openapi_schema: JSON Schema (2020-12) of field tables, and the document's shared components. Used by
 * openapi.c.
 *
 * What is returned has one reference, which the caller hangs into the document.
 */
#ifndef API_OPENAPI_SCHEMA_H
#define API_OPENAPI_SCHEMA_H

#include "api/route.h"

enum openapi_side {
    OPENAPI_IN,    /* a body: the limits that validation enforces */
    OPENAPI_QUERY, /* a parameter: as a body's member */
    OPENAPI_OUT    /* an answer: what a client may rely on */
};

struct json_object *openapi_field_schema(const struct field *field, enum openapi_side side);
struct json_object *openapi_object_schema(const struct field *fields, enum openapi_side side);
/* The members of two tables in one object; `more` may be NULL. */
struct json_object *openapi_joined_schema(const struct field *fields, const struct field *more,
                                          enum openapi_side side);
/* The list of SHAPE_LIST, SHAPE_PAGE, SHAPE_FEED or SHAPE_RESULTS. Takes the reference of `item`. */
struct json_object *openapi_list_schema(struct json_object *item, enum shape shape);
/* Fills a response object: the error envelope with these codes, on the paths of route_tells_success with
 * `success`. Takes the reference of `codes`. */
void openapi_error_response(struct json_object *response, struct json_object *codes, bool tells_success);
struct json_object *openapi_components(void);

#endif
