/* Whether the database lets us in, and whether enough of us at a time. */
#include "base/config.h"
#include "cli/doctor.h"

#include <ctype.h>
#include <dirent.h>
#include <errmsg.h>
#include <mysqld_error.h>

/* Beside the workers: the dispatcher, its successor while it hands over, and a command like this one. */
enum { OTHERS = 3 };

static const struct statement SERVER = { "SELECT VERSION() AS version" };
/* An account's own limit stands in the session's variable; 0: it has none. */
static const struct statement CONNECTIONS = {
    "SELECT @@GLOBAL.max_connections AS server, @@SESSION.max_user_connections AS account,"
    " (SELECT COUNT(*) FROM information_schema.processlist"
    " WHERE user = SUBSTRING_INDEX(USER(), '@', 1)) AS used"
};

/* ---- why it does not let us in ---- */

static const struct {
    unsigned int number;
    const char *what, *advice;
} refusals[] = {
    { ER_ACCESS_DENIED_ERROR, "database refuses the user or the password", "set db_user and db_password" },
    { ER_ACCESS_DENIED_NO_PASSWORD_ERROR, "database takes that user without a password only",
      "run this as the system's user of the same name, as `runuser -u slotwire -- slotwire doctor`; or give "
      "the user a password" },
    { ER_DBACCESS_DENIED_ERROR, "database user may not use the database, or there is none by that name",
      "set db_name; or `CREATE DATABASE`, and `GRANT ALL` on it to the user" },
    { ER_BAD_DB_ERROR, "database server has no database by that name", "set db_name, or `CREATE DATABASE`" },
    { ER_CON_COUNT_ERROR, "database has too many connections at once",
      "run fewer workers, or raise max_connections" },
    { ER_TOO_MANY_USER_CONNECTIONS, "database user has too many connections at once",
      "run fewer workers, or have max_user_connections raised" },
    { ER_USER_LIMIT_REACHED, "database user has too many connections at once",
      "run fewer workers, or have max_user_connections raised" },
    { ER_HOST_NOT_PRIVILEGED, "database takes no connection from this machine",
      "create the user for this machine's name, or set db_host" },
    { CR_SERVER_LOST, "database server does not answer in time", "look whether MariaDB is well" },
    { CR_UNKNOWN_HOST, "database server's name is not known", "set db_host, or db_socket" },
    { CR_CONNECTION_ERROR, "no database server is there", "start MariaDB, or set db_socket or db_host" },
    { CR_CONN_HOST_ERROR, "no database server is there", "start MariaDB, or set db_socket or db_host" },
};

static void tell_refusal(struct doctor *doctor)
{
    unsigned int number = db_refused(doctor->cli->db);
    const char *socket = config_text(CONFIG_DB_SOCKET);
    const char *place = *socket ? socket
                                : pool_printf(doctor->cli->pool, "%s:%lld", config_text(CONFIG_DB_HOST),
                                              (long long)config_int(CONFIG_DB_PORT));
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        if (refusals[i].number == number) {
            doctor_fail(doctor, refusals[i].advice, "%s (%s as %s, database %s)", refusals[i].what, place,
                        config_text(CONFIG_DB_USER), config_text(CONFIG_DB_NAME));
            return;
        }
    }
    doctor_fail(doctor, "see the log line above", "database is not reachable (%s, error %u)", place, number);
}

/* ---- how many it lets in ---- */

static bool is_worker(const char *process)
{
    static const char WORKER[] = "slotwire-api";
    char path[300], name[32] = "";
    FILE *file;
    snprintf(path, sizeof path, "/proc/%s/comm", process);
    if (!isdigit((unsigned char)process[0]) || !(file = fopen(path, "re")))
        return false;
    if (!fgets(name, sizeof name, file))
        name[0] = '\0'; /* it has ended meanwhile */
    fclose(file);
    name[strcspn(name, "\n")] = '\0';
    return strcmp(name, WORKER) == 0;
}

static int count_workers(void)
{
    DIR *processes = opendir("/proc");
    struct dirent *entry;
    int count = 0;
    while (processes && (entry = readdir(processes)))
        count += is_worker(entry->d_name);
    if (processes)
        closedir(processes);
    return count;
}

static void check_connections(struct doctor *doctor)
{
    const struct row *row = db_one(doctor->cli->db, doctor->cli->pool, &CONNECTIONS, BIND_NONE);
    long long server = row_int(row, "server"), account = row_int(row, "account"), used = row_int(row, "used");
    long long most = account > 0 && account < server ? account : server;
    int workers = count_workers();
    if (workers + OTHERS > most) {
        doctor_warn(doctor,
                    most > OTHERS
                        ? pool_printf(doctor->cli->pool,
                                      "run %lld workers at most, or have max_user_connections raised",
                                      most - OTHERS)
                        : "have max_user_connections raised",
                    "database allows %lld connections at a time: with %d workers on this machine none may be "
                    "left for the dispatcher",
                    most, workers);
        return;
    }
    doctor_ok(doctor, "database allows %lld connections at a time, %lld in use, %d workers on this machine",
              most, used, workers);
}

bool doctor_check_server(struct doctor *doctor)
{
    if (!db_ping(doctor->cli->db)) {
        tell_refusal(doctor);
        return false;
    }
    const struct row *row = db_one(doctor->cli->db, doctor->cli->pool, &SERVER, BIND_NONE);
    doctor_ok(doctor, "database answers (%s)", row_text(row, "version"));
    check_connections(doctor);
    return true;
}
