#include "rules/people/people.h"

#include "base/crypto.h"
#include "rules/event/events.h"

const char *const role_choices[] = { "superuser",    "admin",      "coach",     "frontdesk",
                                     "member",       "non-member", "ex-member", "lead",
                                     "professional", "therapist",  "host",      NULL };

static const char *const staff_roles[] = { "superuser",    "admin",     "coach", "frontdesk",
                                           "professional", "therapist", "host",  NULL };

bool role_is_staff(const char *role)
{
    for (size_t i = 0; role && staff_roles[i]; i++)
        if (strcmp(staff_roles[i], role) == 0)
            return true;
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

static const char *const genders[] = { "male", "female", NULL };

static const struct field name_out[] = {
    { "first", FIELD_TEXT, .required = true, .doc = "All but the last word" },
    { "last", FIELD_TEXT, .required = true, .doc = "The last word; empty where there is one" },
    { "nickname", FIELD_TEXT, .required = true, .nullable = true, .doc = "What friends say" },
    { 0 }
};
static const struct field address_out[] = {
    { "line1", FIELD_TEXT, .required = true, .doc = "Empty when unset, as all of them" },
    { "line2", FIELD_TEXT, .required = true, .doc = "More of the street" },
    { "city", FIELD_TEXT, .required = true, .doc = "The city" },
    { "state", FIELD_TEXT, .required = true, .doc = "The state" },
    { "zip", FIELD_TEXT, .required = true, .doc = "The postal code" },
    { "country", FIELD_TEXT, .required = true, .doc = "The country" },
    { 0 }
};
static const struct field account_out[] = { { "type", FIELD_TEXT, .required = true, .doc = "primary" },
                                            { 0 } };
static const struct field membership_out[] = { { "initialMembershipStartDate", FIELD_DATE, .required = true,
                                                 .nullable = true, .doc = "Since when" },
                                               { 0 } };
const struct field customer_out[] = {
    { "id", FIELD_ID, .required = true, .prefix = "usr", .doc = "The customer" },
    { "companyId", FIELD_ID, .required = true, .prefix = "cli", .doc = "Whose customer" },
    { "name", FIELD_OBJECT, .required = true, .fields = name_out, .doc = "Their name" },
    { "gender", FIELD_ENUM, .required = true, .nullable = true, .choices = genders,
      .doc = "Null when unknown" },
    { "dob", FIELD_DATE, .required = true, .nullable = true, .doc = "Date of birth" },
    { "address", FIELD_OBJECT, .required = true, .fields = address_out, .doc = "Where they live" },
    { "account", FIELD_OBJECT, .required = true, .fields = account_out, .doc = "Who pays" },
    { "assignedToStaffId", FIELD_ID, .required = true, .nullable = true, .prefix = "usr",
      .doc = "Who looks after them" },
    { "profileImage", FIELD_URL, .required = true, .nullable = true, .doc = "A picture" },
    { "membershipDetails", FIELD_OBJECT, .required = true, .nullable = true, .fields = membership_out,
      .doc = "Since when they are members" },
    { "email", FIELD_TEXT, .required = true, .doc = "Their mailbox; empty when unknown" },
    { "phone", FIELD_PHONE, .required = true, .nullable = true, .doc = "Their phone" },
    { "role", FIELD_ENUM, .required = true, .choices = role_choices, .doc = "What they are to the company" },
    { 0 }
};
const struct field customer_deleted[] = {
    { "id", FIELD_ID, .required = true, .prefix = "usr", .doc = "Who was removed" },
    { "companyId", FIELD_ID, .required = true, .prefix = "cli", .doc = "From which company" },
    { 0 }
};

static const struct statement READ = { "SELECT " USER_COLUMNS " FROM users"
                                       " WHERE company_id = ? AND id = ? AND deleted_at IS NULL",
                                       .in = "uu" };
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
    if (role_is_staff(order->role))
        person_make_bookable(db, order->company, user, order->name, order->now);
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

/* ---- events ---- */

/* The last word is the last name, where there are several; blanks around the two belong to neither. */
static void set_names(struct json_object *customer, const char *name)
{
    struct json_object *names = json_object_new_object();
    size_t start = strspn(name, " "), end = strlen(name), last, first_end;
    while (end > start && name[end - 1] == ' ')
        end--;
    for (last = end; last > start && name[last - 1] != ' ';)
        last--;
    for (first_end = last; first_end > start && name[first_end - 1] == ' ';)
        first_end--;
    if (last == start) /* the only word */
        first_end = last = end;
    json_set(names, "first", json_object_new_string_len(name + start, (int)(first_end - start)));
    json_set(names, "last", json_object_new_string_len(name + last, (int)(end - last)));
    json_set_text(names, "nickname", NULL);
    json_set(customer, "name", names);
}

/* Texts that nobody stored are empty there, as the published API has them. */
static void set_address(struct json_object *customer)
{
    static const char *const members[] = { "line1", "line2", "city", "state", "zip", "country" };
    struct json_object *address = json_object_new_object();
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        json_set_text(address, members[i], "");
    json_set(customer, "address", address);
}

static struct json_object *customer_snapshot(struct pool *pool, struct id company, const struct row *person)
{
    struct json_object *customer = json_new_object(pool), *account = json_object_new_object();
    const char *email = row_text(person, "email");
    json_set_id(customer, "id", "usr", row_id(person, "id"));
    json_set_id(customer, "companyId", "cli", company);
    set_names(customer, row_text(person, "name"));
    json_set_text(customer, "gender", NULL);
    json_set_text(customer, "dob", NULL);
    set_address(customer);
    json_set_text(account, "type", "primary");
    json_set(customer, "account", account);
    json_set_text(customer, "assignedToStaffId", NULL);
    json_set_text(customer, "profileImage", NULL);
    json_set_text(customer, "membershipDetails", NULL);
    json_set_text(customer, "email", email ? email : "");
    json_set_text(customer, "phone", row_text(person, "phone"));
    json_set_text(customer, "role", row_text(person, "role"));
    return customer;
}

static void emit_customer(struct db *db, struct pool *pool, struct id company, const struct row *person,
                          const char *type, instant now)
{
    event_emit(db, pool, company, type, customer_snapshot(pool, company, person), now);
}

static void emit_customer_deleted(struct db *db, struct pool *pool, struct id company, struct id user,
                                  instant now)
{
    struct json_object *data = json_new_object(pool);
    json_set_id(data, "id", "usr", user);
    json_set_id(data, "companyId", "cli", company);
    event_emit(db, pool, company, "customer.deleted", data, now);
}

static void emit_user(struct db *db, struct pool *pool, struct id company, const struct row *person,
                      const char *type, struct json_object *updated_fields, instant now)
{
    struct json_object *data = field_render(pool, user_out, person);
    if (updated_fields)
        json_set(data, "updatedFields", updated_fields);
    event_emit(db, pool, company, type, data, now);
}

void person_emit(struct db *db, struct pool *pool, struct id company, const struct row *person,
                 const char *type, struct json_object *updated_fields, instant now)
{
    emit_user(db, pool, company, person, type, updated_fields, now);
    if (role_is_staff(row_text(person, "role")))
        return;
    if (strcmp(type, "user.created") == 0)
        emit_customer(db, pool, company, person, "customer.created", now);
    else if (strcmp(type, "user.deleted") == 0)
        emit_customer_deleted(db, pool, company, row_id(person, "id"), now);
}

static bool names_any(struct json_object *fields, const char *const *names)
{
    for (size_t i = 0; i < json_object_array_length(fields); i++) {
        for (const char *const *name = names; *name; name++)
            if (strcmp(json_object_get_string(json_object_array_get_idx(fields, i)), *name) == 0)
                return true;
    }
    return false;
}

void person_emit_update(struct db *db, struct pool *pool, struct id company, const char *role_before,
                        const struct row *person, struct json_object *updated_fields, instant now)
{
    static const char *const details[] = { "name", "email", "phone", NULL };
    const char *role = row_text(person, "role");
    bool customer = !role_is_staff(role), was_customer = !role_is_staff(role_before);
    bool moved = strcmp(role, role_before) != 0, changed = names_any(updated_fields, details);
    emit_user(db, pool, company, person, "user.updated", updated_fields, now);
    if (customer && changed)
        emit_customer(db, pool, company, person, "customer.details.changed", now);
    if (moved && (customer || was_customer))
        emit_customer(db, pool, company, person, "customer.status.changed", now);
}
