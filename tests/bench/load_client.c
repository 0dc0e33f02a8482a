/*
 * load_client: an HTTP/1.1 load generator: keep-alive connections to 127.0.0.1, one epoll loop, each
 * connection with one request under way.
 *
 *     load_client PORT CONNECTIONS SECONDS RATE FILE
 *
 * FILE holds a request a line: METHOD, path, API key, body, separated by tabs (no body: an empty field). With
 * SECONDS 0 each line is sent once; else the lines go round until the time is up. RATE is requests a second,
 * 0: as fast as it goes. Prints `requests N good G bad B seconds S rate R p50 P p95 P p99 P` (latencies in
 * milliseconds).
 */
#include "tests/bench/bare.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_SIZE = 1 << 20, EVENTS = 64 };

struct text {
    char *data;
    size_t length;
};

struct connection {
    int descriptor;
    bool busy;
    double began;
    char *answer;
    size_t length;
};

static struct text *requests;
static size_t request_count, sent, done;
static long good, bad;
static double *latencies;
static size_t latency_room;
static int port, loop;
static double deadline, rate, started;

static char *field(char **line)
{
    char *start = *line, *tab = strchr(start, '\t');

    if (tab) {
        *tab = '\0';
        *line = tab + 1;
    } else {
        *line = start + strlen(start);
    }
    return start;
}

static struct text make_request(char *line)
{
    char *method = field(&line), *path = field(&line), *key = field(&line), *body = field(&line);
    size_t room = strlen(path) + strlen(key) + strlen(body) + 300;
    struct text request = { malloc(room), 0 };

    request.length = (size_t)snprintf(request.data, room,
                                      "%s %s HTTP/1.1\r\nHost: localhost\r\nX-API-Key: %s\r\n"
                                      "%sContent-Length: %zu\r\n\r\n%s",
                                      method, path, key, *body ? "Content-Type: application/json\r\n" : "",
                                      strlen(body), body);
    return request;
}

static void read_requests(const char *path)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t room = 0, held = 0;
    ssize_t length;

    if (!file)
        bare_die(path, strerror(errno));
    while ((length = getline(&line, &room, file)) > 0) {
        if (line[length - 1] == '\n')
            line[length - 1] = '\0';
        if (request_count == held) {
            held = held ? 2 * held : 1024;
            requests = realloc(requests, held * sizeof *requests);
        }
        requests[request_count++] = make_request(line);
    }
    free(line);
    fclose(file);
    if (request_count == 0)
        bare_die(path, "is empty");
}

static void open_connection(struct connection *connection)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = connection };
    int on = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connection->descriptor = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(connection->descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(connection->descriptor, (struct sockaddr *)&address, sizeof address) != 0)
        bare_die("connect", strerror(errno));
    epoll_ctl(loop, EPOLL_CTL_ADD, connection->descriptor, &event);
}

static bool has_more(double now)
{
    return deadline > 0 ? now < deadline : sent < request_count;
}

static bool may_send(double now)
{
    return has_more(now) && (rate <= 0 || (double)sent <= (now - started) * rate);
}

static void send_next(struct connection *connection, double now)
{
    const struct text *request = &requests[sent++ % request_count];
    size_t written = 0;

    connection->busy = true;
    connection->began = now;
    connection->length = 0;
    while (written < request->length) {
        ssize_t got =
            send(connection->descriptor, request->data + written, request->length - written, MSG_NOSIGNAL);

        if (got <= 0)
            bare_die("send", strerror(errno));
        written += (size_t)got;
    }
}

/* The answer's whole length is known by its header, or by its last chunk. */
static bool is_complete(const struct connection *connection)
{
    char *end = strstr(connection->answer, "\r\n\r\n"), *header;

    if (!end)
        return false;
    size_t head = (size_t)(end + 4 - connection->answer);
    header = strcasestr(connection->answer, "\r\nContent-Length:");
    if (header && header < end)
        return connection->length >= head + strtoul(header + 17, NULL, 10);
    return connection->length >= 5 &&
           memcmp(connection->answer + connection->length - 5, "0\r\n\r\n", 5) == 0;
}

static void note(struct connection *connection)
{
    if (done == latency_room) {
        latency_room = latency_room ? 2 * latency_room : 65536;
        latencies = realloc(latencies, latency_room * sizeof *latencies);
    }
    latencies[done++] = (bare_now() - connection->began) * 1000;
    if (connection->answer[9] == '2')
        good++;
    else if (bad++ == 0)
        fprintf(stderr, "first bad answer: %.600s\n", connection->answer);
    connection->busy = false;
}

static void receive(struct connection *connection)
{
    ssize_t got = recv(connection->descriptor, connection->answer + connection->length,
                       ANSWER_SIZE - 1 - connection->length, 0);

    if (got > 0) {
        connection->length += (size_t)got;
        connection->answer[connection->length] = '\0';
        if (is_complete(connection))
            note(connection);
        return;
    }
    if (connection->busy)
        bare_die("receive", "the connection was closed within an answer");
    close(connection->descriptor); /* the server's limit of requests a connection */
    open_connection(connection);
}

static void run(struct connection *connections, long count)
{
    struct epoll_event events[EVENTS];
    size_t busy = 0;

    while (busy > 0 || has_more(bare_now())) {
        int ready = epoll_wait(loop, events, EVENTS, rate > 0 ? 1 : busy ? 1000 : 0);

        for (int i = 0; i < ready; i++)
            receive(events[i].data.ptr);
        busy = 0;
        for (long i = 0; i < count; i++) {
            double now = bare_now();

            if (!connections[i].busy && may_send(now))
                send_next(&connections[i], now);
            busy += connections[i].busy;
        }
    }
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

static double percentile(double part)
{
    size_t at = (size_t)(part * (double)done);

    return latencies[at < done ? at : done - 1];
}

int main(int argc, char **argv)
{
    if (argc != 6)
        bare_die("usage", "load_client PORT CONNECTIONS SECONDS RATE FILE");
    long count = bare_number(argv[2]), seconds = bare_number(argv[3]);
    struct connection *connections = calloc((size_t)count, sizeof *connections);

    port = (int)bare_number(argv[1]);
    rate = (double)bare_number(argv[4]);
    read_requests(argv[5]);
    loop = epoll_create1(0);
    for (long i = 0; i < count; i++) {
        connections[i].answer = calloc(1, ANSWER_SIZE);
        open_connection(&connections[i]);
    }
    started = bare_now();
    deadline = seconds > 0 ? started + (double)seconds : 0;
    run(connections, count);
    double took = bare_now() - started;
    if (done == 0)
        bare_die("run", "nothing was answered");
    qsort(latencies, done, sizeof *latencies, compare);
    printf("requests %zu good %ld bad %ld seconds %.3f rate %.1f p50 %.3f p95 %.3f p99 %.3f\n", done, good,
           bad, took, (double)done / took, percentile(0.5), percentile(0.95), percentile(0.99));
    return bad > 0;
}
