/* The catalogue of events: what each tells, its JSON Schema, an example, and who has a name for it. */
#include "rules/catalogue/event_types.h"
#include "api/request.h"
#include "partners/partner.h"

static const struct field type_param[] = {
    { "type", FIELD_ENUM, .choices = event_type_choices + 1, .doc = "Its name, as `booking.created`" }, { 0 }
};
static const struct field out[] = {
    { "type", FIELD_ENUM, .choices = event_type_choices + 1, .required = true,
      .doc = "Its name, as endpoints subscribe to it" },
    { "description", FIELD_TEXT, .required = true, .doc = "What happened" },
    { "formats", FIELD_LIST, .element = FIELD_TEXT, .required = true,
      .doc = "Webhook formats whose specification names it; the others carry its data in their envelope" },
    { "schema", FIELD_JSON, .required = true, .doc = "JSON Schema (2020-12) of its data" },
    { "example", FIELD_JSON, .required = true, .doc = "Its data, as a test send carries it" },
    { 0 }
};

static bool is_named(const struct partner *partner, const char *type)
{
    if (!partner->shapes)
        return true;
    for (const struct partner_shape *shape = partner->shapes; shape->event; shape++)
        if (strcmp(shape->event, type) == 0)
            return true;
    return false;
}

static struct json_object *formats_of(const char *type)
{
    struct json_object *formats = json_object_new_array();

    for (const char *const *name = partner_choices; *name; name++)
        if (is_named(partner_find(*name), type))
            json_object_array_add(formats, json_object_new_string(*name));
    return formats;
}

static struct json_object *render(struct pool *pool, const struct event_type *type)
{
    struct json_object *object = json_new_object(pool);

    json_set_text(object, "type", type->type);
    json_set_text(object, "description", type->doc);
    json_set(object, "formats", formats_of(type->type));
    json_set(object, "schema", json_object_get(event_schema(pool, type)));
    json_set(object, "example", json_object_get(event_example(pool, type->type)));
    return object;
}

static enum outcome list(struct request *request)
{
    struct json_object *body = json_new_object(request->pool), *data = json_object_new_array();

    json_set(body, "data", data);
    for (const struct event_type *type = event_types; type->type; type++)
        json_object_array_add(data, json_object_get(render(request->pool, type)));
    return reply_json(request, body);
}

static enum outcome get(struct request *request)
{
    return reply_json(request, render(request->pool, event_type_find(input_text(request->params, "type"))));
}

static const struct route routes[] = {
    { "GET", "/api/v1/event-types", .scope = "webhooks:read", .out = out, .shape = SHAPE_LIST, .run = list,
      .summary = "List the types of events" },
    { "GET", "/api/v1/event-types/{type}", .scope = "webhooks:read", .params = type_param, .out = out,
      .run = get, .summary = "Read a type of event" },
    { 0 }
};
const struct resource event_types_resource = { "events", routes };
