/* API keys: what a company's own people and programs make, rotate and revoke; and the operator's. */
#include "rules/people/keys.h"
#include "api/patch.h"
#include "api/permissions.h"
#include "api/request.h"
#include "base/range.h"
#include "rules/people/audit.h"
#include "rules/people/companies.h"

enum { SCOPES_MAX = 32, ADDRESSES_MAX = 20, COMPANIES_MAX = 50, LIMIT_MAX = 1000000 };
enum { LIST_TEXT_MAX = 1000 }; /* of api_keys.scopes and allowed_addresses */

/* ---- tables ---- */

static const enum error_code not_found[] = { ERROR_NOT_FOUND, ERROR_NONE };
static const struct field id_param[] = { { "id", FIELD_ID, .prefix = "key", .doc = "The key" }, { 0 } };

static const struct field create_in[] = {
    { "name", FIELD_TEXT, .required = true, .doc = "What it is for", .example = "\"Website\"" },
    { "description", FIELD_TEXT, .max = 500, .nullable = true, .doc = "For people" },
    { "scopes", FIELD_LIST, .element = FIELD_TEXT, .required = true, .min = 1, .max = SCOPES_MAX,
      .doc = "What it may do: words like bookings:read, or * for everything; none that the caller does not "
             "have",
      .example = "[\"bookings:read\",\"bookings:write\"]" },
    { "companyIds", FIELD_LIST, .element = FIELD_ID, .prefix = "cli", .min = 1, .max = COMPANIES_MAX,
      .doc = "The companies that the key spans; only for the operator, who must give it" },
    { "allowedAddresses", FIELD_LIST, .element = FIELD_TEXT, .max = ADDRESSES_MAX,
      .doc = "IP addresses and CIDR ranges that the key may be used from; an empty list: anywhere",
      .example = "[\"203.0.113.7\",\"2001:db8::/32\"]" },
    { "bookingLimit", FIELD_INT, .min = 1, .max = LIMIT_MAX, .nullable = true,
      .doc = "Bookings that it may make in a minute; null: as the installation has it" },
    { "calendarLimit", FIELD_INT, .min = 1, .max = LIMIT_MAX, .nullable = true,
      .doc = "Calendar reads in an hour; null: as the installation has it" },
    { "expiresAt", FIELD_TIME, .nullable = true, .doc = "When it stops to work; null: never" },
    { 0 }
};
static const struct field update_in[] = {
    { "name", FIELD_TEXT, .min = 1, .doc = "What it is for" },
    { "description", FIELD_TEXT, .max = 500, .nullable = true, .doc = "For people" },
    { "allowedAddresses", FIELD_LIST, .element = FIELD_TEXT, .max = ADDRESSES_MAX,
      .doc = "IP addresses and CIDR ranges that the key may be used from; an empty list: anywhere",
      .example = "[\"203.0.113.7\",\"2001:db8::/32\"]" },
    { "bookingLimit", FIELD_INT, .min = 1, .max = LIMIT_MAX, .nullable = true,
      .doc = "Bookings that it may make in a minute; null: as the installation has it" },
    { "calendarLimit", FIELD_INT, .min = 1, .max = LIMIT_MAX, .nullable = true,
      .doc = "Calendar reads in an hour; null: as the installation has it" },
    { "expiresAt", FIELD_TIME, .nullable = true, .doc = "When it stops to work; null: never" },
    { 0 }
};
static const struct field created_by_out[] = {
    { "userId", FIELD_ID, .prefix = "usr", .nullable = true, .doc = "A person" },
    { "keyId", FIELD_ID, .prefix = "key", .nullable = true, .doc = "Or another key" },
    { 0 }
};
static const struct field key_out[] = {
    { "id", FIELD_ID, .prefix = "key", .required = true, .doc = "The key" },
    { "name", FIELD_TEXT, .required = true, .doc = "What it is for" },
    { "description", FIELD_TEXT, .required = true, .nullable = true, .doc = "For people" },
    { "displayKey", FIELD_TEXT, .required = true, .doc = "How to recognise it: its beginning and end" },
    { "scopes", FIELD_LIST, .element = FIELD_TEXT, .required = true, .doc = "What it may do" },
    { "companyIds", FIELD_LIST, .element = FIELD_ID, .prefix = "cli",
      .doc = "The companies that it spans, where it is a key of several" },
    { "allowedAddresses", FIELD_LIST, .element = FIELD_TEXT, .required = true,
      .doc = "Where it may be used from; empty: anywhere" },
    { "bookingLimit", FIELD_INT, .required = true, .nullable = true,
      .doc = "Bookings that it may make in a minute; null: as the installation has it" },
    { "calendarLimit", FIELD_INT, .required = true, .nullable = true,
      .doc = "Calendar reads in an hour; null: as the installation has it" },
    { "expiresAt", FIELD_TIME, .required = true, .nullable = true, .doc = "When it stops to work" },
    { "revokedAt", FIELD_TIME, .required = true, .nullable = true, .doc = "When it was revoked" },
    { "lastUsedAt", FIELD_TIME, .required = true, .nullable = true,
      .doc = "When it was last used, to the minute" },
    { "createdBy", FIELD_OBJECT, .fields = created_by_out, .required = true, .nullable = true,
      .doc = "Who made it; null: the command line" },
    { "createdAt", FIELD_TIME, .required = true, .doc = "When it was made" },
    { 0 }
};
static const struct field raw_out[] = {
    { "key", FIELD_SECRET, .required = true, .doc = "The key itself, shown this once" }, { 0 }
};

/* ---- reading the body ---- */

/* The distinct items as one text; NULL where there are none. */
static const char *joined(struct request *request, const char *name, char separator)
{
    size_t count;
    const struct value *items = input_list(request->body, name, &count);
    struct buf out;

    buf_init(&out, request->pool, 1 << 16);
    for (size_t i = 0; i < count; i++) {
        bool again = false;
        for (size_t j = 0; j < i; j++)
            again = again || strcmp(items[i].text, items[j].text) == 0;
        if (!again)
            buf_printf(&out, "%.*s%s", out.length > 0, &separator, items[i].text);
    }
    return out.length > 0 ? out.data : NULL;
}

static void check_scopes(struct request *request, struct problems *problems)
{
    size_t count;
    const struct value *items = input_list(request->body, "scopes", &count);
    const char *all = joined(request, "scopes", ' ');

    for (size_t i = 0; i < count; i++)
        if (strchr(items[i].text, ' ') || !keys_scopes_are_known(items[i].text, false))
            problems_add(problems, pool_printf(request->pool, "scopes[%zu]", i),
                         "must be * or a word like bookings:read");
    if (all && strlen(all) > LIST_TEXT_MAX)
        problems_add(problems, "scopes", "must be shorter together");
}

static void check_power(struct request *request, struct problems *problems)
{
    size_t count;
    const struct value *items = input_list(request->body, "allowedAddresses", &count);
    struct range range;

    for (size_t i = 0; i < count; i++)
        if (!range_parse_any(&range, items[i].text, items[i].length))
            problems_add(problems, pool_printf(request->pool, "allowedAddresses[%zu]", i),
                         "must be an IP address or a range like 203.0.113.0/24");
    if (input_time(request->body, "expiresAt", INSTANT_MAX) <= request->now)
        problems_add(problems, "expiresAt", "must lie ahead");
}

/* The companies of a key that spans several, each once. */
static struct id *read_companies(struct request *request, size_t *used, struct problems *problems)
{
    size_t count;
    const struct value *items = input_list(request->body, "companyIds", &count);
    struct id *ids = pool_array(request->pool, count + 1, sizeof *ids);

    *used = 0;
    for (size_t i = 0; i < count; i++) {
        bool again = false;
        for (size_t j = 0; j < *used; j++)
            again = again || id_equal(ids[j], items[i].id);
        if (!again)
            ids[(*used)++] = items[i].id;
        if (!again && !company_read(request->db, request->pool, items[i].id))
            problems_add(problems, pool_printf(request->pool, "companyIds[%zu]", i),
                         "must be a company of this installation");
    }
    if (*used == 0)
        problems_add(problems, "companyIds", "is required of the operator");
    return ids;
}

/* ---- answers ---- */

/* The key as it is now; with its secret where it is new. */
static enum outcome answer(struct request *request, struct id key, const char *raw)
{
    const struct row *row = key_read(request->db, request->pool, request->actor.company, key);
    struct json_object *body = field_render(request->pool, request->route->out, row);

    if (raw)
        json_set_text(body, "key", raw);
    return reply_json(request, body);
}

static const struct row *lock(struct request *request, struct id key)
{
    return key_lock(request->db, request->pool, request->actor.company, key);
}

/* ---- the endpoints ---- */

static enum outcome create(struct request *request)
{
    bool is_operator = id_is_nil(request->actor.company);
    struct problems problems = { .pool = request->pool };
    struct key_order order = {
        .company = request->actor.company,
        .name = input_text(request->body, "name"),
        .description = input_text(request->body, "description"),
        .power = { .scopes = joined(request, "scopes", ' '),
                   .addresses = joined(request, "allowedAddresses", ','),
                   .booking_limit = input_int(request->body, "bookingLimit", 0),
                   .calendar_limit = input_int(request->body, "calendarLimit", 0),
                   .expires_at = input_time(request->body, "expiresAt", 0) },
        .created_by = id_is_nil(request->actor.key) ? request->actor.user : request->actor.key,
        .counted_with = power_count(&request->actor),
        .now = request->now,
    };
    struct id key;
    char *raw;

    check_scopes(request, &problems);
    check_power(request, &problems);
    if (is_operator)
        order.companies = read_companies(request, &order.company_count, &problems);
    if (problems.count > 0)
        return fail_problems(request, &problems);
    power_inherit(&request->actor, &order.power);
    if (!power_covers(&request->actor, &order.power) ||
        (!is_operator && input_sent(request->body, "companyIds")))
        return power_fail(request);
    key = key_create(request->db, request->pool, &order, &raw);
    key_audit(request, "key.created", key, key_told(order.name, order.power.scopes));
    return answer(request, key, raw);
}

static enum outcome list(struct request *request)
{
    bool broken;
    const struct value *cursor = page_cursor(request, "id", &broken);
    struct id after = cursor ? cursor[0].id : (struct id){ { 0 } };

    if (broken)
        return fail_field(request, "cursor", "must be `next` of the page before");
    return reply_page(
        request,
        key_list(request->db, request->pool, request->actor.company, after, 0, page_limit(request) + 1, 0),
        "id");
}

static enum outcome get(struct request *request)
{
    const struct row *row =
        key_read(request->db, request->pool, request->actor.company, input_id(request->params, "id"));

    return row ? reply_row(request, row) : fail(request, ERROR_NOT_FOUND);
}

static const struct patch_member members[] = { { "name", "name" },
                                               { "description", "description" },
                                               { "bookingLimit", "booking_limit" },
                                               { "calendarLimit", "calendar_limit" },
                                               { "expiresAt", "expires_at" },
                                               { 0 } };
enum { MEMBER_NAME, MEMBER_DESCRIPTION, MEMBER_BOOKINGS, MEMBER_CALENDAR, MEMBER_EXPIRES, MEMBERS };

/* What the key is after the request, and the names of what changes. */
static struct key_change merge(struct request *request, const struct row *row, struct json_object **changed)
{
    struct value values[MEMBERS], addresses = *row_value(row, "allowed_addresses");

    *changed = patch_merge(request->pool, request->body, row, members, values);
    if (input_sent(request->body, "allowedAddresses"))
        addresses = value_text(joined(request, "allowedAddresses", ','));
    if (!value_equal(addresses, *row_value(row, "allowed_addresses")))
        json_object_array_add(*changed, json_object_new_string("allowedAddresses"));
    return (struct key_change){ values[MEMBER_NAME],     values[MEMBER_DESCRIPTION], addresses,
                                values[MEMBER_BOOKINGS], values[MEMBER_CALENDAR],    values[MEMBER_EXPIRES] };
}

static struct power power_after(const struct row *row, const struct key_change *change)
{
    return (struct power){
        .scopes = row_text(row, "scopes"),
        .addresses = value_is_set(change->allowed_addresses) ? change->allowed_addresses.text : NULL,
        .booking_limit = value_is_set(change->booking_limit) ? change->booking_limit.integer : 0,
        .calendar_limit = value_is_set(change->calendar_limit) ? change->calendar_limit.integer : 0,
        .expires_at = value_is_set(change->expires_at) ? change->expires_at.time : 0,
    };
}

/* More than the name and the description. */
static bool power_changes(const struct row *row, const struct key_change *change)
{
    return !value_equal(change->allowed_addresses, *row_value(row, "allowed_addresses")) ||
           !value_equal(change->booking_limit, *row_value(row, "booking_limit")) ||
           !value_equal(change->calendar_limit, *row_value(row, "calendar_limit")) ||
           !value_equal(change->expires_at, *row_value(row, "expires_at"));
}

static enum outcome update(struct request *request)
{
    struct problems problems = { .pool = request->pool };
    struct id key = input_id(request->params, "id");
    const struct row *row = lock(request, key);
    struct json_object *changed;
    struct key_change change;
    struct power power;

    if (!row)
        return fail(request, ERROR_NOT_FOUND);
    check_power(request, &problems);
    if (problems.count > 0)
        return fail_problems(request, &problems);
    change = merge(request, row, &changed);
    if (json_object_array_length(changed) == 0)
        return get(request);
    if (!key_may_be_taken(request, key, row))
        return OUTCOME_FAILED;
    power = power_after(row, &change);
    if (power_changes(row, &change) && !power_covers(&request->actor, &power))
        return power_fail(request);
    key_update(request->db, request->actor.company, key, &change);
    key_audit(request, "key.updated", key, audit_fields(changed));
    return get(request);
}

static enum outcome revoke(struct request *request)
{
    struct id key = input_id(request->params, "id");
    const struct row *row = lock(request, key);

    if (!row)
        return fail(request, ERROR_NOT_FOUND);
    if (!key_may_be_taken(request, key, row))
        return OUTCOME_FAILED;
    if (row_is_null(row, "revoked_at")) {
        key_revoke(request->db, request->actor.company, key, request->now);
        key_audit(request, "key.revoked", key, key_told(row_text(row, "name"), row_text(row, "scopes")));
    }
    return get(request);
}

static enum outcome rotate(struct request *request)
{
    struct id key = input_id(request->params, "id");
    const char *raw = key_rotate(request, key);

    return raw ? answer(request, key, raw) : OUTCOME_FAILED;
}

static enum outcome erase(struct request *request)
{
    struct id key = input_id(request->params, "id");
    const struct row *row = lock(request, key);

    if (!row)
        return fail(request, ERROR_NOT_FOUND);
    if (!key_may_be_taken(request, key, row))
        return OUTCOME_FAILED;
    key_audit(request, "key.deleted", key, key_told(row_text(row, "name"), row_text(row, "scopes")));
    key_delete(request->db, request->actor.company, key);
    return reply_empty(request);
}

static const struct route routes[] = {
    { "GET", "/api/v1/keys", .scope = "keys:read", .operator_too = true, .out = key_out, .shape = SHAPE_PAGE,
      .run = list, .summary = "List API keys" },
    { "POST", "/api/v1/keys", .scope = "keys:write", .operator_too = true, .in = create_in, .out = key_out,
      .more = raw_out, .status = 201, .run = create,
      .summary = "Make an API key of this company; the operator: one that spans several" },
    { "GET", "/api/v1/keys/{id}", .scope = "keys:read", .operator_too = true, .params = id_param,
      .out = key_out, .errors = not_found, .run = get, .summary = "Read an API key" },
    { "PATCH", "/api/v1/keys/{id}", .scope = "keys:write", .operator_too = true, .params = id_param,
      .in = update_in, .out = key_out, .errors = not_found, .run = update, .summary = "Change an API key" },
    { "DELETE", "/api/v1/keys/{id}", .scope = "keys:write", .operator_too = true, .params = id_param,
      .shape = SHAPE_EMPTY, .errors = not_found, .run = erase,
      .summary = "Remove an API key: it is refused from the next request on" },
    { "PATCH", "/api/v1/keys/{id}/revoke", .scope = "keys:write", .operator_too = true, .params = id_param,
      .out = key_out, .errors = not_found, .run = revoke,
      .summary = "Revoke an API key for good: it is refused from the next request on, and stays listed" },
    { "POST", "/api/v1/keys/{id}/rotate", .scope = "keys:write", .operator_too = true, .params = id_param,
      .in = key_rotate_in, .out = key_out, .more = raw_out, .errors = key_rotate_errors, .run = rotate,
      .summary = "Give an API key a new secret; the one before works on for the overlap" },
    { 0 }
};
const struct resource keys_resource = { "keys", routes };
