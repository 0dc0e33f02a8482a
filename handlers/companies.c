/* The company itself: signing up, reading and changing it. */
#include "rules/people/companies.h"
#include "api/patch.h"
#include "api/request.h"
#include "base/money.h"
#include "rules/people/audit.h"
#include "rules/people/keys.h"

static const struct statement LOCK = {
    "SELECT id, name, slug, category, description, email, phone, time_zone, currency FROM companies"
    " WHERE id = ? FOR UPDATE",
    .in = "u",
};

static const struct statement UPDATE = {
    "UPDATE companies SET name = ?, slug = ?, category = ?, description = ?, email = ?, phone = ?,"
    " time_zone = ?, currency = ?, updated_at = ? WHERE id = ?",
    .in = "sssssssstu",
};

static const struct field owner_in[] = {
    { "name", FIELD_TEXT, .required = true, .doc = "Full name", .example = "\"Sarah Bell\"" },
    { "email", FIELD_EMAIL, .required = true, .doc = "Where they are reached",
      .example = "\"sarah@bellahair.com\"" },
    { 0 }
};
static const struct field create_in[] = {
    { "name", FIELD_TEXT, .required = true, .doc = "The company's name", .example = "\"Bella Hair Salon\"" },
    { "slug", FIELD_SLUG, .doc = "Its name in addresses; made from the name when left out",
      .example = "\"bella-hair-salon\"" },
    { "category", FIELD_TEXT, .max = 64, .nullable = true, .doc = "Line of business",
      .example = "\"salon\"" },
    { "description", FIELD_LINES, .nullable = true, .doc = "For customers" },
    { "email", FIELD_EMAIL, .nullable = true, .doc = "Public e-mail address" },
    { "phone", FIELD_PHONE, .nullable = true, .doc = "Public phone number" },
    { "timeZone", FIELD_ZONE, .required = true, .doc = "IANA zone of its wall clock",
      .example = "\"America/New_York\"" },
    { "currency", FIELD_CURRENCY, .required = true, .doc = "ISO 4217; the default of its prices",
      .example = "\"USD\"" },
    { "owner", FIELD_OBJECT, .fields = owner_in, .doc = "Becomes its first user, with the role admin" },
    { 0 }
};
static const struct field update_in[] = {
    { "name", FIELD_TEXT, .min = 1, .doc = "The company's name" },
    { "slug", FIELD_SLUG, .doc = "Its name in addresses" },
    { "category", FIELD_TEXT, .max = 64, .nullable = true, .doc = "Line of business" },
    { "description", FIELD_LINES, .nullable = true, .doc = "For customers" },
    { "email", FIELD_EMAIL, .nullable = true, .doc = "Public e-mail address" },
    { "phone", FIELD_PHONE, .nullable = true, .doc = "Public phone number" },
    { "timeZone", FIELD_ZONE, .doc = "IANA zone of its wall clock" },
    { "currency", FIELD_CURRENCY, .doc = "ISO 4217; prices that are stored keep theirs" },
    { 0 }
};
static const struct field created_out[] = {
    { "apiKey", FIELD_SECRET, .required = true, .doc = "A key with every scope, shown this once" }, { 0 }
};

static const struct patch_member members[] = { { "name", "name" },
                                               { "slug", "slug" },
                                               { "category", "category" },
                                               { "description", "description" },
                                               { "email", "email" },
                                               { "phone", "phone" },
                                               { "timeZone", "time_zone" },
                                               { "currency", "currency" },
                                               { 0 } };
enum { MEMBERS = sizeof members / sizeof members[0] - 1 };

static const char *address(const struct request *request)
{
    return request->address && request->address[0] ? request->address : NULL;
}

static enum outcome slug_taken(struct request *request)
{
    struct json_object *details = json_new_object(request->pool);

    json_set_text(details, "field", "slug");
    return fail_with(request, ERROR_CONFLICT, details);
}

static bool currency_is_unknown(const struct request *request)
{
    const char *currency = input_text(request->body, "currency");

    return currency && money_exponent(currency) < 0;
}

/* The company's first key, which opens everything of it. */
static char *make_key(struct request *request, struct id company)
{
    char text[ID_TEXT_SIZE], *raw;
    struct id maker = id_is_nil(request->actor.key) ? request->actor.user : request->actor.key;
    struct key_order order = {
        .company = company, .name = "First key", .power.scopes = "*", .created_by = maker, .now = request->now
    };
    struct id key = key_create(request->db, request->pool, &order, &raw);

    audit(request->db, company, request->actor.key, request->actor.user, "key.created",
          id_format(text, "key", key), address(request),
          json_text(request->pool, json_own(request->pool, key_told(order.name, order.power.scopes))),
          request->now);
    return raw;
}

static enum outcome create(struct request *request)
{
    const struct input *body = request->body, *owner = input_object(body, "owner");
    struct company_order order = {
        .name = input_text(body, "name"),
        .slug = input_text(body, "slug"),
        .category = input_text(body, "category"),
        .description = input_text(body, "description"),
        .email = input_text(body, "email"),
        .phone = input_text(body, "phone"),
        .time_zone = input_text(body, "timeZone"),
        .currency = input_text(body, "currency"),
        .owner_name = owner ? input_text(owner, "name") : NULL,
        .owner_email = owner ? input_text(owner, "email") : NULL,
        .now = request->now,
    };
    const struct row *company;
    struct json_object *answer;
    char text[ID_TEXT_SIZE];

    if (currency_is_unknown(request))
        return fail_field(request, "currency", "must be a currency of ISO 4217");
    if (company_create(request->db, request->pool, &order, &company) == COMPANY_SLUG_TAKEN)
        return slug_taken(request);
    audit(request->db, row_id(company, "id"), request->actor.key, request->actor.user, "company.created",
          id_format(text, "cli", row_id(company, "id")), address(request), NULL, request->now);
    answer = field_render(request->pool, company_out, company);
    json_set_text(answer, "apiKey", make_key(request, row_id(company, "id")));
    request->poke = true;
    return reply_json(request, answer);
}

static enum outcome get(struct request *request)
{
    const struct row *company = company_read(request->db, request->pool, request->actor.company);

    return company ? reply_row(request, company) : fail(request, ERROR_NOT_FOUND);
}

static enum outcome update(struct request *request)
{
    struct id company = request->actor.company;
    const struct row *row = db_one(request->db, request->pool, &LOCK, BIND(value_id(company)));
    struct value values[MEMBERS + 2];
    struct json_object *changed;

    if (!row)
        return fail(request, ERROR_NOT_FOUND);
    if (currency_is_unknown(request))
        return fail_field(request, "currency", "must be a currency of ISO 4217");
    changed = patch_merge(request->pool, request->body, row, members, values);
    if (json_object_array_length(changed) == 0)
        return get(request);
    values[MEMBERS] = value_time(request->now);
    values[MEMBERS + 1] = value_id(company);
    if (!db_try(request->db, &UPDATE, values, MEMBERS + 2))
        return slug_taken(request);
    row = company_read(request->db, request->pool, company);
    company_emit(request->db, request->pool, row, "business.updated", json_object_get(changed), request->now);
    audit_request(request, "company.updated", "cli", company, audit_fields(changed));
    request->poke = true;
    return reply_row(request, row);
}

static const struct route routes[] = {
    { "POST", "/api/v1/companies", .scope = "platform", .in = create_in, .out = company_out,
      .more = created_out, .status = 201, .errors = (const enum error_code[]){ ERROR_CONFLICT, ERROR_NONE },
      .run = create, .summary = "Sign up a company" },
    { "GET", "/api/v1/company", .scope = "company:read", .out = company_out, .run = get,
      .summary = "Read the key's company" },
    { "PATCH", "/api/v1/company", .scope = "company:write", .in = update_in, .out = company_out,
      .errors = (const enum error_code[]){ ERROR_CONFLICT, ERROR_NONE }, .run = update,
      .summary = "Change the key's company" },
    { 0 }
};
const struct resource companies_resource = { "companies", routes };
