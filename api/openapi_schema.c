#include "api/openapi_schema.h"

#include "api/error.h"

#include <string.h>

/* ---- one member ---- */

static const char *format_of(enum field_type type)
{
    switch (type) {
    case FIELD_TIME:
        return "date-time";
    case FIELD_DATE:
        return "date";
    case FIELD_EMAIL:
        return "email";
    case FIELD_URL:
        return "uri";
    default:
        return NULL;
    }
}

static const char *type_of(enum field_type type)
{
    switch (type) {
    case FIELD_INT:
        return "integer";
    case FIELD_NUMBER:
    case FIELD_AMOUNT:
    case FIELD_MILLIS:
    case FIELD_SECONDS:
        return "number";
    case FIELD_BOOL:
        return "boolean";
    case FIELD_OBJECT:
    case FIELD_JSON:
        return "object";
    case FIELD_LIST:
        return "array";
    default:
        return "string";
    }
}

static void set_type(struct json_object *schema, const char *type, bool nullable)
{
    struct json_object *both;

    if (!nullable) {
        json_set_text(schema, "type", type);
        return;
    }
    both = json_object_new_array();
    json_object_array_add(both, json_object_new_string(type));
    json_object_array_add(both, json_object_new_string("null"));
    json_object_object_add(schema, "type", both);
}

static void set_choices(struct json_object *schema, const struct field *field)
{
    struct json_object *list = json_object_new_array();

    json_object_object_add(schema, "enum", list);
    for (const char *const *choice = field->choices; *choice; choice++)
        json_object_array_add(list, json_object_new_string(*choice));
    if (field->nullable)
        json_object_array_add(list, NULL);
}

static void set_id_pattern(struct json_object *schema, const struct field *field)
{
    char pattern[256];
    size_t used = (size_t)snprintf(pattern, sizeof pattern, "^(?:%s_[0-9a-hjkmnp-tv-z]{26}", field->prefix);

    for (const char *const *word = field->choices; word && *word && used < sizeof pattern; word++)
        used += (size_t)snprintf(pattern + used, sizeof pattern - used, "|%s", *word);
    if (used < sizeof pattern)
        snprintf(pattern + used, sizeof pattern - used, ")$");
    json_set_text(schema, "pattern", pattern);
}

static void set_text_limits(struct json_object *schema, const struct field *field)
{
    bool words = field->type == FIELD_TEXT || field->type == FIELD_LINES;
    int64_t most = field->max                   ? field->max
                   : field->type == FIELD_LINES ? 10000
                   : field->type == FIELD_TEXT  ? 200
                                                : 0;
    int64_t least = field->min ? field->min : words && field->required ? 1 : 0;

    if (least > 0)
        json_set_int(schema, "minLength", least);
    if (most > 0)
        json_set_int(schema, "maxLength", most);
}

static void set_in_limits(struct json_object *schema, const struct field *field)
{
    switch (field->type) {
    case FIELD_INT:
    case FIELD_NUMBER:
        if (field->min || field->max) {
            json_set_int(schema, "minimum", field->min);
            json_set_int(schema, "maximum", field->max);
        }
        break;
    case FIELD_AMOUNT:
    case FIELD_MILLIS:
    case FIELD_SECONDS:
        json_set_int(schema, "minimum", 0);
        break;
    case FIELD_TEXT:
    case FIELD_LINES:
    case FIELD_SECRET:
        set_text_limits(schema, field);
        break;
    case FIELD_LIST:
        if (field->min)
            json_set_int(schema, "minItems", field->min);
        json_set_int(schema, "maxItems", field->max ? field->max : 100);
        break;
    default:
        break;
    }
}

static void set_patterns(struct json_object *schema, const struct field *field)
{
    if (field->type == FIELD_CLOCK)
        json_set_text(schema, "pattern", "^(?:[01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$");
    if (field->type == FIELD_CURRENCY)
        json_set_text(schema, "pattern", "^[A-Z]{3}$");
    if (field->type == FIELD_SLUG)
        json_set_text(schema, "pattern", "^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$");
    if (field->type == FIELD_ID)
        set_id_pattern(schema, field);
    if (format_of(field->type))
        json_set_text(schema, "format", format_of(field->type));
}

static struct json_object *element_schema(const struct field *field, enum openapi_side side)
{
    struct field element = *field;

    element.type = field->element;
    element.nullable = false;
    element.required = true;
    element.min = element.max = 0;
    element.doc = element.example = element.fallback = NULL;
    return openapi_field_schema(&element, side);
}

static void set_texts(struct json_object *schema, const struct field *field, enum openapi_side side)
{
    struct json_object *example = field->example ? json_tokener_parse(field->example) : NULL;

    if (field->doc && side != OPENAPI_QUERY)
        json_set_text(schema, "description", field->doc);
    if (field->fallback)
        json_object_object_add(schema, "default",
                               field->type == FIELD_INT
                                   ? json_object_new_int64(strtoll(field->fallback, NULL, 10))
                                   : json_object_new_string(field->fallback));
    if (example) {
        struct json_object *list = json_object_new_array();

        json_object_array_add(list, example);
        json_object_object_add(schema, "examples", list);
    }
}

struct json_object *openapi_field_schema(const struct field *field, enum openapi_side side)
{
    bool inner = field->type == FIELD_OBJECT && field->fields;
    struct json_object *schema =
        inner ? openapi_object_schema(field->fields, side) : json_object_new_object();

    if (inner)
        json_object_object_del(schema, "type");
    set_type(schema, type_of(field->type), field->nullable);
    if (field->type == FIELD_ENUM)
        set_choices(schema, field);
    if (field->type == FIELD_LIST)
        json_object_object_add(schema, "items", element_schema(field, side));
    set_patterns(schema, field);
    if (side != OPENAPI_OUT)
        set_in_limits(schema, field);
    set_texts(schema, field, side);
    return schema;
}

static void add_members(struct json_object *properties, struct json_object *required,
                        const struct field *field, enum openapi_side side)
{
    for (; field->name; field++) {
        json_object_object_add(properties, field->name, openapi_field_schema(field, side));
        if (field->required || (side == OPENAPI_OUT && field->nullable))
            json_object_array_add(required, json_object_new_string(field->name));
    }
}

struct json_object *openapi_joined_schema(const struct field *fields, const struct field *more,
                                          enum openapi_side side)
{
    struct json_object *schema = json_object_new_object(), *properties = json_object_new_object(),
                       *required = json_object_new_array();

    json_set_text(schema, "type", "object");
    json_object_object_add(schema, "properties", properties);
    add_members(properties, required, fields, side);
    if (more)
        add_members(properties, required, more, side);
    if (json_object_array_length(required) > 0)
        json_object_object_add(schema, "required", required);
    else
        json_object_put(required);
    json_object_object_add(schema, "additionalProperties", json_object_new_boolean(0));
    return schema;
}

struct json_object *openapi_object_schema(const struct field *fields, enum openapi_side side)
{
    return openapi_joined_schema(fields, NULL, side);
}

static struct json_object *array_of(struct json_object *item)
{
    struct json_object *list = json_object_new_object();

    json_set_text(list, "type", "array");
    json_object_object_add(list, "items", item);
    return list;
}

static void add_required(struct json_object *schema, const char *name, struct json_object *member)
{
    struct json_object *required = json_get(schema, "required");

    json_object_object_add(json_get(schema, "properties"), name, member);
    if (!required) {
        required = json_object_new_array();
        json_object_object_add(schema, "required", required);
    }
    json_object_array_add(required, json_object_new_string(name));
}

struct json_object *openapi_list_schema(struct json_object *item, enum shape shape)
{
    static const struct field page_out[] = {
        { "next", FIELD_TEXT, .nullable = true, .doc = "The cursor of the next page; null on the last one" },
        { 0 },
    };
    static const struct field feed_out[] = {
        { "next", FIELD_TEXT, .nullable = true,
          .doc = "Where to go on, also behind the last one; null only where there was nothing yet" },
        { 0 },
    };
    static const struct field none[] = { { 0 } };
    const struct field *fields = shape == SHAPE_PAGE ? page_out : shape == SHAPE_FEED ? feed_out : none;
    struct json_object *schema = openapi_object_schema(fields, OPENAPI_OUT);
    struct json_object *list = array_of(item), *data;

    if (shape != SHAPE_RESULTS) {
        add_required(schema, "data", list);
        return schema;
    }
    data = openapi_object_schema(none, OPENAPI_OUT);
    add_required(data, "resultArray", list);
    add_required(schema, "data", data);
    return schema;
}

/* ---- shared parts ---- */

static struct json_object *reference(const char *target)
{
    struct json_object *object = json_object_new_object();

    json_set_text(object, "$ref", target);
    return object;
}

static struct json_object *nest(struct json_object *object, const char *name)
{
    struct json_object *inner = json_object_new_object();

    json_object_object_add(object, name, inner);
    return inner;
}

void openapi_error_response(struct json_object *response, struct json_object *codes, bool tells_success)
{
    struct json_object *schema, *all = json_object_new_array(), *narrow = json_object_new_object();

    json_set_text(response, "description", "Refused: see `error.code`");
    schema = nest(nest(nest(response, "content"), "application/json"), "schema");
    json_object_object_add(schema, "allOf", all);
    json_object_array_add(all, reference(tells_success ? "#/components/schemas/ErrorWithSuccess"
                                                       : "#/components/schemas/Error"));
    json_object_array_add(all, narrow);
    json_object_object_add(nest(nest(nest(nest(narrow, "properties"), "error"), "properties"), "code"),
                           "enum", codes);
}

static struct json_object *error_schema(bool tells_success)
{
    static const struct field inner[] = {
        { "code", FIELD_TEXT, .required = true, .doc = "What went wrong, for a program" },
        { "message", FIELD_TEXT, .required = true, .doc = "What went wrong, for a person" },
        { "details", FIELD_JSON, .required = true,
          .doc = "More, by code; `fields` names every faulty member" },
        { "requestId", FIELD_TEXT, .required = true,
          .doc = "Also in X-Request-Id; name it when you ask for help" },
        { 0 },
    };
    static const struct field outer[] = {
        { "error", FIELD_OBJECT, .fields = inner, .required = true },
        { "message", FIELD_TEXT, .required = true, .doc = "As in `error`" },
        { 0 },
    };
    static const struct field success[] = {
        { "success", FIELD_BOOL, .required = true, .doc = "False", .example = "false" }, { 0 }
    };
    struct json_object *schema = tells_success ? openapi_joined_schema(success, outer, OPENAPI_OUT)
                                               : openapi_object_schema(outer, OPENAPI_OUT);
    struct json_object *codes = json_object_new_array();
    struct json_object *code =
        json_get(json_get(json_get(json_get(schema, "properties"), "error"), "properties"), "code");

    for (int i = 1; i < ERROR_COUNT; i++)
        json_object_array_add(codes, json_object_new_string(error_table[i].code));
    json_object_object_add(code, "enum", codes);
    return schema;
}

static void add_header_scheme(struct json_object *schemes, const char *name, const char *header)
{
    struct json_object *scheme = nest(schemes, name);

    json_set_text(scheme, "type", "apiKey");
    json_set_text(scheme, "in", "header");
    json_set_text(scheme, "name", header);
}

struct json_object *openapi_components(void)
{
    struct json_object *components = json_object_new_object(), *schemes = nest(components, "securitySchemes");
    struct json_object *login = nest(schemes, "login"), *bearer = nest(schemes, "bearer"), *schemas;

    json_set_text(login, "type", "http");
    json_set_text(login, "scheme", "bearer");
    json_set_text(login, "bearerFormat", "JWT");
    json_set_text(login, "description", "The `accessToken` of a login: `POST /api/v1/sessions`");

    json_set_text(bearer, "type", "http");
    json_set_text(bearer, "scheme", "bearer");
    json_set_text(bearer, "description", "An API key, `sk_live_…`");
    add_header_scheme(schemes, "apiKey", "API-KEY");
    add_header_scheme(schemes, "xApiKey", "X-API-Key");
    schemas = nest(components, "schemas");
    json_object_object_add(schemas, "Error", error_schema(false));
    json_object_object_add(schemas, "ErrorWithSuccess", error_schema(true));
    return components;
}
