#include "api/metrics.h"

#include "base/config.h"
#include "base/crypto.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LAYOUT = 1 }; /* raised with every change of struct counts or of the lists below */

static const char MAGIC[8] = "SWMETRIC";

static const int STATUSES[] = { 200, 201, 202, 204, 304, 400, 401, 403, 404, 405,
                                409, 410, 413, 415, 422, 429, 500, 503, 0 /* any other */ };
enum { STATUS_COUNT = sizeof STATUSES / sizeof *STATUSES };

static const struct {
    int64_t microseconds;
    const char *label;
} BUCKETS[] = {
    { 1000, "0.001" },  { 2500, "0.0025" }, { 5000, "0.005" },  { 10000, "0.01" },
    { 25000, "0.025" }, { 50000, "0.05" },  { 100000, "0.1" },  { 250000, "0.25" },
    { 500000, "0.5" },  { 1000000, "1" },   { 2500000, "2.5" }, { 5000000, "5" },
};
enum { BUCKET_COUNT = sizeof BUCKETS / sizeof *BUCKETS };

/* What no route takes is counted by method; a method that nobody knows must not make a new row. */
static const char *const METHODS[] = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other" };
enum { METHOD_COUNT = sizeof METHODS / sizeof *METHODS };

struct counts {
    _Atomic uint64_t answers[STATUS_COUNT];
    _Atomic uint64_t buckets[BUCKET_COUNT + 1]; /* each request in one; the last is beyond them all */
    _Atomic uint64_t microseconds;
};

struct file {
    char magic[sizeof MAGIC];
    uint8_t layout[SHA256_SIZE];
    struct counts rows[];
};

static const struct resource *const *resource_list;
static size_t row_count;
static struct file *counters; /* NULL: metrics_open was not called, nothing is counted */
static bool shared;

/* ---- the layout ---- */

static size_t routes_of(const struct resource *resource)
{
    size_t count = 0;
    while (resource->routes[count].method)
        count++;
    return count;
}

static size_t file_size(void)
{
    return sizeof(struct file) + row_count * sizeof(struct counts);
}

static void read_layout(uint8_t layout[SHA256_SIZE])
{
    struct pool *pool = pool_new();
    struct buf text;
    buf_init(&text, pool, 1 << 20);
    buf_printf(&text, "%d %zu\n", LAYOUT, sizeof(struct counts));
    row_count = METHOD_COUNT;
    for (size_t i = 0; resource_list[i]; i++) {
        row_count += routes_of(resource_list[i]);
        for (const struct route *route = resource_list[i]->routes; route->method; route++)
            buf_printf(&text, "%s %s\n", route->method, route->path);
    }
    crypto_sha256(text.data, text.length, layout);
    pool_free(pool);
}

static size_t row_of(const struct route *route, const char *method)
{
    size_t index = METHOD_COUNT;
    for (size_t i = 0; route && resource_list[i]; i++) {
        size_t count = routes_of(resource_list[i]);
        if (route >= resource_list[i]->routes && route < resource_list[i]->routes + count)
            return index + (size_t)(route - resource_list[i]->routes);
        index += count;
    }
    for (index = 0; index < METHOD_COUNT - 1; index++)
        if (strcmp(METHODS[index], method) == 0)
            break;
    return index;
}

/* ---- the file ---- */

enum state { STATE_OURS, STATE_OTHER, STATE_MISSING, STATE_DAMAGED, STATE_FAILED };

/* Our own files are born whole (see make), so one that is too short for its header never was ours; mapping
 * one that is shorter than its rows would end the worker at the first count. */
static enum state examine(int file, const uint8_t layout[SHA256_SIZE])
{
    struct file head;
    struct stat stat;
    if (fstat(file, &stat) != 0 || pread(file, &head, sizeof head, 0) != (ssize_t)sizeof head ||
        memcmp(head.magic, MAGIC, sizeof MAGIC) != 0)
        return STATE_DAMAGED;
    if (memcmp(head.layout, layout, SHA256_SIZE) != 0)
        return STATE_OTHER;
    return (size_t)stat.st_size == file_size() ? STATE_OURS : STATE_DAMAGED;
}

static struct file *map(int file)
{
    void *mapped = mmap(NULL, file_size(), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    return mapped == MAP_FAILED ? NULL : mapped;
}

static enum state open_file(const char *path, const uint8_t layout[SHA256_SIZE])
{
    int file = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0)
        return errno == ENOENT ? STATE_MISSING : STATE_FAILED;
    enum state state = examine(file, layout);
    if (state == STATE_OURS && !(counters = map(file)))
        state = STATE_FAILED;
    close(file);
    return state;
}

/* Beside its place and whole before it is put there: nobody ever sees half a file, and all its blocks are
 * there before anybody counts in it. */
static bool make(const char *path, const uint8_t layout[SHA256_SIZE])
{
    char fresh[4096];
    struct file head = { .magic = "" };
    int length = snprintf(fresh, sizeof fresh, "%s.new", path);
    memcpy(head.magic, MAGIC, sizeof MAGIC);
    memcpy(head.layout, layout, SHA256_SIZE);
    if (length < 0 || (size_t)length >= sizeof fresh)
        return false;
    unlink(fresh);
    int file = open(fresh, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0660);
    if (file < 0)
        return false;
    bool made = posix_fallocate(file, 0, (off_t)file_size()) == 0 &&
                pwrite(file, &head, sizeof head, 0) == (ssize_t)sizeof head && rename(fresh, path) == 0;
    close(file);
    if (!made)
        unlink(fresh);
    return made;
}

/* Under a lock, so that of several workers that start together one makes the file and the others find it. */
static enum state open_or_make(const char *path, const uint8_t layout[SHA256_SIZE])
{
    char lock_path[4096];
    enum state state = open_file(path, layout);
    if (state != STATE_MISSING && state != STATE_OTHER)
        return state;
    int length = snprintf(lock_path, sizeof lock_path, "%s.lock", path);
    if (length < 0 || (size_t)length >= sizeof lock_path)
        return STATE_FAILED;
    int lock = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0660);
    if (lock < 0 || flock(lock, LOCK_EX) != 0) {
        if (lock >= 0)
            close(lock);
        return STATE_FAILED;
    }
    state = open_file(path, layout);
    if (state == STATE_MISSING || state == STATE_OTHER)
        state = make(path, layout) ? open_file(path, layout) : STATE_FAILED;
    close(lock);
    return state;
}

void metrics_open(const struct resource *const *list)
{
    const char *path = config_text(CONFIG_METRICS_FILE);
    uint8_t layout[SHA256_SIZE];
    metrics_close();
    resource_list = list;
    read_layout(layout);
    if (*path) {
        enum state state = open_or_make(path, layout);
        if (state != STATE_OURS)
            log_warn("metrics_file %s, so this worker counts for itself path=%s",
                     state == STATE_DAMAGED ? "is damaged" : "cannot be used", path);
    }
    shared = counters != NULL;
    if (!counters && !(counters = calloc(1, file_size())))
        pool_exhausted();
}

void metrics_close(void)
{
    if (counters && shared)
        munmap(counters, file_size());
    else
        free(counters);
    counters = NULL;
}

const char *metrics_problem(const char *path)
{
    struct stat stat;
    char magic[sizeof MAGIC];
    int file = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0 && errno == ENOENT)
        return NULL;
    if (file < 0)
        return "is not writable";
    bool good = fstat(file, &stat) == 0 && stat.st_size > (off_t)sizeof(struct file) &&
                pread(file, magic, sizeof magic, 0) == (ssize_t)sizeof magic &&
                memcmp(magic, MAGIC, sizeof MAGIC) == 0;
    close(file);
    return good ? NULL : "is damaged";
}

/* ---- counting ---- */

static void add(_Atomic uint64_t *counter, uint64_t amount)
{
    atomic_fetch_add_explicit(counter, amount, memory_order_relaxed);
}

static uint64_t read_counter(_Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void metrics_count(const struct route *route, const char *method, int status, int64_t microseconds)
{
    size_t column = 0, bucket = 0;
    if (!counters)
        return;
    struct counts *row = &counters->rows[row_of(route, method)];
    while (STATUSES[column] != 0 && STATUSES[column] != status)
        column++;
    while (bucket < BUCKET_COUNT && microseconds > BUCKETS[bucket].microseconds)
        bucket++;
    add(&row->answers[column], 1);
    add(&row->buckets[bucket], 1);
    add(&row->microseconds, microseconds > 0 ? (uint64_t)microseconds : 0);
}

/* ---- showing ---- */

static void print_answers(struct buf *out, struct counts *row, const char *labels)
{
    for (size_t i = 0; i < STATUS_COUNT; i++) {
        uint64_t count = read_counter(&row->answers[i]);
        char status[16] = "other";
        if (STATUSES[i] != 0)
            snprintf(status, sizeof status, "%d", STATUSES[i]);
        if (count > 0)
            buf_printf(out, "slotwire_requests_total{%s,status=\"%s\"} %llu\n", labels, status,
                       (unsigned long long)count);
    }
}

static void print_seconds(struct buf *out, struct counts *row, const char *labels)
{
    uint64_t all = 0, sum = read_counter(&row->microseconds), each[BUCKET_COUNT + 1];
    for (size_t i = 0; i <= BUCKET_COUNT; i++)
        all += each[i] = read_counter(&row->buckets[i]);
    if (all == 0)
        return;
    all = 0;
    for (size_t i = 0; i <= BUCKET_COUNT; i++) {
        all += each[i];
        buf_printf(out, "slotwire_request_seconds_bucket{%s,le=\"%s\"} %llu\n", labels,
                   i < BUCKET_COUNT ? BUCKETS[i].label : "+Inf", (unsigned long long)all);
    }
    buf_printf(out, "slotwire_request_seconds_sum{%s} %llu.%06llu\nslotwire_request_seconds_count{%s} %llu\n",
               labels, (unsigned long long)(sum / 1000000), (unsigned long long)(sum % 1000000), labels,
               (unsigned long long)all);
}

static void print_rows(struct buf *out, void (*print)(struct buf *, struct counts *, const char *))
{
    char labels[512];
    size_t index = METHOD_COUNT;
    for (size_t i = 0; i < METHOD_COUNT; i++) {
        snprintf(labels, sizeof labels, "method=\"%s\",route=\"other\"", METHODS[i]);
        print(out, &counters->rows[i], labels);
    }
    for (size_t i = 0; resource_list[i]; i++)
        for (const struct route *route = resource_list[i]->routes; route->method; route++) {
            snprintf(labels, sizeof labels, "method=\"%s\",route=\"%s\"", route->method, route->path);
            print(out, &counters->rows[index++], labels);
        }
}

void metrics_print(struct buf *out)
{
    if (!counters)
        return;
    buf_printf(out,
               "# HELP slotwire_requests_total Requests answered%s.\n"
               "# TYPE slotwire_requests_total counter\n",
               shared ? "" : " by this one worker (metrics_file is not in use)");
    print_rows(out, print_answers);
    buf_add_text(out, "# HELP slotwire_request_seconds Time from a request's arrival at the worker to its "
                      "answer.\n# TYPE slotwire_request_seconds histogram\n");
    print_rows(out, print_seconds);
}
