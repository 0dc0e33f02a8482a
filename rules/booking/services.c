#include "rules/booking/services.h"

#include "base/crypto.h"
#include "rules/event/events.h"
#include "rules/people/people.h"
#include "rules/people/slugs.h"

const char *const weekday_names[] = { "monday", "tuesday",  "wednesday", "thursday",
                                      "friday", "saturday", "sunday",    NULL };
const char *const price_types[] = { "hourly", "flat", "custom", NULL };

static const struct field price_out[] = {
    { "amount", FIELD_AMOUNT, .required = true, .doc = "In major units", .example = "75.5" },
    { "currency", FIELD_CURRENCY, .required = true, .doc = "ISO 4217", .example = "\"USD\"" },
    { "type", FIELD_ENUM, .required = true, .choices = price_types, .doc = "What the amount stands for" },
    { 0 }
};
static const struct field hours_out[] = {
    { "start", FIELD_CLOCK, .required = true, .doc = "First start of the day", .example = "\"09:00\"" },
    { "end", FIELD_CLOCK, .required = true, .doc = "Last end of the day", .example = "\"17:00\"" },
    { 0 }
};
static const struct field availability_out[] = {
    { "days", FIELD_LIST, .element = FIELD_ENUM, .choices = weekday_names, .required = true, .max = 7,
      .doc = "Days on which the service is offered" },
    { "hours", FIELD_OBJECT, .fields = hours_out, .required = true, .doc = "Hours of such a day" },
    { "timezone", FIELD_ZONE, .required = true, .doc = "Whose clock days and hours are on",
      .example = "\"America/New_York\"" },
    { 0 }
};
const struct field service_out[] = {
    { "id", FIELD_ID, .prefix = "srv", .required = true, .doc = "The service" },
    { "name", FIELD_TEXT, .required = true, .doc = "Its name", .example = "\"Haircut & Style\"" },
    { "slug", FIELD_SLUG, .required = true, .doc = "Its name in addresses, unique in the company",
      .example = "\"haircut-style\"" },
    { "description", FIELD_LINES, .required = true, .nullable = true, .doc = "For customers" },
    { "duration", FIELD_INT, .required = true, .min = 1, .max = SERVICE_DURATION_MAX, .doc = "Minutes",
      .example = "60" },
    { "bufferBefore", FIELD_INT, .required = true, .max = SERVICE_DURATION_MAX,
      .doc = "Minutes kept free before" },
    { "bufferAfter", FIELD_INT, .required = true, .max = SERVICE_DURATION_MAX,
      .doc = "Minutes kept free after" },
    { "slotInterval", FIELD_INT, .required = true, .min = 1, .max = SERVICE_DURATION_MAX,
      .doc = "Minutes from one offered start to the next", .example = "30" },
    { "price", FIELD_OBJECT, .fields = price_out, .required = true, .doc = "What it costs" },
    { "availability", FIELD_OBJECT, .fields = availability_out, .required = true,
      .doc = "When it is offered; staff schedules narrow it further" },
    { "staffIds", FIELD_LIST, .element = FIELD_ID, .prefix = "usr", .required = true,
      .max = SERVICE_STAFF_MAX, .doc = "Who performs it" },
    { "active", FIELD_BOOL, .required = true, .doc = "Whether it can be booked" },
    { "createdAt", FIELD_TIME, .required = true, .doc = "When it was made" },
    { "updatedAt", FIELD_TIME, .required = true, .doc = "When it last changed" },
    { 0 }
};

static const struct field company_out[] = {
    { "id", FIELD_ID, .prefix = "cli", .required = true, .doc = "The company" },
    { "name", FIELD_TEXT, .required = true, .doc = "Its name", .example = "\"Bella Hair Salon\"" },
    { "slug", FIELD_SLUG, .required = true, .doc = "Its short name", .example = "\"bella-hair-salon\"" },
    { 0 }
};
const struct field service_snapshot[] = {
    { "company", FIELD_OBJECT, .fields = company_out, .required = true, .doc = "Whose service it is" }, { 0 }
};

#define SERVICE_COLUMNS                                                                                      \
    "s.id, s.name, s.slug, s.description, s.duration_minutes AS duration, s.buffer_before_minutes AS"        \
    " buffer_before, s.buffer_after_minutes AS buffer_after, s.slot_interval_minutes AS slot_interval,"      \
    " s.price_amount, s.price_currency, s.price_type, s.available_days, s.available_from AS"                 \
    " availability_hours_start, s.available_to AS availability_hours_end, s.time_zone AS"                    \
    " availability_timezone, s.active, s.created_at, s.updated_at, s.company_id, c.name AS"                  \
    " company_name, c.slug AS company_slug, (SELECT GROUP_CONCAT(HEX(t.user_id)"                             \
    " ORDER BY t.user_id)"                                                                                   \
    " FROM service_staff t"                                                                                  \
    " WHERE t.company_id = s.company_id AND t.service_id = s.id) AS staff"

/* The columns are named for service_out; `dress` makes those that SQL cannot write. */
static const struct statement READ = {
    "SELECT " SERVICE_COLUMNS " FROM services s"
    " JOIN companies c ON c.id = s.company_id"
    " WHERE s.company_id = ? AND s.id = ? AND s.deleted_at IS NULL",
    .in = "uu",
};

static const struct statement LIST = {
    "SELECT " SERVICE_COLUMNS " FROM services s FORCE INDEX (services_company)"
    " JOIN companies c ON c.id = s.company_id"
    " WHERE s.company_id = ? AND s.deleted_at IS NULL AND (? IS NULL OR s.id > ?)"
    " ORDER BY s.id LIMIT ?",
    .in = "uuui",
};

static const struct statement LOCK = {
    "SELECT id FROM services WHERE company_id = ? AND id = ? AND deleted_at IS NULL FOR UPDATE",
    .in = "uu",
};

static const struct statement INSERT = {
    "INSERT INTO services (id, company_id, name, slug, description, duration_minutes,"
    " buffer_before_minutes, buffer_after_minutes, slot_interval_minutes, price_amount, price_currency,"
    " price_type, available_days, available_from, available_to, time_zone, active, created_at, updated_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    .in = "uusssiiiiissiiisitt",
};

static const struct statement UPDATE = {
    "UPDATE services SET name = ?, slug = ?, description = ?, duration_minutes = ?,"
    " buffer_before_minutes = ?, buffer_after_minutes = ?, slot_interval_minutes = ?, price_amount = ?,"
    " price_currency = ?, price_type = ?, available_days = ?, available_from = ?, available_to = ?,"
    " time_zone = ?, active = ?, updated_at = ? WHERE company_id = ? AND id = ?",
    .in = "sssiiiiissiiisituu",
};

/* The slug is freed for another service: the id behind it makes it one of a kind. */
static const struct statement DELETE = {
    "UPDATE services SET deleted_at = ?, active = FALSE, slug = CONCAT(LEFT(slug, 37), '-', ?)"
    " WHERE company_id = ? AND id = ?",
    .in = "tsuu",
};

/* Held until the commit, so that nobody of them is deleted in the meantime. */
static const struct statement FIND_STAFF = {
    "SELECT u.id, u.role FROM JSON_TABLE(?, '$[*]' COLUMNS (hex CHAR(32) PATH '$')) AS wanted"
    " JOIN users u ON u.id = UNHEX(wanted.hex)"
    " WHERE u.company_id = ? AND u.active AND u.deleted_at IS NULL LOCK IN SHARE MODE",
    .in = "su",
};

static const struct statement ADD_STAFF = {
    "INSERT IGNORE INTO service_staff (service_id, user_id, company_id) VALUES (?, ?, ?)",
    .in = "uuu",
};

static const struct statement DROP_STAFF = {
    "DELETE FROM service_staff WHERE company_id = ? AND service_id = ?",
    .in = "uu",
};

static const struct statement STORE_SCHEDULE = {
    "INSERT INTO schedules (user_id, company_id, time_zone, weekly, overrides, updated_at)"
    " VALUES (?, ?, ?, ?, ?, ?)"
    " ON DUPLICATE KEY UPDATE time_zone = VALUES(time_zone), weekly = VALUES(weekly),"
    " overrides = VALUES(overrides), updated_at = VALUES(updated_at)",
    .in = "uussst",
};

static const struct statement TOUCH_RESOURCE = {
    "UPDATE resources FORCE INDEX (PRIMARY) SET revision = revision + 1 WHERE company_id = ? AND id = ?",
    .in = "uu",
};

/* ---- rows ---- */

static int hex_value(char digit)
{
    return digit <= '9' ? digit - '0' : digit - 'A' + 10;
}

/* The ids' upper-case hex, comma-separated, in their order; NULL for nobody. What group_concat_max_len has
 * cut short at the end is left out. */
static struct id *parse_staff(struct pool *pool, const char *text, size_t *count)
{
    enum { DIGITS = 32, STEP = DIGITS + 1 };
    size_t length = text ? strlen(text) : 0;
    struct id *ids = pool_array(pool, length / STEP + 1, sizeof *ids);

    *count = (length + 1) / STEP;
    for (size_t i = 0; i < *count; i++)
        for (size_t j = 0; j < DIGITS / 2; j++) {
            const char *pair = text + i * STEP + 2 * j;
            ids[i].bytes[j] = (uint8_t)(hex_value(pair[0]) * 16 + hex_value(pair[1]));
        }
    return ids;
}

static const char *staff_text(struct pool *pool, const char *hex)
{
    struct json_object *list = json_new_array(pool);
    char text[ID_TEXT_SIZE];
    size_t count;
    struct id *ids = parse_staff(pool, hex, &count);

    for (size_t i = 0; i < count; i++)
        json_object_array_add(list, json_object_new_string(id_format(text, "usr", ids[i])));
    return json_text(pool, list);
}

static const char *days_text(struct pool *pool, int64_t days)
{
    struct json_object *list = json_new_array(pool);

    for (size_t i = 0; weekday_names[i]; i++)
        if (days & (1 << i))
            json_object_array_add(list, json_object_new_string(weekday_names[i]));
    return json_text(pool, list);
}

/* Adds the columns `availability_days` and `staff_ids`, as JSON texts. */
static struct row dress(struct pool *pool, const struct row *row)
{
    struct value *values = pool_array(pool, row->count + 2, sizeof *values);
    const char **names = pool_array(pool, row->count + 2, sizeof *names);

    memcpy(values, row->values, row->count * sizeof *values);
    memcpy(names, row->names, row->count * sizeof *names);
    names[row->count] = "availability_days";
    values[row->count] = value_text(days_text(pool, row_int(row, "available_days")));
    names[row->count + 1] = "staff_ids";
    values[row->count + 1] = value_text(staff_text(pool, row_text(row, "staff")));
    return (struct row){ row->count + 2, values, names };
}

const struct row *service_read(struct db *db, struct pool *pool, struct id company, struct id service)
{
    const struct row *row = db_one(db, pool, &READ, BIND(value_id(company), value_id(service)));
    struct row *dressed;

    if (!row)
        return NULL;
    dressed = pool_alloc(pool, sizeof *dressed);
    *dressed = dress(pool, row);
    return dressed;
}

const struct row *service_lock(struct db *db, struct pool *pool, struct id company, struct id service)
{
    if (!db_one(db, pool, &LOCK, BIND(value_id(company), value_id(service))))
        return NULL;
    return service_read(db, pool, company, service);
}

struct rows service_list(struct db *db, struct pool *pool, struct id company, struct id after, int64_t limit)
{
    struct rows rows =
        db_all(db, pool, &LIST, BIND(value_id(company), value_id(after), value_id(after), value_int(limit)));
    struct row *items = pool_array(pool, rows.count + 1, sizeof *items);

    for (size_t i = 0; i < rows.count; i++)
        items[i] = dress(pool, &rows.items[i]);
    return (struct rows){ rows.count, items };
}

struct service_order service_facts(struct pool *pool, const struct row *service)
{
    struct service_order order = {
        .company = row_id(service, "company_id"),
        .name = row_text(service, "name"),
        .slug = row_text(service, "slug"),
        .description = row_text(service, "description"),
        .duration = row_int(service, "duration"),
        .buffer_before = row_int(service, "buffer_before"),
        .buffer_after = row_int(service, "buffer_after"),
        .slot_interval = row_int(service, "slot_interval"),
        .price_amount = row_int(service, "price_amount"),
        .price_currency = row_text(service, "price_currency"),
        .price_type = row_text(service, "price_type"),
        .days = row_int(service, "available_days"),
        .from = row_int(service, "availability_hours_start"),
        .to = row_int(service, "availability_hours_end"),
        .time_zone = row_text(service, "availability_timezone"),
        .inactive = row_int(service, "active") == 0,
    };

    order.staff = parse_staff(pool, row_text(service, "staff"), &order.staff_count);
    return order;
}

/* ---- staff ---- */

static bool is_staff(const struct rows *found, struct id id)
{
    for (size_t i = 0; i < found->count; i++)
        if (id_equal(row_id(&found->items[i], "id"), id))
            return role_is_staff(row_text(&found->items[i], "role"));
    return false;
}

/* Whether all are active staff of the company; `*bad` is the first that is not. */
static bool staff_is_known(struct db *db, struct pool *pool, const struct service_order *order, size_t *bad)
{
    struct json_object *wanted = json_new_array(pool);
    struct rows found;

    if (order->staff_count == 0)
        return true;
    for (size_t i = 0; i < order->staff_count; i++)
        json_object_array_add(wanted, json_object_new_string(crypto_hex(pool, order->staff[i].bytes,
                                                                        sizeof order->staff[i].bytes)));
    found =
        db_all(db, pool, &FIND_STAFF, BIND(value_text(json_text(pool, wanted)), value_id(order->company)));
    for (*bad = 0; *bad < order->staff_count; (*bad)++)
        if (!is_staff(&found, order->staff[*bad]))
            return false;
    return true;
}

static void add_staff(struct db *db, struct pool *pool, struct id service, const struct service_order *order)
{
    struct value *values = pool_array(pool, order->staff_count * 3 + 1, sizeof *values);

    for (size_t i = 0; i < order->staff_count; i++) {
        values[3 * i] = value_id(service);
        values[3 * i + 1] = value_id(order->staff[i]);
        values[3 * i + 2] = value_id(order->company);
    }
    if (order->staff_count > 0)
        db_run_many(db, &ADD_STAFF, values, 3, order->staff_count);
}

/* ---- changes ---- */

static void emit(struct db *db, struct pool *pool, const struct row *service, const char *type,
                 struct json_object *updated_fields, instant now)
{
    struct json_object *data = field_render(pool, service_out, service);
    struct json_object *company = json_get(field_render(pool, service_snapshot, service), "company");

    json_set(data, "company", json_object_get(company));
    if (updated_fields)
        json_set(data, "updatedFields", json_object_get(updated_fields));
    event_emit(db, pool, row_id(service, "company_id"), type, data, now);
}

static struct service_order with_defaults(const struct service_order *given)
{
    struct service_order order = *given;

    if (order.slot_interval == 0)
        order.slot_interval = order.duration > SLOT_INTERVAL_MIN ? order.duration : SLOT_INTERVAL_MIN;
    if (!order.price_type)
        order.price_type = "flat";
    if (order.days == 0)
        order.days = EVERY_DAY;
    if (order.to == 0)
        order.to = DAY_MINUTES;
    return order;
}

static bool insert(struct db *db, struct id service, const char *slug, const struct service_order *order)
{
    return db_try(
        db, &INSERT,
        BIND(value_id(service), value_id(order->company), value_text(order->name), value_text(slug),
             value_text(order->description), value_int(order->duration), value_int(order->buffer_before),
             value_int(order->buffer_after), value_int(order->slot_interval), value_int(order->price_amount),
             value_text(order->price_currency), value_text(order->price_type), value_int(order->days),
             value_int(order->from), value_int(order->to), value_text(order->time_zone),
             value_int(!order->inactive), value_time(order->now), value_time(order->now)));
}

enum service_result service_create(struct db *db, struct pool *pool, const struct service_order *given,
                                   struct service_answer *answer)
{
    struct service_order order = with_defaults(given);
    struct id service = id_new();
    bool made = false;

    if (!staff_is_known(db, pool, &order, &answer->bad_staff))
        return SERVICE_NOT_STAFF;
    if (order.slug)
        made = insert(db, service, order.slug, &order);
    for (int i = 0; !order.slug && !made && i < SLUG_ATTEMPTS; i++)
        made = insert(db, service, slug_from_name(pool, order.name, "service", i), &order);
    if (!made)
        return SERVICE_SLUG_TAKEN;
    add_staff(db, pool, service, &order);
    answer->row = service_read(db, pool, order.company, service);
    emit(db, pool, answer->row, "service.created", NULL, order.now);
    return SERVICE_DONE;
}

enum service_result service_update(struct db *db, struct pool *pool, struct id service,
                                   const struct service_order *order, bool with_staff,
                                   struct json_object *updated_fields, struct service_answer *answer)
{
    if (with_staff && !staff_is_known(db, pool, order, &answer->bad_staff))
        return SERVICE_NOT_STAFF;
    if (!db_try(db, &UPDATE,
                BIND(value_text(order->name), value_text(order->slug), value_text(order->description),
                     value_int(order->duration), value_int(order->buffer_before),
                     value_int(order->buffer_after), value_int(order->slot_interval),
                     value_int(order->price_amount), value_text(order->price_currency),
                     value_text(order->price_type), value_int(order->days), value_int(order->from),
                     value_int(order->to), value_text(order->time_zone), value_int(!order->inactive),
                     value_time(order->now), value_id(order->company), value_id(service))))
        return SERVICE_SLUG_TAKEN;
    if (with_staff) {
        db_run(db, &DROP_STAFF, BIND(value_id(order->company), value_id(service)));
        add_staff(db, pool, service, order);
    }
    answer->row = service_read(db, pool, order->company, service);
    emit(db, pool, answer->row, "service.updated", updated_fields, order->now);
    return SERVICE_DONE;
}

void service_delete(struct db *db, struct pool *pool, const struct row *service, instant now)
{
    struct id company = row_id(service, "company_id"), id = row_id(service, "id");
    char text[ID_TEXT_SIZE];

    id_format(text, "srv", id);
    db_run(db, &DELETE,
           BIND(value_time(now), value_text(text + strlen("srv_")), value_id(company), value_id(id)));
    db_run(db, &DROP_STAFF, BIND(value_id(company), value_id(id)));
    emit(db, pool, service, "service.deleted", NULL, now);
}

void schedule_store(struct db *db, struct id company, struct id user, const char *time_zone,
                    const char *weekly, const char *overrides, instant now)
{
    /* The resource before the person, as everybody locks them. */
    db_run(db, &TOUCH_RESOURCE, BIND(value_id(company), value_id(user)));
    db_run(db, &STORE_SCHEDULE,
           BIND(value_id(user), value_id(company), value_text(time_zone), value_text(weekly),
                value_text(overrides), value_time(now)));
}
