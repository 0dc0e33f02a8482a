#include "cli/doctor.h"

#include "base/config.h"
#include "base/fault.h"
#include "base/jwt.h"
#include "base/zone.h"
#include "db/schema.h"

#include <unistd.h>

/* Cron starts the dispatcher each minute; three missed starts are no accident. */
enum { DISPATCHER_LATE = 180 * CLOCK_SECOND, CLOCK_TOLERANCE = CLOCK_SECOND };

static const struct statement VERSION = { "SELECT MAX(version) AS version FROM schema_version" };
static const struct statement HAS_VERSION = {
    "SELECT COUNT(*) AS known FROM information_schema.tables"
    " WHERE table_schema = DATABASE() AND table_name = 'schema_version'"
};
static const struct statement DISPATCHER = {
    "SELECT holder, seen_at FROM heartbeats WHERE name = 'dispatcher'"
};
static const struct statement CLOCK = { "SELECT UTC_TIMESTAMP(3) AS time" };

/* ---- the database ---- */

static bool check_schema(struct doctor *doctor)
{
    struct cli *cli = doctor->cli;
    int64_t version = 0;
    if (row_int(db_one(cli->db, cli->pool, &HAS_VERSION, BIND_NONE), "known"))
        version = row_int(db_one(cli->db, cli->pool, &VERSION, BIND_NONE), "version");
    if (version == SCHEMA_VERSION) {
        doctor_ok(doctor, "schema has version %d", SCHEMA_VERSION);
        return true;
    }
    doctor_fail(doctor, version < SCHEMA_VERSION ? "run `slotwire migrate`" : "install the newer slotwire",
                "schema has version %lld, this program needs %d", (long long)version, SCHEMA_VERSION);
    return false;
}

static void check_dispatcher(struct doctor *doctor)
{
    static const char advice[] = "cron must start it each minute: `* * * * * slotwire-dispatcher`";
    const struct row *row = db_one(doctor->cli->db, doctor->cli->pool, &DISPATCHER, BIND_NONE);
    if (!row) {
        doctor_fail(doctor, advice, "dispatcher has never run: no webhook and no reminder is sent");
        return;
    }
    instant age = doctor->cli->now - row_time(row, "seen_at");
    if (age > DISPATCHER_LATE) {
        doctor_fail(doctor, advice, "dispatcher was last seen %lld minutes ago",
                    (long long)(age / CLOCK_MINUTE));
        return;
    }
    doctor_ok(doctor, "dispatcher was seen %lld seconds ago", (long long)(age < 0 ? 0 : age / CLOCK_SECOND));
}

/* The dispatcher follows the database's clock; workers cannot ask for it at every request. */
static void check_clock(struct doctor *doctor)
{
    instant before = clock_real();
    instant there = row_time(db_one(doctor->cli->db, doctor->cli->pool, &CLOCK, BIND_NONE), "time");
    int64_t behind = there - (before + (clock_real() - before) / 2);
    if (llabs(behind) > CLOCK_TOLERANCE)
        doctor_warn(doctor, "let both machines follow a time server (NTP)",
                    "this machine's clock is %.1f seconds %s the database's", (double)llabs(behind) / 1000,
                    behind > 0 ? "behind" : "ahead of");
    else
        doctor_ok(doctor, "clocks agree, this machine's and the database's");
}

/* ---- the machine ---- */

static void check_zones(struct doctor *doctor)
{
    static const struct {
        const char *name;
        int offset; /* seconds east of UTC on 1 July 2025, noon UTC */
    } zones[] = { { "UTC", 0 },
                  { "America/New_York", -4 * 3600 },
                  { "Europe/Berlin", 2 * 3600 },
                  { "Asia/Kolkata", 19800 },
                  { "Australia/Sydney", 10 * 3600 } };
    const instant july = INT64_C(1751371200000);
    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        const struct zone *zone = zone_find(zones[i].name);
        if (!zone || zone_offset(zone, july) != zones[i].offset) {
            doctor_fail(doctor, "install the system's time zones (package tzdata)", "time zone %s is %s",
                        zones[i].name, zone ? "wrong" : "unknown");
            return;
        }
    }
    doctor_ok(doctor, "time zones are known");
}

static void check_settings(struct doctor *doctor)
{
    const char *root = config_text(CONFIG_WEB_ROOT);
    if (*root && access(root, R_OK | X_OK) != 0) {
        doctor_fail(doctor, "set web_root to the folder of the static pages", "web_root %s is not readable",
                    root);
    }
    if (*config_text(CONFIG_TEST_CLOCK)) {
        doctor_warn(doctor, "remove test_clock where real customers book",
                    "the time comes from a test's file");
    }
    if (*config_text(CONFIG_OUTBOUND_ALLOW)) {
        doctor_warn(doctor, "keep outbound_allow as narrow as can be", "webhooks may also reach %s",
                    config_text(CONFIG_OUTBOUND_ALLOW));
    }
    if (strlen(config_text(CONFIG_SESSION_SECRET)) < JWT_SECRET_MIN)
        doctor_warn(doctor, "set session_secret to 32 random characters or more", "nobody can log in");
    if (*config_text(CONFIG_ROOM_URL) && !*config_text(CONFIG_ROOM_SECRET))
        doctor_warn(doctor, "set room_secret", "room_url is set without room_secret: no call links are made");
}

/* A check that meets a fault is a failed check, and the next ones still run. */
static void check_database(struct doctor *doctor)
{
    struct fault_frame frame;
    if (fault_catch(&frame) != FAULT_NONE) {
        doctor_fail(doctor, "see the log line above", "database refused a question");
        return;
    }
    if (doctor_check_server(doctor) && check_schema(doctor)) {
        check_dispatcher(doctor);
        check_clock(doctor);
        doctor_check_alarms(doctor);
    }
    fault_done(&frame);
}

static int examine(struct cli *cli)
{
    struct doctor doctor = { .cli = cli };
    check_database(&doctor);
    check_zones(&doctor);
    check_settings(&doctor);
    doctor_check_watch(&doctor);
    doctor_check_web(&doctor);
    return doctor.failed ? CLI_REFUSED : CLI_DONE;
}

const struct command doctor_command = { "doctor", "look for what is wrong with this installation", NULL,
                                        false, examine };
