#include "rules/people/audit.h"

static const struct statement INSERT = {
    "INSERT INTO audit_log (id, company_id, key_id, user_id, action, subject, address, details, created_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    .in = "uuuusssst"
};

void audit(struct db *db, struct id company, struct id key, struct id user, const char *action,
           const char *subject, const char *address, const char *details, instant now)
{
    db_run(db, &INSERT,
           BIND(value_id(id_new()), value_id(company), value_id(key), value_id(user), value_text(action),
                value_text(subject), value_text(address), value_text(details), value_time(now)));
}

void audit_request(struct request *request, const char *action, const char *prefix, struct id subject,
                   struct json_object *details)
{
    const struct actor *actor = &request->actor;
    const char *address = request->address && request->address[0] ? request->address : NULL;
    char text[ID_TEXT_SIZE];

    audit(request->db, actor->company, actor->key, actor->user, action, id_format(text, prefix, subject),
          address, details ? json_text(request->pool, json_own(request->pool, details)) : NULL, request->now);
}

struct json_object *audit_fields(struct json_object *changed)
{
    struct json_object *details = json_object_new_object();

    json_set(details, "updatedFields", json_object_get(changed));
    return details;
}

struct json_object *audit_move(const char *from, const char *to)
{
    struct json_object *details = json_object_new_object();

    json_set_text(details, "from", from);
    json_set_text(details, "to", to);
    return details;
}
