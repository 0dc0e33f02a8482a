#include "rules/people.h"

#include "core/crypto.h"
#include "rules/events.h"

const char *const role_choices[] = { "superuser",    "admin",      "coach",     "frontdesk",
                                     "member",       "non-member", "ex-member", "lead",
                                     "professional", "therapist",  "host",      NULL };

static const char *const staff_roles[] = { "superuser",    "admin",     "coach", "frontdesk",
                                           "professional", "therapist", "host",  NULL };

bool role_is_staff(const char *role)
{
    for (size_t i = 0; role && staff_roles[i]; i++) {
        if (strcmp(staff_roles[i], role) == 0) {
            return true;
        }
    }
    return false;
}

const struct field user_out[] = {
    { "id", FIELD_ID, .required = true, .prefix = "usr" },
    { "role", FIELD_ENUM, .required = true, .choices = role_choices },
    { "name", FIELD_TEXT, .required = true, .example = "\"Maria Lopez\"" },
    { "email", FIELD_EMAIL, .required = true, .nullable = true },
    { "phone", FIELD_PHONE, .required = true, .nullable = true },
    { "timeZone", FIELD_ZONE, .required = true, .nullable = true, .doc = "Where the person lives" },
    { "notes", FIELD_LINES, .required = true, .nullable = true },
    { "active", FIELD_BOOL, .required = true, .doc = "Inactive staff take no bookings" },
    { "createdAt", FIELD_TIME, .required = true },
    { "updatedAt", FIELD_TIME, .required = true },
    { 0 }
};

static const struct statement READ = {
    "SELECT id, role, name, email, phone, time_zone, notes, active, created_at, updated_at"
    " FROM users WHERE company_id = ? AND id = ? AND deleted_at IS NULL",
    .in = "uu", .out = "ussssssitt"
};
static const struct statement INSERT = {
    "INSERT INTO users (id, company_id, role, name, email, phone, time_zone, notes, created_at, updated_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    .in = "uusssssstt"
};
static const struct statement INSERT_RESOURCE = {
    "INSERT INTO resources (id, company_id, kind, name, created_at) VALUES (?, ?, 'staff', ?, ?)"
    " ON DUPLICATE KEY UPDATE name = VALUES(name)",
    .in = "uust"
};

static const struct statement INSERT_LOGIN = {
    "INSERT INTO credentials (user_id, company_id, email, password_hash, created_at, updated_at)"
    " VALUES (?, ?, ?, ?, ?, ?)",
    .in = "uusstt"
};

const struct row *person_read(struct db *db, struct pool *pool, struct id company, struct id user)
{
    return db_one(db, pool, &READ, BIND(value_id(company), value_id(user)));
}

void person_make_bookable(struct db *db, struct id company, struct id user, const char *name, instant now)
{
    db_run(db, &INSERT_RESOURCE, BIND(value_id(user), value_id(company), value_text(name), value_time(now)));
}

struct id person_add(struct db *db, const struct person_order *order)
{
    struct id user = id_new();
    db_run(db, &INSERT,
           BIND(value_id(user), value_id(order->company), value_text(order->role), value_text(order->name),
                value_text(order->email), value_text(order->phone), value_text(order->time_zone),
                value_text(order->notes), value_time(order->now), value_time(order->now)));
    if (role_is_staff(order->role)) {
        person_make_bookable(db, order->company, user, order->name, order->now);
    }
    return user;
}

bool person_add_login(struct db *db, struct pool *pool, struct id company, struct id user, const char *email,
                      const char *password, instant now)
{
    const char *hash = crypto_password_hash(pool, password);
    return db_try(db, &INSERT_LOGIN,
                  BIND(value_id(user), value_id(company), value_text(email), value_text(hash),
                       value_time(now), value_time(now)));
}

const struct row *person_create(struct db *db, struct pool *pool, const struct person_order *order)
{
    struct id user = person_add(db, order);
    const struct row *row = person_read(db, pool, order->company, user);
    person_emit(db, pool, order->company, row, "user.created", NULL, order->now);
    return row;
}

void person_emit(struct db *db, struct pool *pool, struct id company, const struct row *person,
                 const char *type, struct json_object *updated_fields, instant now)
{
    struct json_object *data = field_render(pool, user_out, person);
    if (updated_fields) {
        json_set(data, "updatedFields", updated_fields);
    }
    event_emit(db, pool, company, type, data, now);
}
