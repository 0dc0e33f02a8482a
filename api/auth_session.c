/* People: the access token of a login, and whether the login and the person are still what it says. */
#include "api/auth.h"
#include "api/permissions.h"
#include "api/request.h"
#include "base/config.h"
#include "base/json.h"
#include "base/jwt.h"

/*
 * One look-up at each request: a log-out, another role, a person who was removed or put to rest count at
 * once, whatever the token says.
 */
static const struct statement FIND_SESSION = {
    "SELECT u.role FROM sessions s JOIN users u ON u.id = s.user_id AND u.company_id = s.company_id"
    " WHERE s.id = ? AND s.company_id = ? AND s.user_id = ? AND s.ended_at IS NULL AND s.expires_at > ?"
    " AND u.deleted_at IS NULL AND u.active",
    .in = "uuut",
};

/* As a key of one company: a client that means another one must not be answered for this. */
static void check_company(struct request *request)
{
    const char *header = request->exchange->param(request->exchange, "HTTP_COMPANY_ID");
    struct id named = { { 0 } };

    if (!header || !header[0] ||
        (id_parse(&named, "cli", header, strlen(header)) && id_equal(named, request->actor.company)))
        return;
    request->actor.scopes = "";
    request->actor.refused = ERROR_FORBIDDEN;
    request->actor.refused_details = json_new_object(request->pool);
    json_set_text(request->actor.refused_details, "company-id", "the login belongs to another company");
}

bool auth_session(struct request *request, const char *token)
{
    const char *secret = config_text(CONFIG_SESSION_SECRET), *sealing;
    char user[ID_TEXT_SIZE];
    struct jwt_claims claims;
    const struct row *row;

    if (!jwt_read(request->pool, secret, token, request->now, &claims))
        return false;
    row = db_one(request->db, request->pool, &FIND_SESSION,
                 BIND(value_id(claims.session), value_id(claims.company), value_id(claims.user),
                      value_time(request->now)));
    if (!row)
        return false;
    request->actor = (struct actor){ .user = claims.user,
                                     .session = claims.session,
                                     .company = claims.company,
                                     .role = row_text(row, "role"),
                                     .scopes = permissions_of_role(request->pool, row_text(row, "role")) };
    /* The setting's secret is not in the database, and a new token of the same person must open the reply. */
    sealing = pool_printf(request->pool, "idempotent replies %s", id_format(user, "usr", claims.user));
    crypto_hmac_sha256(secret, strlen(secret), sealing, strlen(sealing), request->actor.sealing_key);
    check_company(request);
    return true;
}
