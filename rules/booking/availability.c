#include "rules/booking/availability.h"

#include "base/fault.h"

enum { MINUTES_PER_DAY = 24 * 60 };

static const char *const day_names[7] = { "monday", "tuesday",  "wednesday", "thursday",
                                          "friday", "saturday", "sunday" };

/* ---- Reading a stored schedule ---- */

static int stored_minute(struct json_object *pair, size_t index)
{
    struct json_object *minute = json_object_array_get_idx(pair, index);
    int64_t number = json_object_is_type(minute, json_type_int) ? json_object_get_int64(minute) : -1;

    if (number < 0 || number > MINUTES_PER_DAY)
        fault_raise(FAULT_BROKEN, "a stored schedule has a malformed minute");
    return (int)number;
}

/* `[[540,720],[780,1020]]`; NULL is a day without hours. */
static struct day_hours stored_hours(struct pool *pool, struct json_object *list)
{
    struct day_hours hours = { 0 };
    size_t length;
    int end = 0;

    if (!list)
        return hours;
    if (!json_object_is_type(list, json_type_array))
        fault_raise(FAULT_BROKEN, "a stored schedule has a day that is not a list");
    length = json_object_array_length(list);
    hours.items = pool_array(pool, length, sizeof *hours.items);
    for (; hours.count < length; hours.count++) {
        struct json_object *pair = json_object_array_get_idx(list, hours.count);
        struct minutes *minutes = &hours.items[hours.count];
        if (!json_object_is_type(pair, json_type_array) || json_object_array_length(pair) != 2)
            fault_raise(FAULT_BROKEN, "a stored schedule has an interval that is not a pair");
        *minutes = (struct minutes){ stored_minute(pair, 0), stored_minute(pair, 1) };
        if (minutes->start < end || minutes->start >= minutes->end)
            fault_raise(FAULT_BROKEN, "a stored schedule has intervals out of order");
        end = minutes->end;
    }
    return hours;
}

static int by_date(const void *left, const void *right)
{
    int64_t left_day = date_to_days(((const struct override *)left)->date);
    int64_t right_day = date_to_days(((const struct override *)right)->date);

    return (left_day > right_day) - (left_day < right_day);
}

static void read_overrides(struct pool *pool, struct schedule *schedule, struct json_object *object)
{
    size_t length = (size_t)json_object_object_length(object);

    schedule->overrides = pool_array(pool, length, sizeof *schedule->overrides);
    json_object_object_foreach(object, name, list) {
        struct override *override = &schedule->overrides[schedule->override_count++];
        if (!date_parse(&override->date, name, strlen(name)))
            fault_raise(FAULT_BROKEN, "a stored schedule has a malformed date");
        override->hours = stored_hours(pool, list);
    }
    if (length > 1)
        qsort(schedule->overrides, length, sizeof *schedule->overrides, by_date);
}

struct schedule schedule_parse(struct pool *pool, const char *time_zone, const char *weekly,
                               const char *overrides)
{
    struct schedule schedule = { .zone = zone_find(time_zone) };
    struct json_object *week = json_parse_stored(pool, weekly);
    struct json_object *dates = json_parse_stored(pool, overrides);

    if (!schedule.zone || !json_object_is_type(week, json_type_object) ||
        !json_object_is_type(dates, json_type_object))
        fault_raise(FAULT_BROKEN, "a stored schedule is malformed time_zone=%s", time_zone ? time_zone : "");
    for (int day = 0; day < 7; day++)
        schedule.weekly[day] = stored_hours(pool, json_get(week, day_names[day]));
    read_overrides(pool, &schedule, dates);
    return schedule;
}

/* ---- Hours of days to spans of time ---- */

/* The start of an interval: its first occurrence, or the jump. */
static instant wall_start(const struct zone *zone, struct date date, int minute)
{
    return zone_from_wall(zone, (struct wall){ date, minute, 0 }, NULL);
}

/*
 * The end of an interval: just after the last occurrence of its last minute. A time that happens twice is
 * taken the second time, unless its minute before happens once: then the interval ends as the repeated hour
 * begins.
 */
static instant wall_end(const struct zone *zone, struct date date, int minute)
{
    enum zone_fit fit, fit_before;
    instant first = zone_from_wall(zone, (struct wall){ date, minute, 0 }, &fit);
    int earlier, later;

    if (fit != ZONE_TWICE)
        return first;
    zone_from_wall(zone, (struct wall){ date, minute - 1, 0 }, &fit_before);
    if (fit_before != ZONE_TWICE)
        return first;
    earlier = zone_offset(zone, first);
    later = zone_offset(zone, first + CLOCK_DAY);
    return first + (earlier - later) * (instant)CLOCK_SECOND;
}

/* Adds a span that starts no earlier than the last one; an overlap, as a repeated hour may make, is merged.
 */
static void add_span(struct spans *spans, struct span span)
{
    struct span *last = spans->count > 0 ? &spans->items[spans->count - 1] : NULL;

    if (span.start >= span.end)
        return; /* the hours fell into a gap */
    if (last && span.start < last->end) {
        last->end = span.end > last->end ? span.end : last->end;
        return;
    }
    spans->items[spans->count++] = span;
}

static const struct day_hours *hours_of(const struct schedule *schedule, struct date date, size_t *override)
{
    int64_t day = date_to_days(date);

    while (*override < schedule->override_count && date_to_days(schedule->overrides[*override].date) < day)
        ++*override;
    if (*override < schedule->override_count && date_to_days(schedule->overrides[*override].date) == day)
        return &schedule->overrides[*override].hours;
    return &schedule->weekly[date_weekday(date)];
}

static size_t most_intervals(const struct schedule *schedule)
{
    size_t most = 0;

    for (int day = 0; day < 7; day++)
        most = schedule->weekly[day].count > most ? schedule->weekly[day].count : most;
    for (size_t i = 0; i < schedule->override_count; i++)
        most = schedule->overrides[i].hours.count > most ? schedule->overrides[i].hours.count : most;
    return most;
}

/* The staff member's spans of the local days from `first` to `last`. */
static struct spans schedule_spans(struct pool *pool, const struct schedule *schedule, int64_t first,
                                   int64_t last)
{
    size_t days = (size_t)(last - first + 1);
    struct spans spans = { 0, pool_array(pool, days * most_intervals(schedule), sizeof(struct span)) };
    size_t override = 0;

    for (int64_t day = first; day <= last; day++) {
        struct date date = date_from_days(day);
        const struct day_hours *hours = hours_of(schedule, date, &override);
        for (size_t i = 0; i < hours->count; i++) {
            add_span(&spans, (struct span){ wall_start(schedule->zone, date, hours->items[i].start),
                                            wall_end(schedule->zone, date, hours->items[i].end) });
        }
    }
    return spans;
}

/*
 * The service's own spans. Days that touch are joined, so that a service without closing hours does not cut
 * the staff's hours at a midnight of its own zone.
 */
static struct spans service_spans(struct pool *pool, const struct service_rule *rule, int64_t first,
                                  int64_t last)
{
    struct spans spans = { 0, pool_array(pool, (size_t)(last - first + 1), sizeof(struct span)) };

    for (int64_t day = first; day <= last; day++) {
        struct date date = date_from_days(day);
        struct span span;
        if (!(rule->days >> date_weekday(date) & 1))
            continue;
        span.start = wall_start(rule->zone, date, rule->hours.start);
        span.end = wall_end(rule->zone, date, rule->hours.end);
        if (spans.count > 0 && spans.items[spans.count - 1].end == span.start)
            spans.items[spans.count - 1].end = span.end;
        else
            add_span(&spans, span);
    }
    return spans;
}

static struct spans intersection(struct pool *pool, struct spans left, struct spans right)
{
    struct spans both = { 0, pool_array(pool, left.count + right.count, sizeof(struct span)) };
    size_t l = 0, r = 0;

    while (l < left.count && r < right.count) {
        struct span a = left.items[l], b = right.items[r];
        struct span span = { a.start > b.start ? a.start : b.start, a.end < b.end ? a.end : b.end };
        if (span.start < span.end)
            both.items[both.count++] = span;
        if (a.end < b.end)
            l++;
        else
            r++;
    }
    return both;
}

struct spans availability_open(struct pool *pool, const struct schedule *schedule,
                               const struct service_rule *rule, instant from, instant to)
{
    /* One day more on each side for the zones' offsets, and one more of the service's for long local days. */
    int64_t first = from / CLOCK_DAY - 1, last = to / CLOCK_DAY + 1;
    struct spans staff = schedule_spans(pool, schedule, first, last);
    struct spans service = service_spans(pool, rule, first - 2, last + 2);
    struct spans open = intersection(pool, staff, service);

    while (open.count > 0 && open.items[0].end <= from) {
        open.items++;
        open.count--;
    }
    while (open.count > 0 && open.items[open.count - 1].start >= to)
        open.count--;
    return open;
}

/* ---- Fitting a service into what is open and not busy ---- */

struct span availability_claim(const struct service_rule *rule, instant start)
{
    return (struct span){ start - rule->buffer_before * (instant)CLOCK_MINUTE,
                          start + (rule->duration + rule->buffer_after) * (instant)CLOCK_MINUTE };
}

/* Where time that is open without a break ends: spans that touch count as one. */
static instant run_end(struct spans open, size_t index)
{
    while (index + 1 < open.count && open.items[index].end == open.items[index + 1].start)
        index++;
    return open.items[index].end;
}

/* The first start of a span's grid that is not before `from`. */
static instant first_on_grid(instant start, instant interval, instant from)
{
    return start >= from ? start : start + (from - start + interval - 1) / interval * interval;
}

/* Goes to the grid of the span that comes next. */
static void enter_span(struct start_cursor *cursor)
{
    struct span open;

    if (cursor->span == cursor->open.count)
        return;
    open = cursor->open.items[cursor->span];
    cursor->run_end = open.start < cursor->run_end ? cursor->run_end : run_end(cursor->open, cursor->span);
    cursor->at = first_on_grid(open.start, cursor->rule->interval * (instant)CLOCK_MINUTE, cursor->from);
}

struct start_cursor availability_starts(struct spans open, struct spans busy, const struct service_rule *rule,
                                        instant from, instant to)
{
    struct start_cursor cursor = {
        .open = open, .busy = busy, .rule = rule, .from = from, .to = to, .run_end = INSTANT_MIN
    };

    if (rule->interval <= 0 || rule->duration <= 0)
        fault_raise(FAULT_BROKEN, "a service without duration or interval");
    enter_span(&cursor);
    return cursor;
}

/* The next start in the span that the cursor is in. */
static bool step_in_span(struct start_cursor *cursor, instant last, instant *start)
{
    instant interval = cursor->rule->interval * (instant)CLOCK_MINUTE;
    instant duration = cursor->rule->duration * (instant)CLOCK_MINUTE;

    while (cursor->at < last && cursor->at + duration <= cursor->run_end) {
        struct span claim = availability_claim(cursor->rule, cursor->at);
        while (cursor->next_busy < cursor->busy.count &&
               cursor->busy.items[cursor->next_busy].end <= claim.start)
            cursor->next_busy++;
        if (cursor->next_busy == cursor->busy.count ||
            cursor->busy.items[cursor->next_busy].start >= claim.end) {
            *start = cursor->at;
            cursor->at += interval;
            return true;
        }
        /* Nothing fits before what is in the way has ended. */
        cursor->at = first_on_grid(cursor->at, interval,
                                   cursor->busy.items[cursor->next_busy].end + (cursor->at - claim.start));
    }
    return false;
}

bool availability_next(struct start_cursor *cursor, instant *start)
{
    while (cursor->span < cursor->open.count && cursor->open.items[cursor->span].start < cursor->to) {
        instant end = cursor->open.items[cursor->span].end;
        if (step_in_span(cursor, end < cursor->to ? end : cursor->to, start))
            return true;
        cursor->span++;
        enter_span(cursor);
    }
    return false;
}

bool availability_fits(struct spans open, struct spans busy, const struct service_rule *rule, instant start)
{
    struct span claim = availability_claim(rule, start);
    instant end = start + rule->duration * (instant)CLOCK_MINUTE;
    size_t i = 0;

    while (i < open.count && open.items[i].end <= start)
        i++;
    if (i == open.count || open.items[i].start > start || end > run_end(open, i))
        return false;
    for (size_t b = 0; b < busy.count; b++)
        if (busy.items[b].start < claim.end && claim.start < busy.items[b].end)
            return false;
    return true;
}
