/* Webhooks in the PushPress style, over the same endpoints: those of its format. Its API shows the signing
 * secret whenever a webhook is read, so reading one needs the scope for changing it. */
#include "partners/partner.h"
#include "rules/delivery/endpoints.h"
#include "rules/event/events.h"

enum { EVENT_TYPES_MAX = 64, APP_ID_MAX = 64 };

static const struct partner *const face = &partner_pushpress;

static const struct field uuid_param[] = { { "uuid", FIELD_ID, .prefix = "whk", .doc = "The webhook" },
                                           { 0 } };

static const struct field create_in[] = {
    { "url", FIELD_URL, .required = true, .doc = "Where events are posted to; https",
      .example = "\"https://example.com/hooks\"" },
    { "eventTypes", FIELD_LIST, .element = FIELD_TEXT, .required = true, .min = 1, .max = EVENT_TYPES_MAX,
      .doc = "Events of the platform, or those of an app where `appId` is sent; a name like "
             "`Appointment No Show` stands for `appointment.noshowed`",
      .example = "[\"customer.created\",\"appointment.scheduled\"]" },
    { "appId", FIELD_TEXT, .min = 1, .max = APP_ID_MAX, .nullable = true, .doc = "The app" },
    { 0 }
};
static const struct field update_in[] = { { "url", FIELD_URL, .doc = "Where events are posted to" },
                                          { "eventTypes", FIELD_LIST, .element = FIELD_TEXT, .min = 1,
                                            .max = EVENT_TYPES_MAX,
                                            .doc = "In place of those before; what it has may be sent back" },
                                          { 0 } };
static const struct field out[] = {
    { "id", FIELD_ID, .prefix = "whk", .required = true, .doc = "The webhook" },
    { "url", FIELD_URL, .required = true, .doc = "Where events are posted to" },
    { "appId", FIELD_TEXT, .doc = "The app, where it is one's" },
    { "eventTypes", FIELD_LIST, .element = FIELD_TEXT, .required = true, .doc = "Which events it receives" },
    { "active", FIELD_BOOL, .required = true, .doc = "Whether they are sent" },
    { "signingSecret", FIELD_TEXT, .max = 255, .required = true, .doc = "Verifies what is sent" },
    { 0 }
};
static const struct field rotated_out[] = {
    { "webhookUuid", FIELD_ID, .prefix = "whk", .required = true, .doc = "The webhook" },
    { "signingSecret", FIELD_TEXT, .max = 255, .required = true, .doc = "The new one" },
    { 0 }
};

/* ---- event types ---- */

/* The published page names events for people; what goes over the wire has these names. Both are taken. */
static const struct {
    const char *on_page, *on_wire;
} page_names[] = {
    { "App Installed", "app.installed" },
    { "App Uninstalled", "app.uninstalled" },
    { "Appointment Canceled", "appointment.canceled" },
    { "Appointment No Show", "appointment.noshowed" },
    { "Appointment Rescheduled", "appointment.rescheduled" },
    { "Appointment Scheduled", "appointment.scheduled" },
    { "Checkin Created", "checkin.created" },
    { "Checkin Deleted", "checkin.deleted" },
    { "Checkin Failed", "checkin.failed" },
    { "Checkin Updated", "checkin.updated" },
    { "Class Canceled", "class.canceled" },
    { "Customer Created", "customer.created" },
    { "Customer Deleted", "customer.deleted" },
    { "Customer Details Changed", "customer.details.changed" },
    { "Customer Status Changed", "customer.status.changed" },
    { "Enrollment Created", "enrollment.created" },
    { "Enrollment Status Changed", "enrollment.status.changed" },
    { "Enrollment Status Deleted", "enrollment.deleted" },
    { "Reservation Canceled", "reservation.canceled" },
    { "Reservation Created", "reservation.created" },
    { "Reservation Waitlisted", "reservation.waitlisted" },
};

static const char *wire_name(const char *name)
{
    for (size_t i = 0; i < sizeof page_names / sizeof *page_names; i++)
        if (strcmp(page_names[i].on_page, name) == 0)
            return page_names[i].on_wire;
    return name;
}

/* The native type behind a name of the published API, or NULL: names that are only native are not its own. */
static const char *native_type(const char *name)
{
    for (const struct partner_shape *shape = face->shapes; shape->event; shape++)
        if (strcmp(partner_event_name(face, shape->event), name) == 0)
            return shape->event;
    return NULL;
}

static enum outcome fail_events(struct request *request, const char *reason)
{
    struct json_object *details = json_new_object(request->pool);

    json_set_text(details, "eventTypes", reason);
    return fail_with(request, ERROR_BAD_REQUEST, details);
}

/* ---- what a webhook has ---- */

/* Its native types. */
static struct json_object *types_of(struct request *request, const struct row *row)
{
    return json_parse_stored(request->pool, row_text(row, "events"));
}

static const char *text_at(struct json_object *types, size_t i)
{
    return json_object_get_string(json_object_array_get_idx(types, i));
}

static void add_names(struct json_object *list, const char *native)
{
    if (strcmp(native, "*") != 0) {
        json_object_array_add(list, json_object_new_string(partner_event_name(face, native)));
        return;
    }
    for (const struct partner_shape *shape = face->shapes; shape->event; shape++)
        if (!partner_is_apart(face, shape->event))
            json_object_array_add(list, json_object_new_string(partner_event_name(face, shape->event)));
}

/* Its types by the names that this API shows. */
static struct json_object *names_of(struct request *request, const struct row *row)
{
    struct json_object *names = json_new_array(request->pool), *types = types_of(request, row);

    for (size_t i = 0; i < json_object_array_length(types); i++)
        add_names(names, text_at(types, i));
    return names;
}

/* The native type that it has and this API shows by that name, or NULL. */
static const char *had_type(struct json_object *types, const char *name)
{
    for (size_t i = 0; types && i < json_object_array_length(types); i++)
        if (strcmp(text_at(types, i), "*") != 0 &&
            strcmp(partner_event_name(face, text_at(types, i)), name) == 0)
            return text_at(types, i);
    return NULL;
}

/* ---- what was asked for ---- */

static bool is_sent(const struct value *items, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(wire_name(items[i].text), name) == 0)
            return true;
    return false;
}

static bool is_named(struct json_object *names, const char *name)
{
    for (size_t i = 0; i < json_object_array_length(names); i++)
        if (strcmp(text_at(names, i), name) == 0)
            return true;
    return false;
}

/* Whether the types that were sent are those that the webhook shows: then it keeps what it has, `*` too. */
static bool sends_what_it_has(struct request *request, const struct row *row)
{
    size_t count;
    const struct value *items = input_list(request->body, "eventTypes", &count);
    struct json_object *names = names_of(request, row);

    for (size_t i = 0; i < count; i++)
        if (!is_named(names, wire_name(items[i].text)))
            return false;
    for (size_t i = 0; i < json_object_array_length(names); i++)
        if (!is_sent(items, count, text_at(names, i)))
            return false;
    return true;
}

/* The native type that is asked for; NULL with `*problem` where it cannot be had. A type of `had` always can,
 * whether this API knows it or not. */
static const char *read_event(const char *name, struct json_object *had, bool of_app, const char **problem)
{
    const char *own = had_type(had, name), *event = own ? own : native_type(name);

    if (!event)
        *problem = "must hold only event types of this API";
    else if (!own && partner_is_apart(face, event) != of_app)
        *problem =
            of_app ? "must hold only events of the app" : "must not hold events of an app: send `appId`";
    return *problem ? NULL : event;
}

/* The wanted types by their native names; NULL where none were sent, and where they cannot be had: then it
 * has failed with `*problem`. `had`: the types before, NULL for none. */
static const char *const *read_events(struct request *request, struct json_object *had, bool of_app,
                                      const char **problem)
{
    size_t count;
    const struct value *items = input_list(request->body, "eventTypes", &count);
    const char **events = pool_array(request->pool, count + 1, sizeof *events);

    *problem = NULL;
    for (size_t i = 0; i < count; i++) {
        events[i] = read_event(wire_name(items[i].text), had, of_app, problem);
        if (!events[i])
            return NULL;
    }
    events[count] = NULL;
    if (!items)
        return NULL;
    *problem = partner_events_problem(face, events);
    return *problem ? NULL : events;
}

/* The same of a change. Without an app, the events that it has tell what it is for. */
static const char *const *read_change(struct request *request, const struct row *row, const char **problem)
{
    struct json_object *had = types_of(request, row);
    bool of_app = row_text(row, "app_id") || partner_is_apart(face, text_at(had, 0));

    *problem = NULL;
    return sends_what_it_has(request, row) ? NULL : read_events(request, had, of_app, problem);
}

/* ---- what a webhook looks like ---- */

static struct json_object *render(struct request *request, const struct row *row)
{
    struct json_object *webhook = json_new_object(request->pool);

    json_set_id(webhook, "id", "whk", row_id(row, "id"));
    json_set_text(webhook, "url", row_text(row, "url"));
    if (row_text(row, "app_id"))
        json_set_text(webhook, "appId", row_text(row, "app_id"));
    json_set(webhook, "eventTypes", json_object_get(names_of(request, row)));
    json_set_bool(webhook, "active", row_int(row, "active") != 0);
    json_set_text(webhook, "signingSecret", row_text(row, "secret"));
    return webhook;
}

/* Only what this face may see. */
static const struct row *of_face(const struct row *row)
{
    return row && strcmp(row_text(row, "format"), face->name) == 0 ? row : NULL;
}

/* ---- the calls ---- */

static enum outcome create(struct request *request)
{
    struct problems problems = { .pool = request->pool };
    struct endpoint_order order = {
        .url = input_text(request->body, "url"),
        .format = face->name,
        .app_id = input_text(request->body, "appId"),
        .active = true,
    };
    struct partner_secret secret;
    const char *problem;
    struct id id;

    order.events = read_events(request, NULL, order.app_id != NULL, &problem);
    if (problem)
        return fail_events(request, problem);
    if (!endpoint_check(request, &order, &problems))
        return fail_problems(request, &problems);
    secret = partner_secret(request->pool, face, NULL);
    order.secret = secret.stored;
    id = endpoint_create(request, &order);
    if (id_is_nil(id))
        return endpoint_fail_full(request);
    return reply_json(request, render(request, endpoint_read(request, id)));
}

static enum outcome list(struct request *request)
{
    struct rows rows = endpoint_list(request, face->name, (struct id){ { 0 } }, ENDPOINTS_MAX);
    struct json_object *body = json_new_object(request->pool), *data = json_object_new_array();

    json_set(body, "data", data);
    for (size_t i = 0; i < rows.count; i++)
        json_object_array_add(data, json_object_get(render(request, &rows.items[i])));
    return reply_json(request, body);
}

static enum outcome get(struct request *request)
{
    const struct row *row = of_face(endpoint_read(request, input_id(request->params, "uuid")));

    return row ? reply_json(request, render(request, row)) : fail(request, ERROR_NOT_FOUND);
}

static enum outcome update(struct request *request)
{
    struct problems problems = { .pool = request->pool };
    const struct row *row = of_face(endpoint_lock(request, input_id(request->params, "uuid")));
    struct endpoint_order order, sent = { .url = input_text(request->body, "url") };
    const char *problem;

    if (!row)
        return fail(request, ERROR_NOT_FOUND);
    order = endpoint_order_of(row);
    order.events = read_change(request, row, &problem);
    if (problem)
        return fail_events(request, problem);
    if (sent.url)
        endpoint_order_move(&order, sent.url);
    if (!endpoint_check(request, &sent, &problems))
        return fail_problems(request, &problems);
    endpoint_update(request, row, &order);
    return get(request);
}

static enum outcome erase(struct request *request)
{
    struct id id = input_id(request->params, "uuid");

    if (!of_face(endpoint_lock(request, id)) || !endpoint_delete(request, id))
        return fail(request, ERROR_NOT_FOUND);
    return reply_empty(request);
}

static enum outcome set_active(struct request *request, bool active)
{
    const struct row *row = of_face(endpoint_lock(request, input_id(request->params, "uuid")));
    struct endpoint_order order;

    if (!row)
        return fail(request, ERROR_NOT_FOUND);
    order = endpoint_order_of(row);
    order.active = active;
    endpoint_update(request, row, &order);
    return reply_empty(request);
}

static enum outcome activate(struct request *request)
{
    return set_active(request, true);
}

static enum outcome deactivate(struct request *request)
{
    return set_active(request, false);
}

static enum outcome rotate(struct request *request)
{
    struct id id = input_id(request->params, "uuid");
    struct partner_secret secret;
    struct json_object *body;

    if (!of_face(endpoint_lock(request, id)))
        return fail(request, ERROR_NOT_FOUND);
    secret = partner_secret(request->pool, face, NULL);
    endpoint_rotate(request, id, secret.stored, secret.display_key, CLOCK_DAY);
    body = json_new_object(request->pool);
    json_set_id(body, "webhookUuid", "whk", id);
    json_set_text(body, "signingSecret", secret.raw);
    return reply_json(request, body);
}

static const enum error_code not_found[] = { ERROR_NOT_FOUND, ERROR_NONE };
static const enum error_code full[] = { ERROR_CONFLICT, ERROR_NONE };

static const struct route routes[] = {
    { "POST", "/v3/webhooks", .scope = "webhooks:write", .in = create_in, .out = out, .status = 201,
      .errors = full, .run = create, .summary = "Make a webhook (PushPress style)" },
    { "GET", "/v3/webhooks", .scope = "webhooks:write", .out = out, .shape = SHAPE_LIST, .run = list,
      .summary = "List webhooks with their signing secrets" },
    { "GET", "/v3/webhooks/{uuid}", .scope = "webhooks:write", .params = uuid_param, .out = out,
      .errors = not_found, .run = get, .summary = "Read a webhook with its signing secret" },
    { "PATCH", "/v3/webhooks/{uuid}", .scope = "webhooks:write", .params = uuid_param, .in = update_in,
      .out = out, .errors = not_found, .run = update, .summary = "Change a webhook" },
    { "DELETE", "/v3/webhooks/{uuid}", .scope = "webhooks:write", .params = uuid_param, .shape = SHAPE_EMPTY,
      .errors = not_found, .run = erase, .summary = "Remove a webhook" },
    { "PATCH", "/v3/webhooks/{uuid}/activate", .scope = "webhooks:write", .params = uuid_param,
      .shape = SHAPE_EMPTY, .errors = not_found, .run = activate, .summary = "Switch a webhook on" },
    { "PATCH", "/v3/webhooks/{uuid}/deactivate", .scope = "webhooks:write", .params = uuid_param,
      .shape = SHAPE_EMPTY, .errors = not_found, .run = deactivate, .summary = "Switch a webhook off" },
    { "POST", "/v3/webhooks/{uuid}/rotate-signing-secret", .scope = "webhooks:write", .params = uuid_param,
      .out = rotated_out, .errors = not_found, .run = rotate, .summary = "Make a new signing secret" },
    { 0 }
};
const struct resource v3_webhooks_resource = { "webhooks (PushPress)", routes };
