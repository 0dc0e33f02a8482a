/* Services: what a company offers. */
#include "rules/booking/services.h"
#include "api/request.h"
#include "base/money.h"
#include "rules/booking/claims.h"
#include "rules/people/companies.h"

enum { CLAIM_MINUTES_MAX = (int)(CLAIM_MAX / CLOCK_MINUTE) };

static const struct field id_param[] = { { "id", FIELD_ID, .prefix = "srv", .doc = "The service" }, { 0 } };

static const struct field price_create[] = {
    { "amount", FIELD_AMOUNT, .required = true, .doc = "In major units, as fine as the currency goes",
      .example = "75.5" },
    { "currency", FIELD_CURRENCY, .doc = "ISO 4217; the company's when left out", .example = "\"USD\"" },
    { "type", FIELD_ENUM, .choices = price_types, .doc = "What the amount stands for; flat when left out" },
    { 0 }
};
static const struct field price_update[] = {
    { "amount", FIELD_AMOUNT, .doc = "In major units, as fine as the currency goes" },
    { "currency", FIELD_CURRENCY, .doc = "ISO 4217" },
    { "type", FIELD_ENUM, .choices = price_types, .doc = "What the amount stands for" },
    { 0 }
};
static const struct field hours_in[] = {
    { "start", FIELD_CLOCK, .required = true, .doc = "First start of the day", .example = "\"09:00\"" },
    { "end", FIELD_CLOCK, .required = true, .doc = "Last end of the day, after the start",
      .example = "\"17:00\"" },
    { 0 }
};
static const struct field availability_in[] = {
    { "days", FIELD_LIST, .element = FIELD_ENUM, .choices = weekday_names, .min = 1, .max = 7,
      .doc = "Days on which it is offered; every day when left out" },
    { "hours", FIELD_OBJECT, .fields = hours_in, .doc = "Hours of such a day; the whole day when left out" },
    { "timezone", FIELD_ZONE, .doc = "Whose clock days and hours are on; the company's when left out",
      .example = "\"America/New_York\"" },
    { 0 }
};
static const struct field create_in[] = {
    { "name", FIELD_TEXT, .required = true, .doc = "Its name", .example = "\"Haircut & Style\"" },
    { "slug", FIELD_SLUG, .doc = "Its name in addresses; made from the name when left out",
      .example = "\"haircut-style\"" },
    { "description", FIELD_LINES, .nullable = true, .doc = "For customers" },
    { "duration", FIELD_INT, .required = true, .min = 1, .max = SERVICE_DURATION_MAX, .doc = "Minutes",
      .example = "60" },
    { "bufferBefore", FIELD_INT, .min = 0, .max = SERVICE_DURATION_MAX, .doc = "Minutes kept free before" },
    { "bufferAfter", FIELD_INT, .min = 0, .max = SERVICE_DURATION_MAX,
      .doc = "Minutes kept free after; with duration and bufferBefore at most 24 hours" },
    { "slotInterval", FIELD_INT, .min = SLOT_INTERVAL_MIN, .max = SERVICE_DURATION_MAX,
      .doc = "Minutes from one offered start to the next; when left out the duration, but 5 at least",
      .example = "30" },
    { "price", FIELD_OBJECT, .fields = price_create, .required = true, .doc = "What it costs" },
    { "availability", FIELD_OBJECT, .fields = availability_in,
      .doc = "When it is offered; staff schedules narrow it further" },
    { "staffIds", FIELD_LIST, .element = FIELD_ID, .prefix = "usr", .max = SERVICE_STAFF_MAX,
      .doc = "Who performs it: active staff of the company" },
    { "active", FIELD_BOOL, .doc = "Whether it can be booked; true when left out" },
    { 0 }
};
static const struct field update_in[] = {
    { "name", FIELD_TEXT, .min = 1, .doc = "Its name" },
    { "slug", FIELD_SLUG, .doc = "Its name in addresses" },
    { "description", FIELD_LINES, .nullable = true, .doc = "For customers" },
    { "duration", FIELD_INT, .min = 1, .max = SERVICE_DURATION_MAX, .doc = "Minutes" },
    { "bufferBefore", FIELD_INT, .min = 0, .max = SERVICE_DURATION_MAX, .doc = "Minutes kept free before" },
    { "bufferAfter", FIELD_INT, .min = 0, .max = SERVICE_DURATION_MAX, .doc = "Minutes kept free after" },
    { "slotInterval", FIELD_INT, .min = SLOT_INTERVAL_MIN, .max = SERVICE_DURATION_MAX,
      .doc = "Minutes from one offered start to the next" },
    { "price", FIELD_OBJECT, .fields = price_update, .doc = "What it costs; parts left out stay" },
    { "availability", FIELD_OBJECT, .fields = availability_in,
      .doc = "When it is offered; parts left out stay" },
    { "staffIds", FIELD_LIST, .element = FIELD_ID, .prefix = "usr", .max = SERVICE_STAFF_MAX,
      .doc = "Who performs it, in place of those before" },
    { "active", FIELD_BOOL, .doc = "Whether it can be booked" },
    { 0 }
};

/* ---- what was sent, laid over an order ---- */

/* The amount in minor units; a currency that changes alone keeps the amount in major units. */
static void apply_price(const struct input *price, struct service_order *order, struct problems *problems)
{
    const char *currency = input_text(price, "currency"), *type = input_text(price, "type");
    double major = money_to_major(order->price_amount, order->price_currency);

    if (currency)
        order->price_currency = currency;
    if (type)
        order->price_type = type;
    major = input_number(price, "amount", major);
    if (money_exponent(order->price_currency) < 0)
        problems_add(problems, "price.currency", "must be a currency of ISO 4217");
    else if (!money_from_major(&order->price_amount, major, order->price_currency))
        problems_add(problems, "price.amount", "must be an amount that %s can express",
                     order->price_currency);
}

static int64_t day_bits(const struct value *days, size_t count)
{
    int64_t bits = 0;

    for (size_t i = 0; i < count; i++)
        for (int day = 0; weekday_names[day]; day++)
            if (strcmp(days[i].text, weekday_names[day]) == 0)
                bits |= (int64_t)1 << day;
    return bits;
}

static void apply_availability(const struct input *availability, struct service_order *order,
                               struct problems *problems)
{
    size_t count;
    const struct value *days = input_list(availability, "days", &count);
    const struct input *hours = input_object(availability, "hours");
    const char *zone = input_text(availability, "timezone");

    if (days)
        order->days = day_bits(days, count);
    if (zone)
        order->time_zone = zone;
    if (!hours)
        return;
    order->from = input_int(hours, "start", 0);
    order->to = input_int(hours, "end", 0);
    if (order->to <= order->from)
        problems_add(problems, "availability.hours.end", "must be after the start");
}

static int compare_ids(const void *left, const void *right)
{
    return id_compare(*(const struct id *)left, *(const struct id *)right);
}

/* In the order in which the database gives them back. */
static void apply_staff(struct pool *pool, const struct value *sent, size_t count,
                        struct service_order *order)
{
    struct id *ids = pool_array(pool, count + 1, sizeof *ids);
    size_t used = 0;

    for (size_t i = 0; i < count; i++)
        ids[i] = sent[i].id;
    qsort(ids, count, sizeof *ids, compare_ids);
    for (size_t i = 0; i < count; i++)
        if (used == 0 || !id_equal(ids[used - 1], ids[i]))
            ids[used++] = ids[i];
    order->staff = ids;
    order->staff_count = used;
}

static void apply_minutes(const struct input *body, struct service_order *order, struct problems *problems)
{
    order->duration = input_int(body, "duration", order->duration);
    order->buffer_before = input_int(body, "bufferBefore", order->buffer_before);
    order->buffer_after = input_int(body, "bufferAfter", order->buffer_after);
    order->slot_interval = input_int(body, "slotInterval", order->slot_interval);
    if (order->duration + order->buffer_before + order->buffer_after > CLAIM_MINUTES_MAX)
        problems_add(problems, "duration", "must be at most %d minutes together with its buffers",
                     CLAIM_MINUTES_MAX);
}

static void apply(struct request *request, struct service_order *order, struct problems *problems)
{
    const struct input *body = request->body;
    const struct input *price = input_object(body, "price");
    const struct input *availability = input_object(body, "availability");
    size_t count;
    const struct value *staff = input_list(body, "staffIds", &count);

    if (input_sent(body, "name"))
        order->name = input_text(body, "name");
    if (input_sent(body, "slug"))
        order->slug = input_text(body, "slug");
    if (input_sent(body, "description"))
        order->description = input_text(body, "description");
    order->inactive = !input_bool(body, "active", !order->inactive);
    apply_minutes(body, order, problems);
    if (price)
        apply_price(price, order, problems);
    if (availability)
        apply_availability(availability, order, problems);
    if (input_sent(body, "staffIds"))
        apply_staff(request->pool, staff, count, order);
}

/* ---- what a PATCH really changes ---- */

static bool same_text(const char *left, const char *right)
{
    return left == right || (left && right && strcmp(left, right) == 0);
}

static bool same_price(const struct service_order *left, const struct service_order *right)
{
    return left->price_amount == right->price_amount &&
           same_text(left->price_currency, right->price_currency) &&
           same_text(left->price_type, right->price_type);
}

static bool same_availability(const struct service_order *left, const struct service_order *right)
{
    return left->days == right->days && left->from == right->from && left->to == right->to &&
           same_text(left->time_zone, right->time_zone);
}

static bool same_staff(const struct service_order *left, const struct service_order *right)
{
    return left->staff_count == right->staff_count &&
           (left->staff_count == 0 ||
            memcmp(left->staff, right->staff, left->staff_count * sizeof *left->staff) == 0);
}

static struct json_object *changes(struct pool *pool, const struct service_order *old,
                                   const struct service_order *new)
{
    const struct {
        const char *name;
        bool same;
    } members[] = {
        { "name", same_text(old->name, new->name) },
        { "slug", same_text(old->slug, new->slug) },
        { "description", same_text(old->description, new->description) },
        { "duration", old->duration == new->duration },
        { "bufferBefore", old->buffer_before == new->buffer_before },
        { "bufferAfter", old->buffer_after == new->buffer_after },
        { "slotInterval", old->slot_interval == new->slot_interval },
        { "price", same_price(old, new) },
        { "availability", same_availability(old, new) },
        { "staffIds", same_staff(old, new) },
        { "active", old->inactive == new->inactive },
    };
    struct json_object *names = json_new_array(pool);

    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (!members[i].same)
            json_object_array_add(names, json_object_new_string(members[i].name));
    return names;
}

/* ---- the endpoints ---- */

/* Tells which item of the request is meant: the order holds them sorted. */
static enum outcome not_staff(struct request *request, struct id bad)
{
    size_t count, i = 0;
    const struct value *sent = input_list(request->body, "staffIds", &count);

    while (i + 1 < count && !id_equal(sent[i].id, bad))
        i++;
    return fail_field(request, pool_printf(request->pool, "staffIds[%zu]", i),
                      "must be active staff of this company");
}

static enum outcome finish(struct request *request, enum service_result result,
                           const struct service_order *order, const struct service_answer *answer)
{
    struct json_object *details;

    switch (result) {
    case SERVICE_NOT_STAFF:
        return not_staff(request, order->staff[answer->bad_staff]);
    case SERVICE_SLUG_TAKEN:
        details = json_new_object(request->pool);
        json_set_text(details, "field", "slug");
        return fail_with(request, ERROR_CONFLICT, details);
    default:
        request->poke = true;
        return reply_row(request, answer->row);
    }
}

static enum outcome create(struct request *request)
{
    struct problems problems = { .pool = request->pool };
    const struct row *company = company_read(request->db, request->pool, request->actor.company);
    struct service_order order = {
        .company = request->actor.company,
        .price_currency = row_text(company, "currency"),
        .time_zone = row_text(company, "time_zone"),
        .to = DAY_MINUTES,
        .now = request->now,
    };
    struct service_answer answer;
    enum service_result result;

    apply(request, &order, &problems);
    if (problems.count > 0)
        return fail_problems(request, &problems);
    result = service_create(request->db, request->pool, &order, &answer);
    return finish(request, result, &order, &answer);
}

static enum outcome update(struct request *request)
{
    struct problems problems = { .pool = request->pool };
    struct id service = input_id(request->params, "id");
    const struct row *row = service_lock(request->db, request->pool, request->actor.company, service);
    struct service_order old, order;
    struct service_answer answer;
    struct json_object *changed;
    enum service_result result;

    if (!row)
        return fail(request, ERROR_NOT_FOUND);
    order = old = service_facts(request->pool, row);
    order.now = request->now;
    apply(request, &order, &problems);
    if (problems.count > 0)
        return fail_problems(request, &problems);
    changed = changes(request->pool, &old, &order);
    if (json_object_array_length(changed) == 0)
        return reply_row(request, row);
    result = service_update(request->db, request->pool, service, &order, !same_staff(&old, &order), changed,
                            &answer);
    return finish(request, result, &order, &answer);
}

static enum outcome get(struct request *request)
{
    const struct row *row =
        service_read(request->db, request->pool, request->actor.company, input_id(request->params, "id"));

    return row ? reply_row(request, row) : fail(request, ERROR_NOT_FOUND);
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
        service_list(request->db, request->pool, request->actor.company, after, page_limit(request) + 1),
        "id");
}

static enum outcome erase(struct request *request)
{
    const struct row *row =
        service_lock(request->db, request->pool, request->actor.company, input_id(request->params, "id"));

    if (!row)
        return fail(request, ERROR_NOT_FOUND);
    service_delete(request->db, request->pool, row, request->now);
    request->poke = true;
    return reply_empty(request);
}

static const struct route routes[] = {
    { "GET", "/api/v1/services", .scope = "services:read", .out = service_out, .shape = SHAPE_PAGE,
      .run = list, .summary = "List services" },
    { "POST", "/api/v1/services", .scope = "services:write", .in = create_in, .out = service_out,
      .status = 201, .errors = (const enum error_code[]){ ERROR_CONFLICT, ERROR_NONE }, .run = create,
      .summary = "Add a service" },
    { "GET", "/api/v1/services/{id}", .scope = "services:read", .params = id_param, .out = service_out,
      .errors = (const enum error_code[]){ ERROR_NOT_FOUND, ERROR_NONE }, .run = get,
      .summary = "Read a service" },
    { "PATCH", "/api/v1/services/{id}", .scope = "services:write", .params = id_param, .in = update_in,
      .out = service_out, .errors = (const enum error_code[]){ ERROR_NOT_FOUND, ERROR_CONFLICT, ERROR_NONE },
      .run = update, .summary = "Change a service" },
    { "DELETE", "/api/v1/services/{id}", .scope = "services:write", .params = id_param, .shape = SHAPE_EMPTY,
      .errors = (const enum error_code[]){ ERROR_NOT_FOUND, ERROR_NONE }, .run = erase,
      .summary = "Remove a service; its bookings stay" },
    { 0 }
};
const struct resource services_resource = { "services", routes };
