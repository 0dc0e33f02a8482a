/*
 * bare_booking: the bare rival of POST /api/v1/bookings: the same statements in the same transaction on the
 * same data, without HTTP, JSON or any judgement.
 *
 *     bare_booking SOCKET USER STATEMENTS KEYHASH COMPANY SERVICE COUNT PROCESSES DAY STAFF…     (the hash in
 * hex, ids as shown)
 *
 * Each process books its own staff, quarter of an hour after quarter of an hour, from DAY (days since 1970).
 * Prints `bookings N seconds S rate R`.
 */
#include "base/clock.h"
#include "tests/bench/bare.h"

#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KEY, RATE, SERVICE, BUMP, CLAIM, BOOKING, REMINDERS, READ, EVENT, DELIVERIES, STATEMENTS };
enum { ID = 16, PAYLOAD_SIZE = 1000 };

struct booker {
    MYSQL *mysql;
    struct bare_statement statements[STATEMENTS];
    unsigned char hash[32], company[ID], service[ID], staff[ID];
    char payload[PAYLOAD_SIZE + 1];
    long day, number;
};

/* UUIDv7 in form, so that keys grow as they do in the product. */
static void new_id(unsigned char id[ID])
{
    struct timespec time;

    clock_gettime(CLOCK_REALTIME, &time);
    uint64_t millis = (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
    if (getrandom(id, ID, 0) != ID)
        bare_die("getrandom", "failed");
    for (int i = 5; i >= 0; i--, millis >>= 8)
        id[i] = (unsigned char)(millis & 0xff);
}

/* `2031-05-01 10:15:00.000` for minutes since 1970. */
static void spell(char text[32], long minute)
{
    struct date date = date_from_days(minute / 1440);

    snprintf(text, 32, "%04d-%02d-%02d %02ld:%02ld:00.000", date.year, date.month, date.day, minute / 60 % 24,
             minute % 60);
}

static void insert_booking(struct booker *it, const unsigned char *booking, const char *start,
                           const char *end, const char *now)
{
    struct bare_statement *insert = &it->statements[BOOKING];
    char number[9] = "BK";

    for (int i = 2; i < 8; i++)
        number[i] = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"[booking[8 + i] & 31];
    bare_bytes(insert, 0, booking, ID);
    bare_bytes(insert, 1, it->company, ID);
    bare_text(insert, 2, number);
    bare_bytes(insert, 3, it->service, ID);
    bare_bytes(insert, 4, it->staff, ID);
    bare_text(insert, 5, NULL);
    bare_text(insert, 6, "Guest");
    bare_text(insert, 7, "guest@example.com");
    bare_text(insert, 8, NULL);
    bare_text(insert, 9, start);
    bare_text(insert, 10, end);
    bare_integer(insert, 11, 15);
    bare_text(insert, 12, "UTC");
    bare_integer(insert, 13, 7550);
    bare_text(insert, 14, "USD");
    bare_text(insert, 15, "flat");
    bare_text(insert, 16, NULL);
    bare_text(insert, 17, NULL);
    bare_text(insert, 18, now);
    bare_text(insert, 19, now);
    bare_run(insert);
}

/* Three rows in one round trip: arrays are bound column by column. */
static void insert_reminders(struct booker *it, const unsigned char *booking, const char *start, long minute)
{
    static const long before[] = { 1440, 60, 15 };
    enum { ROWS = 3, COLUMNS = 5 };
    MYSQL_STMT *insert = it->statements[REMINDERS].statement;
    char due[ROWS][32];
    const void *columns[COLUMNS][ROWS] = { { booking, booking, booking },
                                           { "24h", "1h", "15m" },
                                           { start, start, start },
                                           { it->company, it->company, it->company },
                                           { due[0], due[1], due[2] } };
    unsigned long lengths[COLUMNS][ROWS];
    MYSQL_BIND binds[COLUMNS];
    unsigned rows = ROWS;

    for (unsigned i = 0; i < COLUMNS; i++) {
        bool is_id = i == 0 || i == 3;

        for (unsigned j = 0; j < ROWS; j++) {
            spell(due[j], minute - before[j]);
            lengths[i][j] = is_id ? ID : strlen(columns[i][j]);
        }
        binds[i] = (MYSQL_BIND){ .buffer_type = is_id ? MYSQL_TYPE_BLOB : MYSQL_TYPE_STRING,
                                 .buffer = columns[i],
                                 .length = lengths[i] };
    }
    mysql_stmt_attr_set(insert, STMT_ATTR_ARRAY_SIZE, &rows);
    if (mysql_stmt_bind_param(insert, binds) != 0 || mysql_stmt_execute(insert) != 0)
        bare_die("reminders", mysql_stmt_error(insert));
}

static void pair(struct bare_statement *it, const unsigned char *left, const unsigned char *right)
{
    bare_bytes(it, 0, left, ID);
    bare_bytes(it, 1, right, ID);
    bare_run(it);
}

static void tell(struct booker *it, const char *now)
{
    static const unsigned char nobody[ID];
    unsigned char event[ID];

    new_id(event);
    bare_bytes(&it->statements[EVENT], 0, event, ID);
    bare_bytes(&it->statements[EVENT], 1, it->company, ID);
    bare_text(&it->statements[EVENT], 2, "booking.created");
    bare_text(&it->statements[EVENT], 3, it->payload);
    bare_text(&it->statements[EVENT], 4, now);
    bare_run(&it->statements[EVENT]);
    bare_bytes(&it->statements[DELIVERIES], 2, nobody, ID);
    pair(&it->statements[DELIVERIES], it->company, event);
}

static void look_up(struct booker *it)
{
    struct bare_statement *service = &it->statements[SERVICE];

    bare_bytes(&it->statements[KEY], 0, NULL, 0); /* no company-id was sent */
    bare_bytes(&it->statements[KEY], 1, it->hash, sizeof it->hash);
    if (!bare_run(&it->statements[KEY]))
        bare_die("key", "unknown");
    bare_query(it->mysql, "START TRANSACTION");
    bare_bytes(&it->statements[RATE], 0, it->company, ID);
    bare_integer(&it->statements[RATE], 1, 1);
    bare_integer(&it->statements[RATE], 2, (long long)time(NULL) / 60 * 60);
    bare_run(&it->statements[RATE]);
    bare_bytes(service, 0, it->staff, ID);
    bare_bytes(service, 1, it->staff, ID);
    bare_bytes(service, 2, it->company, ID);
    bare_bytes(service, 3, it->service, ID);
    if (!bare_run(service))
        bare_die("service", "unknown");
}

static void book(struct booker *it)
{
    struct bare_statement *claim = &it->statements[CLAIM];
    unsigned char booking[ID], id[ID];
    long minute = it->day * 1440 + 15 * it->number++;
    char start[32], end[32], now[32];

    new_id(booking);
    new_id(id);
    spell(start, minute);
    spell(end, minute + 15);
    spell(now, (long)(time(NULL) / 60));
    look_up(it);
    pair(&it->statements[BUMP], it->company, it->staff);
    bare_bytes(claim, 0, id, ID);
    bare_bytes(claim, 1, it->company, ID);
    bare_bytes(claim, 2, it->staff, ID);
    bare_bytes(claim, 3, booking, ID);
    bare_text(claim, 4, start);
    bare_text(claim, 5, end);
    bare_run(claim);
    insert_booking(it, booking, start, end, now);
    insert_reminders(it, booking, start, minute);
    pair(&it->statements[READ], it->company, booking);
    tell(it, now);
    bare_query(it->mysql, "COMMIT");
}

static void work(struct booker *it, char **argv, long count, const char *staff)
{
    bare_hex(argv[4], it->hash, sizeof it->hash);
    bare_id(argv[5], it->company);
    bare_id(argv[6], it->service);
    bare_id(staff, it->staff);
    it->day = bare_number(argv[9]);
    memset(it->payload, 'x', PAYLOAD_SIZE);
    it->mysql = bare_connect(argv[1], argv[2]);
    bare_prepare_file(it->statements, STATEMENTS, it->mysql, argv[3]);
    for (long i = 0; i < count; i++)
        book(it);
    mysql_close(it->mysql);
}

int main(int argc, char **argv)
{
    if (argc < 11)
        bare_die("usage",
                 "bare_booking SOCKET USER STATEMENTS KEYHASH COMPANY SERVICE COUNT PROCESSES DAY STAFF…");
    long count = bare_number(argv[7]), processes = bare_number(argv[8]);
    double start = bare_now();
    int failed = 0, status;

    if (processes < 1 || processes > argc - 10)
        bare_die("usage", "one staff member for each process");
    for (long i = 0; i < processes; i++) {
        if (fork() == 0) {
            static struct booker booker;

            work(&booker, argv, count / processes, argv[10 + i]);
            exit(0);
        }
    }
    while (wait(&status) > 0)
        failed |= status;
    double seconds = bare_now() - start;
    printf("bookings %ld seconds %.3f rate %.1f\n", count / processes * processes, seconds,
           (double)(count / processes * processes) / seconds);
    return failed != 0;
}
