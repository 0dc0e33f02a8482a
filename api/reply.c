#include "api/request.h"
#include "base/fault.h"

static int success_status(const struct route *route)
{
    return route->status ? route->status : route->shape == SHAPE_EMPTY ? 204 : 200;
}

enum outcome reply_json(struct request *request, struct json_object *body)
{
    request->reply.status = success_status(request->route);
    request->reply.body = body;
    return OUTCOME_OK;
}

enum outcome reply_row(struct request *request, const struct row *row)
{
    return reply_json(request, field_render(request->pool, request->route->out, row));
}

enum outcome reply_rows(struct request *request, struct rows rows)
{
    struct json_object *body = json_new_object(request->pool), *data = json_object_new_array(), *inner;

    if (request->route->shape == SHAPE_RESULTS) {
        inner = json_object_new_object();
        json_object_object_add(body, "data", inner);
        json_object_object_add(inner, "resultArray", data);
    } else {
        json_object_object_add(body, "data", data);
    }
    for (size_t i = 0; i < rows.count; i++)
        json_object_array_add(
            data, json_object_get(field_render(request->pool, request->route->out, &rows.items[i])));
    return reply_json(request, body);
}

enum outcome reply_empty(struct request *request)
{
    return reply_json(request, NULL);
}

void reply_text(struct request *request, int status, const char *content_type, const char *text,
                size_t length)
{
    request->reply.status = status;
    request->reply.content_type = content_type;
    request->reply.text = text;
    request->reply.text_length = length;
}

void reply_header(struct request *request, const char *name, const char *value)
{
    for (const char *c = value; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            fault_raise(FAULT_BROKEN, "a control character in the header %s", name);
    buf_printf(&request->reply.headers, "%s: %s\r\n", name, value);
}

enum outcome fail_with(struct request *request, enum error_code code, struct json_object *details)
{
    const struct error_row *row = &error_table[code];
    struct json_object *body = json_new_object(request->pool), *error = json_object_new_object();

    if (route_tells_success(request->path))
        json_set_bool(body, "success", false);
    json_object_object_add(body, "error", error);
    json_set_text(error, "code", row->code);
    json_set_text(error, "message", row->message);
    json_object_object_add(error, "details", details ? json_object_get(details) : json_object_new_object());
    json_set_text(error, "requestId", request->id);
    json_set_text(body, "message", row->message);
    request->reply.status = row->status;
    request->reply.error = code;
    request->reply.body = body;
    return OUTCOME_FAILED;
}

enum outcome fail(struct request *request, enum error_code code)
{
    return fail_with(request, code, NULL);
}

enum outcome fail_problems(struct request *request, const struct problems *problems)
{
    struct json_object *details = json_new_object(request->pool), *fields = json_object_new_array();
    size_t shown = problems->count < PROBLEMS_MAX ? problems->count : PROBLEMS_MAX;

    json_object_object_add(details, "fields", fields);
    for (size_t i = 0; i < shown; i++) {
        struct json_object *item = json_object_new_object();

        json_object_array_add(fields, item);
        json_set_text(item, "field", problems->items[i].field);
        json_set_text(item, "problem", problems->items[i].text);
    }
    return fail_with(request, ERROR_VALIDATION_FAILED, details);
}

enum outcome fail_because(struct request *request, enum error_code code, const char *reason)
{
    struct json_object *details = json_new_object(request->pool);

    json_set_text(details, "reason", reason);
    return fail_with(request, code, details);
}

enum outcome fail_until(struct request *request, instant until)
{
    int64_t seconds = (until - request->now + CLOCK_SECOND - 1) / CLOCK_SECOND;

    reply_header(request, "Retry-After", pool_printf(request->pool, "%lld", (long long)seconds));
    return fail(request, ERROR_RATE_LIMITED);
}

enum outcome fail_field(struct request *request, const char *field, const char *format, ...)
{
    struct problems problems = { .pool = request->pool };
    va_list arguments;

    va_start(arguments, format);
    problems_add(&problems, field, "%s", pool_vprintf(request->pool, format, arguments));
    va_end(arguments);
    return fail_problems(request, &problems);
}
