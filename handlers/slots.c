/* The free times of a service, day by day on the wall clock of whoever asks. */
#include "rules/slots.h"
#include "core/request.h"

#include <inttypes.h>

static const struct field slots_query[] = {
    { "serviceId", FIELD_ID, .prefix = "srv", .required = true, .doc = "The service to book" },
    { "staffId", FIELD_ID, .prefix = "usr", .doc = "Only this person's times; without it anyone's" },
    { "from", FIELD_DATE, .required = true, .doc = "The first day", .example = "\"2025-11-03\"" },
    { "to", FIELD_DATE, .required = true, .doc = "The last day, at most 62 days in all",
      .example = "\"2025-11-07\"" },
    { "timeZone", FIELD_ZONE, .doc = "Whose days these are; the service's zone when it is not sent",
      .example = "\"America/New_York\"" },
    { 0 },
};

static const struct field person_out[] = {
    { "id", FIELD_ID, .prefix = "usr", .required = true, .doc = "Who can take it" },
    { "name", FIELD_TEXT, .required = true, .doc = "Their name", .example = "\"Sarah Bell\"" },
    { 0 },
};
static const struct field slot_out[] = {
    { "startsAt", FIELD_TIME, .required = true, .doc = "When it would start" },
    { "endsAt", FIELD_TIME, .required = true, .doc = "When it would end, without buffers" },
    { "staff", FIELD_LIST, .element = FIELD_OBJECT, .fields = person_out, .required = true,
      .doc = "Who is free then" },
    { 0 },
};
static const struct field day_out[] = {
    { "date", FIELD_DATE, .required = true, .doc = "The day in `timeZone`", .example = "\"2025-11-03\"" },
    { "slots", FIELD_LIST, .element = FIELD_OBJECT, .fields = slot_out, .required = true,
      .doc = "In order; empty when nothing is free" },
    { 0 },
};
static const struct field slots_out[] = {
    { "serviceId", FIELD_ID, .prefix = "srv", .required = true, .doc = "The service" },
    { "timeZone", FIELD_ZONE, .required = true, .doc = "Whose days these are",
      .example = "\"America/New_York\"" },
    { "from", FIELD_DATE, .required = true, .doc = "The first day", .example = "\"2025-11-03\"" },
    { "to", FIELD_DATE, .required = true, .doc = "The last day", .example = "\"2025-11-07\"" },
    { "days", FIELD_LIST, .element = FIELD_OBJECT, .fields = day_out, .required = true,
      .doc = "Every day asked for; times that have passed are not offered" },
    { 0 },
};

struct window {
    struct date from, to; /* both included */
    const struct zone *zone;
};

/* When a day of the window begins. */
static instant midnight(const struct zone *zone, int64_t day)
{
    return zone_from_wall(zone, (struct wall){ .date = date_from_days(day) }, NULL);
}

/* One tree for each person, hung under every slot that they can take. */
static struct json_object **render_people(struct pool *pool, const struct slot_search *search)
{
    struct json_object **people = pool_array(pool, search->staff_count, sizeof *people);
    for (size_t i = 0; i < search->staff_count; i++) {
        people[i] = json_new_object(pool);
        json_set_id(people[i], "id", "usr", search->staff[i].id);
        json_set_text(people[i], "name", search->staff[i].name);
    }
    return people;
}

static struct json_object *render_slot(const struct slot *slot, const struct slot_search *search,
                                       struct json_object *const *people)
{
    struct json_object *object = json_object_new_object();
    struct json_object *staff = json_object_new_array();
    json_set_time(object, "startsAt", slot->start);
    json_set_time(object, "endsAt", slot->end);
    for (size_t i = 0; i < slot->staff_count; i++)
        json_object_array_add(staff, json_object_get(people[slot->staff[i] - search->staff]));
    json_set(object, "staff", staff);
    return object;
}

static struct json_object *render_days(struct pool *pool, const struct slot_search *search,
                                       const struct window *window, struct slots slots)
{
    struct json_object *const *people = render_people(pool, search);
    struct json_object *days = json_object_new_array();
    size_t next = 0;
    for (int64_t day = date_to_days(window->from); day <= date_to_days(window->to); day++) {
        char text[CLOCK_TEXT_SIZE];
        struct json_object *object = json_object_new_object();
        struct json_object *list = json_object_new_array();
        instant end = midnight(window->zone, day + 1);
        for (; next < slots.count && slots.items[next].start < end; next++)
            json_object_array_add(list, render_slot(&slots.items[next], search, people));
        json_set_text(object, "date", date_format(text, date_from_days(day)));
        json_set(object, "slots", list);
        json_object_array_add(days, object);
    }
    return days;
}

/*
 * What was read, what was asked, and the first slot: as time passes, slots go only from the front, so this
 * names the answer exactly.
 */
static const char *entity_tag(struct request *request, const struct slot_search *search, struct slots slots)
{
    uint64_t hash = search->revision;
    for (const char *at = request->query_string; at && *at; at++)
        hash = (hash ^ (unsigned char)*at) * UINT64_C(1099511628211);
    instant first = slots.count > 0 ? slots.items[0].start : 0;
    return pool_printf(request->pool, "W/\"%016" PRIx64 "-%" PRIx64 "\"", hash, (uint64_t)first);
}

static bool is_known(struct request *request, const char *tag)
{
    const char *known = request->exchange->param(request->exchange, "HTTP_IF_NONE_MATCH");
    /* Compared weakly: without the `W/`. */
    return known && (strcmp(known, "*") == 0 || strstr(known, tag + 2) != NULL);
}

static enum outcome reply_slots(struct request *request, const struct slot_search *search,
                                const struct window *window)
{
    instant from = midnight(window->zone, date_to_days(window->from));
    instant to = midnight(window->zone, date_to_days(window->to) + 1);
    from = from > request->now ? from : request->now;
    struct slots slots = { 0 };
    if (from < to)
        slots = slots_free(request->pool, search, from, to);

    const char *tag = entity_tag(request, search, slots);
    reply_header(request, "ETag", tag);
    reply_header(request, "Cache-Control", "private, no-cache");
    request->reply.cacheable = true;
    if (is_known(request, tag)) {
        request->reply.status = 304;
        return OUTCOME_OK;
    }
    char text[CLOCK_TEXT_SIZE];
    struct json_object *body = json_new_object(request->pool);
    json_set_id(body, "serviceId", "srv", search->service);
    json_set_text(body, "timeZone", zone_name(window->zone));
    json_set_text(body, "from", date_format(text, window->from));
    json_set_text(body, "to", date_format(text, window->to));
    json_set(body, "days", render_days(request->pool, search, window, slots));
    return reply_json(request, body);
}

static void read_date(struct date *date, const char *text)
{
    date_parse(date, text, strlen(text)); /* FIELD_DATE has let only dates through */
}

static enum outcome list_slots(struct request *request)
{
    enum { EAST_HOURS = 14, WEST_HOURS = 12, YEARS_DAYS = 3660 };
    struct window window = { 0 };
    read_date(&window.from, input_text(request->query, "from"));
    read_date(&window.to, input_text(request->query, "to"));
    int64_t from = date_to_days(window.from), to = date_to_days(window.to);
    if (to < from)
        return fail_field(request, "to", "must not be before from");
    if (to - from >= SLOTS_DAYS_MAX)
        return fail_field(request, "to", "must be at most %d days after from", SLOTS_DAYS_MAX - 1);
    if (to > request->now / CLOCK_DAY + YEARS_DAYS)
        return fail_field(request, "to", "must be within ten years");

    /* The days as the easternmost and the westernmost zone have them: the service may bring the zone. What
     * has passed is not looked at. */
    instant begin = from * CLOCK_DAY - EAST_HOURS * CLOCK_HOUR;
    instant end = (to + 1) * CLOCK_DAY + WEST_HOURS * CLOCK_HOUR;
    begin = begin > request->now ? begin : request->now;
    end = end > begin ? end : begin;
    struct slot_search search;
    if (!slots_load(request->db, request->pool, request->actor.company, input_id(request->query, "serviceId"),
                    input_id(request->query, "staffId"), begin, end, &search))
        return fail(request, ERROR_INVALID_SERVICE);
    if (!search.staff_known)
        return fail_field(request, "staffId", "must be staff of this service");
    const char *zone = input_text(request->query, "timeZone");
    window.zone = zone ? zone_find(zone) : search.rule.zone;
    return reply_slots(request, &search, &window);
}

static const enum error_code slots_errors[] = { ERROR_INVALID_SERVICE, ERROR_NONE };

static const struct route routes[] = {
    { "GET", "/api/v1/slots", .scope = "bookings:read", .query = slots_query, .out = slots_out,
      .errors = slots_errors, .run = list_slots, .summary = "List the free times of a service" },
    { 0 },
};

const struct resource slots_resource = { "slots", routes };
