#include "rules/booking/reminders.h"

#include "base/fault.h"
#include "base/log.h"
#include "rules/booking/bookings.h"
#include "rules/booking/call_rooms.h"
#include "rules/delivery/counters.h"
#include "rules/event/events.h"

const struct reminder_kind reminder_kinds[] = { { "24h", "24 hours", 24 * CLOCK_HOUR },
                                                { "1h", "1 hour", CLOCK_HOUR },
                                                { "15m", "15 minutes", 15 * CLOCK_MINUTE },
                                                { 0 } };

/* A booking that comes back to a start it had before finds the rows it voided; what was sent stays sent. */
static const struct statement PLAN = {
    "INSERT INTO reminders (booking_id, kind, starts_at, company_id, due_at, state)"
    " VALUES (?, ?, ?, ?, ?, 'due')"
    " ON DUPLICATE KEY UPDATE settled_at = IF(state = 'void', NULL, settled_at),"
    " state = IF(state = 'void', 'due', state)",
    .in = "ustut",
};

/* By its key, so that it never waits for another booking's rows. */
static const struct statement VOID = {
    "UPDATE reminders FORCE INDEX (PRIMARY) SET state = 'void', settled_at = ?"
    " WHERE company_id = ? AND booking_id = ? AND state = 'due'",
    .in = "tuu",
};

/* Locks the bookings too: nobody moves or cancels one between here and the commit. */
static const struct statement DUE = {
    "SELECT r.company_id, r.booking_id, r.kind, r.starts_at, b.status, b.starts_at AS booking_starts_at"
    " FROM reminders r FORCE INDEX (reminders_due)"
    " STRAIGHT_JOIN bookings b ON b.company_id = r.company_id AND b.id = r.booking_id"
    " WHERE r.state = 'due' AND r.due_at <= ? ORDER BY r.due_at LIMIT ? FOR UPDATE SKIP LOCKED",
    .in = "ti",
};

static const struct statement SETTLE = {
    "UPDATE reminders SET state = ?, event_id = ?, settled_at = ?"
    " WHERE company_id = ? AND booking_id = ? AND kind = ? AND starts_at = ?",
    .in = "sutuust",
};

static const struct statement SKIP = {
    "UPDATE reminders SET state = 'skipped', settled_at = ?"
    " WHERE company_id = ? AND booking_id = ? AND kind = ? AND starts_at = ? AND state = 'due'",
    .in = "tuust",
};

static const struct statement OF_EVENT = {
    "SELECT r.kind, r.starts_at, b.status, b.starts_at AS booking_starts_at FROM reminders r"
    " JOIN bookings b ON b.company_id = r.company_id AND b.id = r.booking_id"
    " WHERE r.company_id = ? AND r.event_id = ?",
    .in = "uu",
};

enum { KINDS = 3, SETTLE_VALUES = 7, SKIP_VALUES = 5, PLAN_VALUES = 5 };

void reminders_plan(struct db *db, struct id company, struct id booking, instant starts_at, instant now)
{
    struct value values[KINDS * PLAN_VALUES];
    size_t rows = 0;
    for (const struct reminder_kind *kind = reminder_kinds; kind->kind; kind++) {
        if (starts_at - kind->before <= now)
            continue;
        struct value *row = values + PLAN_VALUES * rows++;
        row[0] = value_id(booking);
        row[1] = value_text(kind->kind);
        row[2] = value_time(starts_at);
        row[3] = value_id(company);
        row[4] = value_time(starts_at - kind->before);
    }
    if (rows > 0)
        db_run_many(db, &PLAN, values, PLAN_VALUES, rows);
}

void reminders_void(struct db *db, struct id company, struct id booking, instant now)
{
    db_run(db, &VOID, BIND(value_time(now), value_id(company), value_id(booking)));
}

/* The kind whose moment came last. Of all that came due while nobody looked only this one is sent. */
static const struct reminder_kind *latest_kind(instant starts_at, instant now)
{
    const struct reminder_kind *latest = NULL;
    for (const struct reminder_kind *kind = reminder_kinds; kind->kind; kind++)
        if (starts_at - kind->before <= now)
            latest = kind;
    return latest;
}

/* NULL: to be sent; else the state that it ends in unsent. */
static const char *refusal(const struct row *due, const struct reminder_kind *latest, instant now)
{
    instant starts_at = row_time(due, "starts_at");
    if (!booking_next_status(row_text(due, "status"), BOOKING_RESCHEDULE) ||
        row_time(due, "booking_starts_at") != starts_at)
        return "void";
    if (starts_at <= now || !latest || strcmp(latest->kind, row_text(due, "kind")) != 0)
        return "skipped";
    return NULL;
}

static void set_person(struct json_object *object, const char *member, struct id id, const char *name,
                       const char *email)
{
    struct json_object *person = json_object_new_object();
    json_set_id(person, "id", "usr", id);
    json_set_text(person, "name", name);
    json_set_text(person, "email", email);
    json_set(object, member, person);
}

static struct json_object *payload(struct pool *pool, const struct row *booking,
                                   const struct reminder_kind *kind)
{
    struct id id = row_id(booking, "id");
    struct json_object *data = json_new_object(pool);
    json_set_id(data, "bookingId", "bk", id);
    json_set_text(data, "confirmationNumber", row_text(booking, "confirmation_number"));
    json_set_text(data, "reminderType", kind->kind);
    json_set_text(data, "reminderLabel", kind->label);
    json_set_text(data, "timeUntilSession", kind->label);
    set_person(data, "client", row_id(booking, "customer_id"), row_text(booking, "customer_name"),
               row_text(booking, "customer_email"));
    set_person(data, "staff", row_id(booking, "staff_id"), row_text(booking, "staff_name"),
               row_text(booking, "staff_email"));
    struct json_object *service = json_object_new_object();
    json_set_id(service, "id", "srv", row_id(booking, "service_id"));
    json_set_text(service, "name", row_text(booking, "service_name"));
    json_set(data, "service", service);
    json_set_time(data, "startsAt", row_time(booking, "starts_at"));
    json_set_time(data, "endsAt", row_time(booking, "ends_at"));
    json_set_text(data, "timeZone", row_text(booking, "time_zone"));
    json_set_text(data, "secureCallLink", room_link(pool, id, row_time(booking, "ends_at")));
    json_set_text(data, "roomId", room_id(pool, id));
    struct json_object *company = json_get(booking_snapshot(pool, booking), "company");
    json_set(data, "company", json_object_get(company));
    return data;
}

static struct id send(struct db *db, struct pool *pool, const struct row *due,
                      const struct reminder_kind *kind, instant now)
{
    struct id company = row_id(due, "company_id");
    const struct row *booking = booking_read(db, pool, company, row_id(due, "booking_id"));
    if (!booking)
        fault_raise(FAULT_BROKEN, "a reminder's booking cannot be read");
    return event_emit(db, pool, company, "booking.reminder", payload(pool, booking, kind), now);
}

static bool is_same(const struct row *left, const struct row *right)
{
    return id_equal(row_id(left, "booking_id"), row_id(right, "booking_id")) &&
           strcmp(row_text(left, "kind"), row_text(right, "kind")) == 0 &&
           row_time(left, "starts_at") == row_time(right, "starts_at");
}

static bool is_aside(const struct reminder_round *round, const struct row *row)
{
    for (size_t i = 0; i < round->aside_count; i++)
        if (is_same(round->aside[i], row))
            return true;
    return false;
}

static void bind_key(struct value *values, const struct row *row)
{
    values[0] = value_id(row_id(row, "company_id"));
    values[1] = value_id(row_id(row, "booking_id"));
    values[2] = value_text(row_text(row, "kind"));
    values[3] = value_time(row_time(row, "starts_at"));
}

static void count(struct db *db, int64_t sent, int64_t skipped)
{
    counters_add(
        db, (const struct counter[]){ { "reminders_sent", sent }, { "reminders_skipped", skipped }, { 0 } });
}

size_t reminders_run(struct db *db, struct pool *pool, instant now, size_t limit,
                     struct reminder_round *round)
{
    size_t rows = 0, sent = 0, skipped = 0;
    round->in_hand = NULL;
    db_begin(db);
    struct rows due = db_all(db, pool, &DUE, BIND(value_time(now), value_int((int64_t)limit)));
    struct value *values = pool_array(pool, due.count * SETTLE_VALUES, sizeof *values);
    for (size_t i = 0; i < due.count; i++) {
        const struct row *row = &due.items[i];
        if (is_aside(round, row))
            continue;
        round->in_hand = row;
        const struct reminder_kind *latest = latest_kind(row_time(row, "starts_at"), now);
        const char *refused = refusal(row, latest, now);
        struct value *settle = values + rows++ * SETTLE_VALUES;
        settle[0] = value_text(refused ? refused : "sent");
        settle[1] = refused ? value_null() : value_id(send(db, pool, row, latest, now));
        settle[2] = value_time(now);
        bind_key(settle + 3, row);
        sent += !refused;
        skipped += refused && strcmp(refused, "skipped") == 0;
    }
    round->in_hand = NULL;
    if (rows > 0)
        db_run_many(db, &SETTLE, values, SETTLE_VALUES, rows);
    count(db, (int64_t)sent, (int64_t)skipped);
    db_commit(db);
    round->sent += sent;
    return rows;
}

bool reminders_set_aside(struct reminder_round *round)
{
    if (round->aside_count == REMINDERS_ASIDE)
        return false;
    round->aside[round->aside_count++] = round->in_hand;
    round->sent = 0;
    return true;
}

void reminders_skip(struct db *db, const struct reminder_round *round, instant now)
{
    char id[ID_TEXT_SIZE];
    db_begin(db);
    for (size_t i = 0; i < round->aside_count; i++) {
        struct value values[SKIP_VALUES] = { value_time(now) };
        bind_key(values + 1, round->aside[i]);
        db_run(db, &SKIP, values, SKIP_VALUES);
        log_error("a reminder cannot be written and is skipped booking=%s kind=%s",
                  id_format(id, "bk", row_id(round->aside[i], "booking_id")),
                  row_text(round->aside[i], "kind"));
    }
    count(db, 0, (int64_t)round->aside_count);
    db_commit(db);
}

bool reminders_may_send(struct db *db, struct pool *pool, struct id company, struct id event, instant now,
                        instant *starts_at)
{
    const struct row *row = db_one(db, pool, &OF_EVENT, BIND(value_id(company), value_id(event)));
    *starts_at = row ? row_time(row, "starts_at") : 0;
    return !row || !refusal(row, latest_kind(*starts_at, now), now);
}
