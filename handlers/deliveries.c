/* Deliveries of the whole company: what became of each, and sending one again. */
#include "rules/delivery/deliveries.h"
#include "rules/catalogue/event_types.h"
#include "rules/people/audit.h"

static const struct field id_param[] = { { "id", FIELD_ID, .prefix = "dlv", .doc = "The delivery" }, { 0 } };
static const enum error_code not_found[] = { ERROR_NOT_FOUND, ERROR_NONE };
static const enum error_code not_now[] = { ERROR_NOT_FOUND, ERROR_CONFLICT, ERROR_NONE };

static const struct field list_query[] = {
    { "endpointId", FIELD_ID, .prefix = "whk", .doc = "Only to this endpoint" },
    { "eventId", FIELD_ID, .prefix = "evt", .doc = "Only of this event" },
    { "eventType", FIELD_ENUM, .choices = event_type_choices + 1, .doc = "Only of events of this type" },
    { "state", FIELD_ENUM, .choices = delivery_states, .doc = "Only in this state" },
    { "since", FIELD_TIME, .doc = "Only of events from this moment on" },
    { "until", FIELD_TIME, .doc = "Only of events before this moment" },
    { 0 }
};

static enum outcome list(struct request *request)
{
    const struct input *query = request->query;
    bool broken;
    const struct value *cursor = page_cursor(request, "id", &broken);
    struct delivery_filter filter = {
        .endpoint = input_id(query, "endpointId"),
        .event = input_id(query, "eventId"),
        .state = input_text(query, "state"),
        .type = input_text(query, "eventType"),
        .since = input_time(query, "since", 0),
        .until = input_time(query, "until", 0),
        .before = cursor ? cursor[0].id : (struct id){ { 0 } },
    };
    const struct row *seen;
    struct rows rows;

    if (broken)
        return fail_field(request, "cursor", "must be `next` of the page before");
    rows = deliveries_find(request->db, request->pool, request->actor.company, &filter,
                           page_limit(request) + 1, &seen);
    return reply_page_seen(request, rows, "id", seen);
}

static enum outcome get(struct request *request)
{
    const struct row *row =
        delivery_read(request->db, request->pool, request->actor.company, input_id(request->params, "id"));

    return row ? reply_row(request, row) : fail(request, ERROR_NOT_FOUND);
}

static enum outcome resend(struct request *request)
{
    struct id delivery = input_id(request->params, "id");
    bool found;
    const char *reason =
        delivery_resend(request->db, request->pool, request->actor.company, delivery, request->now, &found);

    if (!found)
        return fail(request, ERROR_NOT_FOUND);
    if (reason)
        return fail_because(request, ERROR_CONFLICT, reason);
    audit_request(request, "delivery.resent", "dlv", delivery, NULL);
    request->poke = true;
    return get(request);
}

static const struct route routes[] = {
    { "GET", "/api/v1/deliveries", .scope = "webhooks:read", .query = list_query, .out = delivery_out,
      .shape = SHAPE_PAGE, .run = list,
      .summary = "List deliveries, the newest first; a filtered page may hold few or none while `next` goes "
                 "on" },
    { "GET", "/api/v1/deliveries/{id}", .scope = "webhooks:read", .params = id_param, .out = delivery_out,
      .errors = not_found, .run = get, .summary = "Read a delivery with all its attempts" },
    { "POST", "/api/v1/deliveries/{id}/resend", .scope = "webhooks:write", .params = id_param,
      .out = delivery_out, .status = 202, .errors = not_now, .run = resend,
      .summary = "Send an event to an endpoint again" },
    { 0 }
};
const struct resource deliveries_resource = { "deliveries", routes };
