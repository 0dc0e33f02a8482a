/* The free times of a service, day by day on the wall clock of whoever asks. */
#include "rules/booking/slots.h"
#include "api/request.h"

#include <inttypes.h>

enum { ANSWER_MAX = 4 << 20 }; /* bytes: 62 days of 20 people who work 8 hours on a 15-minute grid fit */

static const struct field slots_query[] = {
    { "serviceId", FIELD_ID, .prefix = "srv", .required = true, .doc = "The service to book" },
    { "staffId", FIELD_ID, .prefix = "usr", .doc = "Only this person's times; without it anyone's" },
    { "from", FIELD_DATE, .required = true, .doc = "The first day", .example = "\"2025-11-03\"" },
    { "to", FIELD_DATE, .required = true,
      .doc = "The last day, at most 62 days in all; fewer where the answer would be larger than 4 MiB",
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

/* Each person's text, to be copied under every slot that they can take. */
static const char **render_people(struct pool *pool, const struct slot_search *search)
{
    const char **people = pool_array(pool, search->staff_count, sizeof *people);
    for (size_t i = 0; i < search->staff_count; i++) {
        struct json_object *person = json_new_object(pool);
        json_set_id(person, "id", "usr", search->staff[i].id);
        json_set_text(person, "name", search->staff[i].name);
        people[i] = json_text(pool, person);
    }
    return people;
}

static void write_slot(struct buf *out, const struct slot *slot, const struct slot_search *search,
                       const char *const *people)
{
    char text[CLOCK_TEXT_SIZE];
    buf_add_text(out, "{\"startsAt\":\"");
    buf_add_text(out, clock_format(text, slot->start));
    buf_add_text(out, "\",\"endsAt\":\"");
    buf_add_text(out, clock_format(text, slot->end));
    buf_add_text(out, "\",\"staff\":[");
    for (size_t i = 0; i < slot->staff_count; i++) {
        if (i > 0)
            buf_add_char(out, ',');
        buf_add_text(out, people[slot->staff[i] - search->staff]);
    }
    buf_add_text(out, "]}");
}

/* `slot` is the first that the sweep gave. Stops where the buffer is full. */
static void write_days(struct request *request, struct buf *out, const struct window *window,
                       struct slot_sweep *sweep, const struct slot *slot)
{
    const char *const *people = render_people(request->pool, sweep->search);
    int64_t first = date_to_days(window->from), last = date_to_days(window->to);
    for (int64_t day = first; day <= last && !out->overflowed; day++) {
        char text[CLOCK_TEXT_SIZE];
        instant end = midnight(window->zone, day + 1);
        buf_printf(out, "%s{\"date\":\"%s\",\"slots\":[", day > first ? "," : "",
                   date_format(text, date_from_days(day)));
        for (const char *comma = ""; slot && slot->start < end && !out->overflowed; comma = ",") {
            buf_add_text(out, comma);
            write_slot(out, slot, sweep->search, people);
            slot = slots_step(sweep);
        }
        buf_add_text(out, "]}");
    }
}

/* Everything but the days, as an object that is still open. */
static void write_head(struct request *request, struct buf *out, const struct window *window,
                       const struct slot_search *search)
{
    char text[CLOCK_TEXT_SIZE];
    struct json_object *head = json_new_object(request->pool);
    json_set_id(head, "serviceId", "srv", search->service);
    json_set_text(head, "timeZone", zone_name(window->zone));
    json_set_text(head, "from", date_format(text, window->from));
    json_set_text(head, "to", date_format(text, window->to));
    const char *whole = json_text(request->pool, head);
    buf_add(out, whole, strlen(whole) - 1);
}

/*
 * What was read, what was asked, and the first slot: as time passes, slots go only from the front, so this
 * names the answer exactly.
 */
static const char *entity_tag(struct request *request, const struct slot_search *search,
                              const struct slot *first)
{
    uint64_t hash = search->revision;
    for (const char *at = request->query_string; at && *at; at++)
        hash = (hash ^ (unsigned char)*at) * UINT64_C(1099511628211);
    return pool_printf(request->pool, "W/\"%016" PRIx64 "-%" PRIx64 "\"", hash,
                       (uint64_t)(first ? first->start : 0));
}

static bool is_known(struct request *request, const char *tag)
{
    const char *known = request->exchange->param(request->exchange, "HTTP_IF_NONE_MATCH");
    /* Compared weakly: without the `W/`. */
    return known && (strcmp(known, "*") == 0 || strstr(known, tag + 2) != NULL);
}

static void release_text(void *out)
{
    buf_release(out);
}

/* An empty buffer for the answer, on the heap: there it grows in place, and goes with the request. */
static struct buf *new_text(struct request *request)
{
    struct buf *out = pool_alloc(request->pool, sizeof *out);
    buf_init(out, NULL, ANSWER_MAX);
    pool_on_reset(request->pool, release_text, out);
    return out;
}

/*
 * Months of many people's times are hundreds of thousands of entries. They are written as they are found, and
 * never held as a tree: it would be ten times as large as its text.
 */
static enum outcome reply_slots(struct request *request, const struct slot_search *search,
                                const struct window *window)
{
    instant from = midnight(window->zone, date_to_days(window->from));
    instant to = midnight(window->zone, date_to_days(window->to) + 1);
    struct slot_sweep sweep =
        slots_sweep(request->pool, search, from > request->now ? from : request->now, to);
    const struct slot *first = slots_step(&sweep);
    const char *tag = entity_tag(request, search, first);
    bool known = is_known(request, tag);
    struct buf *out = new_text(request);
    if (!known) {
        write_head(request, out, window, search);
        buf_add_text(out, ",\"days\":[");
        write_days(request, out, window, &sweep, first);
        buf_add_text(out, "]}");
    }
    if (out->overflowed)
        return fail_field(
            request, "to",
            "must be closer to from, or one staffId sent: the answer would be larger than %d MiB",
            ANSWER_MAX >> 20);
    reply_header(request, "ETag", tag);
    reply_header(request, "Cache-Control", "private, no-cache");
    request->reply.cacheable = true;
    if (known)
        request->reply.status = 304;
    else
        reply_text(request, 200, "application/json", out->data, out->length);
    return OUTCOME_OK;
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
