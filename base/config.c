#include "base/config.h"

#include "base/place.h"
#include "base/pool.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>

#ifndef SYSCONFDIR
#define SYSCONFDIR "/etc"
#endif
#define DEFAULT_FILE SYSCONFDIR "/slotwire.conf"

enum setting_type {
    SETTING_TEXT,
    SETTING_URL, /* http or https, or empty; a slash at the end is taken off */
    SETTING_INT, /* min..max */
    SETTING_BOOL,
    SETTING_CHOICE
};

struct row {
    const char *name;
    enum setting_type type;
    const char *fallback;
    const char *doc;
    int64_t min, max;
    bool secret;
    const char *choices; /* with a `|` between them */
};

static const struct row rows[CONFIG_COUNT] = {
    [CONFIG_DB_SOCKET] = { .name = "db_socket",
                           .type = SETTING_TEXT,
                           .fallback = "",
                           .doc = "Path of MariaDB's UNIX socket. Empty: TCP to db_host." },
    [CONFIG_DB_HOST] = { .name = "db_host",
                         .type = SETTING_TEXT,
                         .fallback = "127.0.0.1",
                         .doc = "Host of MariaDB." },
    [CONFIG_DB_PORT] = { .name = "db_port",
                         .type = SETTING_INT,
                         .fallback = "3306",
                         .doc = "Port of MariaDB.",
                         .min = 1,
                         .max = 65535 },
    [CONFIG_DB_NAME] = { .name = "db_name",
                         .type = SETTING_TEXT,
                         .fallback = "slotwire",
                         .doc = "Name of the database." },
    [CONFIG_DB_USER] = { .name = "db_user",
                         .type = SETTING_TEXT,
                         .fallback = "slotwire",
                         .doc = "User of the database." },
    [CONFIG_DB_PASSWORD] = { .name = "db_password",
                             .type = SETTING_TEXT,
                             .fallback = "",
                             .doc = "Password of the database's user.",
                             .secret = true },
    [CONFIG_DB_IDLE_SECONDS] = { .name = "db_idle_seconds",
                                 .type = SETTING_INT,
                                 .fallback = "10",
                                 .doc = "Seconds after which a worker that has nothing to do lets go of its "
                                        "connection to MariaDB, so that others get one. 0: never.",
                                 .min = 0,
                                 .max = 86400 },
    [CONFIG_PUBLIC_URL] = { .name = "public_url",
                            .type = SETTING_URL,
                            .fallback = "http://127.0.0.1:8080",
                            .doc = "Where clients reach this installation." },
    [CONFIG_OPEN_SIGNUP] = { .name = "open_signup",
                             .type = SETTING_BOOL,
                             .fallback = "no",
                             .doc = "Whether anyone may create a company, without a platform key." },
    [CONFIG_LOG_FILE] = { .name = "log_file",
                          .type = SETTING_TEXT,
                          .fallback = "",
                          .doc = "File to append the log to. Empty: standard error." },
    [CONFIG_LOG_LEVEL] = { .name = "log_level",
                           .type = SETTING_CHOICE,
                           .fallback = "info",
                           .doc = "Least weight of what is logged.",
                           .choices = "error|warn|info|debug" },
    [CONFIG_BODY_LIMIT] = { .name = "body_limit",
                            .type = SETTING_INT,
                            .fallback = "1048576",
                            .doc = "Most bytes of a request body.",
                            .min = 1024,
                            .max = 67108864 },
    [CONFIG_JSON_DEPTH] = { .name = "json_depth",
                            .type = SETTING_INT,
                            .fallback = "32",
                            .doc = "Most nesting of a request body.",
                            .min = 4,
                            .max = 512 },
    [CONFIG_WORKER_REQUESTS] = { .name = "worker_requests",
                                 .type = SETTING_INT,
                                 .fallback = "0",
                                 .doc = "Requests after which a worker ends itself. 0: never.",
                                 .min = 0,
                                 .max = 1000000000 },
    [CONFIG_TEST_CLOCK] = { .name = "test_clock",
                            .type = SETTING_TEXT,
                            .fallback = "",
                            .doc = "File that holds the time, for tests. Empty: the real clock." },
    [CONFIG_ROOM_URL] = { .name = "room_url",
                          .type = SETTING_URL,
                          .fallback = "",
                          .doc = "Base of secure call links. Empty: no links." },
    [CONFIG_ROOM_SECRET] = { .name = "room_secret",
                             .type = SETTING_TEXT,
                             .fallback = "",
                             .doc = "Signs secure call links.",
                             .secret = true },
    [CONFIG_OUTBOUND_ALLOW] = { .name = "outbound_allow",
                                .type = SETTING_TEXT,
                                .fallback = "",
                                .doc = "CIDR ranges that webhooks may reach beside the public internet." },
    [CONFIG_DISPATCHER_SOCKET] = { .name = "dispatcher_socket",
                                   .type = SETTING_TEXT,
                                   .fallback = "",
                                   .doc = "Datagram socket on which workers wake the dispatcher. Empty: it "
                                          "polls." },
    [CONFIG_DISPATCHER_WINDOW] = { .name = "dispatcher_window",
                                   .type = SETTING_INT,
                                   .fallback = "75",
                                   .doc = "Seconds that one run of the dispatcher stays; longer than from "
                                          "one start to the next, so that it is there to hand over.",
                                   .min = 1,
                                   .max = 86400 },
    [CONFIG_DISPATCHER_PARALLEL] = { .name = "dispatcher_parallel",
                                     .type = SETTING_INT,
                                     .fallback = "256",
                                     .doc = "Most webhooks in flight at once.",
                                     .min = 1,
                                     .max = 10000 },
    [CONFIG_DISPATCHER_LANE_PARALLEL] = { .name = "dispatcher_lane_parallel",
                                          .type = SETTING_INT,
                                          .fallback = "32",
                                          .doc = "Most webhooks in flight to one endpoint.",
                                          .min = 1,
                                          .max = 10000 },
    [CONFIG_DISPATCHER_LEASE] = { .name = "dispatcher_lease",
                                  .type = SETTING_INT,
                                  .fallback = "120",
                                  .doc = "Seconds that a claim on a delivery holds, longer than any "
                                         "webhook may take.",
                                  .min = 40,
                                  .max = 86400 },
    [CONFIG_DISPATCHER_NAME] = { .name = "dispatcher_name",
                                 .type = SETTING_TEXT,
                                 .fallback = "",
                                 .doc = "One dispatcher at a time works by each name; give a second one of "
                                        "a host its own. Empty: the host's name." },
    [CONFIG_DISPATCHER_SHARD_LEASE] = { .name = "dispatcher_shard_lease",
                                        .type = SETTING_INT,
                                        .fallback = "15",
                                        .doc = "Seconds after which the lanes of a dispatcher that gives no "
                                               "sign of life go to the others.",
                                        .min = 5,
                                        .max = 3600 },
    [CONFIG_DISPATCHER_PROGRAM] = { .name = "dispatcher_program",
                                    .type = SETTING_TEXT,
                                    .fallback = "",
                                    .doc = "Path of slotwire-dispatcher, which a worker starts when none was "
                                           "seen for three minutes: cron stopped. Empty: it does not." },
    [CONFIG_DISPATCHER_LOG_LEVEL] = { .name = "dispatcher_log_level",
                                      .type = SETTING_CHOICE,
                                      .fallback = "warn",
                                      .doc = "Least weight of what the dispatcher writes to standard error, "
                                             "which cron mails. A log_file gets what log_level lets through.",
                                      .choices = "error|warn|info|debug" },
    [CONFIG_SESSION_SECRET] = { .name = "session_secret",
                                .type = SETTING_TEXT,
                                .fallback = "",
                                .doc = "Signs the tokens of logins; at least 32 random characters. Empty: "
                                       "nobody can log in.",
                                .secret = true },
    [CONFIG_PASSWORD_ROUNDS] = { .name = "password_rounds",
                                 .type = SETTING_INT,
                                 .fallback = "3",
                                 .doc = "How often scrypt goes over its 32 MiB for each password. Stored "
                                        "hashes follow, each at its person's next login.",
                                 .min = 1,
                                 .max = 16 },
    [CONFIG_LIMIT_BOOKINGS] = { .name = "limit_bookings",
                                .type = SETTING_INT,
                                .fallback = "10",
                                .doc = "Bookings that one key may make in a minute, where the key has no "
                                       "limit of its own.",
                                .min = 1,
                                .max = 1000000 },
    [CONFIG_LIMIT_CALENDAR] = { .name = "limit_calendar",
                                .type = SETTING_INT,
                                .fallback = "60",
                                .doc = "Reads of one calendar feed in an hour.",
                                .min = 1,
                                .max = 1000000 },
    [CONFIG_WEBHOOK_DISABLE_DAYS] = { .name = "webhook_disable_days",
                                      .type = SETTING_INT,
                                      .fallback = "5",
                                      .doc = "Days without a success after which a webhook endpoint is "
                                             "switched off.",
                                      .min = 1,
                                      .max = 365 },
    [CONFIG_RETENTION_DAYS] = { .name = "retention_days",
                                .type = SETTING_INT,
                                .fallback = "90",
                                .doc = "Days that events, their deliveries and attempts are kept.",
                                .min = 7,
                                .max = 3650 },
    [CONFIG_RETENTION_HELD_DAYS] = { .name = "retention_held_days",
                                     .type = SETTING_INT,
                                     .fallback = "180",
                                     .doc = "Days that they are kept at most while a delivery of that day "
                                            "still waits; then it is given up.",
                                     .min = 7,
                                     .max = 3650 },
    [CONFIG_LAG_ALARM] = { .name = "lag_alarm",
                           .type = SETTING_INT,
                           .fallback = "300",
                           .doc = "Seconds that a delivery may be overdue before operator and owner are "
                                  "told.",
                           .min = 10,
                           .max = 86400 },
    [CONFIG_METRICS_TOKEN] = { .name = "metrics_token",
                               .type = SETTING_TEXT,
                               .fallback = "",
                               .doc = "Opens /metrics, as a bearer token, from elsewhere than the machine "
                                      "itself. Empty: only from there.",
                               .secret = true },
    [CONFIG_METRICS_FILE] = { .name = "metrics_file",
                              .type = SETTING_TEXT,
                              .fallback = "",
                              .doc = "Path of the file in which the workers of this host count requests. "
                                     "Empty: each counts for itself." },
    [CONFIG_OPERATOR_EMAIL] = { .name = "operator_email",
                                .type = SETTING_TEXT,
                                .fallback = "",
                                .doc = "Who is told by mail when something is wrong. Empty: nobody." },
    [CONFIG_SMTP_URL] = { .name = "smtp_url",
                          .type = SETTING_TEXT,
                          .fallback = "",
                          .doc = "The mail server: smtp://host:587 or smtps://host:465. Empty: mails wait "
                                 "until there is one." },
    [CONFIG_SMTP_USER] = { .name = "smtp_user",
                           .type = SETTING_TEXT,
                           .fallback = "",
                           .doc = "Name at the mail server. Empty: none is given." },
    [CONFIG_SMTP_PASSWORD] = { .name = "smtp_password",
                               .type = SETTING_TEXT,
                               .fallback = "",
                               .doc = "Password at the mail server.",
                               .secret = true },
    [CONFIG_SMTP_TLS] = { .name = "smtp_tls",
                          .type = SETTING_CHOICE,
                          .fallback = "required",
                          .doc = "Whether smtp:// must change to TLS (STARTTLS), may, or does not.",
                          .choices = "required|opportunistic|none" },
    [CONFIG_SMTP_TIMEOUT] = { .name = "smtp_timeout",
                              .type = SETTING_INT,
                              .fallback = "30",
                              .doc = "Seconds that one try at a mail takes at most.",
                              .min = 2,
                              .max = 30 },
    [CONFIG_SMTP_CA_FILE] = { .name = "smtp_ca_file",
                              .type = SETTING_TEXT,
                              .fallback = "",
                              .doc = "Certificates that the mail server's is checked against. Empty: the "
                                     "system's." },
    [CONFIG_MAIL_FROM] = { .name = "mail_from",
                           .type = SETTING_TEXT,
                           .fallback = "",
                           .doc = "Sender of mails: slotwire@example.com. Empty: mails wait." },
    [CONFIG_WEB_ROOT] = { .name = "web_root",
                          .type = SETTING_TEXT,
                          .fallback = "",
                          .doc = "Folder of the static pages, which doctor looks at." },
};

/* What is in force. A NULL text stands for the default. */
static struct {
    char *text;
    int64_t integer;
    char *source;
} settings[CONFIG_COUNT];

static char *copy_text(const char *text, size_t length)
{
    char *copy = strndup(text, length);

    if (!copy)
        pool_exhausted();
    return copy;
}

static _Noreturn void refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void refuse(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs("slotwire: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(78); /* EX_CONFIG */
}

static bool parse_int(const struct row *row, const char *text, int64_t *integer)
{
    char *end;
    long long read;

    if ((*text < '0' || *text > '9') && *text != '-')
        return false; /* strtoll would take spaces and `+` */
    errno = 0;
    read = strtoll(text, &end, 10);
    if (errno != 0 || *end != '\0' || read < row->min || read > row->max)
        return false;
    *integer = read;
    return true;
}

static bool is_word_of(const char *text, const char *words)
{
    size_t length = strlen(text);

    while (*words) {
        size_t word = strcspn(words, "|");
        if (word == length && memcmp(words, text, word) == 0)
            return true;
        words += word + (words[word] == '|');
    }
    return false;
}

static bool parse_bool(const char *text, int64_t *integer)
{
    *integer = is_word_of(text, "yes|true|on|1");
    return *integer || is_word_of(text, "no|false|off|0");
}

static bool parse(const struct row *row, const char *text, int64_t *integer)
{
    *integer = 0;
    switch (row->type) {
    case SETTING_TEXT:
        return true;
    case SETTING_URL:
        return *text == '\0' || strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;
    case SETTING_INT:
        return parse_int(row, text, integer);
    case SETTING_BOOL:
        return parse_bool(text, integer);
    case SETTING_CHOICE:
        return is_word_of(text, row->choices);
    }
    return false;
}

/* What a value of the row must be, for the message that refuses another. */
static const char *expectation(const struct row *row, char *text, size_t size)
{
    switch (row->type) {
    case SETTING_URL:
        return "a URL that begins with http:// or https://";
    case SETTING_INT:
        snprintf(text, size, "an integer from %lld to %lld", (long long)row->min, (long long)row->max);
        return text;
    case SETTING_BOOL:
        return "yes or no";
    case SETTING_CHOICE:
        snprintf(text, size, "one of %s", row->choices);
        return text;
    case SETTING_TEXT:
        break;
    }
    return "a text";
}

static bool assign(enum setting setting, const char *text, const char *source)
{
    const struct row *row = &rows[setting];
    size_t length = strlen(text);
    int64_t integer;
    char *copy, *source_copy;

    if (!parse(row, text, &integer))
        return false;
    while (row->type == SETTING_URL && length > 0 && text[length - 1] == '/')
        length--;
    copy = copy_text(text, length); /* before the old ones go: `text` may be one of them */
    source_copy = copy_text(source, strlen(source));
    free(settings[setting].text);
    free(settings[setting].source);
    settings[setting].text = copy;
    settings[setting].source = source_copy;
    settings[setting].integer = integer;
    return true;
}

static void assign_or_refuse(enum setting setting, const char *text, const char *source)
{
    char expected[128];
    const struct row *row = &rows[setting];

    if (!assign(setting, text, source))
        refuse("%s: %s must be %s", source, row->name, expectation(row, expected, sizeof expected));
}

static int find(const char *name)
{
    for (int i = 0; i < CONFIG_COUNT; i++)
        if (strcmp(rows[i].name, name) == 0)
            return i;
    return -1;
}

/* The text without blanks at both ends, changed in place. */
static char *trimmed(char *text)
{
    size_t length;

    text += strspn(text, " \t");
    length = strlen(text);
    while (length > 0 && strchr(" \t\r\n", text[length - 1]))
        length--;
    text[length] = '\0';
    return text;
}

static void take_line(char *line, const char *where)
{
    char *name = trimmed(line);
    char *equals = strchr(name, '=');
    int setting;

    if (*name == '\0' || *name == '#')
        return;
    if (!equals)
        refuse("%s: expected `name = value`", where);
    *equals = '\0';
    name = trimmed(name);
    setting = find(name);
    if (setting < 0)
        refuse("%s: there is no setting `%s`", where, name);
    assign_or_refuse((enum setting)setting, trimmed(equals + 1), where);
}

static void read_file(const char *path, bool must_exist)
{
    FILE *file = fopen(path, "re");
    char *line = NULL, where[512];
    size_t capacity = 0;
    ssize_t length;

    if (!file) {
        if (must_exist || errno != ENOENT)
            refuse("%s: %s", path, strerror(errno));
        return;
    }
    for (int number = 1; (length = getline(&line, &capacity, file)) >= 0; number++) {
        snprintf(where, sizeof where, "%s:%d", path, number);
        if (strlen(line) != (size_t)length)
            refuse("%s: a NUL byte", where);
        take_line(line, where);
    }
    if (ferror(file))
        refuse("%s: %s", path, strerror(errno));
    free(line);
    fclose(file);
}

static void read_environment(void)
{
    char name[64];

    for (int i = 0; i < CONFIG_COUNT; i++) {
        const char *text;
        snprintf(name, sizeof name, "SLOTWIRE_%s", rows[i].name);
        for (char *at = name; *at; at++)
            *at = *at >= 'a' && *at <= 'z' ? (char)(*at - 'a' + 'A') : *at;
        text = getenv(name);
        if (text)
            assign_or_refuse((enum setting)i, text, name);
    }
}

static char *named_file;

const char *config_file(void)
{
    return named_file;
}

/* Named, or found beside the program: a dispatcher that a worker starts is given it. */
static void read_own_file(const char *path)
{
    read_file(path, true);
    free(named_file);
    named_file = realpath(path, NULL);
}

void config_load(const char *path)
{
    char beside[4096];

    if (!path)
        path = getenv("SLOTWIRE_CONFIG");
    if (path && *path)
        read_own_file(path);
    else if (place_find(beside, sizeof beside, "etc/slotwire.conf"))
        read_own_file(beside);
    else
        read_file(DEFAULT_FILE, false);
    read_environment();
}

bool config_set(enum setting setting, const char *text)
{
    return assign(setting, text, "set by hand");
}

const char *config_text(enum setting setting)
{
    return settings[setting].text ? settings[setting].text : rows[setting].fallback;
}

int64_t config_int(enum setting setting)
{
    int64_t integer = settings[setting].integer;

    if (!settings[setting].text)
        parse(&rows[setting], rows[setting].fallback, &integer);
    return integer;
}

bool config_bool(enum setting setting)
{
    return config_int(setting) != 0;
}

void config_print(FILE *out)
{
    for (int i = 0; i < CONFIG_COUNT; i++) {
        const struct row *row = &rows[i];
        const char *source = settings[i].source ? settings[i].source : "default";
        const char *text = config_text((enum setting)i);
        fprintf(out, "%s# %s\n# default: %s; from: %s\n", i > 0 ? "\n" : "", row->doc,
                *row->fallback ? row->fallback : "empty", source);
        if (row->secret)
            fprintf(out, "# %s is %s\n", row->name, *text ? "set" : "not set");
        else
            fprintf(out, "%s =%s%s\n", row->name, *text ? " " : "", text);
    }
}
