#include "api/openapi.h"

#include "api/openapi_schema.h"
#include "api/permissions.h"
#include "api/request.h"

#include <ctype.h>
#include <string.h>

/* ---- errors ---- */

struct error_set {
    bool has[ERROR_COUNT];
};

static bool is_method(const struct route *route, const char *method)
{
    return strcmp(route->method, method) == 0;
}

/* What the way of a request may answer before and around the handler, and what the handler says it answers.
 */
static struct error_set errors_of(const struct route *route)
{
    struct error_set set = { { false } };
    bool post = is_method(route, "POST"),
         takes_body = post || is_method(route, "PATCH") || is_method(route, "PUT"), /* if only an empty one */
        takes_query = route->query || route_has_pages(route) || route_is_strict(route->path);

    set.has[ERROR_BAD_REQUEST] = set.has[ERROR_RATE_LIMITED] = set.has[ERROR_INTERNAL] = true;
    set.has[ERROR_UNAVAILABLE] = route->also != error_table[ERROR_UNAVAILABLE].status;
    set.has[ERROR_UNAUTHORIZED] = set.has[ERROR_FORBIDDEN] = route->scope != NULL;
    set.has[ERROR_NOT_FOUND] = route->params != NULL;
    set.has[ERROR_VALIDATION_FAILED] = takes_query || route->in || takes_body;
    set.has[ERROR_BODY_TOO_LARGE] = set.has[ERROR_UNSUPPORTED_MEDIA] = route->in != NULL || takes_body;
    set.has[ERROR_IDEMPOTENCY_RUNNING] = set.has[ERROR_IDEMPOTENCY_MISMATCH] = post && !route->unrepeated;
    for (const enum error_code *code = route->errors; code && *code != ERROR_NONE; code++)
        set.has[*code] = true;
    return set;
}

static void add_header(struct json_object *headers, const char *name, const char *type, const char *doc)
{
    struct json_object *header = json_object_new_object(), *schema = json_object_new_object();

    json_object_object_add(headers, name, header);
    json_set_text(header, "description", doc);
    json_object_object_add(header, "schema", schema);
    json_set_text(schema, "type", type);
}

/* What api/rate.c writes on the answers of a limited route. */
static void add_rate_headers(struct json_object *response, const struct route *route, bool refused)
{
    struct json_object *headers;

    if (route->limit == RATE_NONE)
        return;
    headers = json_object_new_object();
    json_object_object_add(response, "headers", headers);
    add_header(headers, "X-RateLimit-Limit", "integer", "How many of these requests a window allows");
    add_header(headers, "X-RateLimit-Remaining", "integer", "How many are left in this window");
    add_header(headers, "X-RateLimit-Reset", "integer", "When the next window begins, Unix seconds");
    add_header(headers, "RateLimit-Policy", "string",
               "The limit as `\"name\";q=quota;w=seconds` (IETF draft)");
    add_header(headers, "RateLimit", "string",
               "What is left as `\"name\";r=requests;t=seconds` (IETF draft)");
    if (refused)
        add_header(headers, "Retry-After", "integer", "Seconds until the next window");
}

/* What an answer about a webhook endpoint tells, where that has a rate limit. */
static void add_pace_headers(struct json_object *response, const struct route *route)
{
    struct json_object *headers;

    if (!route->tells_pace)
        return;
    headers = json_object_new_object();
    json_object_object_add(response, "headers", headers);
    add_header(headers, "X-RateLimit-Limit", "integer",
               "Deliveries an hour that the endpoint takes; the three are left out where it has no limit");
    add_header(headers, "X-RateLimit-Remaining", "integer", "How many are left of the hour");
    add_header(headers, "X-RateLimit-Reset", "integer",
               "When the hour ends, Unix seconds; it begins with the first delivery, or would begin now");
}

static void add_error_response(struct json_object *responses, const struct route *route,
                               const struct error_set *set, int status)
{
    struct json_object *response = json_object_new_object(), *codes = json_object_new_array();
    char name[8];

    snprintf(name, sizeof name, "%d", status);
    for (int code = 1; code < ERROR_COUNT; code++)
        if (set->has[code] && error_table[code].status == status)
            json_object_array_add(codes, json_object_new_string(error_table[code].code));
    json_object_object_add(responses, name, response);
    openapi_error_response(response, codes, route_tells_success(route->path));
    if (status == error_table[ERROR_RATE_LIMITED].status)
        add_rate_headers(response, route, true);
}

static void add_error_responses(struct json_object *responses, const struct route *route,
                                const struct error_set *set)
{
    int last = 0;

    for (;;) {
        int next = 600;

        for (int code = 1; code < ERROR_COUNT; code++)
            if (set->has[code] && error_table[code].status > last && error_table[code].status < next)
                next = error_table[code].status;
        if (next == 600)
            return;
        add_error_response(responses, route, set, next);
        last = next;
    }
}

/* ---- operations ---- */

static void add_parameter(struct json_object *list, const struct field *field, const char *in, bool required)
{
    struct json_object *parameter = json_object_new_object();

    json_object_array_add(list, parameter);
    json_set_text(parameter, "name", field->name);
    json_set_text(parameter, "in", in);
    if (field->doc)
        json_set_text(parameter, "description", field->doc);
    if (required)
        json_set_bool(parameter, "required", true);
    json_object_object_add(parameter, "schema", openapi_field_schema(field, OPENAPI_QUERY));
}

static const struct field IDEMPOTENCY_KEY = {
    "Idempotency-Key", FIELD_TEXT, .max = 255, .min = 1,
    .doc =
        "Any unique text: the same request with the same key within 24 h is answered once and replayed after"
};

static const struct field COMPANY_ID = {
    "company-id", FIELD_ID, .prefix = "cli",
    .doc = "The company that is meant: needed with a key that spans several, and only with such a key"
};

static void add_parameters(struct pool *pool, struct json_object *operation, const struct route *route)
{
    struct field page[PAGE_FIELDS + 1];
    struct json_object *list = json_object_new_array();

    json_object_object_add(operation, "parameters", list);
    for (const struct field *field = route->params; field && field->name; field++)
        add_parameter(list, field, "path", true);
    for (const struct field *field = route->query; field && field->name; field++)
        add_parameter(list, field, "query", field->required);
    page_fields(pool, route, page);
    for (const struct field *field = page; field->name; field++)
        add_parameter(list, field, "query", false);
    if (route->scope)
        add_parameter(list, &COMPANY_ID, "header", false);
    if (is_method(route, "POST") && !route->unrepeated)
        add_parameter(list, &IDEMPOTENCY_KEY, "header", false);
}

static bool any_required(const struct field *fields)
{
    for (; fields->name; fields++)
        if (fields->required)
            return true;
    return false;
}

static struct json_object *json_content(struct json_object *holder)
{
    struct json_object *content = json_object_new_object(), *media = json_object_new_object();

    json_object_object_add(holder, "content", content);
    json_object_object_add(content, "application/json", media);
    return media;
}

static void add_body(struct json_object *operation, const struct route *route)
{
    struct json_object *body;

    if (!route->in)
        return;
    body = json_object_new_object();
    json_object_object_add(operation, "requestBody", body);
    json_set_bool(body, "required", any_required(route->in));
    json_object_object_add(json_content(body), "schema", openapi_object_schema(route->in, OPENAPI_IN));
}

static struct json_object *reply_schema(const struct route *route)
{
    struct json_object *item, *schema;

    if (route->shape == SHAPE_FREE || !route->out) {
        schema = json_object_new_object();
        json_set_text(schema, "type", "object");
        return schema;
    }
    item = openapi_joined_schema(route->out, route->more, OPENAPI_OUT);
    if (route->shape == SHAPE_OBJECT)
        return item;
    return openapi_list_schema(item, route->shape);
}

static void add_success(struct json_object *responses, const struct route *route, int status)
{
    struct json_object *success = json_object_new_object();
    char name[8];

    snprintf(name, sizeof name, "%d", status);
    json_object_object_add(responses, name, success);
    json_set_text(success, "description", route->shape == SHAPE_EMPTY ? "Done" : "The answer");
    add_rate_headers(success, route, false);
    add_pace_headers(success, route);
    if (route->shape != SHAPE_EMPTY)
        json_object_object_add(json_content(success), "schema", reply_schema(route));
}

static void add_responses(struct json_object *operation, const struct route *route)
{
    struct json_object *responses = json_object_new_object();
    struct error_set set = errors_of(route);

    json_object_object_add(operation, "responses", responses);
    add_success(responses, route, route->status ? route->status : route->shape == SHAPE_EMPTY ? 204 : 200);
    if (route->also)
        add_success(responses, route, route->also);
    add_error_responses(responses, route, &set);
}

/* `post /api/v1/bookings/{id}/no-show` is `postBookingsIdNoShow`. */
static void add_operation_id(struct json_object *operation, const struct route *route)
{
    const char *path = strncmp(route->path, "/api/v1", 7) == 0 ? route->path + 7 : route->path;
    char text[128];
    size_t used = 0;
    bool start = true;

    for (const char *c = route->method; *c; c++)
        text[used++] = (char)tolower((unsigned char)*c);
    for (const char *c = path; *c && used < sizeof text - 1; c++) {
        if (isalnum((unsigned char)*c)) {
            text[used++] = start ? (char)toupper((unsigned char)*c) : *c;
            start = false;
        } else {
            start = true;
        }
    }
    text[used] = '\0';
    json_set_text(operation, "operationId", text);
}

static void add_security(struct json_object *operation, const struct route *route)
{
    struct json_object *list = json_object_new_array();
    static const char *const schemes[] = { "login", "bearer", "apiKey", "xApiKey" };
    size_t first = route->scope && strcmp(route->scope, "platform") == 0 ? 1 : 0;
    size_t last = !route->scope ? 0 : strcmp(route->scope, "session") == 0 ? 1 : 4;

    json_object_object_add(operation, "security", list);
    for (size_t i = first; i < last; i++) {
        struct json_object *one = json_object_new_object(), *scopes = json_object_new_array();

        json_object_array_add(list, one);
        json_object_object_add(one, schemes[i], scopes);
        json_object_array_add(scopes, json_object_new_string(route->scope));
    }
}

/* For machines what the description says to people: the scope, and the roles whose people have it. */
static void add_scope(struct json_object *operation, const struct route *route)
{
    struct json_object *roles = json_object_new_array();
    char needs[96];

    if (strcmp(route->scope, "session") == 0)
        snprintf(needs, sizeof needs, "Needs a login; API keys are refused.");
    else
        snprintf(needs, sizeof needs, "Needs the scope `%s`%s.", route->scope,
                 route->operator_too ? ", or `platform`" : "");
    json_set_text(operation, "description", needs);
    json_set_text(operation, "x-scope", route->scope);
    json_object_object_add(operation, "x-roles", roles);
    for (const char *const *role = permission_roles; *role; role++)
        if (permission_role_has(*role, route->scope))
            json_object_array_add(roles, json_object_new_string(*role));
}

static struct json_object *operation_of(struct pool *pool, const struct resource *resource,
                                        const struct route *route)
{
    struct json_object *operation = json_object_new_object(), *tags = json_object_new_array();

    json_object_object_add(operation, "tags", tags);
    json_object_array_add(tags, json_object_new_string(resource->name));
    add_operation_id(operation, route);
    json_set_text(operation, "summary", route->summary);
    if (route->scope)
        add_scope(operation, route);
    add_security(operation, route);
    add_parameters(pool, operation, route);
    add_body(operation, route);
    add_responses(operation, route);
    return operation;
}

static struct json_object *member_of(struct json_object *object, const char *name)
{
    struct json_object *member;

    if (!json_object_object_get_ex(object, name, &member)) {
        member = json_object_new_object();
        json_object_object_add(object, name, member);
    }
    return member;
}

static void add_paths(struct pool *pool, struct json_object *document, const struct resource *const *list)
{
    struct json_object *paths = json_object_new_object();
    char method[8];

    json_object_object_add(document, "paths", paths);
    for (; *list; list++) {
        for (const struct route *route = (*list)->routes; route->method; route++) {
            size_t i = 0;

            for (; route->method[i] && i < sizeof method - 1; i++)
                method[i] = (char)tolower((unsigned char)route->method[i]);
            method[i] = '\0';
            json_object_object_add(member_of(paths, route->path), method, operation_of(pool, *list, route));
        }
    }
}

struct json_object *openapi_document(struct pool *pool, const struct resource *const *list)
{
    struct json_object *document = json_new_object(pool), *info = json_object_new_object();

    json_set_text(document, "openapi", "3.1.0");
    json_object_object_add(document, "info", info);
    json_set_text(info, "title", "Slotwire");
    json_set_text(info, "version", PACKAGE_VERSION);
    json_set_text(
        info, "description",
        "Bookings, free times and webhooks. Times are RFC 3339 in UTC, ids are opaque, money is in major "
        "units beside its ISO 4217 currency. Every error has the same envelope.");
    add_paths(pool, document, list);
    json_object_object_add(document, "components", openapi_components());
    return document;
}

void openapi_print_routes(struct buf *out, const struct resource *const *list)
{
    for (; *list; list++)
        for (const struct route *route = (*list)->routes; route->method; route++)
            buf_printf(out, "%-6s %-44s %-18s %s\n", route->method, route->path,
                       route->scope ? route->scope : "public", route->summary);
}
