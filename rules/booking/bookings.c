#include "rules/booking/bookings.h"

#include "base/crypto.h"
#include "base/fault.h"
#include "rules/booking/call_rooms.h"
#include "rules/booking/claims.h"
#include "rules/booking/reminders.h"
#include "rules/event/events.h"

static const struct statement READ = {
    "SELECT " BOOKING_COLUMNS
    ", b.company_id, c.name AS company_name, c.slug AS company_slug, c.time_zone AS company_time_zone,"
    " s.active AND s.deleted_at IS NULL AS service_active, t.user_id IS NOT NULL AND u.active"
    " AND u.deleted_at IS NULL AS staff_active"
    " FROM bookings b"
    " JOIN services s ON s.company_id = b.company_id AND s.id = b.service_id"
    " JOIN users u ON u.company_id = b.company_id AND u.id = b.staff_id"
    " JOIN companies c ON c.id = b.company_id"
    " LEFT JOIN service_staff t ON t.company_id = b.company_id AND t.service_id = b.service_id"
    " AND t.user_id = b.staff_id"
    " WHERE b.company_id = ? AND b.id = ?",
    .in = "uu",
};

static const struct statement CUSTOMER = {
    "SELECT name, email, phone FROM users WHERE company_id = ? AND id = ? AND deleted_at IS NULL",
    .in = "uu",
};

static const struct statement INSERT_BOOKING = {
    "INSERT INTO bookings (id, company_id, confirmation_number, status, service_id, staff_id, customer_id,"
    " customer_name, customer_email, customer_phone, starts_at, ends_at, duration_minutes, time_zone,"
    " price_amount, price_currency, price_type, notes, payment_method, created_at, updated_at)"
    " VALUES (?, ?, ?, 'pending', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    .in = "uusuuusssttisisssstt",
};

/*
 * The moves: each sets its own stamp, and only where the status is still the one that was judged. The primary
 * key is forced so that all come to the row the same way: by different indexes they would deadlock. What
 * needs a booking that has started says so once more, for it may have been moved since.
 */
static const struct statement CONFIRM = {
    "UPDATE bookings FORCE INDEX (PRIMARY) SET status = 'confirmed', confirmed_at = ?, updated_at = ?"
    " WHERE company_id = ? AND id = ? AND status = ?",
    .in = "ttuus",
};
static const struct statement COMPLETE = {
    "UPDATE bookings FORCE INDEX (PRIMARY) SET status = 'completed', completed_at = ?, updated_at = ?"
    " WHERE company_id = ? AND id = ? AND status = ? AND starts_at <= ?",
    .in = "ttuust",
};
static const struct statement NO_SHOW = {
    "UPDATE bookings FORCE INDEX (PRIMARY) SET status = 'no_show', no_show_at = ?, updated_at = ?"
    " WHERE company_id = ? AND id = ? AND status = ? AND starts_at <= ?",
    .in = "ttuust",
};
static const struct statement CANCEL = {
    "UPDATE bookings FORCE INDEX (PRIMARY) SET status = 'cancelled', cancellation_reason = ?, cancelled_by = "
    "?, cancelled_at = ?,"
    " updated_at = ? WHERE company_id = ? AND id = ? AND status = ?",
    .in = "ssttuus",
};

/* Once: of two that note it, one changes the row. */
static const struct statement VERIFY_PAYMENT = {
    "UPDATE bookings FORCE INDEX (PRIMARY) SET payment_provider = COALESCE(?, payment_method),"
    " payment_reference = ?, payment_verified_at = ?, updated_at = ?"
    " WHERE company_id = ? AND id = ? AND payment_verified_at IS NULL AND status <> 'cancelled'",
    .in = "ssttuu",
};

static const struct statement LOCK = {
    "SELECT status, service_id, staff_id, starts_at, ends_at, duration_minutes"
    " FROM bookings FORCE INDEX (PRIMARY)"
    " WHERE company_id = ? AND id = ? FOR UPDATE",
    .in = "uu",
};

static const struct statement RESCHEDULE = {
    "UPDATE bookings FORCE INDEX (PRIMARY) SET staff_id = ?, starts_at = ?, ends_at = ?, updated_at = ?"
    " WHERE company_id = ? AND id = ?",
    .in = "utttuu",
};

static const struct move {
    const struct statement *statement;
    const char *event;
    bool after_start; /* only once the booking has started */
} moves[] = {
    [BOOKING_CONFIRM] = { &CONFIRM, "booking.confirmed", false },
    [BOOKING_CANCEL] = { &CANCEL, "booking.cancelled", false },
    [BOOKING_COMPLETE] = { &COMPLETE, "booking.completed", true },
    [BOOKING_NO_SHOW] = { &NO_SHOW, "booking.no_show", true },
};

static const struct spans nothing_busy = { 0 };

const struct row *booking_read(struct db *db, struct pool *pool, struct id company, struct id booking)
{
    return db_one(db, pool, &READ, BIND(value_id(company), value_id(booking)));
}

static bool in_reach(instant starts_at, instant now)
{
    return starts_at > now && starts_at <= now + BOOKING_HORIZON;
}

static bool on_the_minute(instant starts_at)
{
    return starts_at % CLOCK_MINUTE == 0;
}

/*
 * The booking just written, for the answer. What it rests on was read before anything was locked: by now the
 * person may have left or the service ended, and whoever did that has committed, for this transaction holds
 * the person's resource and, by the foreign keys of what it wrote, their row and the service's. Then all is
 * judged anew.
 */
static const struct row *read_written(struct db *db, struct pool *pool, struct id company, struct id booking,
                                      bool new)
{
    const struct row *row = booking_read(db, pool, company, booking);
    if (!row_int(row, "staff_active") || (new && !row_int(row, "service_active")))
        fault_raise(FAULT_RETRY, "the service or its staff changed while a booking waited");
    return row;
}

/* ---- making one ---- */

/* The person among the candidates (sorted by id) who is free and has the fewest claims that day. Their rows
 * are locked, so what is read here stays true. NULL: nobody is free. */
static const struct slot_staff *choose_free(struct db *db, struct pool *pool,
                                            const struct slot_search *search,
                                            const struct slot_staff *const *candidates, const struct id *ids,
                                            size_t count, instant start)
{
    struct date date = zone_to_wall(search->rule.zone, start).date;
    struct date next_date = date_from_days(date_to_days(date) + 1);
    struct span day = { zone_from_wall(search->rule.zone, (struct wall){ .date = date }, NULL),
                        zone_from_wall(search->rule.zone, (struct wall){ .date = next_date }, NULL) };
    struct span claim = availability_claim(&search->rule, start);
    struct rows claims =
        claims_of(db, pool, search->company, ids, count, claim.start < day.start ? claim.start : day.start,
                  claim.end > day.end ? claim.end : day.end);
    const struct slot_staff *best = NULL;
    size_t fewest = 0, at = 0;
    for (size_t i = 0; i < count; i++) {
        size_t of_day = 0;
        bool taken = false;
        for (; at < claims.count && id_equal(row_id(&claims.items[at], "resource_id"), ids[i]); at++) {
            instant from = row_time(&claims.items[at], "starts_at");
            instant to = row_time(&claims.items[at], "ends_at");
            taken = taken || (from < claim.end && to > claim.start);
            of_day += from < day.end && to > day.start;
        }
        if (taken || (best && of_day >= fewest))
            continue;
        best = candidates[i];
        fewest = of_day;
    }
    return best;
}

/* Who takes the booking: among those whose hours allow it. NULL: nobody can. */
static const struct slot_staff *choose_staff(struct db *db, struct pool *pool,
                                             const struct slot_search *search, bool named, instant start)
{
    const struct slot_staff **candidates = pool_array(pool, search->staff_count, sizeof *candidates);
    struct id *ids = pool_array(pool, search->staff_count, sizeof *ids);
    size_t count = 0;
    for (size_t i = 0; i < search->staff_count; i++) {
        if (!availability_fits(search->staff[i].open, nothing_busy, &search->rule, start))
            continue;
        candidates[count] = &search->staff[i];
        ids[count++] = search->staff[i].id;
    }
    if (count == 0)
        return NULL;
    if (named) /* whether they are free is for the claim to say */
        return candidates[0];
    claims_lock(db, pool, search->company, ids, count);
    return choose_free(db, pool, search, candidates, ids, count, start);
}

/* BK and six characters that nobody mistakes for another: no 0 O, 1 I L, U V. */
static void draw_number(char number[9])
{
    static const char alphabet[] = "23456789ABCDEFGHJKMNPQRSTWXYZ";
    enum { LETTERS = sizeof alphabet - 1, FAIR = 256 / LETTERS * LETTERS };
    memcpy(number, "BK", 2);
    for (size_t i = 2; i < 8;) {
        uint8_t byte;
        crypto_random(&byte, 1);
        if (byte < FAIR)
            number[i++] = alphabet[byte % LETTERS];
    }
    number[8] = '\0';
}

static void insert_booking(struct db *db, const struct booking_order *order, const struct slot_search *search,
                           struct id booking, struct id staff)
{
    enum { DRAWS_MAX = 8 };
    const struct row *service = search->record;
    instant ends_at = order->starts_at + search->rule.duration * (instant)CLOCK_MINUTE;
    const char *time_zone = order->time_zone ? order->time_zone : row_text(service, "time_zone");
    for (int i = 0; i < DRAWS_MAX; i++) {
        char number[9];
        draw_number(number);
        if (db_try(db, &INSERT_BOOKING,
                   BIND(value_id(booking), value_id(order->company), value_text(number),
                        value_id(order->service), value_id(staff), value_id(order->customer),
                        value_text(order->name), value_text(order->email), value_text(order->phone),
                        value_time(order->starts_at), value_time(ends_at), value_int(search->rule.duration),
                        value_text(time_zone), *row_value(service, "price_amount"),
                        *row_value(service, "price_currency"), *row_value(service, "price_type"),
                        value_text(order->notes), value_text(order->payment_method), value_time(order->now),
                        value_time(order->now))))
            return;
    }
    fault_raise(FAULT_BROKEN, "no free confirmation number in %d draws", DRAWS_MAX);
}

/* Fills in who a known customer is; false when the company does not know them. */
static bool name_customer(struct db *db, struct pool *pool, struct booking_order *order)
{
    if (id_is_nil(order->customer))
        return true;
    const struct row *row =
        db_one(db, pool, &CUSTOMER, BIND(value_id(order->company), value_id(order->customer)));
    if (!row)
        return false;
    order->name = row_text(row, "name");
    order->email = row_text(row, "email");
    order->phone = row_text(row, "phone");
    return true;
}

enum booking_result booking_create(struct db *db, struct pool *pool, const struct booking_order *asked,
                                   struct booking_answer *answer)
{
    struct booking_order order = *asked;
    struct slot_search search;
    *answer = (struct booking_answer){ 0 };
    if (!in_reach(order.starts_at, order.now))
        return BOOKING_PAST;
    if (!on_the_minute(order.starts_at))
        return BOOKING_UNEVEN;
    if (!slots_load_hours(db, pool, order.company, order.service, order.staff, order.starts_at,
                          order.starts_at, &search) ||
        !search.active)
        return BOOKING_NO_SERVICE;
    bool named = !id_is_nil(order.staff);
    if (named ? !search.staff_known : search.staff_count == 0)
        return BOOKING_NO_STAFF;
    if (!name_customer(db, pool, &order))
        return BOOKING_NO_CUSTOMER;

    struct id booking = id_new();
    const struct slot_staff *staff = choose_staff(db, pool, &search, named, order.starts_at);
    if (!staff || claims_take(db, order.company, staff->id, availability_claim(&search.rule, order.starts_at),
                              booking) != CLAIM_TAKEN) {
        answer->wish = (struct slot_wish){
            .company = order.company, .service = order.service, .staff = order.staff, .from = order.starts_at
        };
        return BOOKING_TAKEN;
    }
    insert_booking(db, &order, &search, booking, staff->id);
    reminders_plan(db, order.company, booking, order.starts_at, order.now);
    answer->row = read_written(db, pool, order.company, booking, true);
    event_emit(db, pool, order.company, "booking.created", booking_snapshot(pool, answer->row), order.now);
    return BOOKING_DONE;
}

/* ---- moving it on ---- */

enum booking_result booking_move(struct db *db, struct pool *pool, struct id company, struct id booking,
                                 enum booking_action action, const char *reason, const char *by, instant now,
                                 struct booking_answer *answer)
{
    const struct move *move = &moves[action];
    *answer = (struct booking_answer){ .row = booking_read(db, pool, company, booking) };
    if (!answer->row)
        return BOOKING_NOT_FOUND;
    const char *status = row_text(answer->row, "status");
    if (!booking_next_status(status, action) ||
        (move->after_start && row_time(answer->row, "starts_at") > now))
        return BOOKING_IMPOSSIBLE;

    const struct value values[] = { value_text(reason), value_text(by),    value_time(now),
                                    value_time(now),    value_id(company), value_id(booking),
                                    value_text(status), value_time(now) };
    size_t first = action == BOOKING_CANCEL ? 0 : 2; /* only cancelling has a reason and an author */
    size_t end = sizeof values / sizeof *values - (move->after_start ? 0 : 1);
    uint64_t moved = db_run(db, move->statement, values + first, end - first);
    answer->row = booking_read(db, pool, company, booking);
    if (moved == 0) /* somebody else moved it in between */
        return answer->row ? BOOKING_IMPOSSIBLE : BOOKING_NOT_FOUND;
    if (action == BOOKING_CANCEL) {
        reminders_void(db, company, booking, now);
        claims_release(db, company, row_id(answer->row, "staff_id"), booking);
    }
    event_emit(db, pool, company, move->event, booking_snapshot(pool, answer->row), now);
    return BOOKING_DONE;
}

enum booking_result booking_verify_payment(struct db *db, struct pool *pool, struct id company,
                                           struct id booking, const char *provider, const char *reference,
                                           instant now, struct booking_answer *answer)
{
    uint64_t changed = db_run(db, &VERIFY_PAYMENT,
                              BIND(value_text(provider), value_text(reference), value_time(now),
                                   value_time(now), value_id(company), value_id(booking)));
    *answer = (struct booking_answer){ .row = booking_read(db, pool, company, booking) };
    if (changed == 0)
        return answer->row ? BOOKING_IMPOSSIBLE : BOOKING_NOT_FOUND;
    struct json_object *data = booking_snapshot(pool, answer->row);
    json_set_text(data, "secureCallLink", room_link(pool, booking, row_time(answer->row, "ends_at")));
    json_set_text(data, "roomId", room_id(pool, booking));
    event_emit(db, pool, company, "booking.payment_verified", data, now);
    return BOOKING_DONE;
}

/* Gives back the old time and takes the new one; false when it is taken or outside the hours. */
static bool move_claim(struct db *db, struct pool *pool, const struct slot_search *search, struct id booking,
                       struct id from_staff, struct id to_staff, instant starts_at)
{
    bool forward = id_compare(from_staff, to_staff) < 0;
    struct id both[] = { forward ? from_staff : to_staff, forward ? to_staff : from_staff };
    claims_lock(db, pool, search->company, both, id_equal(both[0], both[1]) ? 1 : 2);
    claims_release(db, search->company, from_staff, booking);
    return choose_staff(db, pool, search, true, starts_at) &&
           claims_take(db, search->company, to_staff, availability_claim(&search->rule, starts_at),
                       booking) == CLAIM_TAKEN;
}

/* The booking's row is locked and the move has been judged possible. */
static enum booking_result reschedule_locked(struct db *db, struct pool *pool, struct id company,
                                             struct id booking, const struct row *locked, instant starts_at,
                                             struct id staff, instant now, struct booking_answer *answer)
{
    struct id service = row_id(locked, "service_id");
    instant previous = row_time(locked, "starts_at");
    struct slot_search search;
    if (!slots_load_hours(db, pool, company, service, staff, starts_at, starts_at, &search))
        return BOOKING_NO_SERVICE;
    if (!search.staff_known)
        return BOOKING_NO_STAFF;
    search.rule.duration = (int)row_int(locked, "duration_minutes");
    if (!move_claim(db, pool, &search, booking, row_id(locked, "staff_id"), staff, starts_at)) {
        answer->wish =
            (struct slot_wish){ company, service, staff, booking, search.rule.duration, starts_at };
        return BOOKING_TAKEN;
    }
    instant ends_at = starts_at + search.rule.duration * (instant)CLOCK_MINUTE;
    db_run(db, &RESCHEDULE,
           BIND(value_id(staff), value_time(starts_at), value_time(ends_at), value_time(now),
                value_id(company), value_id(booking)));
    reminders_void(db, company, booking, now);
    reminders_plan(db, company, booking, starts_at, now);
    answer->row = read_written(db, pool, company, booking, false);
    struct json_object *data = booking_snapshot(pool, answer->row);
    json_set_time(data, "previousStartsAt", previous);
    event_emit(db, pool, company, "booking.rescheduled", data, now);
    return BOOKING_DONE;
}

enum booking_result booking_reschedule(struct db *db, struct pool *pool, struct id company, struct id booking,
                                       instant starts_at, struct id staff, instant now,
                                       struct booking_answer *answer)
{
    *answer = (struct booking_answer){ 0 };
    const struct row *locked = db_one(db, pool, &LOCK, BIND(value_id(company), value_id(booking)));
    if (!locked)
        return BOOKING_NOT_FOUND;
    struct id present = row_id(locked, "staff_id");
    bool stays = row_time(locked, "starts_at") == starts_at && (id_is_nil(staff) || id_equal(staff, present));
    bool possible = booking_next_status(row_text(locked, "status"), BOOKING_RESCHEDULE) != NULL;
    if (!possible || stays)
        answer->row = booking_read(db, pool, company, booking);
    if (!possible)
        return BOOKING_IMPOSSIBLE;
    if (!in_reach(starts_at, now))
        return BOOKING_PAST;
    if (!on_the_minute(starts_at))
        return BOOKING_UNEVEN;
    if (stays)
        return BOOKING_DONE;
    return reschedule_locked(db, pool, company, booking, locked, starts_at,
                             id_is_nil(staff) ? present : staff, now, answer);
}
