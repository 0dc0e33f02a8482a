/*
 * openapi: the OpenAPI 3.1 document of a list of resources, made from their tables and from nothing else.
 */
#ifndef API_OPENAPI_H
#define API_OPENAPI_H

#include "api/route.h"

struct json_object *openapi_document(struct pool *pool, const struct resource *const *list);
/* `GET /api/v1/bookings/{id} bookings:read Read a booking`, one line each. */
void openapi_print_routes(struct buf *out, const struct resource *const *list);

#endif
