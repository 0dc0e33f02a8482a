/* Schedules: when a staff member works. */
#include "api/request.h"
#include "base/zone.h"
#include "rules/booking/services.h"
#include "rules/people/companies.h"
#include "rules/people/people.h"

enum { INTERVALS_MAX = 24, OVERRIDES_MAX = 366 };

static const struct statement READ = {
    "SELECT u.id AS user_id, u.role, COALESCE(s.time_zone, c.time_zone) AS time_zone, s.weekly, s.overrides,"
    " s.updated_at FROM users u JOIN companies c ON c.id = u.company_id"
    " LEFT JOIN schedules s ON s.company_id = u.company_id AND s.user_id = u.id"
    " WHERE u.company_id = ? AND u.id = ? AND u.deleted_at IS NULL",
    .in = "uu",
};

static const struct field id_param[] = { { "id", FIELD_ID, .prefix = "usr", .doc = "The user" }, { 0 } };

static const struct field interval[] = {
    { "start", FIELD_CLOCK, .required = true, .doc = "When work begins", .example = "\"09:00\"" },
    { "end", FIELD_CLOCK, .required = true, .doc = "When it ends, after the start", .example = "\"12:00\"" },
    { 0 }
};
static const struct field weekly_in[] = {
    { "monday", FIELD_LIST, .element = FIELD_OBJECT, .fields = interval, .max = INTERVALS_MAX,
      .doc = "Hours in order, not overlapping; none when left out",
      .example = "[{\"start\":\"09:00\",\"end\":\"12:00\"},{\"start\":\"13:00\",\"end\":\"17:00\"}]" },
    { "tuesday", FIELD_LIST, .element = FIELD_OBJECT, .fields = interval, .max = INTERVALS_MAX,
      .doc = "As monday" },
    { "wednesday", FIELD_LIST, .element = FIELD_OBJECT, .fields = interval, .max = INTERVALS_MAX,
      .doc = "As monday" },
    { "thursday", FIELD_LIST, .element = FIELD_OBJECT, .fields = interval, .max = INTERVALS_MAX,
      .doc = "As monday" },
    { "friday", FIELD_LIST, .element = FIELD_OBJECT, .fields = interval, .max = INTERVALS_MAX,
      .doc = "As monday" },
    { "saturday", FIELD_LIST, .element = FIELD_OBJECT, .fields = interval, .max = INTERVALS_MAX,
      .doc = "As monday" },
    { "sunday", FIELD_LIST, .element = FIELD_OBJECT, .fields = interval, .max = INTERVALS_MAX,
      .doc = "As monday" },
    { 0 }
};
static const struct field override_fields[] = {
    { "date", FIELD_DATE, .required = true, .doc = "The day", .example = "\"2026-12-24\"" },
    { "hours", FIELD_LIST, .element = FIELD_OBJECT, .fields = interval, .max = INTERVALS_MAX,
      .required = true, .doc = "Hours in order in place of the weekly ones; none: no work that day" },
    { 0 }
};
static const struct field put_in[] = {
    { "timeZone", FIELD_ZONE, .doc = "Whose clock the hours are on; the company's when left out",
      .example = "\"Europe/Berlin\"" },
    { "weekly", FIELD_OBJECT, .fields = weekly_in, .required = true, .doc = "The hours of every week" },
    { "overrides", FIELD_LIST, .element = FIELD_OBJECT, .fields = override_fields, .max = OVERRIDES_MAX,
      .doc = "Days that differ; each date once" },
    { 0 }
};

static const struct field weekly_out[] = {
    { "monday", FIELD_LIST, .element = FIELD_OBJECT, .fields = interval, .required = true, .doc = "Hours" },
    { "tuesday", FIELD_LIST, .element = FIELD_OBJECT, .fields = interval, .required = true, .doc = "Hours" },
    { "wednesday", FIELD_LIST, .element = FIELD_OBJECT, .fields = interval, .required = true,
      .doc = "Hours" },
    { "thursday", FIELD_LIST, .element = FIELD_OBJECT, .fields = interval, .required = true, .doc = "Hours" },
    { "friday", FIELD_LIST, .element = FIELD_OBJECT, .fields = interval, .required = true, .doc = "Hours" },
    { "saturday", FIELD_LIST, .element = FIELD_OBJECT, .fields = interval, .required = true, .doc = "Hours" },
    { "sunday", FIELD_LIST, .element = FIELD_OBJECT, .fields = interval, .required = true, .doc = "Hours" },
    { 0 }
};
static const struct field schedule_out[] = {
    { "userId", FIELD_ID, .prefix = "usr", .required = true, .doc = "Whose schedule it is" },
    { "timeZone", FIELD_ZONE, .required = true, .doc = "Whose clock the hours are on" },
    { "weekly", FIELD_OBJECT, .fields = weekly_out, .required = true, .doc = "The hours of every week" },
    { "overrides", FIELD_LIST, .element = FIELD_OBJECT, .fields = override_fields, .required = true,
      .max = OVERRIDES_MAX, .doc = "Days that differ, by date" },
    { "updatedAt", FIELD_TIME, .required = true, .nullable = true,
      .doc = "When it was stored; null while there is none: no hours at all" },
    { 0 }
};

/* ---- out: stored minutes as the API's hours ---- */

static struct json_object *clock_json(struct pool *pool, struct json_object *minutes)
{
    int minute = json_object_get_int(minutes);

    return json_object_new_string(pool_printf(pool, "%02d:%02d", minute / 60, minute % 60));
}

/* [[540,720]] → [{"start":"09:00","end":"12:00"}]; NULL is a day without hours. */
static struct json_object *hours_json(struct pool *pool, struct json_object *stored)
{
    struct json_object *hours = json_object_new_array();

    for (size_t i = 0; stored && i < json_object_array_length(stored); i++) {
        struct json_object *pair = json_object_array_get_idx(stored, i), *item = json_object_new_object();

        json_set(item, "start", clock_json(pool, json_object_array_get_idx(pair, 0)));
        json_set(item, "end", clock_json(pool, json_object_array_get_idx(pair, 1)));
        json_object_array_add(hours, item);
    }
    return hours;
}

static struct json_object *schedule_json(struct pool *pool, const struct row *row)
{
    struct json_object *answer = json_new_object(pool), *days = json_object_new_object();
    struct json_object *list = json_object_new_array();
    struct json_object *weekly = json_parse_stored(pool, row_text(row, "weekly"));
    struct json_object *overrides = json_parse_stored(pool, row_text(row, "overrides"));

    json_set_id(answer, "userId", "usr", row_id(row, "user_id"));
    json_set_text(answer, "timeZone", row_text(row, "time_zone"));
    json_set(answer, "weekly", days);
    for (size_t i = 0; weekday_names[i]; i++)
        json_set(days, weekday_names[i],
                 hours_json(pool, weekly ? json_get(weekly, weekday_names[i]) : NULL));
    json_set(answer, "overrides", list);
    if (overrides) {
        json_object_object_foreach(overrides, date, hours) {
            struct json_object *item = json_object_new_object();

            json_set_text(item, "date", date);
            json_set(item, "hours", hours_json(pool, hours));
            json_object_array_add(list, item);
        }
    }
    if (row_is_null(row, "updated_at"))
        json_set(answer, "updatedAt", NULL);
    else
        json_set_time(answer, "updatedAt", row_time(row, "updated_at"));
    return answer;
}

/* ---- in: the API's hours as minutes ---- */

static struct json_object *read_hours(const struct input *input, const char *name, const char *path,
                                      struct problems *problems)
{
    struct json_object *hours = json_object_new_array();
    size_t count;
    const struct value *items = input_list(input, name, &count);
    int64_t last_end = 0;

    for (size_t i = 0; i < count; i++) {
        int64_t start = input_int(items[i].object, "start", 0), end = input_int(items[i].object, "end", 0);
        struct json_object *pair = json_object_new_array();

        if (end <= start)
            problems_add(problems, pool_printf(problems->pool, "%s[%zu]", path, i),
                         "must end after it starts");
        else if (start < last_end)
            problems_add(problems, pool_printf(problems->pool, "%s[%zu]", path, i),
                         "must not start before the end of the one before");
        last_end = end;
        json_object_array_add(pair, json_object_new_int64(start));
        json_object_array_add(pair, json_object_new_int64(end));
        json_object_array_add(hours, pair);
    }
    return hours;
}

static const char *read_weekly(const struct input *input, struct problems *problems)
{
    struct json_object *weekly = json_new_object(problems->pool);

    for (size_t i = 0; weekday_names[i]; i++)
        json_set(weekly, weekday_names[i],
                 read_hours(input, weekday_names[i],
                            pool_printf(problems->pool, "weekly.%s", weekday_names[i]), problems));
    return json_text(problems->pool, weekly);
}

struct override {
    const char *date;
    size_t place; /* in the request */
    const struct input *input;
};

static int compare_dates(const void *left, const void *right)
{
    const struct override *one = left, *other = right;
    int order = strcmp(one->date, other->date);

    return order ? order : (one->place > other->place) - (one->place < other->place);
}

/* Stored in the order of their dates. */
static const char *read_overrides(const struct input *body, struct problems *problems)
{
    struct pool *pool = problems->pool;
    struct json_object *stored = json_new_object(pool);
    size_t count;
    const struct value *items = input_list(body, "overrides", &count);
    struct override *sorted = pool_array(pool, count + 1, sizeof *sorted);

    for (size_t i = 0; i < count; i++)
        sorted[i] = (struct override){ input_text(items[i].object, "date"), i, items[i].object };
    qsort(sorted, count, sizeof *sorted, compare_dates);
    for (size_t i = 0; i < count; i++) {
        const char *path = pool_printf(pool, "overrides[%zu]", sorted[i].place);

        if (i > 0 && strcmp(sorted[i].date, sorted[i - 1].date) == 0)
            problems_add(problems, pool_printf(pool, "%s.date", path), "must not come twice");
        json_set(stored, sorted[i].date,
                 read_hours(sorted[i].input, "hours", pool_printf(pool, "%s.hours", path), problems));
    }
    return json_text(pool, stored);
}

/* ---- the endpoints ---- */

static const struct row *read_row(struct request *request)
{
    return db_one(request->db, request->pool, &READ,
                  BIND(value_id(request->actor.company), input_value(request->params, "id")));
}

static enum outcome get(struct request *request)
{
    const struct row *row = read_row(request);

    return row ? reply_json(request, schedule_json(request->pool, row)) : fail(request, ERROR_NOT_FOUND);
}

static bool is_stored(const struct row *row, const char *zone, const char *weekly, const char *overrides)
{
    return !row_is_null(row, "updated_at") && strcmp(row_text(row, "time_zone"), zone) == 0 &&
           strcmp(row_text(row, "weekly"), weekly) == 0 && strcmp(row_text(row, "overrides"), overrides) == 0;
}

static void emit_change(struct request *request, struct id user)
{
    struct json_object *changed = json_new_array(request->pool);

    json_object_array_add(changed, json_object_new_string("schedule"));
    person_emit(request->db, request->pool, request->actor.company,
                person_read(request->db, request->pool, request->actor.company, user), "user.updated",
                json_object_get(changed), request->now);
    request->poke = true;
}

static enum outcome put(struct request *request)
{
    struct problems problems = { .pool = request->pool };
    const struct row *row = read_row(request);
    struct id company = request->actor.company, user = input_id(request->params, "id");
    const char *zone = input_text(request->body, "timeZone"), *weekly, *overrides;

    if (!row)
        return fail(request, ERROR_NOT_FOUND);
    if (!role_is_staff(row_text(row, "role")))
        return fail_because(request, ERROR_CONFLICT, "only staff have a schedule");
    if (!zone)
        zone = row_text(company_read(request->db, request->pool, company), "time_zone");
    weekly = read_weekly(input_object(request->body, "weekly"), &problems);
    overrides = read_overrides(request->body, &problems);
    if (problems.count > 0)
        return fail_problems(request, &problems);
    if (is_stored(row, zone, weekly, overrides))
        return reply_json(request, schedule_json(request->pool, row));
    schedule_store(request->db, company, user, zone, weekly, overrides, request->now);
    emit_change(request, user);
    return reply_json(request, schedule_json(request->pool, read_row(request)));
}

static const struct route routes[] = {
    { "GET", "/api/v1/users/{id}/schedule", .scope = "users:read", .params = id_param, .out = schedule_out,
      .errors = (const enum error_code[]){ ERROR_NOT_FOUND, ERROR_NONE }, .run = get,
      .summary = "Read when a staff member works" },
    { "PUT", "/api/v1/users/{id}/schedule", .scope = "users:write", .params = id_param, .in = put_in,
      .out = schedule_out, .errors = (const enum error_code[]){ ERROR_NOT_FOUND, ERROR_CONFLICT, ERROR_NONE },
      .run = put, .summary = "Set when a staff member works, in place of all before" },
    { 0 }
};
const struct resource schedules_resource = { "schedules", routes };
