/* Logins: an e-mail address and a password for a short access token and a refresh cookie. */
#include "rules/people/sessions.h"
#include "api/request.h"
#include "base/config.h"
#include "rules/people/audit.h"
#include "rules/people/logins.h"
#include "rules/people/people.h"

static const char COOKIE[] = "slotwire_refresh";

static const struct statement LIST = {
    "SELECT id, address, user_agent, created_at, refreshed_at, expires_at, id = ? AS current FROM sessions"
    " WHERE company_id = ? AND user_id = ? AND ended_at IS NULL AND expires_at > ? ORDER BY id DESC LIMIT "
    "100",
    .in = "uuut",
};

static const struct field id_param[] = { { "id", FIELD_ID, .prefix = "ses", .doc = "The session" }, { 0 } };

static const struct field login_in[] = {
    { "email", FIELD_EMAIL, .required = true, .doc = "The e-mail address of the login",
      .example = "\"ada@example.com\"" },
    { "password", FIELD_TEXT, .required = true, .max = 1000, .doc = "The password" },
    { 0 },
};
static const struct field person_out[] = {
    { "id", FIELD_ID, .prefix = "usr", .required = true, .doc = "Who logged in" },
    { "name", FIELD_TEXT, .required = true, .doc = "Their name" },
    { "email", FIELD_EMAIL, .required = true, .doc = "The e-mail address of the login" },
    { "role", FIELD_ENUM, .choices = role_choices, .required = true, .doc = "What they are to the company" },
    { 0 },
};
static const struct field business_out[] = {
    { "id", FIELD_ID, .prefix = "cli", .required = true, .doc = "Their company" },
    { "name", FIELD_TEXT, .required = true, .doc = "Its name" },
    { 0 },
};
static const struct field login_out[] = {
    { "accessToken", FIELD_TEXT, .required = true,
      .doc = "For `Authorization: Bearer …` on every route that the role opens" },
    { "tokenType", FIELD_TEXT, .required = true, .doc = "Bearer" },
    { "expiresIn", FIELD_INT, .required = true, .doc = "Seconds; then refresh" },
    { "user", FIELD_OBJECT, .fields = person_out, .required = true, .doc = "Who logged in" },
    { "company", FIELD_OBJECT, .fields = business_out, .required = true, .doc = "Their company" },
    { 0 },
};
static const struct field session_out[] = {
    { "id", FIELD_ID, .prefix = "ses", .required = true, .doc = "The session" },
    { "current", FIELD_BOOL, .required = true, .doc = "Whether it is the one that asks" },
    { "address", FIELD_TEXT, .nullable = true, .doc = "The network address that logged in" },
    { "userAgent", FIELD_TEXT, .nullable = true, .doc = "The program that logged in" },
    { "createdAt", FIELD_TIME, .required = true, .doc = "When it logged in" },
    { "refreshedAt", FIELD_TIME, .required = true, .doc = "When its cookie was last used" },
    { "expiresAt", FIELD_TIME, .required = true, .doc = "When it ends by itself" },
    { 0 },
};

static const char *header(struct request *request, const char *variable)
{
    const char *value = request->exchange->param(request->exchange, variable);

    return value && value[0] ? value : NULL;
}

/* ---- the cookie ---- */

static void give_cookie(struct request *request, const char *value, instant life)
{
    bool secure = strncasecmp(config_text(CONFIG_PUBLIC_URL), "https://", 8) == 0;

    reply_header(request, "Set-Cookie",
                 pool_printf(request->pool,
                             "%s=%s; Path=/api/v1/sessions; Max-Age=%lld; HttpOnly; SameSite=Strict%s",
                             COOKIE, value, (long long)(life / CLOCK_SECOND), secure ? "; Secure" : ""));
}

static void take_cookie_away(struct request *request)
{
    give_cookie(request, "", 0);
}

/* The cookie's value among the others of the header (RFC 6265 §4.2); NULL when it was not sent. */
static const char *sent_cookie(struct request *request)
{
    const char *at = header(request, "HTTP_COOKIE");
    size_t name = sizeof COOKIE - 1;

    while (at && *at) {
        size_t length;

        at += strspn(at, "; ");
        length = strcspn(at, ";");
        if (length > name && strncmp(at, COOKIE, name) == 0 && at[name] == '=')
            return pool_memdup(request->pool, at + name + 1, length - name - 1);
        at += length;
    }
    return NULL;
}

/*
 * A page of somebody else can make a browser send a form with the cookie, but neither JSON nor a header of
 * its own, and not without its Origin.
 */
static bool is_from_our_page(struct request *request)
{
    const char *ours = config_text(CONFIG_PUBLIC_URL), *host = strstr(ours, "://");
    const char *origin = header(request, "HTTP_ORIGIN"), *type = header(request, "CONTENT_TYPE");
    size_t length = host ? (size_t)(host + 3 - ours) + strcspn(host + 3, "/") : strlen(ours);

    if (origin && (strlen(origin) != length || strncasecmp(origin, ours, length) != 0))
        return false;
    return header(request, "HTTP_X_REQUESTED_WITH") ||
           (type && strncasecmp(type, "application/json", strlen("application/json")) == 0);
}

/* ---- in ---- */

static enum outcome not_possible(struct request *request)
{
    reply_header(request, "Retry-After", "60");
    return fail(request, ERROR_UNAVAILABLE);
}

static enum outcome unauthorized(struct request *request)
{
    reply_header(request, "WWW-Authenticate", "Bearer");
    return fail(request, ERROR_UNAUTHORIZED);
}

static enum outcome answer(struct request *request, const struct session *session, const struct row *login)
{
    struct json_object *body = json_new_object(request->pool);
    struct json_object *user = json_object_new_object(), *company = json_object_new_object();
    const char *role = row_text(login, "role");

    json_set_text(body, "accessToken", session_token(request->pool, session, role, request->now));
    json_set_text(body, "tokenType", "Bearer");
    json_set_int(body, "expiresIn", SESSION_TOKEN_LIFE / CLOCK_SECOND);
    json_set_id(user, "id", "usr", session->user);
    json_set_text(user, "name", row_text(login, "name"));
    json_set_text(user, "email", row_text(login, "email"));
    json_set_text(user, "role", role);
    json_set(body, "user", user);
    json_set_id(company, "id", "cli", session->company);
    json_set_text(company, "name", row_text(login, "company_name"));
    json_set(body, "company", company);
    give_cookie(request, session->cookie, SESSION_LIFE);
    return reply_json(request, body);
}

static void audit_session(struct request *request, const char *action, const struct session *session,
                          const char *reason)
{
    struct json_object *details = json_new_object(request->pool);
    char id[ID_TEXT_SIZE];

    if (reason)
        json_set_text(details, "reason", reason);
    audit(request->db, session->company, (struct id){ { 0 } }, session->user, action,
          id_format(id, "ses", session->id), request->address[0] ? request->address : NULL,
          reason ? json_text(request->pool, details) : NULL, request->now);
}

/* Nobody learns here whether the e-mail address is known. */
static enum outcome wrong(struct request *request, bool locks, struct id company, struct id user)
{
    char id[ID_TEXT_SIZE];

    request_undo(request);
    if (locks && !id_is_nil(user))
        audit(request->db, company, (struct id){ { 0 } }, (struct id){ { 0 } }, "login.locked",
              id_format(id, "usr", user), request->address, NULL, request->now);
    return unauthorized(request);
}

static enum outcome create(struct request *request)
{
    const char *email = input_text(request->body, "email");
    struct login_try attempt;
    struct session session;
    struct id company, user;
    const struct row *login;

    if (!sessions_are_possible())
        return not_possible(request);
    attempt = login_try(request->db, request->pool, email, request->address, request->now);
    if (attempt.blocked_until)
        return fail_until(request, attempt.blocked_until);
    request_keep(request); /* counted, whatever becomes of the request */
    login = login_check(request->db, request->pool, email, input_text(request->body, "password"), &company,
                        &user);
    if (!login)
        return wrong(request, attempt.locks, company, user);
    login_succeeded(request->db, &attempt);
    session = session_start(request->db, request->pool, company, user, request->address,
                            header(request, "HTTP_USER_AGENT"), request->now);
    audit_session(request, "session.created", &session, NULL);
    return answer(request, &session, login);
}

/* ---- on ---- */

static enum outcome no_session(struct request *request)
{
    take_cookie_away(request);
    return unauthorized(request);
}

/* Two hold the cookie, and which of them is the thief nobody can tell: both are out. */
static enum outcome copied(struct request *request, const struct session *session)
{
    request_undo(request);
    db_begin(request->db);
    if (session_end(request->db, session->company, session->user, session->id, request->now))
        audit_session(request, "session.ended", session, "a replaced cookie came back");
    request_keep(request); /* it has ended, though the request is refused */
    return no_session(request);
}

static enum outcome refresh(struct request *request)
{
    const char *cookie = sent_cookie(request);
    struct session session;
    const struct row *login;

    if (!sessions_are_possible())
        return not_possible(request);
    if (!is_from_our_page(request))
        return fail(request, ERROR_FORBIDDEN);
    if (!cookie)
        return unauthorized(request);
    switch (session_refresh(request->db, request->pool, cookie, request->now, &session)) {
    case SESSION_UNKNOWN:
        return no_session(request);
    case SESSION_RACED:
        return unauthorized(request); /* the browser has the new cookie already: it stays */
    case SESSION_COPIED:
        return copied(request, &session);
    default:
        login = login_of(request->db, request->pool, session.company, session.user);
        return login ? answer(request, &session, login) : no_session(request);
    }
}

static enum outcome list(struct request *request)
{
    const struct actor *actor = &request->actor;

    return reply_rows(request, db_all(request->db, request->pool, &LIST,
                                      BIND(value_id(actor->session), value_id(actor->company),
                                           value_id(actor->user), value_time(request->now))));
}

/* ---- out ---- */

static enum outcome end(struct request *request, struct id id, const char *reason)
{
    const struct actor *actor = &request->actor;
    struct session session = { .id = id, .company = actor->company, .user = actor->user };

    if (!session_end(request->db, actor->company, actor->user, id, request->now))
        return fail(request, ERROR_NOT_FOUND);
    audit_session(request, "session.ended", &session, reason);
    if (id_equal(id, actor->session))
        take_cookie_away(request);
    return reply_empty(request);
}

static enum outcome end_current(struct request *request)
{
    return end(request, request->actor.session, "logged out");
}

static enum outcome end_one(struct request *request)
{
    return end(request, input_id(request->params, "id"), "ended from another");
}

static const enum error_code login_errors[] = { ERROR_UNAUTHORIZED, ERROR_NONE };
static const enum error_code refresh_errors[] = { ERROR_UNAUTHORIZED, ERROR_FORBIDDEN, ERROR_NONE };

static const struct route routes[] = {
    { "POST", "/api/v1/sessions", .in = login_in, .out = login_out, .status = 201, .errors = login_errors,
      .own_door = true, .unrepeated = true, .run = create, .summary = "Log in" },
    { "POST", "/api/v1/sessions/refresh", .out = login_out, .errors = refresh_errors, .own_door = true,
      .unrepeated = true, .run = refresh, .summary = "Renew the access token with the refresh cookie" },
    { "GET", "/api/v1/sessions", .scope = "session", .out = session_out, .shape = SHAPE_LIST, .run = list,
      .summary = "List my open sessions" },
    { "DELETE", "/api/v1/sessions/current", .scope = "session", .shape = SHAPE_EMPTY,
      .errors = (const enum error_code[]){ ERROR_NOT_FOUND, ERROR_NONE }, .run = end_current,
      .summary = "Log out" },
    { "DELETE", "/api/v1/sessions/{id}", .scope = "session", .params = id_param, .shape = SHAPE_EMPTY,
      .run = end_one, .summary = "End one of my sessions" },
    { 0 },
};
const struct resource sessions_resource = { "sessions", routes };
