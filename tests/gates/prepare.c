/*
 * prepare: holds every SQL statement of the house against a real database.
 *
 *     statements.py | prepare --config FILE
 *
 * Each line is one JSON object: {"name":"file.c:NAME","sql":"…","in":"us","out":"ut"}; `in` and `out` may be
 * missing or null. Each statement is prepared; the numbers of its parameters and columns, and the columns'
 * types, must be what the letters say; where no `out` is given the server must tell, and where one is given
 * it must say something else than the server does. One line per mismatch; status 1 when there was any. A
 * statement without a fault gives a line `columns NAME column:letter …`, for whoever compares it with what is
 * read.
 */
#include "base/config.h"
#include "base/json.h"
#include "db/private.h"

enum { LINE_MAX_BYTES = 1 << 20, BINARY_CHARSET = 63, ID_BYTES = 16 };

static bool is_text(enum enum_field_types type)
{
    return type == MYSQL_TYPE_VAR_STRING || type == MYSQL_TYPE_STRING || type == MYSQL_TYPE_VARCHAR ||
           type == MYSQL_TYPE_ENUM || type == MYSQL_TYPE_SET || type == MYSQL_TYPE_JSON ||
           (type >= MYSQL_TYPE_TINY_BLOB && type <= MYSQL_TYPE_BLOB);
}

static bool is_integer(const MYSQL_FIELD *field)
{
    switch (field->type) {
    case MYSQL_TYPE_TINY:
    case MYSQL_TYPE_SHORT:
    case MYSQL_TYPE_INT24:
    case MYSQL_TYPE_LONG:
    case MYSQL_TYPE_LONGLONG:
    case MYSQL_TYPE_YEAR:
        return true;
    case MYSQL_TYPE_NEWDECIMAL: /* SUM of integers */
        return field->decimals == 0;
    default:
        return false;
    }
}

static bool fits(char letter, const MYSQL_FIELD *field)
{
    if (field->type == MYSQL_TYPE_NULL)
        return true;
    switch (letter) {
    case 'i':
        return is_integer(field);
    case 'n':
        return field->type == MYSQL_TYPE_DOUBLE || field->type == MYSQL_TYPE_FLOAT ||
               field->type == MYSQL_TYPE_NEWDECIMAL;
    case 't':
        return field->type == MYSQL_TYPE_DATETIME || field->type == MYSQL_TYPE_TIMESTAMP;
    case 'u':
        return is_text(field->type) && field->charsetnr == BINARY_CHARSET && field->length == ID_BYTES;
    case 's':
        return is_text(field->type);
    default:
        return false;
    }
}

static int check_letter(const char *name, const MYSQL_FIELD *field, char letter)
{
    if (letter && fits(letter, field))
        return 0;
    if (letter) {
        printf("%s: column %s has type %d, length %lu, which is not `%c`\n", name, field->name,
               (int)field->type, field->length, letter);
    } else {
        printf("%s: the server does not tell what column %s holds: `.out` must\n", name, field->name);
    }
    return 1;
}

static int check_name(const char *name, const MYSQL_FIELD *fields, size_t column)
{
    for (size_t other = 0; other < column; other++) {
        if (strcmp(fields[other].name, fields[column].name) == 0) {
            printf("%s: columns %zu and %zu are both named %s\n", name, other + 1, column + 1,
                   fields[column].name);
            return 1;
        }
    }
    return 0;
}

static int check_columns(MYSQL_STMT *handle, const char *name, const char *out)
{
    int faults = 0;
    bool new_told = false;
    const MYSQL_FIELD *fields = mariadb_stmt_fetch_fields(handle);
    size_t count = mysql_stmt_field_count(handle);
    for (size_t i = 0; i < count; i++) {
        char told = prepared_letter(&fields[i]), letter = *out ? out[i] : told;
        faults += check_letter(name, &fields[i], letter) + check_name(name, fields, i);
        new_told |= letter != told;
    }
    if (*out && !new_told) {
        printf("%s: `.out` says only what the server tells\n", name);
        faults++;
    }
    printf("columns %s", name);
    for (size_t i = 0; i < count; i++)
        printf(" %s:%c", fields[i].name, *out ? out[i] : prepared_letter(&fields[i]));
    printf("\n");
    return faults;
}

static int check_letters(const char *name, const char *letters)
{
    if (strspn(letters, "usint") == strlen(letters))
        return 0;
    printf("%s: \"%s\" has other letters than u, s, i, n, t\n", name, letters);
    return 1;
}

/* The columns of `INSERT INTO table … RETURNING a, b` are told only with its rows: those of `SELECT a, b FROM
 * table` are looked at. */
static int check_returning(MYSQL *connection, const char *name, const char *sql, const char *out)
{
    const char *table = sql + strlen("INSERT INTO "), *list = strstr(sql, " RETURNING ");
    char select[1024];
    int faults;
    MYSQL_STMT *handle = mysql_stmt_init(connection);
    snprintf(select, sizeof select, "%s %s FROM %.*s", "SELECT", list + strlen(" RETURNING "),
             (int)strcspn(table, " "), table);
    if (mysql_stmt_prepare(handle, select, (unsigned long)strlen(select)) != 0 ||
        (*out && mysql_stmt_field_count(handle) != strlen(out))) {
        printf("%s: what it returns is not %s\n", name, out);
        faults = 1;
    } else {
        faults = check_columns(handle, name, out);
    }
    mysql_stmt_close(handle);
    return faults;
}

static int check_statement(MYSQL *connection, const char *name, const char *sql, const char *in,
                           const char *out)
{
    int faults = check_letters(name, in) + check_letters(name, out);
    MYSQL_STMT *handle = mysql_stmt_init(connection);
    if (mysql_stmt_prepare(handle, sql, (unsigned long)strlen(sql)) != 0) {
        printf("%s: %s\n", name, mysql_stmt_error(handle));
        mysql_stmt_close(handle);
        return faults + 1;
    }
    size_t parameters = mysql_stmt_param_count(handle), columns = mysql_stmt_field_count(handle);
    if (parameters != strlen(in)) {
        printf("%s: %zu parameters, but .in has %zu letters\n", name, parameters, strlen(in));
        faults++;
    }
    if (columns == 0 && strncmp(sql, "INSERT INTO ", 12) == 0 && strstr(sql, " RETURNING ")) {
        faults += check_returning(connection, name, sql, out);
    } else if (*out && columns != strlen(out)) {
        printf("%s: %zu columns, but .out has %zu letters\n", name, columns, strlen(out));
        faults++;
    } else {
        faults += check_columns(handle, name, out);
    }
    mysql_stmt_close(handle);
    return faults;
}

static int check_line(MYSQL *connection, struct pool *pool, const char *line, size_t length)
{
    const char *why = "";
    struct json_limits limits = { LINE_MAX_BYTES, 4 };
    struct json_object *object = json_parse(pool, line, length, limits, &why);
    const char *name = object ? json_get_text(object, "name") : NULL;
    const char *sql = object ? json_get_text(object, "sql") : NULL;
    if (!name || !sql) {
        printf("a line that is no statement: %s\n", why);
        return 1;
    }
    const char *in = json_get_text(object, "in"), *out = json_get_text(object, "out");
    return check_statement(connection, name, sql, in ? in : "", out ? out : "");
}

static MYSQL *connect_or_exit(void)
{
    MYSQL *connection = mysql_init(NULL);
    const char *socket = config_text(CONFIG_DB_SOCKET);
    mysql_options(connection, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    mysql_options(connection, MYSQL_INIT_COMMAND, "SET sql_mode='STRICT_ALL_TABLES'");
    if (!mysql_real_connect(connection, *socket ? NULL : config_text(CONFIG_DB_HOST),
                            config_text(CONFIG_DB_USER), config_text(CONFIG_DB_PASSWORD),
                            config_text(CONFIG_DB_NAME), (unsigned int)config_int(CONFIG_DB_PORT),
                            *socket ? socket : NULL, 0)) {
        fprintf(stderr, "prepare: %s\n", mysql_error(connection));
        exit(75);
    }
    return connection;
}

int main(int count, char **arguments)
{
    char *line = NULL;
    size_t room = 0, statements = 0;
    ssize_t length;
    int faults = 0;
    if (count != 1 && (count != 3 || strcmp(arguments[1], "--config") != 0)) {
        fputs("usage: prepare [--config FILE] < statements\n", stderr);
        return 64;
    }
    config_load(count == 3 ? arguments[2] : NULL);
    MYSQL *connection = connect_or_exit();
    struct pool *pool = pool_new();
    while ((length = getline(&line, &room, stdin)) > 0) {
        faults += check_line(connection, pool, line, (size_t)length);
        statements++;
        pool_reset(pool);
    }
    free(line);
    pool_free(pool);
    mysql_close(connection);
    if (statements == 0) {
        fputs("prepare: no statement came in\n", stderr);
        return 1;
    }
    printf("%zu statements, %d faults\n", statements, faults);
    return faults ? 1 : 0;
}
