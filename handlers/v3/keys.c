/* API keys in the PushPress style: the same keys as /api/v1/keys, with the caller's own scopes. */
#include "rules/people/keys.h"
#include "api/request.h"
#include "rules/people/audit.h"

static const enum error_code not_found[] = { ERROR_NOT_FOUND, ERROR_NONE };
static const struct field id_param[] = { { "id", FIELD_ID, .prefix = "key", .doc = "The key" }, { 0 } };

static const struct field create_in[] = {
    { "name", FIELD_TEXT, .required = true, .doc = "What it is for" },
    { "description", FIELD_TEXT, .max = 500, .nullable = true, .doc = "For people" },
    { "expiresAt", FIELD_MILLIS, .nullable = true, .doc = "When it stops to work, milliseconds since 1970" },
    { 0 }
};
static const struct field key_out[] = {
    { "keyUuid", FIELD_ID, .prefix = "key", .column = "id", .required = true, .doc = "The key" },
    { "companyId", FIELD_ID, .prefix = "cli", .required = true, .doc = "Its company" },
    { "name", FIELD_TEXT, .required = true, .doc = "What it is for" },
    { "description", FIELD_TEXT, .column = "note", .required = true, .doc = "For people; empty: none" },
    { "createdAt", FIELD_MILLIS, .required = true, .doc = "When it was made" },
    { "lastUsedAt", FIELD_MILLIS, .nullable = true, .doc = "When it was last used, to the minute" },
    { "expiresAt", FIELD_MILLIS, .nullable = true, .doc = "When it stops to work" },
    { 0 }
};
static const struct field raw_out[] = {
    { "apiKey", FIELD_SECRET, .required = true, .doc = "The key itself, shown this once" }, { 0 }
};

static const struct row *read_row(struct request *request, struct id key)
{
    return key_read(request->db, request->pool, request->actor.company, key);
}

/* The key as it is now, with its new secret. */
static enum outcome reply_with(struct request *request, struct id key, const char *raw)
{
    struct json_object *body = field_render(request->pool, key_out, read_row(request, key));

    json_set_text(body, "apiKey", raw);
    return reply_json(request, body);
}

static enum outcome create(struct request *request)
{
    const char *description = input_text(request->body, "description");
    struct key_order order = {
        .company = request->actor.company,
        .name = input_text(request->body, "name"),
        .description = description && description[0] ? description : NULL,
        .power = { .scopes = request->actor.scopes, .expires_at = input_time(request->body, "expiresAt", 0) },
        .created_by = id_is_nil(request->actor.key) ? request->actor.user : request->actor.key,
        .counted_with = power_count(&request->actor),
        .now = request->now,
    };
    struct id key;
    char *raw;

    if (input_time(request->body, "expiresAt", INSTANT_MAX) <= request->now)
        return fail_field(request, "expiresAt", "must lie ahead");
    power_inherit(&request->actor, &order.power);
    if (!power_covers(&request->actor, &order.power))
        return power_fail(request);
    key = key_create(request->db, request->pool, &order, &raw);
    key_audit(request, "key.created", key, key_told(order.name, order.power.scopes));
    return reply_with(request, key, raw);
}

static enum outcome list(struct request *request)
{
    return reply_rows(request,
                      key_list(request->db, request->pool, request->actor.company, (struct id){ { 0 } },
                               request->now, page_limit(request), page_offset(request)));
}

static enum outcome get(struct request *request)
{
    const struct row *row = read_row(request, input_id(request->params, "id"));

    return row ? reply_row(request, row) : fail(request, ERROR_NOT_FOUND);
}

static enum outcome erase(struct request *request)
{
    struct id company = request->actor.company, key = input_id(request->params, "id");
    const struct row *row = key_lock(request->db, request->pool, company, key);

    if (!row)
        return fail(request, ERROR_NOT_FOUND);
    if (!key_may_be_taken(request, key, row))
        return OUTCOME_FAILED;
    key_audit(request, "key.deleted", key, key_told(row_text(row, "name"), row_text(row, "scopes")));
    row = read_row(request, key);
    key_delete(request->db, company, key);
    return reply_row(request, row);
}

static enum outcome revoke(struct request *request)
{
    struct id company = request->actor.company, key = input_id(request->params, "id");
    const struct row *row = key_lock(request->db, request->pool, company, key);

    if (!row)
        return fail(request, ERROR_NOT_FOUND);
    if (!key_may_be_taken(request, key, row))
        return OUTCOME_FAILED;
    if (row_is_null(row, "revoked_at")) {
        key_revoke(request->db, company, key, request->now);
        key_audit(request, "key.revoked", key, key_told(row_text(row, "name"), row_text(row, "scopes")));
    }
    return get(request);
}

static enum outcome rotate(struct request *request)
{
    struct id key = input_id(request->params, "id");
    const char *raw = key_rotate(request, key);

    return raw ? reply_with(request, key, raw) : OUTCOME_FAILED;
}

static const struct route routes[] = {
    { "GET", "/v3/keys", .scope = "keys:read", .out = key_out, .shape = SHAPE_RESULTS, .per_page = 50,
      .run = list, .summary = "List the API keys that work" },
    { "POST", "/v3/keys", .scope = "keys:write", .in = create_in, .out = key_out, .more = raw_out,
      .status = 201, .run = create, .summary = "Make an API key that may do what the caller may" },
    { "GET", "/v3/keys/{id}", .scope = "keys:read", .params = id_param, .out = key_out, .errors = not_found,
      .run = get, .summary = "Read an API key" },
    { "DELETE", "/v3/keys/{id}", .scope = "keys:write", .params = id_param, .out = key_out,
      .errors = not_found, .run = erase, .summary = "Remove an API key" },
    { "PATCH", "/v3/keys/{id}/revoke", .scope = "keys:write", .params = id_param, .out = key_out,
      .errors = not_found, .run = revoke, .summary = "Revoke an API key for good" },
    { "POST", "/v3/keys/{id}/rotate", .scope = "keys:write", .params = id_param, .in = key_rotate_in,
      .out = key_out, .more = raw_out, .errors = key_rotate_errors, .run = rotate,
      .summary = "Give an API key a new secret; the one before works on for the overlap" },
    { 0 }
};
const struct resource v3_keys_resource = { "keys (PushPress)", routes };
