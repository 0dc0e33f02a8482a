/*
 * migrate: makes the database's schema the one this program works with.
 *
 * An empty database gets sql/schema.sql; an older one each file of sql/migrate/ that it lacks, in order. Only
 * one migration runs at a time (GET_LOCK); a second run finds nothing to do; a newer schema is refused.
 */
#include "base/place.h"
#include "cli/cli.h"
#include "db/schema.h"

#include <dirent.h>
#include <errno.h>

#ifndef PKGDATADIR
#define PKGDATADIR "/usr/share/slotwire"
#endif

enum { LOCK_SECONDS = 60, FILE_MAX = 8 << 20 };

static const struct cli_option options[] = {
    { "stepwise", NULL, false, "build an empty database from sql/migrate/ alone" }, { 0 }
};

static const struct statement LOCK = {
    "SELECT COALESCE(GET_LOCK(CONCAT('slotwire.migrate.', MD5(DATABASE())), ?), 0) AS got", .in = "i"
};
static const struct statement UNLOCK = {
    "SELECT COALESCE(RELEASE_LOCK(CONCAT('slotwire.migrate.', MD5(DATABASE()))), 0) AS released"
};
static const struct statement TABLES = {
    "SELECT COUNT(*) AS tables, COUNT(CASE WHEN table_name = 'schema_version' THEN 1 END) AS known"
    " FROM information_schema.tables WHERE table_schema = DATABASE()"
};
static const struct statement VERSION = { "SELECT MAX(version) AS version FROM schema_version" };
static const struct statement RECORD = { "INSERT INTO schema_version (version, applied_at) VALUES (?, ?)",
                                         .in = "it" };

/* What the environment names, else what lies beside the program, else where it was to be installed. */
static const char *sql_folder(void)
{
    static char beside[4096];
    const char *folder = getenv("SLOTWIRE_SQL_DIR");
    if (folder && *folder)
        return folder;
    return place_find(beside, sizeof beside, "share/slotwire/sql") ? beside : PKGDATADIR "/sql";
}

/* The whole file in the pool; NULL with a message when it cannot be read. */
static const char *read_file(struct pool *pool, const char *path)
{
    struct buf text;
    char part[8192];
    size_t length;
    FILE *file = fopen(path, "r");
    if (!file) {
        cli_refuse("cannot read %s: %s (SLOTWIRE_SQL_DIR names the folder)", path, strerror(errno));
        return NULL;
    }
    buf_init(&text, pool, FILE_MAX);
    while ((length = fread(part, 1, sizeof part, file)) > 0)
        buf_add(&text, part, length);
    bool failed = ferror(file) != 0;
    fclose(file);
    if (failed || text.overflowed || text.length == 0) {
        cli_refuse("cannot use %s: unreadable, empty or too long", path);
        return NULL;
    }
    return text.data;
}

static int run_file(struct cli *cli, const char *path, int version)
{
    const char *why = "";
    const char *sql = read_file(cli->pool, path);
    if (!sql)
        return CLI_REFUSED;
    if (!db_run_script(cli->db, cli->pool, sql, &why))
        return cli_refuse("%s: %s", path, why);
    db_run(cli->db, &RECORD, BIND(value_int(version), value_time(cli->now)));
    fprintf(stderr, "schema is now at version %d (%s)\n", version, strrchr(path, '/') + 1);
    return CLI_DONE;
}

/* sql/migrate/NNNN-*.sql of a version; NULL with a message when there is none. */
static const char *step_path(struct cli *cli, int version)
{
    const char *folder = pool_printf(cli->pool, "%s/migrate", sql_folder());
    const char *prefix = pool_printf(cli->pool, "%04d-", version);
    const char *path = NULL;
    DIR *directory = opendir(folder);
    struct dirent *entry;
    while (directory && (entry = readdir(directory))) {
        size_t length = strlen(entry->d_name);
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0 && length > 4 &&
            strcmp(entry->d_name + length - 4, ".sql") == 0)
            path = pool_printf(cli->pool, "%s/%s", folder, entry->d_name);
    }
    if (directory)
        closedir(directory);
    if (!path)
        cli_refuse("there is no %s/%s*.sql (SLOTWIRE_SQL_DIR names the folder)", folder, prefix);
    return path;
}

static int step_from(struct cli *cli, int version)
{
    while (version < SCHEMA_VERSION) {
        const char *path = step_path(cli, ++version);
        int status = path ? run_file(cli, path, version) : CLI_REFUSED;
        if (status != CLI_DONE)
            return status;
    }
    return CLI_DONE;
}

static int migrate_locked(struct cli *cli)
{
    const struct row *tables = db_one(cli->db, cli->pool, &TABLES, BIND_NONE);
    if (row_int(tables, "tables") == 0) {
        return cli_value(cli, "stepwise")
                   ? step_from(cli, 0)
                   : run_file(cli, pool_printf(cli->pool, "%s/schema.sql", sql_folder()), SCHEMA_VERSION);
    }
    if (row_int(tables, "known") == 0)
        return cli_refuse("the database holds tables of something else; give slotwire one of its own");
    const struct row *row = db_one(cli->db, cli->pool, &VERSION, BIND_NONE);
    if (row_is_null(row, "version")) {
        return cli_refuse(
            "the first migrate of this database was interrupted; drop its tables and run again");
    }
    int64_t version = row_int(row, "version");
    if (version > SCHEMA_VERSION) {
        return cli_refuse("the schema has version %lld, this program knows %d: install a newer slotwire",
                          (long long)version, SCHEMA_VERSION);
    }
    return step_from(cli, (int)version);
}

static int migrate(struct cli *cli)
{
    db_be_patient(cli->db);
    const struct row *lock = db_one(cli->db, cli->pool, &LOCK, BIND(value_int(LOCK_SECONDS)));
    if (row_int(lock, "got") != 1)
        return cli_refuse("another migrate has been running for %d seconds; run again later", LOCK_SECONDS);
    int status = migrate_locked(cli);
    db_one(cli->db, cli->pool, &UNLOCK, BIND_NONE);
    return status;
}

const struct command migrate_command = { "migrate", "create the schema, or bring it up to this version",
                                         options, false, migrate };
