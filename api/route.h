/*
 * route: one table row per endpoint. From these rows come routing, validation, permission, the reply's shape,
 * the OpenAPI document and `slotwire-api --routes`.
 */
#ifndef API_ROUTE_H
#define API_ROUTE_H

#include "api/error.h"
#include "api/field.h"
#include "api/rate.h"

struct request;

enum outcome { OUTCOME_OK, OUTCOME_FAILED }; /* handlers return reply_…() or fail…() */

enum shape {
    SHAPE_OBJECT,  /* `out` describes the body */
    SHAPE_PAGE,    /* {"data":[out…],"next":cursor|null}; the query gains `limit` and `cursor` */
    SHAPE_FEED,    /* a page of what never ends: `next` is where to go on, even behind the last item */
    SHAPE_LIST,    /* {"data":[out…]} */
    SHAPE_RESULTS, /* {"data":{"resultArray":[out…]}}; the query gains `page` (from 1) and `limit` */
    SHAPE_EMPTY,   /* 204 */
    SHAPE_FREE     /* written by the handler; `out` NULL; not JSON or not described */
};

struct route {
    const char *method;
    const char *path; /* `{name}` takes one segment */
    const char
        *scope;    /* `bookings:write`; NULL: public, no key needed; `session`: any person who is logged in */
    bool own_door; /* the handler alone looks at who asks: what is sent is no API key */
    const struct field *params; /* the path's `{…}`; a malformed one is 404 */
    const struct field *query;
    const struct field *in; /* JSON body; NULL: none is taken */
    const struct field *out;
    const struct field *more; /* members that the handler adds to `out`: a secret that is shown once */
    enum shape shape;
    int per_page;                  /* of SHAPE_RESULTS: `limit` when it was not sent; 0: 10 */
    bool operator_too;             /* a platform key may come here as well */
    enum rate_limit limit;         /* how often; RATE_NONE: as often as one likes */
    bool tells_pace;               /* its answer has the headers of endpoint_tell_pace() */
    bool unrepeated;               /* a POST whose answer is never stored: Idempotency-Key is not obeyed */
    int status;                    /* of success; 0: 200, or 204 for SHAPE_EMPTY */
    int also;                      /* another status with the same body, as of /readyz; 0: none */
    const enum error_code *errors; /* the handler's own, ended by ERROR_NONE; the common ones are known */
    enum outcome (*run)(struct request *request);
    const char *summary; /* one line for the document */
};

struct resource {
    const char *name;           /* the document's tag */
    const struct route *routes; /* ended by a row without method */
};

struct route_match {
    const struct route *route; /* NULL: no such path, or another method */
    const char *allow;         /* "GET, PATCH" when the path is known; NULL when it is not */
    struct {
        const char *text;
        size_t length;
    } segments[8]; /* what the `{…}` took, in order, still percent-encoded */
    size_t count;
};

/* `path` is the raw path without query. Only exact matches: no trailing slash, no empty segment, no dot
 * segments. HEAD is served by GET. */
struct route_match route_match(struct pool *pool, const struct resource *const *list, const char *method,
                               const char *path);

/* Whether its query gains the members that choose a page. */
bool route_has_pages(const struct route *route);
/* The native API refuses what it does not know, in the query too. */
bool route_is_strict(const char *path);
/* The therapy face: its answers and its errors begin with `success`. */
bool route_tells_success(const char *path);

#endif
