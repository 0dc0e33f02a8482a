/*
 * An example of the data of each event type, as test sends carry it and the catalogue shows it.
 */
#include "base/fault.h"
#include "rules/catalogue/event_types.h"

#define ROOM_EXAMPLE "room_4c7k2q9w5m8x1r6t3v0z2b5d8f"
#define LINK_EXAMPLE                                                                                         \
    "https://meet.example.com/" ROOM_EXAMPLE "?token=1762023600.Xn2r8vQkq0m4Wl3cT7bY1dF5hJ9sA6eG"

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
    "\"price\":{\"amount\":75,\"currency\":\"USD\",\"type\":\"flat\"},"
    "\"payment\":{\"method\":\"bank_transfer\",\"provider\":null,\"reference\":null,\"verifiedAt\":null},"
    "\"notes\":\"First time customer\","
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
    "\"timeZone\":\"America/New_York\",\"secureCallLink\":\"" LINK_EXAMPLE "\","
    "\"roomId\":\"" ROOM_EXAMPLE "\",\"company\":" COMPANY_EXAMPLE "}";

static const char customer_example[] =
    "{\"id\":\"usr_01jbh3k9v8e7ra5q0xw2m4t6zf\",\"companyId\":\"cli_01jbh3k9v8e7ra5q0xw2m4t6zc\","
    "\"name\":{\"first\":\"John\",\"last\":\"Doe\",\"nickname\":null},\"gender\":null,\"dob\":null,"
    "\"address\":{\"line1\":\"\",\"line2\":\"\",\"city\":\"\",\"state\":\"\",\"zip\":\"\","
    "\"country\":\"\"},\"account\":{\"type\":\"primary\"},\"assignedToStaffId\":null,"
    "\"profileImage\":null,\"membershipDetails\":null,\"email\":\"john@example.com\","
    "\"phone\":\"+1-555-0199\",\"role\":\"member\"}";

static const char customer_deleted_example[] =
    "{\"id\":\"usr_01jbh3k9v8e7ra5q0xw2m4t6zf\",\"companyId\":\"cli_01jbh3k9v8e7ra5q0xw2m4t6zc\"}";

static const char referral_example[] =
    "{\"id\":\"ref_01jbh3k9v8e7ra5q0xw2m4t6zm\",\"status\":\"created\","
    "\"sender\":{\"id\":\"usr_01jbh3k9v8e7ra5q0xw2m4t6zd\",\"name\":\"Sarah Bell\"},"
    "\"receiver\":null,\"client\":{\"name\":\"John Doe\",\"phone\":\"+1-555-0199\"},"
    "\"serviceType\":\"Hair Color\",\"commissionPct\":20,\"notes\":\"Prefers mornings\","
    "\"finalAmount\":null,\"commission\":null,\"fees\":null,\"currency\":\"USD\","
    "\"createdAt\":\"2025-10-31T15:30:00.000Z\",\"acceptedAt\":null,\"completedAt\":null}";

static const char open_chair_example[] =
    "{\"id\":\"och_01jbh3k9v8e7ra5q0xw2m4t6zn\","
    "\"host\":{\"id\":\"usr_01jbh3k9v8e7ra5q0xw2m4t6zd\",\"name\":\"Sarah Bell\"},"
    "\"location\":\"12 Main Street, New York\","
    "\"timeWindow\":{\"startsAt\":\"2025-11-01T14:00:00.000Z\","
    "\"endsAt\":\"2025-11-01T22:00:00.000Z\"},\"commissionPct\":15.5,"
    "\"createdAt\":\"2025-10-31T15:30:00.000Z\"}";

static const char checkin_example[] =
    "{\"id\":\"chk_01jbh3k9v8e7ra5q0xw2m4t6zh\",\"name\":\"Noon class\","
    "\"customer\":\"usr_01jbh3k9v8e7ra5q0xw2m4t6zf\","
    "\"company\":\"cli_01jbh3k9v8e7ra5q0xw2m4t6zc\",\"kind\":\"class\",\"timestamp\":1762005600000,"
    "\"enrollmentId\":null,\"source\":\"staff app\",\"role\":\"attendee\","
    "\"typeId\":\"cit_01jbh3k9v8e7ra5q0xw2m4t6zj\","
    "\"classId\":\"cal_item_01jbh3k9v8e7ra5q0xw2m4t6zk\",\"result\":\"success\","
    "\"type\":{\"id\":\"cit_01jbh3k9v8e7ra5q0xw2m4t6zj\",\"name\":\"Group HIIT Training\"}}";

static const char checkin_deleted_example[] = "{\"id\":\"chk_01jbh3k9v8e7ra5q0xw2m4t6zh\","
                                              "\"customerId\":\"usr_01jbh3k9v8e7ra5q0xw2m4t6zf\","
                                              "\"companyId\":\"cli_01jbh3k9v8e7ra5q0xw2m4t6zc\"}";

static const char class_example[] =
    "{\"id\":\"cal_item_01jbh3k9v8e7ra5q0xw2m4t6zk\","
    "\"coachUuid\":\"usr_01jbh3k9v8e7ra5q0xw2m4t6zd\",\"assistantCoachUuid\":null,"
    "\"company\":\"cli_01jbh3k9v8e7ra5q0xw2m4t6zc\",\"title\":\"Noon class\","
    "\"classTypeName\":\"Group HIIT Training\",\"locationUuid\":null,\"start\":1762005600,"
    "\"end\":1762009200}";

static const char enrollment_example[] =
    "{\"id\":\"enr_01jbh3k9v8e7ra5q0xw2m4t6zp\","
    "\"customerId\":\"usr_01jbh3k9v8e7ra5q0xw2m4t6zf\","
    "\"companyId\":\"cli_01jbh3k9v8e7ra5q0xw2m4t6zc\",\"planId\":null,"
    "\"billingSchedule\":{\"period\":\"month\",\"interval\":1},\"status\":\"active\","
    "\"startDate\":\"2025-11-01\",\"endDate\":null,\"lastCharge\":\"2025-11-01\","
    "\"nextCharge\":\"2025-12-01\",\"paidUntil\":\"2025-11-30\",\"checkinDetails\":{\"checkins\":3,"
    "\"limit\":10},\"entitlements\":[]}";

static const char enrollment_deleted_example[] = "{\"id\":\"enr_01jbh3k9v8e7ra5q0xw2m4t6zp\"}";

static const char reservation_example[] =
    "{\"id\":\"res_01jbh3k9v8e7ra5q0xw2m4t6zq\","
    "\"reservedId\":\"cal_item_01jbh3k9v8e7ra5q0xw2m4t6zk\","
    "\"customerId\":\"usr_01jbh3k9v8e7ra5q0xw2m4t6zf\","
    "\"companyId\":\"cli_01jbh3k9v8e7ra5q0xw2m4t6zc\",\"registrationTimestamp\":1761924600,"
    "\"status\":\"reserved\",\"templateId\":null}";

static const char memberapp_example[] = "{\"companyId\":\"cli_01jbh3k9v8e7ra5q0xw2m4t6zc\"}";

static const char app_example[] =
    "{\"clientUuid\":\"cli_01jbh3k9v8e7ra5q0xw2m4t6zc\",\"appId\":\"app_scheduler\","
    "\"installationId\":\"ins_01jbh3k9v8e7ra5q0xw2m4t6zr\"}";

static const char endpoint_example[] =
    "{\"endpoint\":{\"id\":\"whk_01jbh3k9v8e7ra5q0xw2m4t6zs\","
    "\"url\":\"https://example.com\",\"format\":\"standard\",\"name\":null},"
    "\"reason\":\"The receiver answers 500.\",\"failingSince\":\"2025-10-29T03:30:00.000Z\","
    "\"percent\":50,\"lastStatus\":500,\"company\":" COMPANY_EXAMPLE "}";

static const char lagging_example[] =
    "{\"oldestDueAt\":\"2025-10-31T15:20:00.000Z\",\"overdueSeconds\":600,\"overdue\":42,"
    "\"company\":" COMPANY_EXAMPLE "}";

/* The first whose start fits. What tells the types of one kind apart is changed in the copy. */
static const struct {
    const char *start, *text;
} examples[] = {
    { "booking.reminder", reminder_example },
    { "booking.", booking_example },
    { "service.", service_example },
    { "user.", user_example },
    { "business.", business_example },
    { "customer.deleted", customer_deleted_example },
    { "customer.", customer_example },
    { "referral.", referral_example },
    { "open_chair.", open_chair_example },
    { "checkin.deleted", checkin_deleted_example },
    { "checkin.", checkin_example },
    { "class.", class_example },
    { "enrollment.deleted", enrollment_deleted_example },
    { "enrollment.", enrollment_example },
    { "reservation.", reservation_example },
    { "memberapp.", memberapp_example },
    { "app.", app_example },
    { "webhook.", endpoint_example },
    { "delivery.", lagging_example },
};

/* How the example booking looks after an event. */
static const struct {
    const char *type, *status, *stamp;
} booking_changes[] = {
    { "booking.confirmed", "confirmed", "confirmedAt" },
    { "booking.cancelled", "cancelled", "cancelledAt" },
    { "booking.completed", "completed", "completedAt" },
    { "booking.no_show", "no_show", "noShowAt" },
};

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

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
    if (strcmp(type, "booking.payment_verified") == 0) {
        struct json_object *payment = json_get(booking, "payment");
        replace_text(payment, "provider", "bank_transfer");
        replace_text(payment, "reference", "BANK-REF-123456");
        replace_text(payment, "verifiedAt", moment);
        json_set_text(booking, "secureCallLink", LINK_EXAMPLE);
        json_set_text(booking, "roomId", ROOM_EXAMPLE);
    }
}

static void set_person(struct json_object *object, const char *member, const char *id, const char *name)
{
    struct json_object *person = json_object_new_object();
    json_set_text(person, "id", id);
    json_set_text(person, "name", name);
    json_object_object_add(object, member, person);
}

static void change_referral(struct json_object *referral, const char *type)
{
    if (strcmp(type, "referral.created") == 0)
        return;
    replace_text(referral, "status", strchr(type, '.') + 1);
    set_person(referral, "receiver", "usr_01jbh3k9v8e7ra5q0xw2m4t6zt", "Maria Lopez");
    replace_text(referral, "acceptedAt", "2025-10-31T16:00:00.000Z");
    if (strcmp(type, "referral.completed") != 0)
        return;
    json_object_object_add(referral, "finalAmount", json_object_new_double(150));
    json_object_object_add(referral, "commission", json_object_new_double(30));
    json_object_object_add(referral, "fees", json_object_new_double(4.5));
    replace_text(referral, "completedAt", "2025-11-02T17:00:00.000Z");
}

/* The members in which the kinds that others have in common differ. */
static const struct {
    const char *type, *member, *text;
} changes[] = {
    { "checkin.failed", "result", "failure" },
    { "enrollment.status.changed", "status", "paused" },
    { "reservation.waitlisted", "status", "waitlisted" },
    { "reservation.canceled", "status", "canceled" },
    { "webhook.recovered", "reason", "The receiver answers 200 again." },
    { "webhook.disabled", "reason", "No success for 5 days." },
};

/* The reason stands in front of the kind of class. */
static void change_checkin(struct json_object *checkin)
{
    struct json_object *kind = json_object_get(json_get(checkin, "type"));

    json_object_object_del(checkin, "type");
    replace_text(checkin, "failureReason", "The plan allows no more classes this month.");
    json_object_object_add(checkin, "type", kind);
}

static void change(struct json_object *example, const char *type)
{
    if (starts_with(type, "booking.") && strcmp(type, "booking.reminder") != 0)
        change_booking(example, type);
    if (starts_with(type, "referral."))
        change_referral(example, type);
    if (strcmp(type, "checkin.failed") == 0)
        change_checkin(example);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
        if (strcmp(changes[i].type, type) == 0)
            replace_text(example, changes[i].member, changes[i].text);
    if (strcmp(type, "webhook.recovered") == 0) {
        json_object_object_add(example, "percent", NULL);
        json_object_object_add(example, "lastStatus", json_object_new_int(200));
    }
    if (strcmp(type, "webhook.disabled") == 0)
        json_object_object_add(example, "percent", json_object_new_int(100));
}

static bool names_its_fields(const char *type)
{
    return strcmp(type, "business.updated") == 0 || strcmp(type, "service.updated") == 0 ||
           strcmp(type, "user.updated") == 0;
}

struct json_object *event_example(struct pool *pool, const char *type)
{
    size_t at = 0, count = sizeof examples / sizeof *examples;
    while (at < count && !starts_with(type, examples[at].start))
        at++;
    if (at == count)
        fault_raise(FAULT_BROKEN, "no example of '%s'", type);
    struct json_object *example = json_parse_stored(pool, examples[at].text);
    change(example, type);
    if (names_its_fields(type)) {
        struct json_object *fields = json_object_new_array();
        json_object_array_add(fields, json_object_new_string("name"));
        json_set(example, "updatedFields", fields);
    }
    return example;
}
