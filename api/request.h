/*
 * request: what a handler sees. Everything in it lives until the reply is sent.
 *
 * The way of a request: route_match → auth_check → field_parse → idempotency → run → commit → bytes. Handlers
 * read typed values, run statements, and end with `return reply_…(request, …)` or `return fail…(request, …)`.
 * Only after the commit is anything sent; an outcome of OUTCOME_FAILED, or a status of 400 and more, rolls
 * back.
 *
 * So a request is one transaction (a GET none), and all of it lasts or nothing. The few that need it
 * otherwise say so by request_keep and request_undo, and by nothing else.
 */
#ifndef API_REQUEST_H
#define API_REQUEST_H

#include "api/auth.h"
#include "api/route.h"

/* The outside of a request, filled by cgi-bin/api.c (FastCGI or CGI) or by a test. */
struct exchange {
    const char *(*param)(struct exchange *exchange, const char *name); /* CGI variable, or NULL */
    int (*read)(struct exchange *exchange, char *data, int length);    /* of the body */
    void (*write)(struct exchange *exchange, const char *data, int length);
    void *private;
    const struct resource *const *resources; /* what can be asked for, ended by NULL */
};

struct reply {
    int status;
    struct json_object *body; /* NULL: none */
    const char *content_type; /* with `text`: a body that is not JSON from a tree */
    const char *text;
    size_t text_length;
    struct buf headers; /* extra lines, `Name: value\r\n` */
    enum error_code error;
    bool cacheable; /* the handler has said how; everything else is `Cache-Control: no-store` */
};

struct request {
    struct pool *pool;
    struct db *db;
    struct exchange *exchange;
    char id[40]; /* from nginx's X-Request-Id, else our own */
    const char *method, *path, *query_string, *address;
    const char *body_text;
    size_t body_length;
    const struct route *route;
    struct actor actor;
    instant now; /* clock_now() at the start; one request has one time */
    const struct input *params, *query, *body;
    struct reply reply;
    struct rate_count rate; /* what the route's limit has counted */
    bool poke;              /* set by event_emit's caller: wake the dispatcher after the commit */
    bool poke_all;          /* … for more than events of the actor's company */
    const char *idempotency_key;
};

/* Serves one request whole: reads, answers, logs, rolls back on faults. The pool is reset by the caller. */
void request_serve(struct request *request, struct exchange *exchange, struct pool *pool, struct db *db);

/* ---- the exceptions to one transaction ---- */

/* What was written so far lasts, whatever becomes of the request: a try that is counted, an event that is
 * waited for. What follows is a transaction of its own. */
void request_keep(struct request *request);
/* What was written so far is undone, and its locks are let go. What follows lasts statement by statement,
 * though the request be refused. */
void request_undo(struct request *request);

/* ---- ends of a handler ---- */

enum outcome reply_row(struct request *request, const struct row *row); /* route->out, route->status */
enum outcome reply_json(struct request *request, struct json_object *body);
/*
 * A page of `limit` rows, read with limit + 1; the last row's columns named in `cursor_columns`
 * (`starts_at,id`) become the opaque cursor.
 */
enum outcome reply_page(struct request *request, struct rows rows, const char *cursor_columns);
/*
 * The same for a filter that looked at a part of the list only, down to the row `seen` (NULL: to the end):
 * where the rows do not fill the page, `next` goes on behind it.
 */
enum outcome reply_page_seen(struct request *request, struct rows rows, const char *cursor_columns,
                             const struct row *seen);
enum outcome reply_rows(struct request *request, struct rows rows); /* SHAPE_LIST, SHAPE_RESULTS */
enum outcome reply_empty(struct request *request);
/* A header line of the reply; neither part may hold control characters. */
void reply_header(struct request *request, const char *name, const char *value);
void reply_text(struct request *request, int status, const char *content_type, const char *text,
                size_t length);

enum outcome fail(struct request *request, enum error_code code);
enum outcome fail_with(struct request *request, enum error_code code, struct json_object *details);
/* `details` say why, in words: {"reason":"only staff have a schedule"}. */
enum outcome fail_because(struct request *request, enum error_code code, const char *reason);
/* 429, with the seconds that are left until then in Retry-After. */
enum outcome fail_until(struct request *request, instant until);
/* 422 that names one member: "staffId", "must be staff of this company". */
enum outcome fail_field(struct request *request, const char *field, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* 422 that names every fault. */
enum outcome fail_problems(struct request *request, const struct problems *problems);

/* ---- pages ---- */

int64_t page_limit(const struct request *request); /* 1..100, default 20; ask the database for one more */
/* The rows before the asked page of a SHAPE_RESULTS, whose page_limit() is 1..1000 and asked for as it is. */
int64_t page_offset(const struct request *request);
/* The members that a route's shape adds to its query, after its own; up to PAGE_FIELDS of them, then the end.
 */
enum { PAGE_FIELDS = 2 };
void page_fields(struct pool *pool, const struct route *route, struct field fields[PAGE_FIELDS + 1]);
/*
 * The cursor's values, for the same columns as reply_page; NULL when none was sent. A forged, foreign or
 * broken cursor gives NULL and sets `*broken`: answer with fail_field(request, "cursor", …). The schema's
 * naming tells the types: `…_at` are times, `id` and `…_id` ids, others texts.
 */
const struct value *page_cursor(struct request *request, const char *cursor_columns, bool *broken);

#endif
