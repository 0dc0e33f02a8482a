/*
 * The list of native event types, and for each kind of subject an example snapshot as test sends carry it.
 */
#include "rules/events.h"

const struct event_type event_types[] = {
    { "business.created", "A company was created." },
    { "business.updated", "A company's details changed; `updatedFields` names them." },
    { "service.created", "A service was added." },
    { "service.updated", "A service changed; `updatedFields` names what." },
    { "service.deleted", "A service was removed." },
    { "user.created", "A person was added." },
    { "user.updated", "A person's details changed; `updatedFields` names them." },
    { "user.deleted", "A person was removed." },
    { "booking.created", "A booking was made; it is pending." },
    { "booking.confirmed", "The business confirmed a booking." },
    { "booking.cancelled", "A booking was cancelled." },
    { "booking.completed", "A booking took place." },
    { "booking.rescheduled",
      "A booking moved to another time or person; `previousStartsAt` says from when." },
    { "booking.no_show", "The customer did not come." },
    { "booking.updated", "A booking's notes changed." },
    { "booking.reminder", "A booking starts in 24 hours, 1 hour or 15 minutes." },
    { 0 }
};

const char *const event_type_choices[] = {
    "*",
    "business.created",
    "business.updated",
    "service.created",
    "service.updated",
    "service.deleted",
    "user.created",
    "user.updated",
    "user.deleted",
    "booking.created",
    "booking.confirmed",
    "booking.cancelled",
    "booking.completed",
    "booking.rescheduled",
    "booking.no_show",
    "booking.updated",
    "booking.reminder",
    NULL,
};

#define COMPANY_EXAMPLE                                                                                      \
    "{\"id\":\"cli_01jbh3k9v8e7ra5q0xw2m4t6zc\",\"name\":\"Bella Hair Salon\","                              \
    "\"slug\":\"bella-hair-salon\",\"timeZone\":\"America/New_York\"}"

static const char business_example[] =
    "{\"id\":\"cli_01jbh3k9v8e7ra5q0xw2m4t6zc\",\"name\":\"Bella Hair Salon\",\"slug\":\"bella-hair-salon\","
    "\"category\":\"salon\",\"description\":\"Cuts and colour\",\"email\":\"hello@bellahair.example\","
    "\"phone\":\"+1-555-0100\",\"timeZone\":\"America/New_York\",\"currency\":\"USD\","
    "\"ownerId\":\"usr_01jbh3k9v8e7ra5q0xw2m4t6zd\",\"createdAt\":\"2025-10-31T10:00:00.000Z\","
    "\"updatedAt\":\"2025-10-31T14:00:00.000Z\","
    "\"owner\":{\"id\":\"usr_01jbh3k9v8e7ra5q0xw2m4t6zd\",\"email\":\"sarah@bellahair.example\"}}";

static const char service_example[] =
    "{\"id\":\"srv_01jbh3k9v8e7ra5q0xw2m4t6ze\",\"name\":\"Haircut & Style\",\"slug\":\"haircut-style\","
    "\"description\":\"Wash, cut and style\",\"duration\":60,\"bufferBefore\":0,\"bufferAfter\":10,"
    "\"slotInterval\":60,\"price\":{\"amount\":75,\"currency\":\"USD\",\"type\":\"flat\"},"
    "\"availability\":{\"days\":[\"monday\",\"tuesday\",\"wednesday\",\"thursday\",\"friday\"],"
    "\"hours\":{\"start\":\"09:00\",\"end\":\"17:00\"},\"timezone\":\"America/New_York\"},"
    "\"staffIds\":[\"usr_01jbh3k9v8e7ra5q0xw2m4t6zd\"],\"active\":true,"
    "\"createdAt\":\"2025-10-31T12:00:00.000Z\",\"updatedAt\":\"2025-10-31T13:00:00.000Z\","
    "\"company\":{\"id\":\"cli_01jbh3k9v8e7ra5q0xw2m4t6zc\",\"name\":\"Bella Hair Salon\","
    "\"slug\":\"bella-hair-salon\"}}";

static const char user_example[] =
    "{\"id\":\"usr_01jbh3k9v8e7ra5q0xw2m4t6zf\",\"role\":\"member\",\"name\":\"John Doe\","
    "\"email\":\"john@example.com\",\"phone\":\"+1-555-0199\",\"timeZone\":null,\"notes\":null,"
    "\"active\":true,\"createdAt\":\"2025-10-31T12:00:00.000Z\",\"updatedAt\":\"2025-10-31T13:00:00.000Z\"}";

static const char booking_example[] =
    "{\"id\":\"bk_01jbh3k9v8e7ra5q0xw2m4t6zg\",\"confirmationNumber\":\"BK7X9M2P\",\"status\":\"pending\","
    "\"service\":{\"id\":\"srv_01jbh3k9v8e7ra5q0xw2m4t6ze\",\"name\":\"Haircut & Style\","
    "\"slug\":\"haircut-style\"},"
    "\"staff\":{\"id\":\"usr_01jbh3k9v8e7ra5q0xw2m4t6zd\",\"name\":\"Sarah Bell\","
    "\"email\":\"sarah@bellahair.example\"},"
    "\"customer\":{\"id\":\"usr_01jbh3k9v8e7ra5q0xw2m4t6zf\",\"name\":\"John Doe\","
    "\"email\":\"john@example.com\",\"phone\":\"+1-555-0199\"},"
    "\"isGuest\":false,\"startsAt\":\"2025-11-01T14:00:00.000Z\",\"endsAt\":\"2025-11-01T15:00:00.000Z\","
    "\"duration\":60,\"timeZone\":\"America/New_York\","
    "\"price\":{\"amount\":75,\"currency\":\"USD\",\"type\":\"flat\"},\"notes\":\"First time customer\","
    "\"cancellationReason\":null,\"cancelledBy\":null,\"createdAt\":\"2025-10-31T15:30:00.000Z\","
    "\"updatedAt\":\"2025-10-31T15:30:00.000Z\",\"confirmedAt\":null,\"cancelledAt\":null,"
    "\"completedAt\":null,\"noShowAt\":null,\"company\":" COMPANY_EXAMPLE "}";

static const char reminder_example[] =
    "{\"bookingId\":\"bk_01jbh3k9v8e7ra5q0xw2m4t6zg\",\"confirmationNumber\":\"BK7X9M2P\","
    "\"reminderType\":\"15m\",\"reminderLabel\":\"15 minutes\",\"timeUntilSession\":\"15 minutes\","
    "\"client\":{\"id\":\"usr_01jbh3k9v8e7ra5q0xw2m4t6zf\",\"name\":\"John Doe\","
    "\"email\":\"john@example.com\"},"
    "\"staff\":{\"id\":\"usr_01jbh3k9v8e7ra5q0xw2m4t6zd\",\"name\":\"Sarah Bell\","
    "\"email\":\"sarah@bellahair.example\"},"
    "\"service\":{\"id\":\"srv_01jbh3k9v8e7ra5q0xw2m4t6ze\",\"name\":\"Haircut & Style\"},"
    "\"startsAt\":\"2025-11-01T14:00:00.000Z\",\"endsAt\":\"2025-11-01T15:00:00.000Z\","
    "\"timeZone\":\"America/New_York\",\"secureCallLink\":null,"
    "\"roomId\":\"room_4c7k2q9w5m8x1r6t3v0z2b5d8f\",\"company\":" COMPANY_EXAMPLE "}";

/* How the example booking looks after an event. */
static const struct {
    const char *type, *status, *stamp;
} booking_changes[] = {
    { "booking.confirmed", "confirmed", "confirmedAt" },
    { "booking.cancelled", "cancelled", "cancelledAt" },
    { "booking.completed", "completed", "completedAt" },
    { "booking.no_show", "no_show", "noShowAt" },
};

/* Where it stands: json_set_text would move the member to the end. */
static void replace_text(struct json_object *object, const char *name, const char *text)
{
    json_object_object_add(object, name, json_object_new_string(text));
}

static void change_booking(struct json_object *booking, const char *type)
{
    const char *moment = json_get_text(booking, "updatedAt");
    for (size_t i = 0; i < sizeof booking_changes / sizeof *booking_changes; i++) {
        if (strcmp(booking_changes[i].type, type) != 0)
            continue;
        replace_text(booking, "status", booking_changes[i].status);
        replace_text(booking, booking_changes[i].stamp, moment);
    }
    if (strcmp(type, "booking.cancelled") == 0) {
        replace_text(booking, "cancellationReason", "Customer request");
        replace_text(booking, "cancelledBy", "customer");
    }
    if (strcmp(type, "booking.rescheduled") == 0)
        json_set_text(booking, "previousStartsAt", "2025-11-01T13:00:00.000Z");
}

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

struct json_object *event_example(struct pool *pool, const char *type)
{
    if (strcmp(type, "booking.reminder") == 0)
        return json_parse_stored(pool, reminder_example);
    if (starts_with(type, "booking.")) {
        struct json_object *booking = json_parse_stored(pool, booking_example);
        change_booking(booking, type);
        return booking;
    }
    const char *text = starts_with(type, "service.") ? service_example
                       : starts_with(type, "user.")  ? user_example
                                                     : business_example;
    struct json_object *example = json_parse_stored(pool, text);
    if (strcmp(type, "business.updated") == 0 || strcmp(type, "service.updated") == 0 ||
        strcmp(type, "user.updated") == 0) {
        struct json_object *fields = json_object_new_array();
        json_object_array_add(fields, json_object_new_string("name"));
        json_set(example, "updatedFields", fields);
    }
    return example;
}
