#include "rules/slots.h"

#include "rules/claims.h"

/*
 * One row for each of the service's staff, or one with a NULL staff_id when it has none (or not the one who
 * was named). Sorted here and not there: the server would copy all schedules into a temporary table for it.
 */
static const struct statement SERVICE_STAFF = {
    "SELECT s.name, s.slug, s.duration_minutes, s.buffer_before_minutes, s.buffer_after_minutes,"
    " s.slot_interval_minutes, s.price_amount, s.price_currency, s.price_type, s.available_days,"
    " s.available_from, s.available_to, s.time_zone, p.staff_id, p.staff_name, p.revision,"
    " p.schedule_time_zone, p.weekly, p.overrides"
    " FROM services s LEFT JOIN"
    " (SELECT t.service_id, t.company_id, u.id AS staff_id, u.name AS staff_name, r.revision,"
    " h.time_zone AS schedule_time_zone, h.weekly, h.overrides"
    " FROM service_staff t"
    " JOIN users u ON u.company_id = t.company_id AND u.id = t.user_id AND u.active AND u.deleted_at IS NULL"
    " JOIN resources r ON r.company_id = u.company_id AND r.id = u.id"
    " LEFT JOIN schedules h ON h.company_id = u.company_id AND h.user_id = u.id) p"
    " ON p.company_id = s.company_id AND p.service_id = s.id AND (? IS NULL OR p.staff_id = ?)"
    " WHERE s.company_id = ? AND s.id = ? AND s.active AND s.deleted_at IS NULL",
    .in = "uuuu",
    .out = "ssiiiiissiiisusisss",
};

/* FNV-1a over everything that was read, so that whatever changes the answer changes the fingerprint. */
static uint64_t hash_bytes(uint64_t hash, const void *data, size_t length)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
    return hash;
}

static uint64_t hash_value(uint64_t hash, const struct value *value)
{
    hash = hash_bytes(hash, &value->type, sizeof value->type);
    if (value->type == VALUE_TEXT)
        return hash_bytes(hash, value->text, value->length + 1);
    if (value->type == VALUE_ID)
        return hash_bytes(hash, &value->id, sizeof value->id);
    if (value->type == VALUE_INT)
        return hash_bytes(hash, &value->integer, sizeof value->integer);
    return hash;
}

static uint64_t hash_rows(struct rows rows)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < rows.count; i++)
        for (size_t j = 0; j < rows.items[i].count; j++)
            hash = hash_value(hash, &rows.items[i].values[j]);
    return hash;
}

static struct service_rule read_rule(const struct row *row)
{
    return (struct service_rule){
        .duration = (int)row_int(row, "duration_minutes"),
        .buffer_before = (int)row_int(row, "buffer_before_minutes"),
        .buffer_after = (int)row_int(row, "buffer_after_minutes"),
        .interval = (int)row_int(row, "slot_interval_minutes"),
        .days = (unsigned)row_int(row, "available_days"),
        .hours = { (int)row_int(row, "available_from"), (int)row_int(row, "available_to") },
        .zone = zone_find(row_text(row, "time_zone")),
    };
}

static void read_staff(struct pool *pool, struct slot_search *search, const struct row *row, instant from,
                       instant to)
{
    if (row_is_null(row, "staff_id"))
        return;
    search->staff_known = true;
    if (row_is_null(row, "weekly"))
        return;
    struct slot_staff *staff = &search->staff[search->staff_count++];
    staff->id = row_id(row, "staff_id");
    staff->name = row_text(row, "staff_name");
    staff->schedule = schedule_parse(pool, row_text(row, "schedule_time_zone"), row_text(row, "weekly"),
                                     row_text(row, "overrides"));
    staff->open = availability_open(pool, &staff->schedule, &search->rule, from - CLOCK_DAY, to + CLOCK_DAY);
}

static int compare_staff(const void *left, const void *right)
{
    return id_compare(((const struct slot_staff *)left)->id, ((const struct slot_staff *)right)->id);
}

bool slots_load_hours(struct db *db, struct pool *pool, struct id company, struct id service, struct id only,
                      instant from, instant to, struct slot_search *search)
{
    struct rows rows = db_all(db, pool, &SERVICE_STAFF,
                              BIND(value_id(only), value_id(only), value_id(company), value_id(service)));
    if (rows.count == 0)
        return false;
    *search = (struct slot_search){
        .company = company,
        .service = service,
        .record = &rows.items[0],
        .rule = read_rule(&rows.items[0]),
        .staff = pool_array(pool, rows.count, sizeof *search->staff),
        .staff_known = id_is_nil(only),
        .revision = hash_rows(rows),
    };
    for (size_t i = 0; i < rows.count; i++)
        read_staff(pool, search, &rows.items[i], from, to);
    qsort(search->staff, search->staff_count, sizeof *search->staff, compare_staff);
    return true;
}

/* The rows of one resource, from `*at` on, as spans; moves `*at` behind them. */
static struct spans read_busy(struct pool *pool, struct rows rows, size_t *at, struct id resource)
{
    size_t first = *at;
    while (*at < rows.count && id_equal(row_id(&rows.items[*at], "resource_id"), resource))
        ++*at;
    struct spans busy = { .items = pool_array(pool, *at - first, sizeof *busy.items) };
    for (size_t i = first; i < *at; i++) {
        struct span span = { row_time(&rows.items[i], "starts_at"), row_time(&rows.items[i], "ends_at") };
        struct span *last = busy.count > 0 ? &busy.items[busy.count - 1] : NULL;
        if (!last || span.start > last->end)
            busy.items[busy.count++] = span;
        else if (span.end > last->end)
            last->end = span.end;
    }
    return busy;
}

bool slots_load(struct db *db, struct pool *pool, struct id company, struct id service, struct id only,
                instant from, instant to, struct slot_search *search)
{
    if (!slots_load_hours(db, pool, company, service, only, from, to, search))
        return false;
    struct id *ids = pool_array(pool, search->staff_count, sizeof *ids);
    for (size_t i = 0; i < search->staff_count; i++)
        ids[i] = search->staff[i].id;
    struct rows rows =
        claims_of(db, pool, company, ids, search->staff_count, from - CLOCK_DAY, to + CLOCK_DAY);
    size_t at = 0;
    for (size_t i = 0; i < search->staff_count; i++)
        search->staff[i].busy = read_busy(pool, rows, &at, ids[i]);
    return true;
}

/* The earliest start that any of the lists still has; false when all are at their end. */
static bool earliest(const struct starts *lists, const size_t *at, size_t count, instant *start)
{
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        if (at[i] == lists[i].count || (found && lists[i].items[at[i]] >= *start))
            continue;
        *start = lists[i].items[at[i]];
        found = true;
    }
    return found;
}

struct slots slots_free(struct pool *pool, const struct slot_search *search, instant from, instant to)
{
    size_t count = search->staff_count, total = 0;
    struct starts *lists = pool_array(pool, count, sizeof *lists);
    size_t *at = pool_array(pool, count, sizeof *at);
    for (size_t i = 0; i < count; i++) {
        lists[i] =
            availability_slots(pool, search->staff[i].open, search->staff[i].busy, &search->rule, from, to);
        total += lists[i].count;
    }
    /* Every start of every list is used once, so one array serves all slots. */
    const struct slot_staff **who = pool_array(pool, total, sizeof *who);
    struct slots free_slots = { .items = pool_array(pool, total, sizeof *free_slots.items) };
    instant start = 0;
    while (earliest(lists, at, count, &start)) {
        struct slot *slot = &free_slots.items[free_slots.count++];
        *slot = (struct slot){ start, start + search->rule.duration * (instant)CLOCK_MINUTE, 0, who };
        for (size_t i = 0; i < count; i++) {
            if (at[i] == lists[i].count || lists[i].items[at[i]] != start)
                continue;
            slot->staff[slot->staff_count++] = &search->staff[i];
            at[i]++;
        }
        who += slot->staff_count;
    }
    return free_slots;
}

instant slots_next(struct db *db, struct pool *pool, struct id company, struct id service, struct id only,
                   int duration, instant from)
{
    static const int reach[] = { 7, SLOTS_DAYS_MAX };
    instant begin = from;
    for (size_t i = 0; i < sizeof reach / sizeof *reach; i++) {
        instant end = from + reach[i] * CLOCK_DAY;
        struct slot_search search;
        if (!slots_load(db, pool, company, service, only, begin, end, &search))
            return 0;
        if (duration > 0)
            search.rule.duration = duration;
        struct slots slots = slots_free(pool, &search, begin, end);
        if (slots.count > 0)
            return slots.items[0].start;
        begin = end;
    }
    return 0;
}
