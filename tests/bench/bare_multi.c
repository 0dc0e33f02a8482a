/*
 * bare_multi: the bare rival of the dispatcher: one curl multi loop that posts stored payloads and logs in
 * batches, with neither lanes nor leases, signatures, guard or retries.
 *
 *     bare_multi SOCKET USER COMPANY URL PARALLEL     (the company's id as shown)
 *
 * Takes all pending deliveries of the company, posts each payload to URL, and per batch of 64 inserts the
 * attempts and settles the deliveries in one transaction. Prints `deliveries N seconds S rate R`.
 */
#include "tests/bench/bare.h"

#include <curl/curl.h>
#include <sys/random.h>

enum { ID = 16, BATCH = 64 };

struct task {
    unsigned char delivery[ID];
    char *payload;
    size_t length;
};

struct result {
    unsigned long id_length;
    unsigned char attempt[ID], company[ID], delivery[ID];
    int number, status, total;
};

static MYSQL *mysql;
static MYSQL_STMT *log_attempts, *settle;
static unsigned char company[ID];
static struct task *tasks;
static size_t task_count, next_task, settled;
static struct result batch[BATCH];
static size_t batched;

static MYSQL_STMT *prepare(const char *sql)
{
    MYSQL_STMT *statement = mysql_stmt_init(mysql);

    if (mysql_stmt_prepare(statement, sql, strlen(sql)) != 0)
        bare_die(sql, mysql_stmt_error(statement));
    return statement;
}

static void load_tasks(void)
{
    char hex[2 * ID + 1], sql[400];

    for (int i = 0; i < ID; i++)
        snprintf(hex + 2 * i, 3, "%02x", company[i]);
    snprintf(sql, sizeof sql,
             "SELECT d.id, e.payload FROM deliveries d JOIN events e ON e.id = d.event_id"
             " WHERE d.state = 'pending' AND d.company_id = UNHEX('%s')",
             hex);
    bare_query(mysql, sql);
    MYSQL_RES *rows = mysql_store_result(mysql);
    tasks = calloc((size_t)mysql_num_rows(rows) + 1, sizeof *tasks);
    for (MYSQL_ROW row; (row = mysql_fetch_row(rows)); task_count++) {
        unsigned long *lengths = mysql_fetch_lengths(rows);

        memcpy(tasks[task_count].delivery, row[0], ID);
        tasks[task_count].payload = strdup(row[1]);
        tasks[task_count].length = lengths[1];
    }
    mysql_free_result(rows);
}

/* The structs are bound row by row: every pointer moves on by the size of one. */
static void execute(MYSQL_STMT *statement, MYSQL_BIND *binds)
{
    size_t row_size = sizeof(struct result);
    unsigned rows = (unsigned)batched;

    mysql_stmt_attr_set(statement, STMT_ATTR_ROW_SIZE, &row_size);
    mysql_stmt_attr_set(statement, STMT_ATTR_ARRAY_SIZE, &rows);
    if (mysql_stmt_bind_param(statement, binds) != 0 || mysql_stmt_execute(statement) != 0)
        bare_die("execute", mysql_stmt_error(statement));
}

static MYSQL_BIND bytes(unsigned char *first)
{
    return (MYSQL_BIND){
        .buffer_type = MYSQL_TYPE_BLOB, .buffer = first, .buffer_length = ID, .length = &batch[0].id_length
    };
}

static MYSQL_BIND integer(int *first)
{
    return (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_LONG, .buffer = first };
}

static void flush_batch(void)
{
    MYSQL_BIND insert[] = { bytes(batch[0].attempt),   bytes(batch[0].company),   bytes(batch[0].delivery),
                            integer(&batch[0].number), integer(&batch[0].status), integer(&batch[0].total) };
    MYSQL_BIND update[] = { bytes(batch[0].delivery), bytes(batch[0].company) };

    if (batched == 0)
        return;
    bare_query(mysql, "START TRANSACTION");
    execute(log_attempts, insert);
    execute(settle, update);
    bare_query(mysql, "COMMIT");
    settled += batched;
    batched = 0;
}

static size_t swallow(char *data, size_t size, size_t count, void *user)
{
    (void)data;
    (void)user;
    return size * count;
}

static void begin(CURLM *multi, CURL *easy)
{
    struct task *task = &tasks[next_task++];

    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, task->payload);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)task->length);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, task);
    curl_multi_add_handle(multi, easy);
}

static void finish(CURL *easy)
{
    struct result *result = &batch[batched++];
    struct task *task;
    long status = 0;
    curl_off_t total = 0;

    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&task);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &total);
    if (getrandom(result->attempt, ID, 0) != ID)
        bare_die("getrandom", "failed");
    memcpy(result->company, company, ID);
    memcpy(result->delivery, task->delivery, ID);
    result->id_length = ID;
    result->number = 1;
    result->status = (int)status;
    result->total = (int)total;
    if (batched == BATCH)
        flush_batch();
}

static void run(CURLM *multi)
{
    int running = 1, left;

    while (running > 0 || next_task < task_count) {
        curl_multi_perform(multi, &running);
        for (CURLMsg *message; (message = curl_multi_info_read(multi, &left));) {
            CURL *easy = message->easy_handle;

            finish(easy);
            curl_multi_remove_handle(multi, easy);
            if (next_task < task_count)
                begin(multi, easy);
        }
        if (running > 0)
            curl_multi_poll(multi, NULL, 0, 100, NULL);
    }
    flush_batch();
}

static CURL *make_easy(const char *url, struct curl_slist *headers)
{
    CURL *easy = curl_easy_init();

    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, swallow);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT, 15L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    return easy;
}

int main(int argc, char **argv)
{
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    CURLM *multi;

    if (argc != 6)
        bare_die("usage", "bare_multi SOCKET USER COMPANY URL PARALLEL");
    bare_id(argv[3], company);
    mysql = bare_connect(argv[1], argv[2]);
    load_tasks();
    log_attempts =
        prepare("INSERT INTO attempts (id, company_id, delivery_id, number, started_at, status, total_us)"
                " VALUES (?, ?, ?, ?, '2026-01-01', ?, ?)");
    settle = prepare(
        "UPDATE deliveries SET state = 'delivered', attempts = 1, settled_at = '2026-01-01', fence = NULL"
        " WHERE id = ? AND company_id = ?");
    curl_global_init(CURL_GLOBAL_DEFAULT);
    multi = curl_multi_init();
    double start = bare_now();
    for (long i = bare_number(argv[5]); i > 0 && next_task < task_count; i--)
        begin(multi, make_easy(argv[4], headers));
    run(multi);
    double seconds = bare_now() - start;
    printf("deliveries %zu seconds %.3f rate %.1f\n", settled, seconds, (double)settled / seconds);
    curl_multi_cleanup(multi);
    mysql_close(mysql);
    return 0;
}
