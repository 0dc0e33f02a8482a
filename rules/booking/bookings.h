/*
 * bookings: the life of a booking. Shared by every API style.
 *
 *     pending ──confirm──▶ confirmed ──complete──▶ completed
 *        │                     │
 *        ├───────cancel────────┴──▶ cancelled
 *        └───────no-show─────────▶ no_show      (from confirmed too)
 *
 * Rescheduling keeps the status (pending or confirmed). Completing and no-show need a booking that has
 * started. One that has started can still be cancelled, and rescheduled into the future.
 */
#ifndef RULES_BOOKING_BOOKINGS_H
#define RULES_BOOKING_BOOKINGS_H

#include "api/field.h"
#include "db/db.h"
#include "rules/booking/slots.h"

/* What a booking shows, of bookings b, services s and users u (the staff). */
#define BOOKING_COLUMNS                                                                                      \
    "b.id, b.confirmation_number, b.status, b.service_id, s.name AS service_name, s.slug AS"                 \
    " service_slug, b.staff_id, u.name AS staff_name, u.email AS staff_email, b.customer_id,"                \
    " b.customer_name, b.customer_email, b.customer_phone, b.customer_id IS NULL AS is_guest,"               \
    " b.starts_at, b.ends_at, b.duration_minutes, b.time_zone, b.price_amount, b.price_currency,"            \
    " b.price_type, b.payment_method, b.payment_provider, b.payment_reference, b.payment_verified_at,"       \
    " b.notes, b.cancellation_reason, b.cancelled_by, b.created_at, b.updated_at, b.confirmed_at,"           \
    " b.cancelled_at, b.completed_at, b.no_show_at"

enum booking_action {
    BOOKING_CONFIRM,
    BOOKING_CANCEL,
    BOOKING_COMPLETE,
    BOOKING_NO_SHOW,
    BOOKING_RESCHEDULE
};

/* The status after the action, or NULL where the move is impossible. Pure. */
const char *booking_next_status(const char *status, enum booking_action action);
/* The actions possible from a status, as words, NULL-terminated: for the details of INVALID_TRANSITION. */
const char *const *booking_actions(const char *status);

/* Members of a booking as every reader of /api/v1 and of native events sees them. */
extern const struct field booking_out[];
/* As booking_out, with the company at the end: what booking.* events carry. `row` is from booking_read. */
struct json_object *booking_snapshot(struct pool *pool, const struct row *row);

extern const char *const booking_statuses[];   /* NULL-terminated, for FIELD_ENUM's choices */
extern const char *const booking_cancellers[]; /* who may have cancelled */

/* Nothing is booked further ahead. */
#define BOOKING_HORIZON (3660 * CLOCK_DAY)

enum booking_result {
    BOOKING_DONE,
    BOOKING_NO_SERVICE,
    BOOKING_NO_STAFF, /* the named person does not take this service, or nobody does */
    BOOKING_NO_CUSTOMER,
    BOOKING_PAST,   /* the start is not in the future, or beyond BOOKING_HORIZON */
    BOOKING_UNEVEN, /* the start is not on a whole minute */
    BOOKING_TAKEN,  /* taken, or outside the hours: `wish` is what slots_next wants to know */
    BOOKING_NOT_FOUND,
    BOOKING_IMPOSSIBLE /* the state machine refuses; `row` is the booking as it is */
};

struct booking_order {
    struct id company, service, staff /* nil: any */, customer /* nil: guest */;
    const char *name, *email, *phone; /* of a guest */
    instant starts_at;
    const char *time_zone; /* the customer's; NULL: the service's */
    const char *notes;
    const char *payment_method; /* NULL: not known */
    instant now;
};

struct booking_answer {
    const struct row *row; /* the booking, for booking_out */
    struct slot_wish wish; /* BOOKING_TAKEN: roll back, and only then ask slots_next when it would work */
};

/* The booking by id, for booking_out and booking_snapshot; NULL when the company has none. */
const struct row *booking_read(struct db *db, struct pool *pool, struct id company, struct id booking);

/*
 * All in the caller's transaction: claims, booking, reminders and event. Whatever is not BOOKING_DONE must be
 * rolled back.
 */
enum booking_result booking_create(struct db *db, struct pool *pool, const struct booking_order *order,
                                   struct booking_answer *answer);
/* confirm, cancel (with reason and by, may be NULL), complete, no-show. A compare-and-swap on the status. A
 * cancelled booking gives its time back; a completed or missed one keeps it. */
enum booking_result booking_move(struct db *db, struct pool *pool, struct id company, struct id booking,
                                 enum booking_action action, const char *reason, const char *by, instant now,
                                 struct booking_answer *answer);
/*
 * Notes that the payment has come, with booking.payment_verified; the status stays. Once: BOOKING_IMPOSSIBLE
 * where it was noted before or the booking is cancelled. A NULL provider is the method that was named when
 * it was booked; both may be NULL.
 */
enum booking_result booking_verify_payment(struct db *db, struct pool *pool, struct id company,
                                           struct id booking, const char *provider, const char *reference,
                                           instant now, struct booking_answer *answer);
/* To another start and, when not nil, another person. The old time is free for itself; duration and price
 * stay as they were booked. The service may be inactive by now, but not deleted. To where it is already:
 * done, without an event. */
enum booking_result booking_reschedule(struct db *db, struct pool *pool, struct id company, struct id booking,
                                       instant starts_at, struct id staff, instant now,
                                       struct booking_answer *answer);

#endif
