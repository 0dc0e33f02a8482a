#include "rules/people/companies.h"

#include "base/fault.h"
#include "rules/event/events.h"
#include "rules/people/people.h"
#include "rules/people/slugs.h"

const struct field company_out[] = {
    { "id", FIELD_ID, .required = true, .prefix = "cli", .doc = "The company" },
    { "name", FIELD_TEXT, .required = true, .doc = "Its name", .example = "\"Bella Hair Salon\"" },
    { "slug", FIELD_SLUG, .required = true, .doc = "Stands in the address of the booking page" },
    { "category", FIELD_TEXT, .nullable = true, .doc = "What kind of business, in its own words" },
    { "description", FIELD_LINES, .nullable = true, .doc = "For the booking page" },
    { "email", FIELD_EMAIL, .nullable = true, .doc = "Where customers write to" },
    { "phone", FIELD_PHONE, .nullable = true, .doc = "Where customers call" },
    { "timeZone", FIELD_ZONE, .required = true, .doc = "Its wall clock", .example = "\"America/New_York\"" },
    { "currency", FIELD_CURRENCY, .required = true, .doc = "ISO 4217" },
    { "ownerId", FIELD_ID, .nullable = true, .prefix = "usr", .doc = "Who signed it up" },
    { "createdAt", FIELD_TIME, .required = true, .doc = "When it was made" },
    { "updatedAt", FIELD_TIME, .required = true, .doc = "When it last changed" },
    { 0 }
};

/* What business.* events carry beside company_out. */
static const struct field owner_out[] = { { "id", FIELD_ID, .required = true, .prefix = "usr",
                                            .doc = "The person" },
                                          { "email", FIELD_EMAIL, .nullable = true, .doc = "Their mailbox" },
                                          { 0 } };
const struct field company_snapshot[] = {
    { "owner", FIELD_OBJECT, .nullable = true, .fields = owner_out, .doc = "Who signed it up" }, { 0 }
};

static const struct statement READ = {
    "SELECT c.id, c.name, c.slug, c.category, c.description, c.email, c.phone, c.time_zone, c.currency,"
    " c.owner_id, u.email AS owner_email, c.created_at, c.updated_at"
    " FROM companies c LEFT JOIN users u ON u.company_id = c.id AND u.id = c.owner_id WHERE c.id = ?",
    .in = "u"
};
static const struct statement INSERT = {
    "INSERT INTO companies (id, name, slug, category, description, email, phone, time_zone, currency,"
    " created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    .in = "usssssssstt"
};
static const struct statement SET_OWNER = { "UPDATE companies SET owner_id = ? WHERE id = ?", .in = "uu" };

const struct row *company_read(struct db *db, struct pool *pool, struct id company)
{
    return db_one(db, pool, &READ, BIND(value_id(company)));
}

static bool insert(struct db *db, const struct company_order *order, struct id company, const char *slug)
{
    return db_try(db, &INSERT,
                  BIND(value_id(company), value_text(order->name), value_text(slug),
                       value_text(order->category), value_text(order->description), value_text(order->email),
                       value_text(order->phone), value_text(order->time_zone), value_text(order->currency),
                       value_time(order->now), value_time(order->now)));
}

static bool insert_with_slug(struct db *db, struct pool *pool, const struct company_order *order,
                             struct id company)
{
    if (order->slug)
        return insert(db, order, company, order->slug);
    for (int attempt = 0; attempt < SLUG_ATTEMPTS; attempt++)
        if (insert(db, order, company, slug_from_name(pool, order->name, "company", attempt)))
            return true;
    fault_raise(FAULT_BROKEN, "no free slug in %d attempts", SLUG_ATTEMPTS);
}

static struct id add_owner(struct db *db, const struct company_order *order, struct id company)
{
    struct person_order person = { .company = company,
                                   .role = "admin",
                                   .name = order->owner_name,
                                   .email = order->owner_email,
                                   .now = order->now };
    struct id owner = person_add(db, &person);
    db_run(db, &SET_OWNER, BIND(value_id(owner), value_id(company)));
    return owner;
}

enum company_result company_create(struct db *db, struct pool *pool, const struct company_order *order,
                                   const struct row **company)
{
    struct id id = id_new();
    struct id owner = { { 0 } };
    if (!insert_with_slug(db, pool, order, id))
        return COMPANY_SLUG_TAKEN;
    if (order->owner_name)
        owner = add_owner(db, order, id);
    *company = company_read(db, pool, id);
    company_emit(db, pool, *company, "business.created", NULL, order->now);
    if (!id_is_nil(owner))
        person_emit(db, pool, id, person_read(db, pool, id, owner), "user.created", NULL, order->now);
    return COMPANY_DONE;
}

void company_emit(struct db *db, struct pool *pool, const struct row *company, const char *type,
                  struct json_object *updated_fields, instant now)
{
    struct json_object *data = field_render(pool, company_out, company);
    struct json_object *owner = json_get(field_render(pool, company_snapshot, company), "owner");
    json_set(data, "owner", json_object_get(owner));
    if (updated_fields)
        json_set(data, "updatedFields", updated_fields);
    event_emit(db, pool, row_id(company, "id"), type, data, now);
}

static const struct field brief_out[] = {
    { "id", FIELD_ID, .prefix = "cli", .required = true, .doc = "The company" },
    { "name", FIELD_TEXT, .required = true, .doc = "Its name", .example = "\"Bella Hair Salon\"" },
    { "slug", FIELD_SLUG, .required = true, .doc = "Its short name", .example = "\"bella-hair-salon\"" },
    { "timeZone", FIELD_ZONE, .required = true, .doc = "Where it is", .example = "\"America/New_York\"" },
    { 0 }
};

const struct field company_member[] = {
    { "company", FIELD_OBJECT, .fields = brief_out, .required = true, .doc = "Whose booking it is" }, { 0 }
};

struct json_object *company_brief(struct pool *pool, const struct row *row)
{
    return json_object_get(json_get(field_render(pool, company_member, row), "company"));
}
