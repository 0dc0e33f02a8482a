/* What machines ask about the installation: is it alive, is it ready, what does it offer. */
#include "api/openapi.h"
#include "api/request.h"
#include "base/config.h"
#include "base/fault.h"
#include "base/log.h"
#include "db/schema.h"
#include "db/watch.h"

static const struct statement SCHEMA = {
    "SELECT MAX(version) AS version FROM schema_version",
};
static const struct statement HEARTBEAT = {
    "SELECT seen_at FROM heartbeats WHERE name = 'dispatcher'",
};

static const struct field health_out[] = {
    { "status", FIELD_TEXT, .required = true, .doc = "`ok`", .example = "\"ok\"" },
    { 0 },
};

static const struct field database_out[] = {
    { "ok", FIELD_BOOL, .required = true, .doc = "Whether it answers" },
    { 0 },
};
static const struct field schema_out[] = {
    { "ok", FIELD_BOOL, .required = true, .doc = "Whether the two versions agree" },
    { "version", FIELD_INT, .nullable = true, .required = true,
      .doc = "The database's; null when it cannot be read" },
    { "expected", FIELD_INT, .required = true, .doc = "This program's" },
    { 0 },
};
static const struct field dispatcher_out[] = {
    { "ok", FIELD_BOOL, .required = true, .doc = "Whether it was seen in the last three minutes" },
    { "ageSeconds", FIELD_INT, .nullable = true, .required = true,
      .doc = "Since it was last seen; null: never" },
    { "startedByWorkers", FIELD_BOOL, .required = true,
      .doc = "Whether the workers start it should cron stop" },
    { 0 },
};
static const struct field checks_out[] = {
    { "database", FIELD_OBJECT, .fields = database_out, .required = true, .doc = "MariaDB" },
    { "schema", FIELD_OBJECT, .fields = schema_out, .required = true, .doc = "The schema's version" },
    { "dispatcher", FIELD_OBJECT, .fields = dispatcher_out, .required = true,
      .doc = "The sender of webhooks" },
    { 0 },
};
static const char *const ready_choices[] = { "ready", "not ready", NULL };
static const struct field ready_out[] = {
    { "status", FIELD_ENUM, .choices = ready_choices, .required = true, .doc = "The checks taken together" },
    { "checks", FIELD_OBJECT, .fields = checks_out, .required = true, .doc = "One member a check" },
    { 0 },
};

static enum outcome health(struct request *request)
{
    struct json_object *body = json_new_object(request->pool);

    json_set_text(body, "status", "ok");
    return reply_json(request, body);
}

struct readiness {
    bool schema_ok, dispatcher_ok;
    struct json_object *version, *age;
};

static void look(struct request *request, struct readiness *found)
{
    const struct row *schema = db_one(request->db, request->pool, &SCHEMA, BIND_NONE);
    const struct row *beat = db_one(request->db, request->pool, &HEARTBEAT, BIND_NONE);
    instant age = beat ? request->now - row_time(beat, "seen_at") : 0;

    if (schema && !row_is_null(schema, "version")) {
        found->schema_ok = row_int(schema, "version") == SCHEMA_VERSION;
        found->version = json_own(request->pool, json_object_new_int64(row_int(schema, "version")));
    }
    if (beat) {
        found->dispatcher_ok = age < WATCH_LATE;
        found->age = json_own(request->pool, json_object_new_int64(age < 0 ? 0 : age / CLOCK_SECOND));
    }
}

/* A database that answers but holds no tables is an answer too, so a fault here is a finding and no 503. */
static void look_safely(struct request *request, struct readiness *found)
{
    struct fault_frame frame;

    switch (fault_catch(&frame)) {
    case FAULT_NONE:
        look(request, found);
        fault_done(&frame);
        break;
    default:
        log_warn("readiness: the database could not be read");
        break;
    }
}

static struct json_object *add_check(struct json_object *checks, const char *name, bool ok)
{
    struct json_object *check = json_object_new_object();

    json_object_object_add(checks, name, check);
    json_set_bool(check, "ok", ok);
    return check;
}

static enum outcome ready(struct request *request)
{
    struct json_object *body = json_new_object(request->pool), *checks = json_object_new_object(), *check;
    struct readiness *found = pool_alloc(request->pool, sizeof *found);
    bool database = db_ping(request->db);

    if (database)
        look_safely(request, found);
    json_set_text(body, "status",
                  database && found->schema_ok && found->dispatcher_ok ? "ready" : "not ready");
    json_object_object_add(body, "checks", checks);
    add_check(checks, "database", database);
    check = add_check(checks, "schema", found->schema_ok);
    json_object_object_add(check, "version", json_object_get(found->version));
    json_set_int(check, "expected", SCHEMA_VERSION);
    check = add_check(checks, "dispatcher", found->dispatcher_ok);
    json_object_object_add(check, "ageSeconds", json_object_get(found->age));
    json_set_bool(check, "startedByWorkers", *config_text(CONFIG_DISPATCHER_PROGRAM) != '\0');
    reply_json(request, body);
    if (!database || !found->schema_ok || !found->dispatcher_ok)
        request->reply.status = 503;
    return OUTCOME_OK;
}

/* The same for the life of the worker, so it is written once. */
static enum outcome document(struct request *request)
{
    static char *text;
    static size_t length;

    if (!text) {
        const char *made =
            json_text(request->pool, openapi_document(request->pool, request->exchange->resources));

        text = strdup(made);
        if (!text)
            pool_exhausted();
        length = strlen(text);
    }
    reply_text(request, 200, "application/json", text, length);
    return OUTCOME_OK;
}

static const struct route routes[] = {
    /* Nothing on its way asks the database, so that it says alive while that hangs: no key is looked up
       either. */
    { "GET", "/healthz", .out = health_out, .own_door = true, .run = health,
      .summary = "Whether the worker is alive" },
    { "GET", "/readyz", .out = ready_out, .also = 503, .run = ready,
      .summary = "Whether database, schema and dispatcher are ready" },
    { "GET", "/openapi.json", .shape = SHAPE_FREE, .run = document, .summary = "This document" },
    { 0 },
};
const struct resource system_resource = { "system", routes };
