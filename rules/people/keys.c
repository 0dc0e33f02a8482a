#include "rules/people/keys.h"

#include "api/permissions.h"
#include "api/request.h"
#include "base/buf.h"
#include "base/crypto.h"
#include "rules/people/audit.h"

enum { SWEPT_AT_ONCE = 500, COMPANY_IDS_MAX = 1 << 16 };
enum { OVERLAP_DEFAULT = 86400, OVERLAP_MAX = 604800 }; /* seconds */

static const struct statement INSERT = {
    "INSERT INTO api_keys (id, company_id, name, description, display_key, scopes, allowed_addresses,"
    " booking_limit, calendar_limit, expires_at, created_by, counted_with, created_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    .in = "uusssssiituut"
};

static const struct statement INSERT_SECRET = {
    "INSERT INTO api_key_secrets (key_hash, key_id) VALUES (?, ?)", .in = "su"
};

static const struct statement INSERT_COMPANY = {
    "INSERT INTO api_key_companies (key_id, company_id) VALUES (?, ?)", .in = "uu"
};

#define KEY_COLUMNS                                                                                          \
    "k.id, k.company_id, k.name, k.description, COALESCE(k.description, '') AS note, k.display_key,"         \
    " CONCAT('[\"', REPLACE(k.scopes, ' ', '\",\"'), '\"]') AS scopes, COALESCE(CONCAT('[\"',"               \
    " REPLACE(k.allowed_addresses, ',', '\",\"'), '\"]'), '[]') AS allowed_addresses, (SELECT"               \
    " GROUP_CONCAT(LOWER(HEX(c.company_id))"                                                                 \
    " ORDER BY c.company_id)"                                                                                \
    " FROM api_key_companies c"                                                                              \
    " WHERE c.key_id = k.id) AS company_ids, k.booking_limit, k.calendar_limit, k.expires_at,"               \
    " k.revoked_at, k.last_used_at, IF(u.id IS NULL, NULL, k.created_by) AS created_by_user_id, IF(u.id"     \
    " IS NULL, k.created_by, NULL) AS created_by_key_id, k.created_at"

static const struct statement READ = {
    "SELECT " KEY_COLUMNS " FROM api_keys k"
    " LEFT JOIN users u ON u.company_id = k.company_id AND u.id = k.created_by"
    " WHERE k.company_id <=> ? AND k.id = ?",
    .in = "uu",
};

static const struct statement LIST = {
    "SELECT " KEY_COLUMNS " FROM api_keys k"
    " LEFT JOIN users u ON u.company_id = k.company_id AND u.id = k.created_by"
    " WHERE k.company_id <=> ? AND (? IS NULL OR k.id > ?) AND (? IS NULL OR (k.revoked_at IS NULL"
    " AND (k.expires_at IS NULL OR k.expires_at > ?)))"
    " ORDER BY k.id LIMIT ? OFFSET ?",
    .in = "uuuttii",
};

static const struct statement LOCK = {
    "SELECT name, description, scopes, allowed_addresses, booking_limit, calendar_limit, expires_at,"
    " revoked_at FROM api_keys WHERE company_id <=> ? AND id = ? FOR UPDATE",
    .in = "uu",
};

static const struct statement UPDATE = {
    "UPDATE api_keys SET name = ?, description = ?, allowed_addresses = ?, booking_limit = ?,"
    " calendar_limit = ?, expires_at = ? WHERE company_id <=> ? AND id = ?",
    .in = "sssiituu",
};

static const struct statement REVOKE = {
    "UPDATE api_keys SET revoked_at = ? WHERE company_id <=> ? AND id = ? AND revoked_at IS NULL",
    .in = "tuu",
};

/* Its secrets and companies go with it. */
static const struct statement DELETE = {
    "DELETE FROM api_keys WHERE company_id <=> ? AND id = ?",
    .in = "uu",
};

static const struct statement SHOW_KEY = {
    "UPDATE api_keys SET display_key = ? WHERE company_id <=> ? AND id = ?",
    .in = "suu",
};

static const struct statement END_FADING = {
    "DELETE FROM api_key_secrets WHERE key_id = ? AND good_until IS NOT NULL",
    .in = "u",
};

static const struct statement FADE = {
    "UPDATE api_key_secrets SET good_until = ? WHERE key_id = ?",
    .in = "tu",
};

/* Read first, so that the sweep locks only what it deletes. */
static const struct statement FIND_ENDED = {
    "SELECT key_hash FROM api_key_secrets WHERE good_until <= ? LIMIT ?",
    .in = "ti",
};

static const struct statement DELETE_SECRET = {
    "DELETE FROM api_key_secrets WHERE key_hash = ?",
    .in = "s",
};

static const struct statement FIND_COMPANIES = {
    "SELECT company_id FROM api_key_companies WHERE key_id = ? ORDER BY company_id",
    .in = "u",
};

/* ---- scopes ---- */

static bool is_known(const char *word, size_t length, bool platform)
{
    static const char PLATFORM[] = "platform";
    if (platform)
        return length == sizeof PLATFORM - 1 && memcmp(word, PLATFORM, length) == 0;
    for (const struct permission *at = permissions; at->scope; at++)
        if (strlen(at->scope) == length && memcmp(at->scope, word, length) == 0)
            return true;
    return length == 1 && *word == '*';
}

bool keys_scopes_are_known(const char *scopes, bool platform)
{
    size_t words = 0;
    for (const char *at = scopes; *at;) {
        size_t length = strcspn(at, " ");
        if (!is_known(at, length, platform))
            return false;
        words++;
        at += length;
        if (*at == ' ' && *++at == '\0')
            return false;
    }
    return words > 0;
}

/* ---- reading ---- */

/* `0190…,0191…` in hex → `["cli_…","cli_…"]`. */
static struct value company_list(struct pool *pool, const char *hex)
{
    struct buf out;

    buf_init(&out, pool, COMPANY_IDS_MAX);
    for (const char *at = hex; *at; at += 32 + (at[32] == ',')) {
        char text[ID_TEXT_SIZE];
        struct id id;
        for (size_t i = 0; i < sizeof id.bytes; i++) {
            char digits[3] = { at[2 * i], at[2 * i + 1], '\0' };
            id.bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
        }
        buf_printf(&out, "%s\"%s\"", at == hex ? "[" : ",", id_format(text, "cli", id));
    }
    buf_add_text(&out, "]");
    return value_bytes(out.data, out.length);
}

static struct row shaped(struct pool *pool, const struct row *row)
{
    struct value *values = pool_array(pool, row->count, sizeof *values);

    for (size_t i = 0; i < row->count; i++) {
        values[i] = row->values[i];
        if (strcmp(row->names[i], "company_ids") == 0 && values[i].type == VALUE_TEXT)
            values[i] = company_list(pool, values[i].text);
    }
    return (struct row){ row->count, values, row->names };
}

const struct row *key_read(struct db *db, struct pool *pool, struct id company, struct id key)
{
    const struct row *row = db_one(db, pool, &READ, BIND(value_id(company), value_id(key)));
    if (!row)
        return NULL;
    struct row *copy = pool_alloc(pool, sizeof *copy);
    *copy = shaped(pool, row);
    return copy;
}

struct rows key_list(struct db *db, struct pool *pool, struct id company, struct id after, instant alive_at,
                     int64_t limit, int64_t skip)
{
    struct value alive = alive_at ? value_time(alive_at) : value_null();
    struct rows rows = db_all(db, pool, &LIST,
                              BIND(value_id(company), value_id(after), value_id(after), alive, alive,
                                   value_int(limit), value_int(skip)));
    struct row *items = pool_array(pool, rows.count + 1, sizeof *items);
    for (size_t i = 0; i < rows.count; i++)
        items[i] = shaped(pool, &rows.items[i]);
    return (struct rows){ rows.count, items };
}

const struct row *key_lock(struct db *db, struct pool *pool, struct id company, struct id key)
{
    return db_one(db, pool, &LOCK, BIND(value_id(company), value_id(key)));
}

struct power key_power_of(const struct row *row)
{
    return (struct power){ .scopes = row_text(row, "scopes"),
                           .addresses = row_text(row, "allowed_addresses"),
                           .booking_limit = row_int(row, "booking_limit"),
                           .calendar_limit = row_int(row, "calendar_limit"),
                           .expires_at = row_time(row, "expires_at") };
}

/* ---- making and changing ---- */

static struct value positive(int64_t number)
{
    return number > 0 ? value_int(number) : value_null();
}

static const char *display_key(struct pool *pool, const char *raw)
{
    enum { SHOWN = 8 };

    return pool_printf(pool, "sk_live_…%s", raw + strlen(raw) - SHOWN);
}

static void add_secret(struct db *db, struct id key, const char *raw)
{
    uint8_t hash[SHA256_SIZE];

    crypto_sha256(raw, strlen(raw), hash);
    db_run(db, &INSERT_SECRET, BIND(value_bytes((const char *)hash, sizeof hash), value_id(key)));
}

static void add_companies(struct db *db, struct pool *pool, struct id key, const struct key_order *order)
{
    struct value *values = pool_array(pool, 2 * order->company_count + 1, sizeof *values);
    for (size_t i = 0; i < order->company_count; i++) {
        values[2 * i] = value_id(key);
        values[2 * i + 1] = value_id(order->companies[i]);
    }
    db_run_many(db, &INSERT_COMPANY, values, 2, order->company_count);
}

struct id key_create(struct db *db, struct pool *pool, const struct key_order *order, char **raw)
{
    const struct power *power = &order->power;
    struct id key = id_new();
    *raw = crypto_api_key(pool);
    db_run(db, &INSERT,
           BIND(value_id(key), value_id(order->company), value_text(order->name),
                value_text(order->description), value_text(display_key(pool, *raw)),
                value_text(power->scopes), value_text(power->addresses), positive(power->booking_limit),
                positive(power->calendar_limit),
                power->expires_at ? value_time(power->expires_at) : value_null(), value_id(order->created_by),
                value_id(order->counted_with), value_time(order->now)));
    add_secret(db, key, *raw);
    add_companies(db, pool, key, order);
    return key;
}

void key_update(struct db *db, struct id company, struct id key, const struct key_change *change)
{
    db_run(db, &UPDATE,
           BIND(change->name, change->description, change->allowed_addresses, change->booking_limit,
                change->calendar_limit, change->expires_at, value_id(company), value_id(key)));
}

void key_revoke(struct db *db, struct id company, struct id key, instant now)
{
    db_run(db, &REVOKE, BIND(value_time(now), value_id(company), value_id(key)));
}

void key_delete(struct db *db, struct id company, struct id key)
{
    db_run(db, &DELETE, BIND(value_id(company), value_id(key)));
}

static char *rotate(struct db *db, struct pool *pool, struct id company, struct id key, instant overlap,
                    instant now)
{
    char *raw = crypto_api_key(pool);
    db_run(db, &END_FADING, BIND(value_id(key)));
    db_run(db, &FADE, BIND(value_time(now + overlap), value_id(key)));
    if (overlap == 0)
        db_run(db, &END_FADING, BIND(value_id(key)));
    add_secret(db, key, raw);
    db_run(db, &SHOW_KEY, BIND(value_text(display_key(pool, raw)), value_id(company), value_id(key)));
    return raw;
}

/* ---- telling of it ---- */

struct json_object *key_told(const char *name, const char *scopes)
{
    struct json_object *told = json_object_new_object(), *list = json_object_new_array();
    for (const char *at = scopes; *at;) {
        size_t length = strcspn(at, " ");
        json_object_array_add(list, json_object_new_string_len(at, (int)length));
        at += length;
        at += *at == ' ';
    }
    json_set_text(told, "name", name);
    json_set(told, "scopes", list);
    return told;
}

void key_audit(struct request *request, const char *action, struct id key, struct json_object *details)
{
    const struct actor *actor = &request->actor;
    audit_request(request, action, "key", key, details);
    if (!id_is_nil(actor->company))
        return;
    struct rows spanned = db_all(request->db, request->pool, &FIND_COMPANIES, BIND(value_id(key)));
    const char *text = details ? json_text(request->pool, details) : NULL;
    char subject[ID_TEXT_SIZE];
    id_format(subject, "key", key);
    for (size_t i = 0; i < spanned.count; i++) {
        audit(request->db, row_id(&spanned.items[i], "company_id"), actor->key, actor->user, action, subject,
              request->address[0] ? request->address : NULL, text, request->now);
    }
}

/* ---- taking ---- */

bool key_may_be_taken(struct request *request, struct id key, const struct row *row)
{
    struct power power = key_power_of(row);

    power.passing = true;
    if (id_equal(request->actor.key, key) || power_covers(&request->actor, &power))
        return true;
    power_fail(request);
    return false;
}

/* ---- rotating ---- */

const struct field key_rotate_in[] = {
    { "overlapSeconds", FIELD_INT, .min = 0, .max = OVERLAP_MAX,
      .doc = "How long the secret before goes on to work; a day when left out, 0: it ends at once" },
    { 0 }
};

const enum error_code key_rotate_errors[] = { ERROR_NOT_FOUND, ERROR_CONFLICT, ERROR_NONE };

/* A new secret opens what the key opens, so it is shown only to those who could have made the key. */
static bool may_rotate(struct request *request, const struct row *row)
{
    struct power power;

    if (!row) {
        fail(request, ERROR_NOT_FOUND);
        return false;
    }
    power = key_power_of(row);
    if (!power_covers(&request->actor, &power)) {
        power_fail(request);
        return false;
    }
    if (!row_is_null(row, "revoked_at") || (power.expires_at && power.expires_at <= request->now)) {
        fail_because(request, ERROR_CONFLICT, "the key is revoked or expired: make a new one");
        return false;
    }
    return true;
}

char *key_rotate(struct request *request, struct id key)
{
    struct id company = request->actor.company;
    int64_t overlap = input_int(request->body, "overlapSeconds", OVERLAP_DEFAULT);
    struct json_object *details;
    char *raw;

    if (!may_rotate(request, key_lock(request->db, request->pool, company, key)))
        return NULL;
    raw = rotate(request->db, request->pool, company, key, overlap * CLOCK_SECOND, request->now);
    details = json_object_new_object();
    json_set_int(details, "overlapSeconds", overlap);
    key_audit(request, "key.rotated", key, details);
    return raw;
}

/* ---- housekeeping ---- */

size_t keys_sweep(struct db *db, struct pool *pool, instant now)
{
    struct rows ended = db_all(db, pool, &FIND_ENDED, BIND(value_time(now), value_int(SWEPT_AT_ONCE)));
    struct value *values = pool_array(pool, ended.count + 1, sizeof *values);
    for (size_t i = 0; i < ended.count; i++)
        values[i] = *row_value(&ended.items[i], "key_hash");
    return (size_t)db_run_many(db, &DELETE_SECRET, values, 1, ended.count);
}
