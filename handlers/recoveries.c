/* Recoveries: sending again what an endpoint missed since a time. The dispatcher does it:
 * dispatcher/jobs/recover.c. */
#include "api/request.h"
#include "rules/people/audit.h"

enum { RATE = 50, RATE_MAX = 1000 };

/* ---- statements ---- */

static const struct statement ENDPOINT = {
    "SELECT id FROM webhook_endpoints WHERE company_id = ? AND id = ? LOCK IN SHARE MODE",
    .in = "uu",
};

static const struct statement INSERT = {
    "INSERT INTO recoveries (id, company_id, endpoint_id, since, until, rate, what, state, created_at,"
    " updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, 'running', ?, ?)",
    .in = "uuuttistt",
};

#define RECOVERY_COLUMNS "id, endpoint_id, since, until, rate, what, state, recovered, created_at, updated_at"

static const struct statement READ = {
    "SELECT " RECOVERY_COLUMNS " FROM recoveries"
    " WHERE company_id = ? AND endpoint_id = ? AND id = ?",
    .in = "uuu",
};

static const struct statement LIST = {
    "SELECT " RECOVERY_COLUMNS " FROM recoveries FORCE INDEX (recoveries_endpoint)"
    " WHERE company_id = ? AND endpoint_id = ? AND (? IS NULL OR id < ?)"
    " ORDER BY id DESC LIMIT ?",
    .in = "uuuui",
};

static const struct statement STOP = {
    "UPDATE recoveries SET state = 'stopped', updated_at = ?"
    " WHERE company_id = ? AND endpoint_id = ? AND id = ? AND state = 'running'",
    .in = "tuuu",
};

/* ---- tables ---- */

static const enum error_code not_found[] = { ERROR_NOT_FOUND, ERROR_NONE };
static const char *const kinds[] = { "all", "missing", "failed", NULL };
static const char *const states[] = { "running", "done", "stopped", NULL };

static const struct field endpoint_param[] = { { "id", FIELD_ID, .prefix = "whk", .doc = "The endpoint" },
                                               { 0 } };
static const struct field recovery_params[] = { { "id", FIELD_ID, .prefix = "whk", .doc = "The endpoint" },
                                                { "recoveryId", FIELD_ID, .prefix = "rec",
                                                  .doc = "The recovery" },
                                                { 0 } };
static const struct field create_in[] = {
    { "since", FIELD_TIME, .required = true, .doc = "Events from this moment on",
      .example = "\"2025-10-31T12:00:00.000Z\"" },
    { "until", FIELD_TIME, .doc = "… and before this one; now when left out" },
    { "ratePerSecond", FIELD_INT, .min = 1, .max = RATE_MAX,
      .doc = "Deliveries a second at most; 50 when left out" },
    { "what", FIELD_ENUM, .choices = kinds,
      .doc =
          "Deliveries that failed, those that were never made because the endpoint did not subscribe then, "
          "or all of them, as when left out" },
    { 0 }
};
static const struct field recovery_out[] = {
    { "id", FIELD_ID, .prefix = "rec", .required = true, .doc = "The recovery" },
    { "endpointId", FIELD_ID, .prefix = "whk", .required = true, .doc = "Where to" },
    { "since", FIELD_TIME, .required = true, .doc = "Events from this moment on" },
    { "until", FIELD_TIME, .required = true, .doc = "… and before this one" },
    { "ratePerSecond", FIELD_INT, .required = true, .column = "rate", .doc = "Deliveries a second at most" },
    { "what", FIELD_ENUM, .choices = kinds, .required = true, .doc = "Which deliveries" },
    { "state", FIELD_ENUM, .choices = states, .required = true, .doc = "At work, at its end, or stopped" },
    { "recovered", FIELD_INT, .required = true, .doc = "Deliveries that it made due so far" },
    { "createdAt", FIELD_TIME, .required = true, .doc = "When it was asked for" },
    { "updatedAt", FIELD_TIME, .required = true, .doc = "When it last went on" },
    { 0 }
};

/* ---- the endpoints ---- */

static bool endpoint_exists(struct request *request)
{
    return db_one(request->db, request->pool, &ENDPOINT,
                  BIND(value_id(request->actor.company), input_value(request->params, "id")));
}

static const struct row *read_row(struct request *request, struct id recovery)
{
    return db_one(
        request->db, request->pool, &READ,
        BIND(value_id(request->actor.company), input_value(request->params, "id"), value_id(recovery)));
}

static enum outcome create(struct request *request)
{
    const struct input *body = request->body;
    instant since = input_time(body, "since", 0), until = input_time(body, "until", request->now);
    const char *what = input_text(body, "what");
    struct id recovery = id_new();

    if (until > request->now)
        return fail_field(request, "until", "must not be in the future");
    if (since >= until)
        return fail_field(request, "since", "must be before until, and in the past");
    if (!endpoint_exists(request))
        return fail(request, ERROR_NOT_FOUND);
    db_run(request->db, &INSERT,
           BIND(value_id(recovery), value_id(request->actor.company), input_value(request->params, "id"),
                value_time(since), value_time(until), value_int(input_int(body, "ratePerSecond", RATE)),
                value_text(what ? what : kinds[0]), value_time(request->now), value_time(request->now)));
    audit_request(request, "recovery.started", "rec", recovery, NULL);
    request->poke = true;
    return reply_row(request, read_row(request, recovery));
}

static enum outcome list(struct request *request)
{
    bool broken;
    const struct value *cursor = page_cursor(request, "id", &broken);
    struct value before = cursor ? cursor[0] : value_null();
    struct rows rows;

    if (broken)
        return fail_field(request, "cursor", "must be `next` of the page before");
    rows = db_all(request->db, request->pool, &LIST,
                  BIND(value_id(request->actor.company), input_value(request->params, "id"), before, before,
                       value_int(page_limit(request) + 1)));
    if (rows.count == 0 && !endpoint_exists(request))
        return fail(request, ERROR_NOT_FOUND);
    return reply_page(request, rows, "id");
}

static enum outcome get(struct request *request)
{
    const struct row *row = read_row(request, input_id(request->params, "recoveryId"));

    return row ? reply_row(request, row) : fail(request, ERROR_NOT_FOUND);
}

/* One that has ended stays as it is. */
static enum outcome stop(struct request *request)
{
    struct id recovery = input_id(request->params, "recoveryId");

    if (!read_row(request, recovery))
        return fail(request, ERROR_NOT_FOUND);
    if (db_run(request->db, &STOP,
               BIND(value_time(request->now), value_id(request->actor.company),
                    input_value(request->params, "id"), value_id(recovery))) > 0)
        audit_request(request, "recovery.stopped", "rec", recovery, NULL);
    return reply_empty(request);
}

static const struct route routes[] = {
    { "POST", "/api/v1/webhooks/{id}/recoveries", .scope = "webhooks:write", .params = endpoint_param,
      .in = create_in, .out = recovery_out, .status = 202, .errors = not_found, .run = create,
      .summary = "Send again what a webhook endpoint missed since a time" },
    { "GET", "/api/v1/webhooks/{id}/recoveries", .scope = "webhooks:read", .params = endpoint_param,
      .out = recovery_out, .shape = SHAPE_PAGE, .errors = not_found, .run = list,
      .summary = "List the recoveries of a webhook endpoint, the newest first" },
    { "GET", "/api/v1/webhooks/{id}/recoveries/{recoveryId}", .scope = "webhooks:read",
      .params = recovery_params, .out = recovery_out, .errors = not_found, .run = get,
      .summary = "Read how far a recovery is" },
    { "DELETE", "/api/v1/webhooks/{id}/recoveries/{recoveryId}", .scope = "webhooks:write",
      .params = recovery_params, .shape = SHAPE_EMPTY, .errors = not_found, .run = stop,
      .summary = "Stop a recovery; what it made due already is sent" },
    { 0 }
};
const struct resource recoveries_resource = { "recoveries", routes };
