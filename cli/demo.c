/*
 * demo: loads three businesses with two weeks of past and two of future bookings around now.
 *
 * Nothing here writes a booking by itself: past ones are made by the same rules as any other, told that it is
 * three days before their start. So claims, reminders, numbers and events fit together.
 */
#include "cli/demo.h"

#include "base/crypto.h"
#include "base/fault.h"
#include "base/zone.h"
#include "cli/cli.h"
#include "rules/booking/bookings.h"
#include "rules/booking/services.h"
#include "rules/people/companies.h"
#include "rules/people/keys.h"
#include "rules/people/people.h"

enum {
    DAYS_EACH_WAY = 14,
    DAYS_AHEAD = 3,
    PEOPLE_MAX = 16,
    SERVICES_MAX = 8,
    PASSWORD_BYTES = 15,
    BOOKINGS_A_MINUTE = 6000
};

static const struct statement FIND = { "SELECT id FROM companies WHERE slug = ?", .in = "s" };
/* What should have gone out before the demo was loaded has gone out, as far as anybody is concerned. */
static const struct statement SETTLE_REMINDERS = {
    "UPDATE reminders SET state = 'skipped', settled_at = due_at"
    " WHERE company_id = ? AND state = 'due' AND due_at <= ?",
    .in = "ut"
};

/* One company while it is being loaded. */
struct load {
    struct cli *cli;
    const struct demo_company *data;
    struct id company, owner;
    struct id people[PEOPLE_MAX];
    struct id services[SERVICES_MAX];
    const struct zone *zone;
    unsigned
        turn; /* counts bookings, so that customers, statuses and notes vary and are the same each time */
};

/* ---- the company ---- */

/* False where the slug belongs to another. */
static bool add_company(struct load *load)
{
    const struct demo_company *data = load->data;
    const struct row *row = NULL;
    struct company_order order = { .name = data->name,
                                   .slug = data->slug,
                                   .category = data->category,
                                   .description = data->description,
                                   .email = data->email,
                                   .phone = data->phone,
                                   .time_zone = data->time_zone,
                                   .currency = data->currency,
                                   .owner_name = data->owner_name,
                                   .owner_email = data->owner_email,
                                   .now = load->cli->now - (DAYS_EACH_WAY + DAYS_AHEAD + 1) * CLOCK_DAY };
    if (company_create(load->cli->db, load->cli->pool, &order, &row) != COMPANY_DONE)
        return false;
    load->company = row_id(row, "id");
    load->owner = row_id(row, "owner_id");
    load->zone = zone_find(data->time_zone);
    if (!load->zone)
        fault_raise(FAULT_BROKEN, "time zone %s is unknown: install tzdata", data->time_zone);
    return true;
}

/* A closed day ten days from now, to show what an override does. */
static const char *overrides(const struct load *load)
{
    char text[CLOCK_TEXT_SIZE];
    struct date today = zone_to_wall(load->zone, load->cli->now).date;
    date_format(text, date_from_days(date_to_days(today) + 10));
    return pool_printf(load->cli->pool, "{\"%s\":[]}", text);
}

static void add_people(struct load *load)
{
    struct cli *cli = load->cli;
    for (size_t i = 0; load->data->people[i].name; i++) {
        const struct demo_person *data = &load->data->people[i];
        struct person_order order = { .company = load->company,
                                      .role = data->role,
                                      .name = data->name,
                                      .email = data->email,
                                      .phone = data->phone,
                                      .now = cli->now - (DAYS_EACH_WAY + DAYS_AHEAD) * CLOCK_DAY };
        load->people[i] = row_id(person_create(cli->db, cli->pool, &order), "id");
        if (data->weekly) {
            schedule_store(cli->db, load->company, load->people[i], load->data->time_zone, data->weekly,
                           i == 0 ? overrides(load) : "{}", order.now);
        }
    }
}

static void add_services(struct load *load)
{
    struct cli *cli = load->cli;
    for (size_t i = 0; load->data->services[i].name; i++) {
        const struct demo_service *data = &load->data->services[i];
        struct id staff[PEOPLE_MAX];
        struct service_answer answer;
        struct service_order order = { .company = load->company,
                                       .name = data->name,
                                       .description = data->description,
                                       .duration = data->duration,
                                       .buffer_before = data->buffer_before,
                                       .buffer_after = data->buffer_after,
                                       .slot_interval = data->interval,
                                       .price_amount = data->price,
                                       .price_currency = load->data->currency,
                                       .price_type = data->price_type,
                                       .days = EVERY_DAY,
                                       .to = DAY_MINUTES,
                                       .time_zone = load->data->time_zone,
                                       .staff = staff,
                                       .now = cli->now - (DAYS_EACH_WAY + DAYS_AHEAD) * CLOCK_DAY };
        for (size_t person = 0; load->data->people[person].name; person++)
            if (data->staff & (1U << person))
                staff[order.staff_count++] = load->people[person];
        if (service_create(cli->db, cli->pool, &order, &answer) != SERVICE_DONE)
            fault_raise(FAULT_BROKEN, "the demo's service %s cannot be made", data->name);
        load->services[i] = row_id(answer.row, "id");
    }
}

/* ---- bookings ---- */

/* The n-th customer of the company, or a guest. */
static void choose_customer(const struct load *load, struct booking_order *order)
{
    static const char *const guests[] = { "Alex Morgan", "Sam Rivera", "Chris Lee", "Kim Novak", "Jo Park" };
    size_t customers[PEOPLE_MAX], count = 0;
    for (size_t i = 0; load->data->people[i].name; i++)
        if (!role_is_staff(load->data->people[i].role))
            customers[count++] = i;
    if (load->turn % 3 != 0) {
        order->customer = load->people[customers[load->turn % count]];
        return;
    }
    size_t guest = load->turn / 3 % (sizeof guests / sizeof guests[0]);
    order->name = guests[guest];
    order->email = pool_printf(load->cli->pool, "guest%zu@guests.example", guest + 1);
    order->phone = "+1 555 0177";
}

static void move(const struct load *load, const struct row *booking, enum booking_action action, instant now)
{
    struct booking_answer answer;
    bool cancel = action == BOOKING_CANCEL;
    booking_move(load->cli->db, load->cli->pool, load->company, row_id(booking, "id"), action,
                 cancel ? "Cannot make it" : NULL, cancel ? "customer" : NULL, now, &answer);
}

/* What became of a booking by now. */
static void live(const struct load *load, const struct row *booking, instant booked)
{
    instant starts = row_time(booking, "starts_at"), ends = row_time(booking, "ends_at");
    unsigned fate = load->turn % 10;
    if (fate == 3) {
        move(load, booking, BOOKING_CANCEL,
             booked + 2 * CLOCK_HOUR < load->cli->now ? booked + 2 * CLOCK_HOUR : load->cli->now);
        return;
    }
    if (ends > load->cli->now && fate % 2)
        return; /* pending */
    move(load, booking, BOOKING_CONFIRM,
         booked + CLOCK_HOUR < load->cli->now ? booked + CLOCK_HOUR : load->cli->now);
    if (ends <= load->cli->now) {
        move(load, booking, fate == 7 ? BOOKING_NO_SHOW : BOOKING_COMPLETE,
             fate == 7 ? starts + 15 * CLOCK_MINUTE : ends);
    }
}

/* A service that the person performs; -1: none. */
static int choose_service(const struct load *load, size_t person)
{
    int fitting[SERVICES_MAX], count = 0;
    for (int i = 0; load->data->services[i].name; i++)
        if (load->data->services[i].staff & (1U << person))
            fitting[count++] = i;
    return count ? fitting[load->turn % (unsigned)count] : -1;
}

static bool works_on(const struct load *load, size_t person, struct date date)
{
    static const char *const closed[] = { "\"monday\":[]",   "\"tuesday\":[]", "\"wednesday\":[]",
                                          "\"thursday\":[]", "\"friday\":[]",  "\"saturday\":[]",
                                          "\"sunday\":[]" };
    return !strstr(load->data->people[person].weekly, closed[date_weekday(date)]);
}

static void book(struct load *load, size_t person, struct date date, int minute)
{
    struct cli *cli = load->cli;
    struct booking_answer answer;
    instant starts = zone_from_wall(load->zone, (struct wall){ .date = date, .minute = minute }, NULL);
    instant booked = starts - DAYS_AHEAD * CLOCK_DAY;
    size_t notes = 0;
    load->turn++;
    int service = choose_service(load, person);
    if (service < 0)
        return;
    while (load->data->notes[notes])
        notes++;
    struct booking_order order = { .company = load->company,
                                   .service = load->services[service],
                                   .staff = load->people[person],
                                   .starts_at = starts,
                                   .notes = load->turn % 4 ? NULL : load->data->notes[load->turn % notes],
                                   .now = booked < cli->now ? booked : cli->now };
    choose_customer(load, &order);
    enum booking_result result = booking_create(cli->db, cli->pool, &order, &answer);
    if (result == BOOKING_DONE)
        live(load, answer.row, order.now);
    else if (result != BOOKING_TAKEN) /* that one is a day off or an odd fit: the day stays freer */
        fault_raise(FAULT_BROKEN, "the demo's booking cannot be made: %d", (int)result);
}

static void add_bookings(struct load *load)
{
    struct date today = zone_to_wall(load->zone, load->cli->now).date;
    for (int day = -DAYS_EACH_WAY; day <= DAYS_EACH_WAY; day++) {
        struct date date = date_from_days(date_to_days(today) + day);
        for (size_t person = 0; load->data->people[person].name; person++) {
            if (!load->data->people[person].weekly || !works_on(load, person, date))
                continue;
            for (size_t i = 0; i < DEMO_STARTS_MAX && load->data->people[person].starts[i]; i++)
                book(load, person, date, load->data->people[person].starts[i]);
        }
    }
    db_run(load->cli->db, &SETTLE_REMINDERS, BIND(value_id(load->company), value_time(load->cli->now)));
}

/* ---- what the operator is told ---- */

static void add_access(struct load *load)
{
    struct cli *cli = load->cli;
    char company[ID_TEXT_SIZE], service[ID_TEXT_SIZE], staff[ID_TEXT_SIZE];
    unsigned char random[PASSWORD_BYTES];
    char *key = NULL;
    struct key_order order = {
        .company = load->company,
        .name = "demo",
        .power = { .scopes = "*", .booking_limit = BOOKINGS_A_MINUTE }, /* so that load by hand works */
        .now = cli->now,
    };
    key_create(cli->db, cli->pool, &order, &key);
    crypto_random(random, sizeof random);
    char *password = crypto_base64url(cli->pool, random, sizeof random);
    if (!person_add_login(cli->db, cli->pool, load->company, load->owner, load->data->owner_email, password,
                          cli->now))
        fault_raise(FAULT_BROKEN, "%s has a login already", load->data->owner_email);
    cli_print(cli, "SLOTWIRE_COMPANY=%s\n", id_format(company, "cli", load->company));
    cli_print(cli, "SLOTWIRE_KEY=%s\n", key);
    cli_print(cli, "SLOTWIRE_ADMIN_EMAIL=%s\n", load->data->owner_email);
    cli_print(cli, "SLOTWIRE_ADMIN_PASSWORD=%s\n", password);
    cli_print(cli, "SLOTWIRE_SERVICE=%s\n", id_format(service, "srv", load->services[0]));
    cli_print(cli, "SLOTWIRE_STAFF=%s\n", id_format(staff, "usr", load->people[0]));
}

static int load_demo(struct cli *cli)
{
    if (db_one(cli->db, cli->pool, &FIND, BIND(value_text(demo_companies[0].slug)))) {
        fputs("the demo is there already\n", stderr);
        return CLI_DONE;
    }
    for (size_t i = 0; demo_companies[i].name; i++) {
        struct load load = { .cli = cli, .data = &demo_companies[i] };
        if (!add_company(&load)) {
            if (i == 0)
                fault_raise(FAULT_RETRY, "another demo is being loaded"); /* the next try finds it done */
            return cli_refuse("the slug %s belongs to a company that is not the demo's", load.data->slug);
        }
        add_people(&load);
        add_services(&load);
        add_bookings(&load);
        if (i == 0)
            add_access(&load);
    }
    cli->poke = true;
    return CLI_DONE;
}

const struct command demo_command = { "demo", "load three demo businesses; prints how to get at the first",
                                      NULL, true, load_demo };
