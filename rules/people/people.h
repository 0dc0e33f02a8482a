/*
 * people: staff, customers and leads of a company, told apart by role. Shared by the API and the command
 * line.
 */
#ifndef RULES_PEOPLE_PEOPLE_H
#define RULES_PEOPLE_PEOPLE_H

#include "api/field.h"
#include "db/db.h"

/* What a person shows, of users. */
#define USER_COLUMNS "id, role, name, email, phone, time_zone, notes, active, created_at, updated_at"

/* Every role, NULL-terminated: for FIELD_ENUM's choices. */
extern const char *const role_choices[];
/* Staff can take bookings; members and leads cannot: they are customers. */
bool role_is_staff(const char *role);

/* A user as readers of /api/v1 and of user.* events see it. */
extern const struct field user_out[];

/* What customer.* events carry: the PushPress API's Customer; customer.deleted only who it was. */
extern const struct field customer_out[], customer_deleted[];

struct person_order {
    struct id company;
    const char *role, *name;
    const char *email, *phone, *time_zone, *notes; /* may be NULL */
    instant now;
};

/*
 * In the caller's transaction: the user, for staff the resource that bookings claim (its id is the user's),
 * and user.created. Returns the row for user_out. The caller wakes the dispatcher.
 */
const struct row *person_create(struct db *db, struct pool *pool, const struct person_order *order);

/* The same without the event and without reading back: for whoever tells of it later. Returns the id. */
struct id person_add(struct db *db, const struct person_order *order);

/* A login; false where the e-mail address has one already, in any company. */
bool person_add_login(struct db *db, struct pool *pool, struct id company, struct id user, const char *email,
                      const char *password, instant now);

/* The resource of a staff member, if it is not there yet: for a change to a staff role. */
void person_make_bookable(struct db *db, struct id company, struct id user, const char *name, instant now);

/* The columns of user_out; NULL when the company has no such user or it was deleted. */
const struct row *person_read(struct db *db, struct pool *pool, struct id company, struct id user);

/* user.* with the person's snapshot, and for members and leads the customer.* event that tells of the same.
 * `updated_fields`: an array of member names (its reference is taken), NULL for none. */
void person_emit(struct db *db, struct pool *pool, struct id company, const struct row *person,
                 const char *type, struct json_object *updated_fields, instant now);

/* user.updated, and customer.status.changed where the role is another and one of the two is a customer's,
 * customer.details.changed where a customer's name, mailbox or phone is. */
void person_emit_update(struct db *db, struct pool *pool, struct id company, const char *role_before,
                        const struct row *person, struct json_object *updated_fields, instant now);

#endif
