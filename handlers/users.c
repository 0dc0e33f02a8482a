/* Users: the people that a company knows. */
#include "api/patch.h"
#include "api/request.h"
#include "rules/booking/claims.h"
#include "rules/people/audit.h"
#include "rules/people/people.h"
#include "rules/people/power.h"
#include "rules/people/sessions.h"

static const struct statement LOCK = {
    "SELECT id, role, name, email, phone, time_zone, notes, active FROM users"
    " WHERE company_id = ? AND id = ? AND deleted_at IS NULL FOR UPDATE",
    .in = "uu",
};

/* The index is forced so that a cursor deep in a long list is reached at once. */
static const struct statement LIST = {
    "SELECT " USER_COLUMNS " FROM users FORCE INDEX (users_company)"
    " WHERE company_id = ? AND deleted_at IS NULL AND (? IS NULL OR role = ?) AND (? IS NULL OR id > ?)"
    " ORDER BY id LIMIT ?",
    .in = "ussuui",
};

/* By the index on e-mail addresses: the same person may be there more than once. */
static const struct statement LIST_BY_EMAIL = {
    "SELECT " USER_COLUMNS " FROM users"
    " WHERE company_id = ? AND email = ? AND deleted_at IS NULL AND (? IS NULL OR role = ?) AND (? IS"
    " NULL OR id > ?)"
    " ORDER BY id LIMIT ?",
    .in = "usssuui",
};

static const struct statement UPDATE = {
    "UPDATE users SET role = ?, name = ?, email = ?, phone = ?, time_zone = ?, notes = ?, active = ?,"
    " updated_at = ? WHERE company_id = ? AND id = ?",
    .in = "ssssssituu",
};

static const struct statement DELETE = {
    "UPDATE users SET deleted_at = ?, active = FALSE WHERE company_id = ? AND id = ?",
    .in = "tuu",
};

static const struct statement DROP_LOGIN = {
    "DELETE FROM credentials WHERE company_id = ? AND user_id = ?",
    .in = "uu",
};

/* Links of theirs that would make it again. */
static const struct statement DROP_LINKS = {
    "DELETE FROM password_resets WHERE company_id = ? AND user_id = ?",
    .in = "uu",
};

/* Locked, so that two admins who leave at once do not each take the other for the one who stays. */
static const struct statement FIND_OTHER_ADMIN = {
    "SELECT u.id FROM users u JOIN credentials c ON c.user_id = u.id AND c.company_id = u.company_id"
    " WHERE u.company_id = ? AND u.role IN ('superuser', 'admin') AND u.id <> ? AND u.active"
    " AND u.deleted_at IS NULL LIMIT 1 FOR UPDATE",
    .in = "uu",
};

static const struct statement DROP_SERVICES = {
    "DELETE FROM service_staff WHERE company_id = ? AND user_id = ?",
    .in = "uu",
};

/* The revision moves: who books or asks for slots at this moment waits, or sees that the answer is old. */
static const struct statement RENAME_RESOURCE = {
    "UPDATE resources FORCE INDEX (PRIMARY) SET name = ?, revision = revision + 1 WHERE company_id = ? AND "
    "id = ?",
    .in = "suu",
};

static const struct statement FIND_BOOKING = {
    "SELECT id FROM bookings WHERE company_id = ? AND staff_id = ? AND starts_at > ?"
    " AND status IN ('pending', 'confirmed') LIMIT 1",
    .in = "uut",
};

static const struct field id_param[] = { { "id", FIELD_ID, .prefix = "usr", .doc = "The user" }, { 0 } };

static const struct field list_query[] = { { "role", FIELD_ENUM, .choices = role_choices,
                                             .doc = "Only this role" },
                                           { "email", FIELD_EMAIL, .doc = "Only this e-mail address" },
                                           { 0 } };
static const struct field create_in[] = {
    { "name", FIELD_TEXT, .required = true, .doc = "Full name", .example = "\"Maria Lopez\"" },
    { "role", FIELD_ENUM, .choices = role_choices, .required = true,
      .doc = "What they are to the company; staff can be booked", .example = "\"professional\"" },
    { "email", FIELD_EMAIL, .nullable = true, .doc = "E-mail address", .example = "\"maria@example.com\"" },
    { "phone", FIELD_PHONE, .nullable = true, .doc = "Phone number", .example = "\"+1 555 0199\"" },
    { "timeZone", FIELD_ZONE, .nullable = true, .doc = "IANA zone of their wall clock" },
    { "notes", FIELD_LINES, .nullable = true, .doc = "For the company's own eyes" },
    { 0 }
};
static const struct field update_in[] = {
    { "name", FIELD_TEXT, .min = 1, .doc = "Full name" },
    { "role", FIELD_ENUM, .choices = role_choices, .doc = "What they are to the company" },
    { "email", FIELD_EMAIL, .nullable = true,
      .doc = "E-mail address; a login stays with the one before until the person takes an invitation" },
    { "phone", FIELD_PHONE, .nullable = true, .doc = "Phone number" },
    { "timeZone", FIELD_ZONE, .nullable = true, .doc = "IANA zone of their wall clock" },
    { "notes", FIELD_LINES, .nullable = true, .doc = "For the company's own eyes" },
    { "active", FIELD_BOOL, .doc = "Whether they can be booked" },
    { 0 }
};

static const struct patch_member members[] = { { "role", "role" },          { "name", "name" },
                                               { "email", "email" },        { "phone", "phone" },
                                               { "timeZone", "time_zone" }, { "notes", "notes" },
                                               { "active", "active" },      { 0 } };
enum {
    MEMBER_ROLE,
    MEMBER_NAME,
    MEMBER_EMAIL,
    MEMBER_ACTIVE = 6,
    MEMBERS = sizeof members / sizeof members[0] - 1
};

/*
 * The person's row, for changing it. The resource is locked first, as bookings do: they come to the person by
 * their foreign key, and who went the other way round would deadlock with them.
 */
static const struct row *lock_person(struct request *request, struct id user)
{
    struct id company = request->actor.company;

    claims_lock(request->db, request->pool, company, &user, 1);
    return db_one(request->db, request->pool, &LOCK, BIND(value_id(company), value_id(user)));
}

/* ---- who may ---- */

static bool covers_role(struct request *request, const char *role)
{
    return power_covers_role(request->pool, &request->actor, role);
}

/*
 * Nobody gives more than they have, and nobody takes from who has more: a role, its end, the name they are
 * known by, or the e-mail address that an invitation would go to.
 */
static bool may_change(struct request *request, const struct row *row, const struct value *values)
{
    bool role = !value_equal(values[MEMBER_ROLE], *row_value(row, "role"));
    bool standing = role || !value_equal(values[MEMBER_NAME], *row_value(row, "name")) ||
                    !value_equal(values[MEMBER_EMAIL], *row_value(row, "email")) ||
                    !value_equal(values[MEMBER_ACTIVE], *row_value(row, "active"));

    if (standing && !covers_role(request, row_text(row, "role")))
        return false;
    return !role || covers_role(request, values[MEMBER_ROLE].text);
}

static bool is_admin(const char *role)
{
    return strcmp(role, "superuser") == 0 || strcmp(role, "admin") == 0;
}

/*
 * Whether a person is about to shut the company's last door, behind themselves or, where two admins remove
 * each other at once, behind both: one of them waits here, begins anew and is refused.
 */
static bool is_last_admin(struct request *request, const struct row *row)
{
    return !id_is_nil(request->actor.user) && is_admin(row_text(row, "role")) &&
           !db_one(request->db, request->pool, &FIND_OTHER_ADMIN,
                   BIND(value_id(request->actor.company), value_id(row_id(row, "id"))));
}

static enum outcome last_admin(struct request *request)
{
    return fail_because(request, ERROR_CONFLICT,
                        "nobody else of this company could log in and do this again");
}

/* Roles open doors: who gave and took them is kept. */
static void audit_role(struct request *request, struct id user, const char *from, const char *to)
{
    audit_request(request, "user.role_changed", "usr", user, audit_move(from, to));
}

/* Putting somebody to rest shuts their logins for good: what they had open does not come back with them. */
static void audit_active(struct request *request, struct id user, bool active)
{
    if (!active)
        sessions_end_all(request->db, request->actor.company, user, request->now);
    audit_request(request, active ? "user.activated" : "user.deactivated", "usr", user, NULL);
}

/* ---- the routes ---- */

static enum outcome create(struct request *request)
{
    struct person_order order = {
        .company = request->actor.company,
        .role = input_text(request->body, "role"),
        .name = input_text(request->body, "name"),
        .email = input_text(request->body, "email"),
        .phone = input_text(request->body, "phone"),
        .time_zone = input_text(request->body, "timeZone"),
        .notes = input_text(request->body, "notes"),
        .now = request->now,
    };
    const struct row *person;

    if (!covers_role(request, order.role))
        return fail(request, ERROR_FORBIDDEN);
    person = person_create(request->db, request->pool, &order);
    if (role_is_staff(order.role))
        audit_role(request, row_id(person, "id"), NULL, order.role);
    request->poke = true;
    return reply_row(request, person);
}

static enum outcome list(struct request *request)
{
    bool broken;
    const struct value *cursor = page_cursor(request, "id", &broken);
    struct value company = value_id(request->actor.company), limit = value_int(page_limit(request) + 1);
    struct value role = value_text(input_text(request->query, "role"));
    struct value email = value_text(input_text(request->query, "email"));
    struct value after = cursor ? cursor[0] : value_null();
    struct rows rows;

    if (broken)
        return fail_field(request, "cursor", "must be `next` of the page before");
    if (value_is_set(email))
        rows = db_all(request->db, request->pool, &LIST_BY_EMAIL,
                      BIND(company, email, role, role, after, after, limit));
    else
        rows = db_all(request->db, request->pool, &LIST, BIND(company, role, role, after, after, limit));
    return reply_page(request, rows, "id");
}

static enum outcome get(struct request *request)
{
    const struct row *person =
        person_read(request->db, request->pool, request->actor.company, input_id(request->params, "id"));

    return person ? reply_row(request, person) : fail(request, ERROR_NOT_FOUND);
}

/*
 * For someone who stops being bookable staff. With the resource locked no booking slips in between this look
 * and the commit. False while bookings lie ahead of them.
 */
static bool leave_services(struct request *request, struct id user, struct value name)
{
    struct value company = value_id(request->actor.company);

    db_run(request->db, &RENAME_RESOURCE, BIND(name, company, value_id(user)));
    if (db_one(request->db, request->pool, &FIND_BOOKING,
               BIND(company, value_id(user), value_time(request->now))))
        return false;
    db_run(request->db, &DROP_SERVICES, BIND(company, value_id(user)));
    return true;
}

static enum outcome still_booked(struct request *request)
{
    return fail_because(request, ERROR_CONFLICT,
                        "bookings of this person lie ahead: move or cancel them first");
}

/* What a new role or name means for the resource that bookings claim; false while bookings stand against it.
 */
static bool follow_resource(struct request *request, const struct row *row, const struct value *values)
{
    struct id company = request->actor.company, user = row_id(row, "id");
    bool was_staff = role_is_staff(row_text(row, "role"));

    if (!role_is_staff(values[MEMBER_ROLE].text))
        return !was_staff || leave_services(request, user, values[MEMBER_NAME]);
    if (!was_staff)
        person_make_bookable(request->db, company, user, values[MEMBER_NAME].text, request->now);
    if (!value_equal(values[MEMBER_NAME], *row_value(row, "name")))
        db_run(request->db, &RENAME_RESOURCE, BIND(values[MEMBER_NAME], value_id(company), value_id(user)));
    return true;
}

static enum outcome update(struct request *request)
{
    struct value company = value_id(request->actor.company), user = input_value(request->params, "id");
    const struct row *row = lock_person(request, user.id);
    struct value values[MEMBERS + 3];
    struct json_object *changed;
    const char *role_before;

    if (!row)
        return fail(request, ERROR_NOT_FOUND);
    role_before = row_text(row, "role");
    changed = patch_merge(request->pool, request->body, row, members, values);
    if (json_object_array_length(changed) == 0)
        return get(request);
    if (!may_change(request, row, values))
        return fail(request, ERROR_FORBIDDEN);
    if ((!is_admin(values[MEMBER_ROLE].text) || !values[MEMBER_ACTIVE].integer) &&
        is_last_admin(request, row))
        return last_admin(request);
    if (!follow_resource(request, row, values))
        return still_booked(request);
    values[MEMBERS] = value_time(request->now);
    values[MEMBERS + 1] = company;
    values[MEMBERS + 2] = user;
    db_run(request->db, &UPDATE, values, MEMBERS + 3);
    if (!value_equal(values[MEMBER_ROLE], *row_value(row, "role")))
        audit_role(request, user.id, row_text(row, "role"), values[MEMBER_ROLE].text);
    if (!value_equal(values[MEMBER_ACTIVE], *row_value(row, "active")))
        audit_active(request, user.id, values[MEMBER_ACTIVE].integer);
    /*
     * A link that went to the address before is no longer theirs; and one that was mailed for a lesser role
     * must not open a mightier one.
     */
    if (!value_equal(values[MEMBER_EMAIL], *row_value(row, "email")) ||
        !value_equal(values[MEMBER_ROLE], *row_value(row, "role")) ||
        !value_equal(values[MEMBER_ACTIVE], *row_value(row, "active")))
        db_run(request->db, &DROP_LINKS, BIND(company, user));
    row = person_read(request->db, request->pool, company.id, user.id);
    person_emit_update(request->db, request->pool, company.id, role_before, row, json_object_get(changed),
                       request->now);
    request->poke = true;
    return reply_row(request, row);
}

static enum outcome erase(struct request *request)
{
    struct value company = value_id(request->actor.company), user = input_value(request->params, "id");
    const struct row *row = lock_person(request, user.id);

    if (!row)
        return fail(request, ERROR_NOT_FOUND);
    if (!covers_role(request, row_text(row, "role")))
        return fail(request, ERROR_FORBIDDEN);
    if (is_last_admin(request, row))
        return last_admin(request);
    row = person_read(request->db, request->pool, company.id, user.id);
    if (!leave_services(request, user.id, *row_value(row, "name")))
        return still_booked(request);
    db_run(request->db, &DROP_LOGIN, BIND(company, user));
    db_run(request->db, &DROP_LINKS, BIND(company, user));
    sessions_end_all(request->db, company.id, user.id, request->now);
    if (role_is_staff(row_text(row, "role")))
        audit_role(request, user.id, row_text(row, "role"), NULL);
    db_run(request->db, &DELETE, BIND(value_time(request->now), company, user));
    person_emit(request->db, request->pool, company.id, row, "user.deleted", NULL, request->now);
    request->poke = true;
    return reply_empty(request);
}

static const struct route routes[] = {
    { "GET", "/api/v1/users", .scope = "users:read", .query = list_query, .out = user_out,
      .shape = SHAPE_PAGE, .run = list, .summary = "List users" },
    { "POST", "/api/v1/users", .scope = "users:write", .in = create_in, .out = user_out, .status = 201,
      .run = create, .summary = "Add a user" },
    { "GET", "/api/v1/users/{id}", .scope = "users:read", .params = id_param, .out = user_out,
      .errors = (const enum error_code[]){ ERROR_NOT_FOUND, ERROR_NONE }, .run = get,
      .summary = "Read a user" },
    { "PATCH", "/api/v1/users/{id}", .scope = "users:write", .params = id_param, .in = update_in,
      .out = user_out, .errors = (const enum error_code[]){ ERROR_NOT_FOUND, ERROR_CONFLICT, ERROR_NONE },
      .run = update, .summary = "Change a user" },
    { "DELETE", "/api/v1/users/{id}", .scope = "users:write", .params = id_param, .shape = SHAPE_EMPTY,
      .errors = (const enum error_code[]){ ERROR_NOT_FOUND, ERROR_CONFLICT, ERROR_NONE }, .run = erase,
      .summary = "Remove a user" },
    { 0 }
};
const struct resource users_resource = { "users", routes };
