#include "tests/bench/bare.h"

double bare_now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

void bare_die(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

long bare_number(const char *text)
{
    char *end;
    long number = strtol(text, &end, 10);

    if (*end || end == text)
        bare_die("not a number", text);
    return number;
}

void bare_hex(const char *text, unsigned char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        char pair[3] = { text[2 * i], text[2 * i] ? text[2 * i + 1] : '\0', '\0' };

        bytes[i] = (unsigned char)strtoul(pair, NULL, 16);
    }
}

void bare_id(const char *text, unsigned char bytes[16])
{
    static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
    const char *digits = strrchr(text, '_');
    unsigned __int128 number = 0;

    for (int i = 1; digits && i <= 26 && digits[i]; i++) {
        const char *digit = strchr(alphabet, digits[i]);

        number = number << 5 | (digit ? (unsigned)(digit - alphabet) : 0U);
    }
    for (int i = 15; i >= 0; i--, number >>= 8)
        bytes[i] = (unsigned char)(number & 0xff);
}

MYSQL *bare_connect(const char *socket, const char *user)
{
    MYSQL *mysql = mysql_init(NULL);

    if (!mysql_real_connect(mysql, NULL, user, NULL, "slotwire", 0, socket, 0))
        bare_die("connect", mysql_error(mysql));
    bare_query(mysql, "SET NAMES utf8mb4, time_zone = '+00:00', tx_isolation = 'READ-COMMITTED'");
    return mysql;
}

void bare_query(MYSQL *mysql, const char *sql)
{
    if (mysql_query(mysql, sql) != 0)
        bare_die(sql, mysql_error(mysql));
}

void bare_prepare(struct bare_statement *it, MYSQL *mysql, const char *sql)
{
    memset(it, 0, sizeof *it);
    it->statement = mysql_stmt_init(mysql);
    if (mysql_stmt_prepare(it->statement, sql, strlen(sql)) != 0)
        bare_die(sql, mysql_stmt_error(it->statement));
    it->columns = mysql_stmt_field_count(it->statement);
    for (unsigned i = 0; i < it->columns; i++) {
        it->out_text[i] = malloc(BARE_OUT_SIZE);
        it->out[i] = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_STRING,
                                   .buffer = it->out_text[i],
                                   .buffer_length = BARE_OUT_SIZE - 1,
                                   .length = &it->out_length[i],
                                   .is_null = &it->out_null[i] };
    }
    if (it->columns && mysql_stmt_bind_result(it->statement, it->out) != 0)
        bare_die(sql, mysql_stmt_error(it->statement));
}

void bare_prepare_file(struct bare_statement *statements, size_t count, MYSQL *mysql, const char *path)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t room = 0;

    if (!file)
        bare_die(path, "cannot be read");
    for (size_t i = 0; i < count; i++) {
        if (getline(&line, &room, file) <= 0)
            bare_die(path, "has too few statements");
        line[strcspn(line, "\n")] = '\0';
        bare_prepare(&statements[i], mysql, line);
    }
    free(line);
    fclose(file);
}

static void bind(struct bare_statement *it, unsigned at, enum enum_field_types type, const void *data,
                 size_t length)
{
    it->in_length[at] = length;
    it->in[at] = (MYSQL_BIND){ .buffer_type = data ? type : MYSQL_TYPE_NULL,
                               .buffer = (void *)(uintptr_t)data,
                               .buffer_length = length,
                               .length = &it->in_length[at] };
}

void bare_bytes(struct bare_statement *it, unsigned at, const void *data, size_t length)
{
    bind(it, at, MYSQL_TYPE_BLOB, data, length);
}

void bare_text(struct bare_statement *it, unsigned at, const char *text)
{
    bind(it, at, MYSQL_TYPE_STRING, text, text ? strlen(text) : 0);
}

void bare_integer(struct bare_statement *it, unsigned at, long long integer)
{
    it->in_integer[at] = integer;
    it->in[at] = (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &it->in_integer[at] };
}

bool bare_run(struct bare_statement *it)
{
    bool found = false;

    if (mysql_stmt_bind_param(it->statement, it->in) != 0 || mysql_stmt_execute(it->statement) != 0)
        bare_die("execute", mysql_stmt_error(it->statement));
    if (it->columns == 0) {
        bool changed = mysql_stmt_affected_rows(it->statement) > 0;

        mysql_stmt_free_result(it->statement); /* of `INSERT … RETURNING`, which tells its columns late */
        return changed;
    }
    mysql_stmt_store_result(it->statement);
    for (int got; (got = mysql_stmt_fetch(it->statement)) == 0 || got == MYSQL_DATA_TRUNCATED;) {
        found = true;
        for (unsigned i = 0; i < it->columns; i++) {
            unsigned long length = it->out_null[i] ? 0 : it->out_length[i];

            it->out_text[i][length < BARE_OUT_SIZE ? length : BARE_OUT_SIZE - 1] = '\0';
        }
    }
    mysql_stmt_free_result(it->statement);
    return found;
}
