/*
 * bare: what the bare rivals of the benches share: MariaDB's own prepared statements with as little around
 * them as C allows. A failure ends the program.
 */
#ifndef TESTS_BENCH_BARE_H
#define TESTS_BENCH_BARE_H

#include <mysql.h>
#include <stdbool.h>
#include <stdint.h>

struct bare_statement {
    MYSQL_STMT *statement;
    MYSQL_BIND in[24];
    unsigned long in_length[24];
    long long in_integer[24];
    MYSQL_BIND out[40];
    unsigned long out_length[40];
    my_bool out_null[40];
    char *out_text[40]; /* every column as text or bytes, as long as OUT_SIZE */
    unsigned columns;
};

enum { BARE_OUT_SIZE = 4096 };

double bare_now(void); /* seconds from an unknown start */
_Noreturn void bare_die(const char *what, const char *why);
long bare_number(const char *text);
void bare_hex(const char *text, unsigned char *bytes, size_t length);
/* `bk_…` → 16 bytes. */
void bare_id(const char *text, unsigned char bytes[16]);

/* Prepares the statements of a file, one a line, in order: the product's own, as run.py takes them from its
 * sources. */
void bare_prepare_file(struct bare_statement *statements, size_t count, MYSQL *mysql, const char *path);

MYSQL *bare_connect(const char *socket, const char *user);
void bare_query(MYSQL *mysql, const char *sql);
void bare_prepare(struct bare_statement *it, MYSQL *mysql, const char *sql);
void bare_bytes(struct bare_statement *it, unsigned at, const void *data, size_t length);
void bare_text(struct bare_statement *it, unsigned at, const char *text);
void bare_integer(struct bare_statement *it, unsigned at, long long integer);
/* Executes; false when there is no row. All rows are fetched, the last one stays in out_text. */
bool bare_run(struct bare_statement *it);

#endif
