/* Bookings: made, listed, moved through their life. The rules stand in rules/booking/bookings.h. */
#include "rules/booking/bookings.h"
#include "api/request.h"
#include "rules/event/events.h"

/*
 * A filter that was not sent is NULL and gone: MariaDB plans each execution with its values, and each filter
 * has an index that ends in the list's order. The hints keep to those: the page is read in order from where
 * it begins, and only then joined. `starts_at >= ?` is the later of `from` and the cursor.
 */
static const struct statement LIST = {
    "SELECT " BOOKING_COLUMNS
    " FROM bookings b FORCE INDEX (bookings_by_start, bookings_by_staff, bookings_by_service,"
    " bookings_by_customer, bookings_by_status)"
    " STRAIGHT_JOIN services s ON s.company_id = b.company_id AND s.id = b.service_id"
    " STRAIGHT_JOIN users u ON u.company_id = b.company_id AND u.id = b.staff_id"
    " WHERE b.company_id = ? AND (? IS NULL OR b.status = ?) AND (? IS NULL OR b.staff_id = ?) AND (?"
    " IS NULL OR b.service_id = ?) AND (? IS NULL OR b.customer_id = ?) AND b.starts_at >= ?"
    " AND b.starts_at < ? AND (? IS NULL OR b.starts_at > ? OR b.id > ?)"
    " ORDER BY b.starts_at, b.id LIMIT ?",
    .in = "ussuuuuuuttttui",
};

static const struct statement UPDATE_NOTES = {
    "UPDATE bookings FORCE INDEX (PRIMARY) SET notes = ?, updated_at = ? WHERE company_id = ? AND id = ?",
    .in = "stuu",
};

static const char *const any_staff[] = { "any", NULL };

static const struct field booking_params[] = {
    { "id", FIELD_ID, .prefix = "bk", .required = true, .doc = "The booking" },
    { 0 },
};

static const struct field guest_in[] = {
    { "name", FIELD_TEXT, .min = 1, .max = 200, .required = true, .doc = "The guest's name",
      .example = "\"John Doe\"" },
    { "email", FIELD_EMAIL, .nullable = true, .doc = "Where mail reaches them",
      .example = "\"john@example.com\"" },
    { "phone", FIELD_PHONE, .nullable = true, .doc = "Where a call reaches them",
      .example = "\"+1-555-0199\"" },
    { 0 },
};

static const struct field create_in[] = {
    { "serviceId", FIELD_ID, .prefix = "srv", .required = true, .doc = "The service to book" },
    { "staffId", FIELD_ID, .prefix = "usr", .choices = any_staff, .nullable = true,
      .doc = "Who shall do it; `any` or nothing: whoever is free and has the least to do that day" },
    { "customerId", FIELD_ID, .prefix = "usr", .nullable = true,
      .doc = "A person on file; either this or `customer` is sent" },
    { "customer", FIELD_OBJECT, .fields = guest_in, .nullable = true, .doc = "A guest" },
    { "startsAt", FIELD_TIME, .required = true,
      .doc = "RFC 3339 with any offset, on a whole minute; on the grid of /slots or off it",
      .example = "\"2025-11-03T10:00:00-05:00\"" },
    { "timeZone", FIELD_ZONE, .nullable = true, .doc = "The customer's; the service's when it is not sent",
      .example = "\"America/New_York\"" },
    { "notes", FIELD_LINES, .max = 2000, .nullable = true, .doc = "Notes for the visit",
      .example = "\"First time customer\"" },
    { "paymentMethod", FIELD_TEXT, .max = 40, .nullable = true, .doc = "How the customer means to pay",
      .example = "\"bank_transfer\"" },
    { 0 },
};

static const struct field list_query[] = {
    { "status", FIELD_ENUM, .choices = booking_statuses, .doc = "Only those with this status" },
    { "staffId", FIELD_ID, .prefix = "usr", .doc = "Only this person's" },
    { "serviceId", FIELD_ID, .prefix = "srv", .doc = "Only of this service" },
    { "customerId", FIELD_ID, .prefix = "usr", .doc = "Only of this customer" },
    { "from", FIELD_TIME, .doc = "Only those that start then or later" },
    { "to", FIELD_TIME, .doc = "Only those that start before" },
    { 0 },
};

static const struct field update_in[] = {
    { "notes", FIELD_LINES, .max = 2000, .nullable = true, .doc = "Notes for the visit; null removes them" },
    { 0 },
};

static const struct field cancel_in[] = {
    { "reason", FIELD_TEXT, .max = 500, .nullable = true, .doc = "Why, in words",
      .example = "\"Customer request\"" },
    { "cancelledBy", FIELD_ENUM, .choices = booking_cancellers,
      .doc = "Who cancels; `business` when it is not sent", .example = "\"customer\"" },
    { 0 },
};

static const struct field reschedule_in[] = {
    { "startsAt", FIELD_TIME, .required = true, .doc = "The new start, on a whole minute" },
    { "staffId", FIELD_ID, .prefix = "usr", .nullable = true,
      .doc = "Who shall do it; without it the same person as before" },
    { 0 },
};

static const struct field verify_in[] = {
    { "provider", FIELD_TEXT, .max = 40, .nullable = true,
      .doc = "Through whom it was paid; the booking's payment method when it is not sent",
      .example = "\"bank_transfer\"" },
    { "reference", FIELD_TEXT, .max = 100, .nullable = true, .doc = "The payment's name there",
      .example = "\"BANK-REF-123456\"" },
    { 0 },
};

/* ---- what a refusal looks like ---- */

static enum outcome fail_taken(struct request *request, instant next)
{
    char text[CLOCK_TEXT_SIZE];
    struct json_object *details = json_new_object(request->pool);
    instant asked = input_time(request->body, "startsAt", 0);
    json_set_text(details, "requested_time", clock_format_seconds(text, asked));
    json_set_text(details, "next_available", next ? clock_format_seconds(text, next) : NULL);
    return fail_with(request, ERROR_BOOKING_CONFLICT, details);
}

static bool needs_start(const char *action)
{
    return strcmp(action, "complete") == 0 || strcmp(action, "no-show") == 0;
}

static enum outcome fail_transition(struct request *request, const struct row *row, const char *to)
{
    const char *status = row_text(row, "status");
    bool started = row_time(row, "starts_at") <= request->now;
    struct json_object *details = json_new_object(request->pool);
    struct json_object *allowed = json_object_new_array();
    for (const char *const *action = booking_actions(status); *action; action++)
        if (started || !needs_start(*action))
            json_object_array_add(allowed, json_object_new_string(*action));
    json_set_text(details, "from", status);
    if (to)
        json_set_text(details, "to", to);
    json_set(details, "allowed", allowed);
    return fail_with(request, ERROR_INVALID_TRANSITION, details);
}

/* The end of everything that changes a booking. `to`: the status it should have come to, or NULL. */
static enum outcome reply_result(struct request *request, enum booking_result result,
                                 const struct booking_answer *answer, const char *to)
{
    switch (result) {
    case BOOKING_DONE:
        request->poke = true;
        return reply_row(request, answer->row);
    case BOOKING_NO_SERVICE:
        return fail(request, ERROR_INVALID_SERVICE);
    case BOOKING_NO_STAFF:
        if (!id_is_nil(input_id(request->body, "staffId")))
            return fail_field(request, "staffId", "must be staff of this service");
        return fail_taken(request, 0); /* nobody takes it */
    case BOOKING_NO_CUSTOMER:
        return fail_field(request, "customerId", "must be a person of this company");
    case BOOKING_PAST:
        return fail_field(request, "startsAt", "must be in the future, at most ten years ahead");
    case BOOKING_UNEVEN:
        return fail_field(request, "startsAt", "must be on a whole minute");
    case BOOKING_TAKEN:
        request_undo(request); /* nobody waits for locks while another time is looked for */
        return fail_taken(request, slots_next(request->db, request->pool, &answer->wish));
    case BOOKING_NOT_FOUND:
        break;
    case BOOKING_IMPOSSIBLE:
        return fail_transition(request, answer->row, to);
    }
    return fail(request, ERROR_NOT_FOUND);
}

/* ---- the routes' functions ---- */

static enum outcome create_booking(struct request *request)
{
    const struct input *guest = input_object(request->body, "customer");
    struct id customer = input_id(request->body, "customerId");
    if (guest && !id_is_nil(customer))
        return fail_field(request, "customer", "must not be sent together with customerId");
    if (!guest && id_is_nil(customer))
        return fail_field(request, "customer", "must be sent, or customerId");
    struct booking_order order = {
        .company = request->actor.company,
        .service = input_id(request->body, "serviceId"),
        .staff = input_id(request->body, "staffId"),
        .customer = customer,
        .starts_at = input_time(request->body, "startsAt", 0),
        .time_zone = input_text(request->body, "timeZone"),
        .notes = input_text(request->body, "notes"),
        .payment_method = input_text(request->body, "paymentMethod"),
        .now = request->now,
    };
    if (guest) {
        order.name = input_text(guest, "name");
        order.email = input_text(guest, "email");
        order.phone = input_text(guest, "phone");
    }
    struct booking_answer answer;
    enum booking_result result = booking_create(request->db, request->pool, &order, &answer);
    return reply_result(request, result, &answer, NULL);
}

static enum outcome list_bookings(struct request *request)
{
    const struct input *query = request->query;
    bool broken = false;
    const struct value *cursor = page_cursor(request, "starts_at,id", &broken);
    if (broken)
        return fail_field(request, "cursor", "must be one that this list gave");
    struct value after_start = cursor ? cursor[0] : value_null();
    struct value after_id = cursor ? cursor[1] : value_null();
    instant from = input_time(query, "from", INSTANT_MIN), to = input_time(query, "to", INSTANT_MAX);
    if (cursor && cursor[0].time > from)
        from = cursor[0].time;
    struct value status = value_text(input_text(query, "status"));
    struct value staff = value_id(input_id(query, "staffId"));
    struct value service = value_id(input_id(query, "serviceId"));
    struct value customer = value_id(input_id(query, "customerId"));
    struct rows rows = db_all(request->db, request->pool, &LIST,
                              BIND(value_id(request->actor.company), status, status, staff, staff, service,
                                   service, customer, customer, value_time(from), value_time(to), after_start,
                                   after_start, after_id, value_int(page_limit(request) + 1)));
    return reply_page(request, rows, "starts_at,id");
}

static enum outcome get_booking(struct request *request)
{
    const struct row *row =
        booking_read(request->db, request->pool, request->actor.company, input_id(request->params, "id"));
    return row ? reply_row(request, row) : fail(request, ERROR_NOT_FOUND);
}

static enum outcome update_booking(struct request *request)
{
    struct id company = request->actor.company, id = input_id(request->params, "id");
    const struct row *row = booking_read(request->db, request->pool, company, id);
    if (!row)
        return fail(request, ERROR_NOT_FOUND);
    struct value notes = input_or(request->body, "notes", row, "notes");
    if (value_equal(notes, *row_value(row, "notes")))
        return reply_row(request, row);
    db_run(request->db, &UPDATE_NOTES,
           BIND(notes, value_time(request->now), value_id(company), value_id(id)));
    row = booking_read(request->db, request->pool, company, id);
    event_emit(request->db, request->pool, company, "booking.updated", booking_snapshot(request->pool, row),
               request->now);
    request->poke = true;
    return reply_row(request, row);
}

static enum outcome move_booking(struct request *request, enum booking_action action, const char *to,
                                 const char *reason, const char *by)
{
    struct booking_answer answer;
    enum booking_result result =
        booking_move(request->db, request->pool, request->actor.company, input_id(request->params, "id"),
                     action, reason, by, request->now, &answer);
    return reply_result(request, result, &answer, to);
}

static enum outcome confirm_booking(struct request *request)
{
    return move_booking(request, BOOKING_CONFIRM, "confirmed", NULL, NULL);
}

static enum outcome complete_booking(struct request *request)
{
    return move_booking(request, BOOKING_COMPLETE, "completed", NULL, NULL);
}

static enum outcome miss_booking(struct request *request)
{
    return move_booking(request, BOOKING_NO_SHOW, "no_show", NULL, NULL);
}

static enum outcome cancel_booking(struct request *request)
{
    const char *by = input_text(request->body, "cancelledBy");
    return move_booking(request, BOOKING_CANCEL, "cancelled", input_text(request->body, "reason"),
                        by ? by : "business");
}

static enum outcome verify_payment(struct request *request)
{
    struct booking_answer answer;
    enum booking_result result = booking_verify_payment(
        request->db, request->pool, request->actor.company, input_id(request->params, "id"),
        input_text(request->body, "provider"), input_text(request->body, "reference"), request->now, &answer);
    if (result != BOOKING_IMPOSSIBLE)
        return reply_result(request, result, &answer, NULL);
    return fail_because(request, ERROR_CONFLICT,
                        strcmp(row_text(answer.row, "status"), "cancelled") == 0
                            ? "the booking is cancelled"
                            : "its payment has been verified before");
}

static enum outcome reschedule_booking(struct request *request)
{
    struct booking_answer answer;
    enum booking_result result = booking_reschedule(
        request->db, request->pool, request->actor.company, input_id(request->params, "id"),
        input_time(request->body, "startsAt", 0), input_id(request->body, "staffId"), request->now, &answer);
    return reply_result(request, result, &answer, NULL);
}

static const enum error_code create_errors[] = { ERROR_INVALID_SERVICE, ERROR_BOOKING_CONFLICT, ERROR_NONE };
static const enum error_code one_errors[] = { ERROR_NOT_FOUND, ERROR_NONE };
static const enum error_code move_errors[] = { ERROR_NOT_FOUND, ERROR_INVALID_TRANSITION, ERROR_NONE };
static const enum error_code verify_errors[] = { ERROR_NOT_FOUND, ERROR_CONFLICT, ERROR_NONE };
static const enum error_code reschedule_errors[] = { ERROR_NOT_FOUND, ERROR_INVALID_SERVICE,
                                                     ERROR_BOOKING_CONFLICT, ERROR_INVALID_TRANSITION,
                                                     ERROR_NONE };

static const struct route routes[] = {
    { "POST", "/api/v1/bookings", .scope = "bookings:write", .in = create_in, .out = booking_out,
      .status = 201, .errors = create_errors, .limit = RATE_BOOKINGS, .run = create_booking,
      .summary = "Book a service" },
    { "GET", "/api/v1/bookings", .scope = "bookings:read", .query = list_query, .out = booking_out,
      .shape = SHAPE_PAGE, .run = list_bookings, .summary = "List bookings in order of their start" },
    { "GET", "/api/v1/bookings/{id}", .scope = "bookings:read", .params = booking_params, .out = booking_out,
      .errors = one_errors, .run = get_booking, .summary = "Read a booking" },
    { "PATCH", "/api/v1/bookings/{id}", .scope = "bookings:write", .params = booking_params, .in = update_in,
      .out = booking_out, .errors = one_errors, .run = update_booking,
      .summary = "Change a booking's notes" },
    { "POST", "/api/v1/bookings/{id}/confirm", .scope = "bookings:write", .params = booking_params,
      .out = booking_out, .errors = move_errors, .run = confirm_booking,
      .summary = "Confirm a pending booking" },
    { "POST", "/api/v1/bookings/{id}/cancel", .scope = "bookings:write", .params = booking_params,
      .in = cancel_in, .out = booking_out, .errors = move_errors, .run = cancel_booking,
      .summary = "Cancel a booking and free its time" },
    { "POST", "/api/v1/bookings/{id}/complete", .scope = "bookings:write", .params = booking_params,
      .out = booking_out, .errors = move_errors, .run = complete_booking,
      .summary = "Note that a confirmed booking took place" },
    { "POST", "/api/v1/bookings/{id}/no-show", .scope = "bookings:write", .params = booking_params,
      .out = booking_out, .errors = move_errors, .run = miss_booking,
      .summary = "Note that the customer did not come" },
    { "POST", "/api/v1/bookings/{id}/reschedule", .scope = "bookings:write", .params = booking_params,
      .in = reschedule_in, .out = booking_out, .errors = reschedule_errors, .run = reschedule_booking,
      .summary = "Move a booking to another time or person" },
    { "POST", "/api/v1/bookings/{id}/verify-payment", .scope = "bookings:write", .params = booking_params,
      .in = verify_in, .out = booking_out, .errors = verify_errors, .run = verify_payment,
      .summary = "Note that a booking's payment has come" },
    { 0 },
};

const struct resource bookings_resource = { "bookings", routes };
