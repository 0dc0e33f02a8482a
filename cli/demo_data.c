#include "cli/demo.h"

/* ---- a hair salon in New York ---- */

static const struct demo_person salon_people[] = {
    { .name = "Sarah Bell",
      .role = "professional",
      .email = "sarah@bellahair.example",
      .phone = "+1 555 0101",
      .weekly = "{\"monday\":[],\"tuesday\":[[540,1020]],\"wednesday\":[[540,1020]],"
                "\"thursday\":[[660,1140]],\"friday\":[[540,1020]],\"saturday\":[[540,900]],\"sunday\":[]}",
      .starts = { 660, 780 } },
    { .name = "Marco Conti",
      .role = "professional",
      .email = "marco@bellahair.example",
      .phone = "+1 555 0102",
      .weekly = "{\"monday\":[[540,780],[840,1080]],\"tuesday\":[[540,780],[840,1080]],\"wednesday\":[],"
                "\"thursday\":[[540,780],[840,1080]],\"friday\":[[540,780],[840,1080]],"
                "\"saturday\":[[540,900]],\"sunday\":[]}",
      .starts = { 570, 660 } },
    { .name = "Front Desk", .role = "frontdesk", .email = "desk@bellahair.example", .phone = "+1 555 0100" },
    { .name = "John Doe", .role = "member", .email = "john@customers.example", .phone = "+1 555 0199" },
    { .name = "Emily Chen", .role = "member", .email = "emily@customers.example", .phone = "+1 555 0198" },
    { .name = "Robert King", .role = "lead", .email = "robert@customers.example" },
    { 0 }
};

static const struct demo_service salon_services[] = {
    { "Haircut & Style", "Wash, cut and blow-dry.", 60, 0, 10, 30, 7500, "flat", 0x3 },
    { "Beard Trim", "Shape and hot towel.", 30, 0, 5, 15, 2500, "flat", 0x2 },
    { "Colour", "Roots to tips, with a consultation.", 90, 10, 10, 30, 14050, "flat", 0x1 },
    { 0 }
};

static const char *const salon_notes[] = { "Just the tips, please", "First visit", NULL };

/* ---- a therapy practice in Berlin ---- */

static const struct demo_person practice_people[] = {
    { .name = "Dr. Anna Weiß",
      .role = "therapist",
      .email = "anna@praxis-weiss.example",
      .phone = "+49 30 5550101",
      .weekly = "{\"monday\":[[540,780],[840,1080]],\"tuesday\":[[540,780],[840,1080]],"
                "\"wednesday\":[[540,780]],\"thursday\":[[540,780],[840,1200]],\"friday\":[[540,840]],"
                "\"saturday\":[],\"sunday\":[]}",
      .starts = { 600, 690 } },
    { .name = "Jonas Albrecht",
      .role = "therapist",
      .email = "jonas@praxis-weiss.example",
      .phone = "+49 30 5550102",
      .weekly = "{\"monday\":[[720,1200]],\"tuesday\":[[720,1200]],\"wednesday\":[[720,1200]],"
                "\"thursday\":[],\"friday\":[[540,840]],\"saturday\":[],\"sunday\":[]}",
      .starts = { 720, 960 } },
    { .name = "Lena Vogt", .role = "member", .email = "lena@klienten.example", .phone = "+49 171 5550133" },
    { .name = "Piotr Żak", .role = "member", .email = "piotr@klienten.example" },
    { 0 }
};

static const struct demo_service practice_services[] = {
    { "Individual Session", "Fifty minutes, in the practice or by secure call.", 50, 0, 10, 60, 12000,
      "hourly", 0x3 },
    { "First Consultation", "To get to know each other.", 30, 0, 15, 30, 0, "custom", 0x3 },
    { 0 }
};

static const char *const practice_notes[] = { "Bitte per Videoanruf", "Überweisung liegt vor", NULL };

/* ---- a gym in Sydney ---- */

static const struct demo_person gym_people[] = {
    { .name = "Mia Taylor",
      .role = "coach",
      .email = "mia@harbourstrength.example",
      .phone = "+61 2 5550 1001",
      .weekly = "{\"monday\":[[360,660],[960,1200]],\"tuesday\":[[360,660],[960,1200]],"
                "\"wednesday\":[[360,660],[960,1200]],\"thursday\":[[360,660],[960,1200]],"
                "\"friday\":[[360,660]],\"saturday\":[[420,720]],\"sunday\":[]}",
      .starts = { 420, 540 } },
    { .name = "Liam Nguyen",
      .role = "coach",
      .email = "liam@harbourstrength.example",
      .phone = "+61 2 5550 1002",
      .weekly = "{\"monday\":[[840,1260]],\"tuesday\":[[840,1260]],\"wednesday\":[[840,1260]],"
                "\"thursday\":[[840,1260]],\"friday\":[[840,1260]],\"saturday\":[[480,840]],"
                "\"sunday\":[[480,840]]}",
      .starts = { 840, 1020 } },
    { .name = "Olivia Brown",
      .role = "member",
      .email = "olivia@members.example",
      .phone = "+61 400 555 013" },
    { .name = "Noah Wilson", .role = "member", .email = "noah@members.example" },
    { .name = "Ava Smith", .role = "ex-member", .email = "ava@members.example" },
    { 0 }
};

static const struct demo_service gym_services[] = {
    { "Personal Training", "One to one on the gym floor.", 60, 0, 0, 30, 9500, "hourly", 0x3 },
    { "Movement Assessment", "Where you stand and where to start.", 45, 0, 15, 15, 4500, "flat", 0x1 },
    { 0 }
};

static const char *const gym_notes[] = { "Left knee: go easy", "Preparing for City2Surf", NULL };

const struct demo_company demo_companies[] = { { .name = "Bella Hair Salon",
                                                 .slug = "bella-hair-salon",
                                                 .category = "salon",
                                                 .description = "Cuts, colour and care in Brooklyn.",
                                                 .email = "hello@bellahair.example",
                                                 .phone = "+1 555 0100",
                                                 .time_zone = "America/New_York",
                                                 .currency = "USD",
                                                 .owner_name = "Bella Rossi",
                                                 .owner_email = "bella@bellahair.example",
                                                 .people = salon_people,
                                                 .services = salon_services,
                                                 .notes = salon_notes },
                                               { .name = "Praxis Dr. Weiß",
                                                 .slug = "praxis-weiss",
                                                 .category = "therapy",
                                                 .description = "Psychotherapie in Kreuzberg.",
                                                 .email = "kontakt@praxis-weiss.example",
                                                 .phone = "+49 30 5550100",
                                                 .time_zone = "Europe/Berlin",
                                                 .currency = "EUR",
                                                 .owner_name = "Katrin Weiß",
                                                 .owner_email = "katrin@praxis-weiss.example",
                                                 .people = practice_people,
                                                 .services = practice_services,
                                                 .notes = practice_notes },
                                               { .name = "Harbour Strength",
                                                 .slug = "harbour-strength",
                                                 .category = "gym",
                                                 .description =
                                                     "Small-group and personal training by the water.",
                                                 .email = "train@harbourstrength.example",
                                                 .phone = "+61 2 5550 1000",
                                                 .time_zone = "Australia/Sydney",
                                                 .currency = "AUD",
                                                 .owner_name = "Grace Campbell",
                                                 .owner_email = "grace@harbourstrength.example",
                                                 .people = gym_people,
                                                 .services = gym_services,
                                                 .notes = gym_notes },
                                               { 0 } };
