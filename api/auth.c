#include "api/auth.h"

#include "api/permissions.h"
#include "api/request.h"
#include "base/config.h"
#include "base/jwt.h"

static const char *header(struct request *request, const char *variable)
{
    const char *value = request->exchange->param(request->exchange, variable);

    return value && value[0] ? value : NULL;
}

/* The key as sent, and in which header: the 401 tells, so that `doctor` sees what the web server lets
 * through. */
static const char *sent_key(struct request *request, const char **where)
{
    const char *value = header(request, "HTTP_AUTHORIZATION");

    *where = "authorization";
    if (value && strncasecmp(value, "Bearer ", 7) == 0)
        return value + 7 + strspn(value + 7, " ");
    if (value && !strchr(value, ' ')) /* `Basic …` and its like are for somebody on the way */
        return value;
    *where = "api-key";
    value = header(request, "HTTP_API_KEY");
    if (value)
        return value;
    *where = "x-api-key";
    value = header(request, "HTTP_X_API_KEY");
    if (!value)
        *where = "none";
    return value;
}

static bool is_public(const char *scope)
{
    return !scope || (strcmp(scope, "platform") == 0 && config_bool(CONFIG_OPEN_SIGNUP));
}

/* A person's token has dots, which no key has. It comes as `Authorization: Bearer`, as RFC 6750 has it. */
static bool opens(struct request *request, const char *sent, const char *where)
{
    if (strcmp(where, "authorization") == 0 && jwt_is_plausible(sent))
        return auth_session(request, sent);
    return auth_key(request, sent);
}

static bool is_held(const struct actor *actor, const char *scope)
{
    if (strcmp(scope, "session") == 0)
        return !id_is_nil(actor->user);
    if (!permission_granted(actor->scopes, scope))
        return false;
    return strcmp(scope, "platform") == 0 || !id_is_nil(actor->company);
}

enum error_code auth_check(struct request *request, const char *scope)
{
    const char *where, *key = sent_key(request, &where);

    if (!key && is_public(scope))
        return ERROR_NONE;
    if (!key || !opens(request, key, where)) {
        reply_header(request, "WWW-Authenticate", "Bearer");
        reply_header(request, "X-Slotwire-Key-Header", where);
        return ERROR_UNAUTHORIZED;
    }
    if (request->actor.refused != ERROR_NONE)
        return request->actor.refused;
    if (request->route->operator_too && permission_granted(request->actor.scopes, "platform"))
        return ERROR_NONE;
    return is_public(scope) || is_held(&request->actor, scope) ? ERROR_NONE : ERROR_FORBIDDEN;
}
