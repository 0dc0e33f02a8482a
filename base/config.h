/*
 * config: the settings. One table row each in config.c: name, type, default, doc.
 *
 * Sources, the later wins: the default; the file (`name = value` lines, `#` comments) named by --config, else
 * by SLOTWIRE_CONFIG, else etc/slotwire.conf of the folder that the program was copied to (base/place.h),
 * else SYSCONFDIR/slotwire.conf; the environment variable SLOTWIRE_<NAME IN UPPER CASE>. A file that is named
 * but missing, an unknown name in the file or a value of the wrong type stops the program with one line that
 * says where. Other SLOTWIRE_* variables are left alone.
 */
#ifndef BASE_CONFIG_H
#define BASE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum setting {
    CONFIG_DB_SOCKET, /* path of MariaDB's UNIX socket; empty: TCP to db_host */
    CONFIG_DB_HOST,
    CONFIG_DB_PORT,
    CONFIG_DB_NAME,
    CONFIG_DB_USER,
    CONFIG_DB_PASSWORD,     /* secret: `slotwire config` prints that it is set, never what it is */
    CONFIG_DB_IDLE_SECONDS, /* a worker lets go of a connection that was idle so long; 0: never */
    CONFIG_PUBLIC_URL,      /* where clients reach this installation; no slash at the end */
    CONFIG_OPEN_SIGNUP,     /* bool: POST /api/v1/companies without a key */
    CONFIG_LOG_FILE,        /* empty: standard error */
    CONFIG_LOG_LEVEL,       /* error | warn | info | debug */
    CONFIG_BODY_LIMIT,      /* bytes of a request body: 1 MiB */
    CONFIG_JSON_DEPTH,      /* nesting of a request body: 32 */
    CONFIG_WORKER_REQUESTS, /* a worker ends itself after so many requests; 0: never */
    CONFIG_TEST_CLOCK,  /* path of a file that holds the time; empty: the real clock, and --now is refused */
    CONFIG_ROOM_URL,    /* base of secure call links: https://meet.example.com */
    CONFIG_ROOM_SECRET, /* secret: signs the links */
    CONFIG_OUTBOUND_ALLOW, /* comma-separated CIDR ranges that webhooks may reach beside the public internet;
                              http too */
    CONFIG_DISPATCHER_SOCKET,        /* path of the datagram socket that workers poke; empty: polling alone */
    CONFIG_DISPATCHER_WINDOW,        /* seconds a run stays where nobody takes over: 75 */
    CONFIG_DISPATCHER_PARALLEL,      /* transfers in flight at once: 256 */
    CONFIG_DISPATCHER_LANE_PARALLEL, /* … of one endpoint: 32 */
    CONFIG_DISPATCHER_LEASE,         /* seconds a claim holds: 120 */
    CONFIG_DISPATCHER_NAME,          /* one dispatcher at a time works by each name; empty: the host's name */
    CONFIG_DISPATCHER_SHARD_LEASE,   /* seconds a share of the lanes is held without a sign of life: 15 */
    CONFIG_DISPATCHER_PROGRAM, /* what a worker starts when no dispatcher was seen for long; empty: nothing */
    CONFIG_DISPATCHER_LOG_LEVEL, /* error | warn | info | debug, of what it writes to standard error: warn */
    CONFIG_SESSION_SECRET,       /* secret: signs the tokens of logins; empty: nobody can log in */
    CONFIG_PASSWORD_ROUNDS,      /* scrypt's p of new hashes of passwords: 3 */
    CONFIG_LIMIT_BOOKINGS,       /* bookings that one key may make in a minute: 10 */
    CONFIG_LIMIT_CALENDAR,       /* calendar reads of one key in an hour: 60 */
    CONFIG_WEBHOOK_DISABLE_DAYS, /* days without a success until an endpoint is switched off: 5 */
    CONFIG_RETENTION_DAYS,       /* days that events, deliveries and attempts are kept: 90 */
    CONFIG_RETENTION_HELD_DAYS,  /* … where a delivery still waits: 180 */
    CONFIG_LAG_ALARM,            /* seconds that a delivery may be overdue before somebody is told: 300 */
    CONFIG_METRICS_TOKEN,        /* secret: opens /metrics from elsewhere than the machine itself */
    CONFIG_METRICS_FILE,         /* path of the file in which the workers count; empty: each for itself */
    CONFIG_OPERATOR_EMAIL,       /* who is told when something is wrong; empty: nobody */
    CONFIG_SMTP_URL,             /* smtp://host:587 or smtps://host:465; empty: no mail is sent */
    CONFIG_SMTP_USER,
    CONFIG_SMTP_PASSWORD, /* secret */
    CONFIG_SMTP_TLS,      /* required | opportunistic | none: STARTTLS of smtp:// */
    CONFIG_SMTP_TIMEOUT,  /* seconds that one try takes at most: 30 */
    CONFIG_SMTP_CA_FILE,  /* certificates that the mail server's is checked against; empty: the system's */
    CONFIG_MAIL_FROM,     /* sender of mails */
    CONFIG_WEB_ROOT,      /* folder of the static pages, for `doctor` */
    CONFIG_COUNT
};

/* Ends the process with status 78 (EX_CONFIG) and one line on standard error when a source is wrong. */
void config_load(const char *path);
/* The file that was named to config_load or by SLOTWIRE_CONFIG, or lies beside the program, as a whole path;
 * NULL: there is none. */
const char *config_file(void);
/* Sets one value by hand, for unit tests and benches; false where the text does not fit the type. */
bool config_set(enum setting setting, const char *text);

const char *config_text(enum setting setting); /* never NULL */
int64_t config_int(enum setting setting);
bool config_bool(enum setting setting);

/* Every setting with its value, source, default and doc, as a file that config_load takes; secrets as
 * comments. */
void config_print(FILE *out);

#endif
