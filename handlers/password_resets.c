/* Passwords: mailed one-time links, for who forgot theirs and for staff who have no login yet. */
#include "api/request.h"
#include "rules/people/audit.h"
#include "rules/people/companies.h"
#include "rules/people/logins.h"
#include "rules/people/password_links.h"
#include "rules/people/people.h"
#include "rules/people/power.h"

static const struct field id_param[] = { { "id", FIELD_ID, .prefix = "usr", .doc = "The user" }, { 0 } };

static const struct field ask_in[] = {
    { "email", FIELD_EMAIL, .required = true, .doc = "The e-mail address of the login",
      .example = "\"ada@example.com\"" },
    { 0 },
};
static const struct field ask_out[] = {
    { "message", FIELD_TEXT, .required = true, .doc = "The same for every address" },
    { 0 },
};
static const struct field confirm_in[] = {
    { "token", FIELD_TEXT, .required = true, .doc = "What stands behind the `#` of the mailed link" },
    { "password", FIELD_TEXT, .required = true, .min = PASSWORD_MIN_LENGTH, .max = PASSWORD_MAX_LENGTH,
      .doc = "The new password" },
    { 0 },
};
static const struct field invitation_out[] = {
    { "email", FIELD_EMAIL, .required = true, .doc = "Where the link was sent" },
    { "expiresAt", FIELD_TIME, .required = true, .doc = "How long it is good" },
    { 0 },
};

/* Every address is counted and gets the same answer: nobody learns whether it has a login. */
static enum outcome ask(struct request *request)
{
    instant until = login_count_reset(request->db, request->pool, request->address, request->now);
    struct json_object *body = json_new_object(request->pool);

    if (until)
        return fail_until(request, until);
    password_link_send_reset(request->db, request->pool, input_text(request->body, "email"), request->now);
    request->poke = true;
    json_set_text(body, "message", "If that address has a login, a mail with a link is on its way.");
    return reply_json(request, body);
}

static const char *action_of(enum password_outcome outcome)
{
    if (outcome == PASSWORD_MADE)
        return "login.created";
    return outcome == PASSWORD_MOVED ? "login.moved" : "password.changed";
}

static enum outcome confirm(struct request *request)
{
    struct id company, user, none = { { 0 } };
    char id[ID_TEXT_SIZE];
    enum password_outcome outcome =
        password_link_use(request->db, request->pool, input_text(request->body, "token"),
                          input_text(request->body, "password"), request->now, &company, &user);

    if (outcome == PASSWORD_NO_LINK)
        return fail_field(request, "token", "must be of a link that is still good: ask for a new one");
    if (outcome == PASSWORD_NOT_FREE)
        return fail_because(request, ERROR_CONFLICT, "another login has this e-mail address");
    audit(request->db, company, none, user, action_of(outcome), id_format(id, "usr", user), request->address,
          NULL, request->now);
    request->poke = true;
    return reply_empty(request);
}

static const char *why_not_invited(struct request *request, const struct row *person)
{
    const char *email = row_text(person, "email");

    if (!role_is_staff(row_text(person, "role")) || !row_int(person, "active"))
        return "only active staff are invited";
    if (!email)
        return "the person has no e-mail address";
    if (login_exists(request->db, request->pool, email))
        return "the e-mail address has a login already";
    return NULL;
}

/* A key sheds nothing that binds it by inviting a mailbox of its own. */
static enum outcome fail_bound(struct request *request)
{
    return fail_because(
        request, ERROR_FORBIDDEN,
        "a key that is bound to addresses, limits or an expiry, or by a secret that was replaced, invites "
        "nobody: a login is bound by none");
}

static enum outcome invite(struct request *request)
{
    struct id company = request->actor.company, user = input_id(request->params, "id");
    const struct row *person;
    struct json_object *body = json_new_object(request->pool);
    struct password_link link = { .company = company, .user = user, .invitation = true };
    instant until, expires;
    const char *why;

    if (power_is_bound(&request->actor))
        return fail_bound(request);
    password_link_hold(request->db, request->pool, company, user);
    person = person_read(request->db, request->pool, company, user);
    if (!person)
        return fail(request, ERROR_NOT_FOUND);
    if (!power_covers_login(request->pool, &request->actor, row_text(person, "role")))
        return fail(request, ERROR_FORBIDDEN);
    why = why_not_invited(request, person);
    if (why)
        return fail_because(request, ERROR_CONFLICT, why);
    link.email = row_text(person, "email");
    link.name = row_text(person, "name");
    link.company_name = row_text(company_read(request->db, request->pool, company), "name");
    until = login_count_invitation(request->db, request->pool, link.email, request->now);
    if (!until)
        until = password_link_send(request->db, request->pool, &link, request->now, &expires);
    if (until)
        return fail_until(request, until);
    audit_request(request, "user.invited", "usr", user, NULL);
    request->poke = true;
    json_set_text(body, "email", link.email);
    json_set_time(body, "expiresAt", expires);
    return reply_json(request, body);
}

static const struct route routes[] = {
    { "POST", "/api/v1/password-resets", .in = ask_in, .out = ask_out, .status = 202, .own_door = true,
      .run = ask, .summary = "Mail a link that sets a new password" },
    { "POST", "/api/v1/password-resets/confirm", .in = confirm_in, .shape = SHAPE_EMPTY, .own_door = true,
      .errors = (const enum error_code[]){ ERROR_CONFLICT, ERROR_NONE }, .run = confirm,
      .summary = "Set the password by a mailed link; ends every session of the person" },
    { "POST", "/api/v1/users/{id}/invitation", .scope = "users:write", .params = id_param,
      .out = invitation_out, .status = 202, .errors = (const enum error_code[]){ ERROR_CONFLICT, ERROR_NONE },
      .run = invite,
      .summary = "Mail a staff member a link that makes their login, or moves it to their e-mail address" },
    { 0 },
};
const struct resource password_resets_resource = { "passwords", routes };
