/* The audit log: who changed what opens doors, when, and from where. */
#include "api/request.h"

static const struct statement LIST = {
    "SELECT a.id, a.created_at, a.action, a.subject,"
    " CASE WHEN a.key_id IS NOT NULL THEN 'key' WHEN a.user_id IS NOT NULL THEN 'user'"
    " WHEN a.action = 'webhook.disabled' THEN 'system'"
    " WHEN a.address IS NULL THEN 'commandLine' ELSE 'anonymous' END AS actor_type,"
    " COALESCE(a.key_id, a.user_id) AS actor_id, COALESCE(k.name, u.name) AS actor_name, a.address, a.details"
    " FROM audit_log a LEFT JOIN api_keys k ON k.id = a.key_id"
    " LEFT JOIN users u ON u.id = a.user_id AND u.company_id = a.company_id"
    " WHERE a.company_id <=> ? AND (? IS NULL OR a.action = ?) AND (? IS NULL OR a.subject = ?)"
    " AND (? IS NULL OR a.created_at >= ?) AND (? IS NULL OR a.created_at < ?)"
    " AND (? IS NULL OR a.key_id = ?) AND (? IS NULL OR a.user_id = ?) AND (? IS NULL OR a.id < ?)"
    " ORDER BY a.id DESC LIMIT ?",
    .in = "ussssttttuuuuuui",
};

static const char *const actor_types[] = { "key", "user", "commandLine", "system", "anonymous", NULL };

static const struct field query[] = {
    { "action", FIELD_TEXT, .max = 64, .doc = "Only this one, like `key.revoked`" },
    { "subject", FIELD_TEXT, .max = 64, .doc = "Only what happened to this, like `key_…` or `whk_…`" },
    { "since", FIELD_TIME, .doc = "Only from this time on" },
    { "until", FIELD_TIME, .doc = "Only before this time" },
    { "actor", FIELD_TEXT, .max = 64, .doc = "Only what this user (`usr_…`) or key (`key_…`) did" },
    { 0 },
};
static const struct field actor_out[] = {
    { "type", FIELD_ENUM, .choices = actor_types, .required = true,
      .doc =
          "`commandLine` is the operator on the machine, `system` Slotwire by itself, `anonymous` somebody "
          "without credentials" },
    { "id", FIELD_TEXT, .required = true, .nullable = true, .doc = "`usr_…` or `key_…`" },
    { "name", FIELD_TEXT, .required = true, .nullable = true, .doc = "The person's, or the key's" },
    { 0 },
};
static const struct field entry_out[] = {
    { "id", FIELD_ID, .prefix = "aud", .required = true, .doc = "The entry" },
    { "at", FIELD_TIME, .column = "created_at", .required = true, .doc = "When" },
    { "action", FIELD_TEXT, .required = true, .doc = "What", .example = "\"webhook.updated\"" },
    { "subject", FIELD_TEXT, .required = true, .doc = "The id of what was changed" },
    { "actor", FIELD_OBJECT, .fields = actor_out, .required = true, .doc = "Who" },
    { "address", FIELD_TEXT, .required = true, .nullable = true, .doc = "From which network address" },
    { "details", FIELD_JSON, .required = true, .nullable = true, .doc = "More about it, never a secret" },
    { 0 },
};

/* The actor's id as it is shown: its prefix tells a key from a person. */
static void show_actor(struct request *request, struct row *row)
{
    struct value *values = pool_array(request->pool, row->count, sizeof *values);
    bool key = strcmp(row_text(row, "actor_type"), "key") == 0;
    struct id actor = row_id(row, "actor_id");
    char text[ID_TEXT_SIZE];

    for (size_t i = 0; i < row->count; i++) {
        values[i] = row->values[i];
        if (strcmp(row->names[i], "actor_id") == 0 && !id_is_nil(actor))
            values[i] = value_text(pool_strdup(request->pool, id_format(text, key ? "key" : "usr", actor)));
    }
    row->values = values;
}

static struct value value_or_null(struct value value)
{
    return value_is_set(value) ? value : value_null();
}

static enum outcome list(struct request *request)
{
    bool broken;
    const struct value *cursor = page_cursor(request, "id", &broken);
    struct value after = cursor ? cursor[0] : value_null();
    struct value action = value_text(input_text(request->query, "action"));
    struct value subject = value_text(input_text(request->query, "subject"));
    struct value until = value_or_null(input_value(request->query, "until"));
    instant since = input_time(request->query, "since", INSTANT_MIN);
    const char *actor = input_text(request->query, "actor");
    struct id user = { { 0 } }, key = { { 0 } };
    struct rows rows;
    struct row *shown;

    if (broken)
        return fail_field(request, "cursor", "must be `next` of the page before");
    if (actor && !id_parse(&user, "usr", actor, strlen(actor)) &&
        !id_parse(&key, "key", actor, strlen(actor)))
        return fail_field(request, "actor", "must be the id of a user or a key");
    rows = db_all(request->db, request->pool, &LIST,
                  BIND(value_id(request->actor.company), action, action, subject, subject, value_time(since),
                       value_time(since), until, until, value_id(key), value_id(key), value_id(user),
                       value_id(user), after, after, value_int(page_limit(request) + 1)));
    shown = pool_array(request->pool, rows.count + 1, sizeof *shown);
    for (size_t i = 0; i < rows.count; i++) {
        shown[i] = rows.items[i];
        show_actor(request, &shown[i]);
    }
    return reply_page(request, (struct rows){ rows.count, shown }, "id");
}

static const struct route routes[] = {
    { "GET", "/api/v1/audit", .scope = "audit:read", .operator_too = true, .query = query, .out = entry_out,
      .shape = SHAPE_PAGE, .run = list,
      .summary = "List who changed what, the newest first; the operator: what is of no one company" },
    { 0 },
};
const struct resource audit_resource = { "audit", routes };
