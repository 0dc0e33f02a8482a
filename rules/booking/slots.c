#include "rules/booking/slots.h"

#include "rules/booking/claims.h"

/*
 * One row for each of the service's staff, or one with a NULL staff_id when it has none (or not the one who
 * was named). Sorted here and not there: the server would copy all schedules into a temporary table for it.
 */
static const struct statement SERVICE_STAFF = {
    "SELECT s.name, s.slug, s.duration_minutes, s.buffer_before_minutes, s.buffer_after_minutes,"
    " s.slot_interval_minutes, s.price_amount, s.price_currency, s.price_type, s.available_days,"
    " s.available_from, s.available_to, s.time_zone, s.active, p.staff_id, p.staff_name, p.revision,"
    " p.schedule_time_zone, p.weekly, p.overrides"
    " FROM services s LEFT JOIN"
    " (SELECT t.service_id, t.company_id, u.id AS staff_id, u.name AS staff_name, r.revision,"
    " h.time_zone AS schedule_time_zone, h.weekly, h.overrides"
    " FROM service_staff t"
    " JOIN users u ON u.company_id = t.company_id AND u.id = t.user_id AND u.active AND u.deleted_at IS NULL"
    " JOIN resources r ON r.company_id = u.company_id AND r.id = u.id"
    " LEFT JOIN schedules h ON h.company_id = u.company_id AND h.user_id = u.id) p"
    " ON p.company_id = s.company_id AND p.service_id = s.id AND (? IS NULL OR p.staff_id = ?)"
    " WHERE s.company_id = ? AND s.id = ? AND s.deleted_at IS NULL",
    .in = "uuuu",
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
        .zone = zone_stored(row_text(row, "time_zone")),
    };
}

static void read_staff(struct pool *pool, struct slot_search *search, const struct row *row)
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
}

static int compare_staff(const void *left, const void *right)
{
    return id_compare(((const struct slot_staff *)left)->id, ((const struct slot_staff *)right)->id);
}

/* The service and who performs it, their hours not yet laid out. */
static bool read_service(struct db *db, struct pool *pool, struct id company, struct id service,
                         struct id only, struct slot_search *search)
{
    struct rows rows = db_all(db, pool, &SERVICE_STAFF,
                              BIND(value_id(only), value_id(only), value_id(company), value_id(service)));
    if (rows.count == 0)
        return false;
    *search = (struct slot_search){
        .company = company,
        .service = service,
        .record = &rows.items[0],
        .active = row_int(&rows.items[0], "active") != 0,
        .rule = read_rule(&rows.items[0]),
        .staff = pool_array(pool, rows.count, sizeof *search->staff),
        .staff_known = id_is_nil(only),
        .revision = hash_rows(rows),
    };
    for (size_t i = 0; i < rows.count; i++)
        read_staff(pool, search, &rows.items[i]);
    qsort(search->staff, search->staff_count, sizeof *search->staff, compare_staff);
    return true;
}

static void open_hours(struct pool *pool, struct slot_search *search, instant from, instant to)
{
    for (size_t i = 0; i < search->staff_count; i++)
        search->staff[i].open = availability_open(pool, &search->staff[i].schedule, &search->rule,
                                                  from - CLOCK_DAY, to + CLOCK_DAY);
}

bool slots_load_hours(struct db *db, struct pool *pool, struct id company, struct id service, struct id only,
                      instant from, instant to, struct slot_search *search)
{
    if (!read_service(db, pool, company, service, only, search))
        return false;
    open_hours(pool, search, from, to);
    return true;
}

/* The rows of one resource, from `*at` on, as spans; moves `*at` behind them. What `own` holds is left out.
 */
static struct spans read_busy(struct pool *pool, struct rows rows, size_t *at, struct id resource,
                              struct id own)
{
    size_t first = *at;
    while (*at < rows.count && id_equal(row_id(&rows.items[*at], "resource_id"), resource))
        ++*at;
    struct spans busy = { .items = pool_array(pool, *at - first, sizeof *busy.items) };
    for (size_t i = first; i < *at; i++) {
        struct span span = { row_time(&rows.items[i], "starts_at"), row_time(&rows.items[i], "ends_at") };
        struct span *last = busy.count > 0 ? &busy.items[busy.count - 1] : NULL;
        if (!id_is_nil(own) && id_equal(row_id(&rows.items[i], "booking_id"), own))
            continue;
        if (!last || span.start > last->end)
            busy.items[busy.count++] = span;
        else if (span.end > last->end)
            last->end = span.end;
    }
    return busy;
}

static void read_claims(struct db *db, struct pool *pool, struct slot_search *search, struct id own,
                        instant from, instant to)
{
    struct id *ids = pool_array(pool, search->staff_count, sizeof *ids);
    for (size_t i = 0; i < search->staff_count; i++)
        ids[i] = search->staff[i].id;
    struct rows rows =
        claims_of(db, pool, search->company, ids, search->staff_count, from - CLOCK_DAY, to + CLOCK_DAY);
    size_t at = 0;
    for (size_t i = 0; i < search->staff_count; i++)
        search->staff[i].busy = read_busy(pool, rows, &at, ids[i], own);
}

bool slots_load(struct db *db, struct pool *pool, struct id company, struct id service, struct id only,
                instant from, instant to, struct slot_search *search)
{
    if (!slots_load_hours(db, pool, company, service, only, from, to, search) || !search->active)
        return false;
    read_claims(db, pool, search, (struct id){ 0 }, from, to);
    return true;
}

/* ---- the sweep ---- */

static void advance(struct slot_head *head)
{
    head->left = availability_next(&head->cursor, &head->start);
}

struct slot_sweep slots_sweep(struct pool *pool, const struct slot_search *search, instant from, instant to)
{
    struct slot_sweep sweep = {
        .search = search,
        .heads = pool_array(pool, search->staff_count, sizeof *sweep.heads),
        .slot = { .staff = pool_array(pool, search->staff_count, sizeof *sweep.slot.staff) },
    };
    for (size_t i = 0; i < search->staff_count; i++) {
        const struct slot_staff *staff = &search->staff[i];
        sweep.heads[i].cursor = availability_starts(staff->open, staff->busy, &search->rule, from, to);
        advance(&sweep.heads[i]);
    }
    return sweep;
}

const struct slot *slots_step(struct slot_sweep *sweep)
{
    const struct slot_search *search = sweep->search;
    struct slot_head *first = NULL;
    for (size_t i = 0; i < search->staff_count; i++)
        if (sweep->heads[i].left && (!first || sweep->heads[i].start < first->start))
            first = &sweep->heads[i];
    if (!first)
        return NULL;
    struct slot *slot = &sweep->slot;
    slot->start = first->start;
    slot->end = slot->start + search->rule.duration * (instant)CLOCK_MINUTE;
    slot->staff_count = 0;
    for (size_t i = 0; i < search->staff_count; i++) {
        if (!sweep->heads[i].left || sweep->heads[i].start != slot->start)
            continue;
        slot->staff[slot->staff_count++] = &search->staff[i];
        advance(&sweep->heads[i]);
    }
    return slot;
}

instant slots_next(struct db *db, struct pool *pool, const struct slot_wish *wish)
{
    static const int reach[] = { 2, 9, SLOTS_DAYS_MAX }; /* days: what comes soon is found soon */
    struct slot_search search;
    instant begin = wish->from;
    if (!read_service(db, pool, wish->company, wish->service, wish->staff, &search))
        return 0;
    if (wish->duration > 0)
        search.rule.duration = wish->duration;
    for (size_t i = 0; i < sizeof reach / sizeof *reach; i++) {
        instant end = wish->from + reach[i] * CLOCK_DAY;
        open_hours(pool, &search, begin, end);
        read_claims(db, pool, &search, wish->booking, begin, end);
        struct slot_sweep sweep = slots_sweep(pool, &search, begin, end);
        const struct slot *slot = slots_step(&sweep);
        if (slot)
            return slot->start;
        begin = end;
    }
    return 0;
}
