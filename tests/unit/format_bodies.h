/*
 * What each format makes of a native snapshot, with the values of its documentation where that has an
 * example. The texts and signatures were made with Python's json and hmac.
 */
#ifndef TESTS_FORMAT_BODIES_H
#define TESTS_FORMAT_BODIES_H

#include "partners/partner.h"

/* clang-format off */
static const struct {
    const struct partner *partner;
    const char *type, *data, *body;
} format_bodies[] = {
    { &partner_therapy, "booking.created",
      "{\"id\":\"507f1f77bcf86cd799439011\",\"confirmationNumber\":\"BK7X9M2P\",\"status\":\"pendin"
      "g\",\"service\":{\"id\":\"srv_1\",\"name\":\"Session\",\"slug\":\"session\"},\"staff\":{\"id"
      "\":\"507f1f77bcf86cd799439013\",\"name\":\"Dr. John Doe\",\"email\":\"john@therapyapp.com\"}"
      ",\"customer\":{\"id\":\"507f1f77bcf86cd799439012\",\"name\":\"Jane Smith\",\"email\":\"jane@"
      "example.com\",\"phone\":null},\"isGuest\":false,\"startsAt\":\"2024-01-20T14:00:00.000Z\",\""
      "endsAt\":\"2024-01-20T14:50:00.000Z\",\"duration\":50,\"timeZone\":\"UTC\",\"price\":{\"amou"
      "nt\":75,\"currency\":\"USD\",\"type\":\"flat\"},\"payment\":{\"method\":\"bank_transfer\",\""
      "provider\":\"bank_transfer\",\"reference\":\"BANK-REF-123456\",\"verifiedAt\":\"2024-01-15T1"
      "0:35:00.000Z\"},\"company\":{\"id\":\"cli_1\",\"name\":\"T\",\"slug\":\"t\",\"timeZone\":\"U"
      "TC\"}}",
      "{\"id\":\"00000000-0000-0000-0000-000000000001\",\"event\":\"booking.created\",\"timestamp\""
      ":\"2025-10-31T15:31:00.999Z\",\"data\":{\"bookingId\":\"507f1f77bcf86cd799439011\",\"isGuest"
      "Booking\":false,\"client\":{\"id\":\"507f1f77bcf86cd799439012\",\"name\":\"Jane Smith\",\"em"
      "ail\":\"jane@example.com\"},\"therapist\":{\"id\":\"507f1f77bcf86cd799439013\",\"name\":\"Dr"
      ". John Doe\",\"email\":\"john@therapyapp.com\"},\"scheduledAt\":\"2024-01-20T14:00:00Z\",\"d"
      "urationMinutes\":50,\"amount\":75,\"currency\":\"USD\",\"paymentMethod\":\"bank_transfer\"},"
      "\"signature\":\"f8bf93635c21d0a72d44ac6383546280bf3658169d11a895fd32dc1f4967fd53\"}" },
    { &partner_therapy, "booking.created",
      "{\"id\":\"507f1f77bcf86cd799439011\",\"confirmationNumber\":\"BK7X9M2P\",\"status\":\"pendin"
      "g\",\"service\":{\"id\":\"srv_1\",\"name\":\"Session\",\"slug\":\"session\"},\"staff\":{\"id"
      "\":\"507f1f77bcf86cd799439013\",\"name\":\"Dr. John Doe\",\"email\":\"john@therapyapp.com\"}"
      ",\"customer\":{\"id\":null,\"name\":\"Zo\303\253 \\\"Z\\\" O'Neil / S\\\\hne \342\200\250"
      "\177 \360\237\222\210\",\"email\":\"jane@example.com\",\"phone\":null},\"isGuest\":true,\"st"
      "artsAt\":\"2024-01-20T14:00:00.000Z\",\"endsAt\":\"2024-01-20T14:50:00.000Z\",\"duration\":5"
      "0,\"timeZone\":\"UTC\",\"price\":{\"amount\":75.5,\"currency\":\"USD\",\"type\":\"flat\"},\""
      "company\":{\"id\":\"cli_1\",\"name\":\"T\",\"slug\":\"t\",\"timeZone\":\"UTC\"}}",
      "{\"id\":\"00000000-0000-0000-0000-000000000001\",\"event\":\"booking.created\",\"timestamp\""
      ":\"2025-10-31T15:31:00.999Z\",\"data\":{\"bookingId\":\"507f1f77bcf86cd799439011\",\"isGuest"
      "Booking\":true,\"client\":{\"id\":null,\"name\":\"Zo\303\253 \\\"Z\\\" O'Neil / S\\\\hne "
      "\342\200\250\177 \360\237\222\210\",\"email\":\"jane@example.com\"},\"therapist\":{\"id\":\""
      "507f1f77bcf86cd799439013\",\"name\":\"Dr. John Doe\",\"email\":\"john@therapyapp.com\"},\"sc"
      "heduledAt\":\"2024-01-20T14:00:00Z\",\"durationMinutes\":50,\"amount\":75.5,\"currency\":\"U"
      "SD\",\"paymentMethod\":null},\"signature\":\"9de8bdbe997306c30c5005e501113b1ac426f0014e7adce"
      "44ff661445d190da8\"}" },
    { &partner_therapy, "booking.payment_verified",
      "{\"id\":\"507f1f77bcf86cd799439011\",\"confirmationNumber\":\"BK7X9M2P\",\"status\":\"pendin"
      "g\",\"service\":{\"id\":\"srv_1\",\"name\":\"Session\",\"slug\":\"session\"},\"staff\":{\"id"
      "\":\"507f1f77bcf86cd799439013\",\"name\":\"Dr. John Doe\",\"email\":\"john@therapyapp.com\"}"
      ",\"customer\":{\"id\":\"507f1f77bcf86cd799439012\",\"name\":\"Jane Smith\",\"email\":\"jane@"
      "example.com\",\"phone\":null},\"isGuest\":false,\"startsAt\":\"2024-01-20T14:00:00.000Z\",\""
      "endsAt\":\"2024-01-20T14:50:00.000Z\",\"duration\":50,\"timeZone\":\"UTC\",\"price\":{\"amou"
      "nt\":75,\"currency\":\"USD\",\"type\":\"flat\"},\"payment\":{\"method\":\"bank_transfer\",\""
      "provider\":\"bank_transfer\",\"reference\":\"BANK-REF-123456\",\"verifiedAt\":\"2024-01-15T1"
      "0:35:00.000Z\"},\"company\":{\"id\":\"cli_1\",\"name\":\"T\",\"slug\":\"t\",\"timeZone\":\"U"
      "TC\"},\"secureCallLink\":\"https://therapyapp.com/meeting/room123?token=abc123def456\",\"roo"
      "mId\":\"room123\"}",
      "{\"id\":\"00000000-0000-0000-0000-000000000001\",\"event\":\"booking.payment_verified\",\"ti"
      "mestamp\":\"2025-10-31T15:31:00.999Z\",\"data\":{\"bookingId\":\"507f1f77bcf86cd799439011\","
      "\"client\":{\"id\":\"507f1f77bcf86cd799439012\",\"name\":\"Jane Smith\",\"email\":\"jane@exa"
      "mple.com\"},\"therapist\":{\"id\":\"507f1f77bcf86cd799439013\",\"name\":\"Dr. John Doe\",\"e"
      "mail\":\"john@therapyapp.com\"},\"scheduledAt\":\"2024-01-20T14:00:00Z\",\"durationMinutes\""
      ":50,\"amount\":75,\"currency\":\"USD\",\"paymentProvider\":\"bank_transfer\",\"paymentRefere"
      "nce\":\"BANK-REF-123456\",\"secureCallLink\":\"https://therapyapp.com/meeting/room123?token="
      "abc123def456\"},\"signature\":\"67d3fb19a33c8cb79ae50c37ee01f1615227c00cfb460f42ce21e3f2d5c5"
      "d712\"}" },
    { &partner_therapy, "booking.reminder",
      "{\"bookingId\":\"507f1f77bcf86cd799439011\",\"confirmationNumber\":\"BK7X9M2P\",\"reminderTy"
      "pe\":\"15m\",\"reminderLabel\":\"15 minutes\",\"timeUntilSession\":\"15 minutes\",\"client\""
      ":{\"id\":\"507f1f77bcf86cd799439012\",\"name\":\"Jane Smith\",\"email\":\"jane@example.com\""
      "},\"staff\":{\"id\":\"507f1f77bcf86cd799439013\",\"name\":\"Dr. John Doe\",\"email\":\"john@"
      "therapyapp.com\"},\"service\":{\"id\":\"srv_1\",\"name\":\"Session\"},\"startsAt\":\"2024-01"
      "-20T14:00:00.000Z\",\"endsAt\":\"2024-01-20T14:50:00.000Z\",\"timeZone\":\"UTC\",\"secureCal"
      "lLink\":\"https://therapyapp.com/meeting/room123?token=abc123def456\",\"roomId\":\"room123\""
      ",\"company\":{\"id\":\"cli_1\"}}",
      "{\"id\":\"00000000-0000-0000-0000-000000000001\",\"event\":\"booking.reminder\",\"timestamp"
      "\":\"2025-10-31T15:31:00.999Z\",\"data\":{\"bookingId\":\"507f1f77bcf86cd799439011\",\"remin"
      "derType\":\"15m\",\"reminderLabel\":\"15 minutes\",\"client\":{\"id\":\"507f1f77bcf86cd79943"
      "9012\",\"name\":\"Jane Smith\",\"email\":\"jane@example.com\"},\"therapist\":{\"id\":\"507f1"
      "f77bcf86cd799439013\",\"name\":\"Dr. John Doe\",\"email\":\"john@therapyapp.com\"},\"schedul"
      "edAt\":\"2024-01-20T14:00:00Z\",\"durationMinutes\":50,\"secureCallLink\":\"https://therapya"
      "pp.com/meeting/room123?token=abc123def456\",\"roomId\":\"room123\",\"timeUntilSession\":\"15"
      " minutes\"},\"signature\":\"09750e82900ce493a054662e913bbacde09e77001ab86d81da114bcf181f3e7a"
      "\"}" },
    { &partner_therapy, "user.created",
      "{\"id\":\"usr_1\",\"rate\":75.5}",
      "{\"id\":\"00000000-0000-0000-0000-000000000001\",\"event\":\"user.created\",\"timestamp\":\""
      "2025-10-31T15:31:00.999Z\",\"data\":{\"id\":\"usr_1\",\"rate\":75.5},\"signature\":\"4220712"
      "af310ebbc3d99e3f8040729f98d74841a4aa36e4b46b899181f13425e\"}" },
    { &partner_clientpass, "referral.created",
      "{\"id\":\"ref_1\",\"status\":\"pending\",\"sender\":{\"id\":\"usr_1\",\"name\":\"Ana\"},\"re"
      "ceiver\":{\"id\":\"usr_2\",\"name\":\"Bo\"},\"client\":{\"name\":\"Zo\303\253\",\"phone\":\""
      "+1-555-0199\"},\"serviceType\":\"haircut\",\"commissionPct\":20,\"notes\":null,\"finalAmount"
      "\":75.5,\"commission\":15.1,\"fees\":2,\"currency\":\"USD\",\"createdAt\":\"2025-10-31T15:30"
      ":00.000Z\",\"acceptedAt\":\"2025-10-31T15:40:00.000Z\",\"completedAt\":null}",
      "{\"id\":\"evt_00000000000000000000000001\",\"event\":\"referral.created\",\"timestamp\":\"20"
      "25-10-31T15:30:00.250Z\",\"payload\":{\"referralId\":\"ref_1\",\"senderId\":\"usr_1\",\"clie"
      "ntInfo\":{\"name\":\"Zo\303\253\",\"phone\":\"+1-555-0199\"},\"serviceType\":\"haircut\",\"s"
      "tatus\":\"pending\"}}" },
    { &partner_clientpass, "referral.accepted",
      "{\"id\":\"ref_1\",\"status\":\"pending\",\"sender\":{\"id\":\"usr_1\",\"name\":\"Ana\"},\"re"
      "ceiver\":{\"id\":\"usr_2\",\"name\":\"Bo\"},\"client\":{\"name\":\"Zo\303\253\",\"phone\":\""
      "+1-555-0199\"},\"serviceType\":\"haircut\",\"commissionPct\":20,\"notes\":null,\"finalAmount"
      "\":75.5,\"commission\":15.1,\"fees\":2,\"currency\":\"USD\",\"createdAt\":\"2025-10-31T15:30"
      ":00.000Z\",\"acceptedAt\":\"2025-10-31T15:40:00.000Z\",\"completedAt\":null}",
      "{\"id\":\"evt_00000000000000000000000001\",\"event\":\"referral.accepted\",\"timestamp\":\"2"
      "025-10-31T15:30:00.250Z\",\"payload\":{\"referralId\":\"ref_1\",\"receiverId\":\"usr_2\",\"a"
      "cceptedAt\":\"2025-10-31T15:40:00.000Z\"}}" },
    { &partner_clientpass, "referral.completed",
      "{\"id\":\"ref_1\",\"status\":\"pending\",\"sender\":{\"id\":\"usr_1\",\"name\":\"Ana\"},\"re"
      "ceiver\":{\"id\":\"usr_2\",\"name\":\"Bo\"},\"client\":{\"name\":\"Zo\303\253\",\"phone\":\""
      "+1-555-0199\"},\"serviceType\":\"haircut\",\"commissionPct\":20,\"notes\":null,\"finalAmount"
      "\":75.5,\"commission\":15.1,\"fees\":2,\"currency\":\"USD\",\"createdAt\":\"2025-10-31T15:30"
      ":00.000Z\",\"acceptedAt\":\"2025-10-31T15:40:00.000Z\",\"completedAt\":null}",
      "{\"id\":\"evt_00000000000000000000000001\",\"event\":\"referral.completed\",\"timestamp\":\""
      "2025-10-31T15:30:00.250Z\",\"payload\":{\"referralId\":\"ref_1\",\"finalAmount\":75.5,\"comm"
      "ission\":15.1,\"fees\":2}}" },
    { &partner_clientpass, "open_chair.posted",
      "{\"id\":\"och_1\",\"host\":{\"id\":\"usr_3\",\"name\":\"Cy\"},\"location\":\"12 Main St\",\""
      "timeWindow\":{\"startsAt\":\"2025-11-01T10:00:00.000Z\",\"endsAt\":\"2025-11-01T18:00:00.000"
      "Z\",\"zone\":\"UTC\"},\"commissionPct\":30,\"createdAt\":\"2025-10-31T15:30:00.000Z\"}",
      "{\"id\":\"evt_00000000000000000000000001\",\"event\":\"open_chair.posted\",\"timestamp\":\"2"
      "025-10-31T15:30:00.250Z\",\"payload\":{\"openChairId\":\"och_1\",\"hostId\":\"usr_3\",\"loca"
      "tion\":\"12 Main St\",\"timeWindow\":{\"startsAt\":\"2025-11-01T10:00:00.000Z\",\"endsAt\":"
      "\"2025-11-01T18:00:00.000Z\"},\"commissionPct\":30}}" },
    { &partner_clientpass, "user.created",
      "{\"id\":\"usr_1\",\"role\":\"member\",\"name\":\"John Doe\",\"email\":\"j@example.com\"}",
      "{\"id\":\"evt_00000000000000000000000001\",\"event\":\"user.created\",\"timestamp\":\"2025-1"
      "0-31T15:30:00.250Z\",\"payload\":{\"userId\":\"usr_1\",\"fullName\":\"John Doe\",\"role\":\""
      "member\"}}" },
    { &partner_clientpass, "booking.created",
      "{\"id\":\"bk_1\"}",
      "{\"id\":\"evt_00000000000000000000000001\",\"event\":\"booking.created\",\"timestamp\":\"202"
      "5-10-31T15:30:00.250Z\",\"payload\":{\"id\":\"bk_1\"}}" },
    { &partner_booking_api, "booking.created",
      "{\"id\":\"bk_123456\",\"service\":{\"id\":\"srv_1\",\"name\":\"Consultation\",\"slug\":\"con"
      "sultation\"},\"duration\":60,\"startsAt\":\"2024-01-20T10:00:00.000Z\",\"customer\":{\"id\":"
      "null,\"name\":\"John Doe\",\"email\":\"customer@example.com\",\"phone\":null},\"cancellation"
      "Reason\":\"Customer request\",\"previousStartsAt\":\"2024-01-19T10:00:00.000Z\"}",
      "{\"event\":\"booking.created\",\"data\":{\"id\":\"bk_123456\",\"service\":\"consultation\","
      "\"duration\":60,\"scheduled_at\":\"2024-01-20T10:00:00Z\",\"customer\":{\"email\":\"customer"
      "@example.com\",\"name\":\"John Doe\"}}}" },
    { &partner_booking_api, "booking.confirmed",
      "{\"id\":\"bk_123456\",\"service\":{\"id\":\"srv_1\",\"name\":\"Consultation\",\"slug\":\"con"
      "sultation\"},\"duration\":60,\"startsAt\":\"2024-01-20T10:00:00.000Z\",\"customer\":{\"id\":"
      "null,\"name\":\"John Doe\",\"email\":\"customer@example.com\",\"phone\":null},\"cancellation"
      "Reason\":\"Customer request\",\"previousStartsAt\":\"2024-01-19T10:00:00.000Z\"}",
      "{\"event\":\"booking.confirmed\",\"data\":{\"id\":\"bk_123456\",\"service\":\"consultation\""
      ",\"duration\":60,\"scheduled_at\":\"2024-01-20T10:00:00Z\",\"customer\":{\"email\":\"custome"
      "r@example.com\",\"name\":\"John Doe\"}}}" },
    { &partner_booking_api, "booking.completed",
      "{\"id\":\"bk_123456\",\"service\":{\"id\":\"srv_1\",\"name\":\"Consultation\",\"slug\":\"con"
      "sultation\"},\"duration\":60,\"startsAt\":\"2024-01-20T10:00:00.000Z\",\"customer\":{\"id\":"
      "null,\"name\":\"John Doe\",\"email\":\"customer@example.com\",\"phone\":null},\"cancellation"
      "Reason\":\"Customer request\",\"previousStartsAt\":\"2024-01-19T10:00:00.000Z\"}",
      "{\"event\":\"booking.completed\",\"data\":{\"id\":\"bk_123456\",\"service\":\"consultation\""
      ",\"duration\":60,\"scheduled_at\":\"2024-01-20T10:00:00Z\",\"customer\":{\"email\":\"custome"
      "r@example.com\",\"name\":\"John Doe\"}}}" },
    { &partner_booking_api, "booking.cancelled",
      "{\"id\":\"bk_123456\",\"service\":{\"id\":\"srv_1\",\"name\":\"Consultation\",\"slug\":\"con"
      "sultation\"},\"duration\":60,\"startsAt\":\"2024-01-20T10:00:00.000Z\",\"customer\":{\"id\":"
      "null,\"name\":\"John Doe\",\"email\":\"customer@example.com\",\"phone\":null},\"cancellation"
      "Reason\":\"Customer request\",\"previousStartsAt\":\"2024-01-19T10:00:00.000Z\"}",
      "{\"event\":\"booking.cancelled\",\"data\":{\"id\":\"bk_123456\",\"service\":\"consultation\""
      ",\"duration\":60,\"scheduled_at\":\"2024-01-20T10:00:00Z\",\"customer\":{\"email\":\"custome"
      "r@example.com\",\"name\":\"John Doe\"},\"reason\":\"Customer request\"}}" },
    { &partner_booking_api, "booking.rescheduled",
      "{\"id\":\"bk_123456\",\"service\":{\"id\":\"srv_1\",\"name\":\"Consultation\",\"slug\":\"con"
      "sultation\"},\"duration\":60,\"startsAt\":\"2024-01-20T10:00:00.000Z\",\"customer\":{\"id\":"
      "null,\"name\":\"John Doe\",\"email\":\"customer@example.com\",\"phone\":null},\"cancellation"
      "Reason\":\"Customer request\",\"previousStartsAt\":\"2024-01-19T10:00:00.000Z\"}",
      "{\"event\":\"booking.rescheduled\",\"data\":{\"id\":\"bk_123456\",\"service\":\"consultation"
      "\",\"duration\":60,\"scheduled_at\":\"2024-01-20T10:00:00Z\",\"customer\":{\"email\":\"custo"
      "mer@example.com\",\"name\":\"John Doe\"},\"previous_scheduled_at\":\"2024-01-19T10:00:00Z\"}"
      "}" },
    { &partner_booking_api, "booking.no_show",
      "{\"id\":\"bk_1\"}",
      "{\"event\":\"booking.no_show\",\"data\":{\"id\":\"bk_1\"}}" },
    { &partner_pushpress, "booking.created",
      "{\"id\":\"bk_1\",\"service\":{\"id\":\"srv_1\",\"name\":\"Personal / \\\"Training\\\"\"},\"s"
      "taff\":{\"id\":\"usr_1\"},\"customer\":{\"id\":\"usr_2\",\"name\":\"Zo\303\253\"},\"startsAt"
      "\":\"2024-01-20T10:00:00.000Z\",\"cancelledAt\":null,\"company\":{\"id\":\"cli_1\"}}",
      "{\"event\":\"appointment.scheduled\",\"created\":1761924600250,\"data\":{\"id\":\"bk_1\",\"c"
      "ompanyId\":\"cli_1\",\"customerId\":\"usr_2\",\"staffId\":\"usr_1\",\"type\":{\"name\":\"Per"
      "sonal / \\\"Training\\\"\"},\"startTimestamp\":1705744800,\"isLateCancel\":false}}" },
    { &partner_pushpress, "booking.created",
      "{\"id\":\"bk_1\",\"service\":{\"id\":\"srv_1\",\"name\":\"Personal / \\\"Training\\\"\"},\"s"
      "taff\":{\"id\":\"usr_1\"},\"customer\":{\"id\":null,\"name\":\"Guest\"},\"startsAt\":\"2024-"
      "01-20T10:00:00.000Z\",\"cancelledAt\":null,\"company\":{\"id\":\"cli_1\"}}",
      "{\"event\":\"appointment.scheduled\",\"created\":1761924600250,\"data\":{\"id\":\"bk_1\",\"c"
      "ompanyId\":\"cli_1\",\"customerId\":\"bk_1\",\"staffId\":\"usr_1\",\"type\":{\"name\":\"Pers"
      "onal / \\\"Training\\\"\"},\"startTimestamp\":1705744800,\"isLateCancel\":false}}" },
    { &partner_pushpress, "booking.rescheduled",
      "{\"id\":\"bk_1\",\"service\":{\"id\":\"srv_1\",\"name\":\"Personal / \\\"Training\\\"\"},\"s"
      "taff\":{\"id\":\"usr_1\"},\"customer\":{\"id\":\"usr_2\",\"name\":\"Zo\303\253\"},\"startsAt"
      "\":\"2024-01-20T10:00:00.000Z\",\"cancelledAt\":null,\"company\":{\"id\":\"cli_1\"}}",
      "{\"event\":\"appointment.rescheduled\",\"created\":1761924600250,\"data\":{\"id\":\"bk_1\","
      "\"companyId\":\"cli_1\",\"customerId\":\"usr_2\",\"staffId\":\"usr_1\",\"type\":{\"name\":\""
      "Personal / \\\"Training\\\"\"},\"startTimestamp\":1705744800,\"isLateCancel\":false}}" },
    { &partner_pushpress, "booking.cancelled",
      "{\"id\":\"bk_1\",\"service\":{\"id\":\"srv_1\",\"name\":\"Personal / \\\"Training\\\"\"},\"s"
      "taff\":{\"id\":\"usr_1\"},\"customer\":{\"id\":\"usr_2\",\"name\":\"Zo\303\253\"},\"startsAt"
      "\":\"2024-01-20T10:00:00.000Z\",\"cancelledAt\":\"2024-01-20T09:59:59.999Z\",\"company\":{\""
      "id\":\"cli_1\"}}",
      "{\"event\":\"appointment.canceled\",\"created\":1761924600250,\"data\":{\"id\":\"bk_1\",\"co"
      "mpanyId\":\"cli_1\",\"customerId\":\"usr_2\",\"staffId\":\"usr_1\",\"type\":{\"name\":\"Pers"
      "onal / \\\"Training\\\"\"},\"startTimestamp\":1705744800,\"isLateCancel\":false}}" },
    { &partner_pushpress, "booking.cancelled",
      "{\"id\":\"bk_1\",\"service\":{\"id\":\"srv_1\",\"name\":\"Personal / \\\"Training\\\"\"},\"s"
      "taff\":{\"id\":\"usr_1\"},\"customer\":{\"id\":\"usr_2\",\"name\":\"Zo\303\253\"},\"startsAt"
      "\":\"2024-01-20T10:00:00.000Z\",\"cancelledAt\":\"2024-01-20T10:00:00.000Z\",\"company\":{\""
      "id\":\"cli_1\"}}",
      "{\"event\":\"appointment.canceled\",\"created\":1761924600250,\"data\":{\"id\":\"bk_1\",\"co"
      "mpanyId\":\"cli_1\",\"customerId\":\"usr_2\",\"staffId\":\"usr_1\",\"type\":{\"name\":\"Pers"
      "onal / \\\"Training\\\"\"},\"startTimestamp\":1705744800,\"isLateCancel\":true}}" },
    { &partner_pushpress, "booking.no_show",
      "{\"id\":\"bk_1\",\"service\":{\"id\":\"srv_1\",\"name\":\"Personal / \\\"Training\\\"\"},\"s"
      "taff\":{\"id\":\"usr_1\"},\"customer\":{\"id\":\"usr_2\",\"name\":\"Zo\303\253\"},\"startsAt"
      "\":\"2024-01-20T10:00:00.000Z\",\"cancelledAt\":null,\"company\":{\"id\":\"cli_1\"}}",
      "{\"event\":\"appointment.noshowed\",\"created\":1761924600250,\"data\":{\"id\":\"bk_1\",\"co"
      "mpanyId\":\"cli_1\",\"customerId\":\"usr_2\",\"staffId\":\"usr_1\",\"type\":{\"name\":\"Pers"
      "onal / \\\"Training\\\"\"},\"startTimestamp\":1705744800,\"isLateCancel\":false}}" },
    { &partner_pushpress, "booking.confirmed",
      "{\"id\":\"bk_1\"}",
      "{\"event\":\"booking.confirmed\",\"created\":1761924600250,\"data\":{\"id\":\"bk_1\"}}" },
    { &partner_pushpress, "customer.created",
      "{\"id\":\"usr_1\",\"companyId\":\"cli_1\",\"email\":\"a@b.c\"}",
      "{\"event\":\"customer.created\",\"created\":1761924600250,\"data\":{\"id\":\"usr_1\",\"compa"
      "nyId\":\"cli_1\",\"email\":\"a@b.c\"}}" },
};
/* clang-format on */

#endif
