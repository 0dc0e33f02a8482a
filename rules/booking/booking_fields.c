/*
 * What a booking shows, member by member. The columns are those of booking_read and of the list.
 */
#include "rules/booking/bookings.h"

#include "rules/people/companies.h"

const char *const booking_statuses[] = { "pending", "confirmed", "completed", "cancelled", "no_show", NULL };
const char *const booking_cancellers[] = { "customer", "staff", "business", "system", NULL };
static const char *const price_types[] = { "hourly", "flat", "custom", NULL };

static const struct field service_out[] = {
    { "id", FIELD_ID, .prefix = "srv", .required = true, .doc = "The booked service" },
    { "name", FIELD_TEXT, .required = true, .doc = "Its name now", .example = "\"Haircut & Style\"" },
    { "slug", FIELD_SLUG, .required = true, .doc = "Its short name", .example = "\"haircut-style\"" },
    { 0 }
};

static const struct field staff_out[] = {
    { "id", FIELD_ID, .prefix = "usr", .required = true, .doc = "Who does it" },
    { "name", FIELD_TEXT, .required = true, .doc = "Their name", .example = "\"Sarah Bell\"" },
    { "email", FIELD_EMAIL, .required = true, .nullable = true, .doc = "Their mailbox",
      .example = "\"sarah@bellahair.example\"" },
    { 0 }
};

static const struct field customer_out[] = {
    { "id", FIELD_ID, .prefix = "usr", .required = true, .nullable = true,
      .doc = "Who booked; null for a guest" },
    { "name", FIELD_TEXT, .required = true, .doc = "Their name when they booked", .example = "\"John Doe\"" },
    { "email", FIELD_EMAIL, .required = true, .nullable = true, .doc = "Their mailbox when they booked",
      .example = "\"john@example.com\"" },
    { "phone", FIELD_PHONE, .required = true, .nullable = true, .doc = "Their phone when they booked",
      .example = "\"+1-555-0199\"" },
    { 0 }
};

static const struct field price_out[] = {
    { "amount", FIELD_AMOUNT, .required = true, .doc = "In major units", .example = "75" },
    { "currency", FIELD_CURRENCY, .required = true, .doc = "ISO 4217", .example = "\"USD\"" },
    { "type", FIELD_ENUM, .choices = price_types, .required = true, .doc = "What the amount is for",
      .example = "\"flat\"" },
    { 0 }
};

static const struct field payment_out[] = {
    { "method", FIELD_TEXT, .max = 40, .required = true, .nullable = true,
      .doc = "How the customer means to pay", .example = "\"bank_transfer\"" },
    { "provider", FIELD_TEXT, .max = 40, .required = true, .nullable = true,
      .doc = "Through whom it was paid", .example = "null" },
    { "reference", FIELD_TEXT, .max = 100, .required = true, .nullable = true,
      .doc = "The payment's name there", .example = "null" },
    { "verifiedAt", FIELD_TIME, .required = true, .nullable = true,
      .doc = "When somebody noted that it has come", .example = "null" },
    { 0 }
};

const struct field booking_out[] = {
    { "id", FIELD_ID, .prefix = "bk", .required = true, .doc = "The booking" },
    { "confirmationNumber", FIELD_TEXT, .max = 8, .required = true,
      .doc = "What a customer reads out; unique in the company, without look-alike characters",
      .example = "\"BK7X9M2P\"" },
    { "status", FIELD_ENUM, .choices = booking_statuses, .required = true, .doc = "Where it is in its life",
      .example = "\"pending\"" },
    { "service", FIELD_OBJECT, .fields = service_out, .required = true, .doc = "What was booked" },
    { "staff", FIELD_OBJECT, .fields = staff_out, .required = true, .doc = "Who does it" },
    { "customer", FIELD_OBJECT, .fields = customer_out, .required = true, .doc = "Who it is for" },
    { "isGuest", FIELD_BOOL, .required = true, .doc = "Whether the customer is not on file",
      .example = "true" },
    { "startsAt", FIELD_TIME, .required = true, .doc = "When it starts" },
    { "endsAt", FIELD_TIME, .required = true, .doc = "When it ends, without buffers" },
    { "duration", FIELD_INT, .column = "duration_minutes", .required = true, .doc = "Minutes",
      .example = "60" },
    { "timeZone", FIELD_ZONE, .required = true, .doc = "The customer's wall clock",
      .example = "\"America/New_York\"" },
    { "price", FIELD_OBJECT, .fields = price_out, .required = true,
      .doc = "The service's price when it was booked" },
    { "payment", FIELD_OBJECT, .fields = payment_out, .required = true, .doc = "How it is paid" },
    { "notes", FIELD_LINES, .required = true, .nullable = true, .doc = "Notes for the visit",
      .example = "\"First time customer\"" },
    { "cancellationReason", FIELD_TEXT, .max = 500, .required = true, .nullable = true,
      .doc = "Why it was cancelled", .example = "null" },
    { "cancelledBy", FIELD_ENUM, .choices = booking_cancellers, .required = true, .nullable = true,
      .doc = "Who cancelled it", .example = "null" },
    { "createdAt", FIELD_TIME, .required = true, .doc = "When it was booked" },
    { "updatedAt", FIELD_TIME, .required = true, .doc = "When it last changed" },
    { "confirmedAt", FIELD_TIME, .required = true, .nullable = true, .doc = "When it was confirmed",
      .example = "null" },
    { "cancelledAt", FIELD_TIME, .required = true, .nullable = true, .doc = "When it was cancelled",
      .example = "null" },
    { "completedAt", FIELD_TIME, .required = true, .nullable = true, .doc = "When it was completed",
      .example = "null" },
    { "noShowAt", FIELD_TIME, .required = true, .nullable = true, .doc = "When it was noted that nobody came",
      .example = "null" },
    { 0 }
};

struct json_object *booking_snapshot(struct pool *pool, const struct row *row)
{
    struct json_object *booking = field_render(pool, booking_out, row);
    json_set(booking, "company", company_brief(pool, row));
    return booking;
}
