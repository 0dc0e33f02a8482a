/*
 * receiver: a fast HTTP server that takes webhooks and writes down when each came, for tests and benches.
 *
 *     receiver [--port N] [--port-file FILE] [--log FILE] [--status CODE] [--delay MS] [--fail-first N]
 *              [--header "Name: value"] [--bytes N]
 *
 * Listens on 127.0.0.1 (port 0: any free one, written to the port file). One line per request in the log:
 *     <arrival, µs since 1970> <webhook-id> <webhook-timestamp> <x-emitted header, else the body's type>
 * with `-` for what is missing. Answers 200, or CODE (only to the first N requests with --fail-first), after
 * MS milliseconds, with the extra header and a body of N bytes. Ends at SIGTERM or SIGINT.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_LIMIT = 4 * 1024 * 1024, FIRST_SIZE = 8192, EVENTS = 256, FIELD_SIZE = 128 };

struct connection {
    int descriptor;
    char *data;
    size_t length, capacity;
    int waiting; /* answers that are due later */
    bool closed;
};

struct answer {
    TAILQ_ENTRY(answer) link;
    struct connection *connection;
    int64_t due;
    bool fails;
};
TAILQ_HEAD(answers, answer);

static struct {
    int port, status, delay, fail_first, bytes;
    const char *port_file, *log, *header;
} options = { .status = 200, .fail_first = -1 };

static struct answers answers = TAILQ_HEAD_INITIALIZER(answers); /* one delay for all: in order */
static volatile sig_atomic_t stopped;
static FILE *log_file;
static long requests;
static char *good, *bad; /* the answers as text */

static void stop(int number)
{
    (void)number;
    stopped = 1;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t micros(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

/* ---- answers ---- */

static char *make_answer(int status)
{
    size_t size = (size_t)options.bytes + 1024;
    char *text = malloc(size);
    if (!text)
        die("malloc");
    int head = snprintf(text, size, "HTTP/1.1 %d Answer\r\nContent-Length: %d\r\n%s%s\r\n", status,
                        options.bytes, options.header ? options.header : "", options.header ? "\r\n" : "");
    memset(text + head, 'x', (size_t)options.bytes);
    text[head + options.bytes] = '\0';
    return text;
}

static void drop(struct connection *connection)
{
    if (!connection->closed)
        close(connection->descriptor);
    connection->closed = true;
    if (connection->waiting > 0)
        return; /* freed with its last answer */
    free(connection->data);
    free(connection);
}

static void write_answer(const struct connection *connection, bool fails)
{
    const char *text = fails ? bad : good;
    size_t left = strlen(text);
    while (left > 0) {
        ssize_t written = send(connection->descriptor, text, left, MSG_NOSIGNAL);
        if (written < 0)
            return; /* gone, or does not read: the next read tells */
        text += written;
        left -= (size_t)written;
    }
}

static void give_answer(struct connection *connection)
{
    bool fails = options.fail_first < 0 || requests <= options.fail_first;
    if (options.delay == 0) {
        write_answer(connection, fails);
        return;
    }
    struct answer *answer = calloc(1, sizeof *answer);
    if (!answer)
        die("calloc");
    answer->connection = connection;
    answer->due = micros(CLOCK_MONOTONIC) + options.delay * INT64_C(1000);
    answer->fails = fails;
    connection->waiting++;
    TAILQ_INSERT_TAIL(&answers, answer, link);
}

/* Gives what is due; returns the milliseconds until the next, or -1. */
static int give_due_answers(void)
{
    struct answer *answer;
    while ((answer = TAILQ_FIRST(&answers))) {
        int64_t left = answer->due - micros(CLOCK_MONOTONIC);
        if (left > 0)
            return (int)(left / 1000) + 1;
        struct connection *connection = answer->connection;
        connection->waiting--;
        if (connection->closed)
            drop(connection);
        else
            write_answer(connection, answer->fails);
        TAILQ_REMOVE(&answers, answer, link);
        free(answer);
    }
    return -1;
}

/* ---- requests ---- */

/* The header's value into `out`, or `-`. */
static const char *header_of(char out[FIELD_SIZE], const char *head, const char *name)
{
    size_t length = strlen(name);
    for (const char *line = strstr(head, "\r\n"); line; line = strstr(line + 2, "\r\n")) {
        const char *at = line + 2;
        if (strncasecmp(at, name, length) != 0 || at[length] != ':')
            continue;
        at += length + 1;
        at += strspn(at, " \t");
        int size = (int)strcspn(at, "\r\n");
        snprintf(out, FIELD_SIZE, "%.*s", size, at);
        return *out ? out : "-";
    }
    return "-";
}

/* The text after `"type":"` or `"event":"` near the start of the body, or `-`. */
static const char *type_of(char out[FIELD_SIZE], const char *body)
{
    static const char *const keys[] = { "\"type\":\"", "\"event\":\"" };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *at = strstr(body, keys[i]);
        if (!at || at - body > 2)
            continue;
        at += strlen(keys[i]);
        snprintf(out, FIELD_SIZE, "%.*s", (int)strcspn(at, "\" "), at);
        return out;
    }
    return "-";
}

static void write_down(const char *head, const char *body)
{
    char id[FIELD_SIZE], timestamp[FIELD_SIZE], emitted[FIELD_SIZE], type[FIELD_SIZE];
    requests++;
    if (!log_file)
        return;
    const char *last = header_of(emitted, head, "x-emitted");
    if (strcmp(last, "-") == 0)
        last = type_of(type, body);
    fprintf(log_file, "%lld %s %s %s\n", (long long)micros(CLOCK_REALTIME), header_of(id, head, "webhook-id"),
            header_of(timestamp, head, "webhook-timestamp"), last);
}

/* One whole request from the start of the connection's bytes; false when more is to come. */
static bool take_request(struct connection *connection)
{
    char field[FIELD_SIZE];
    char *data = connection->data;
    char *end = strstr(data, "\r\n\r\n");
    if (!end)
        return false;
    *end = '\0';
    const char *length_text = header_of(field, data, "content-length");
    size_t body = *length_text == '-' ? 0 : (size_t)strtoul(length_text, NULL, 10);
    size_t head = (size_t)(end - data) + 4;
    if (body > REQUEST_LIMIT || connection->length - head < body) {
        *end = '\r';
        return false;
    }
    char after = data[head + body];
    data[head + body] = '\0';
    write_down(data, data + head);
    data[head + body] = after;
    memmove(data, data + head + body, connection->length - head - body + 1);
    connection->length -= head + body;
    give_answer(connection);
    return true;
}

static bool make_room(struct connection *connection)
{
    if (connection->capacity - connection->length > 1024)
        return true;
    size_t capacity = connection->capacity ? connection->capacity * 2 : FIRST_SIZE;
    char *data = capacity <= 2 * REQUEST_LIMIT ? realloc(connection->data, capacity) : NULL;
    if (!data)
        return false;
    connection->data = data;
    connection->capacity = capacity;
    return true;
}

static void serve(struct connection *connection)
{
    for (;;) {
        if (!make_room(connection)) {
            drop(connection);
            return;
        }
        ssize_t got = recv(connection->descriptor, connection->data + connection->length,
                           connection->capacity - connection->length - 1, 0);
        if (got < 0 && errno == EAGAIN)
            return;
        if (got <= 0) {
            drop(connection);
            return;
        }
        connection->length += (size_t)got;
        connection->data[connection->length] = '\0';
        while (take_request(connection))
            ;
    }
}

/* ---- the server ---- */

static int listen_on(void)
{
    int one = 1;
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)options.port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (listener < 0 || bind(listener, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 1024) != 0 || getsockname(listener, (struct sockaddr *)&address, &size) != 0)
        die("listen");
    if (options.port_file) {
        FILE *file = fopen(options.port_file, "w");
        if (!file || fprintf(file, "%d\n", ntohs(address.sin_port)) < 0 || fclose(file) != 0)
            die(options.port_file);
    }
    return listener;
}

static void take_connections(int poll, int listener)
{
    int descriptor, one = 1;
    while ((descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct connection *connection = calloc(1, sizeof *connection);
        if (!connection)
            die("calloc");
        connection->descriptor = descriptor;
        struct epoll_event event = { .events = EPOLLIN, .data.ptr = connection };
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event) != 0)
            die("epoll_ctl");
    }
}

static void loop(int listener)
{
    struct epoll_event events[EVENTS], first = { .events = EPOLLIN };
    int poll = epoll_create1(EPOLL_CLOEXEC);
    if (poll < 0 || epoll_ctl(poll, EPOLL_CTL_ADD, listener, &first) != 0)
        die("epoll");
    while (!stopped) {
        int count = epoll_wait(poll, events, EVENTS, give_due_answers());
        for (int i = 0; i < count; i++)
            if (events[i].data.ptr)
                serve(events[i].data.ptr);
            else
                take_connections(poll, listener);
        if (log_file)
            fflush(log_file); /* one write for each round */
    }
}

static int parse_options(int argc, char **argv)
{
    static const struct option known[] = {
        { "port", 1, NULL, 'p' },   { "port-file", 1, NULL, 'f' }, { "log", 1, NULL, 'l' },
        { "status", 1, NULL, 's' }, { "delay", 1, NULL, 'd' },     { "fail-first", 1, NULL, 'n' },
        { "header", 1, NULL, 'h' }, { "bytes", 1, NULL, 'b' },     { 0 },
    };
    int letter;
    while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
        int number = optarg ? (int)strtol(optarg, NULL, 10) : 0;
        switch (letter) {
        case 'p':
            options.port = number;
            break;
        case 'f':
            options.port_file = optarg;
            break;
        case 'l':
            options.log = optarg;
            break;
        case 's':
            options.status = number;
            break;
        case 'd':
            options.delay = number;
            break;
        case 'n':
            options.fail_first = number;
            break;
        case 'h':
            options.header = optarg;
            break;
        case 'b':
            options.bytes = number;
            break;
        default:
            fprintf(stderr, "usage: receiver [--port N] [--port-file FILE] [--log FILE] [--status CODE] "
                            "[--delay MS] [--fail-first N] [--header TEXT] [--bytes N]\n");
            return 64;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct rlimit files;
    int status = parse_options(argc, argv);
    if (status != 0)
        return status;
    signal(SIGTERM, stop);
    signal(SIGINT, stop);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    good = make_answer(200);
    bad = make_answer(options.status);
    if (options.log && !(log_file = fopen(options.log, "a")))
        die(options.log);
    loop(listen_on());
    if (log_file)
        fclose(log_file);
    return 0;
}
