#include "dispatcher/transfer.h"

#include "base/guard.h"
#include "base/log.h"
#include "rules/delivery/custom_headers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <strings.h>
#include <sys/socket.h>

#ifndef PACKAGE_VERSION
#error "PACKAGE_VERSION comes from configure"
#endif

enum {
    BODY_LIMIT = 32 * 1024 * 1024,
    HEADERS_LIMIT = 64 * 1024,
    CONNECT_MS = 10000,
    RECEIVE_BUFFER = 2 * RESPONSE_LIMIT
};

/* ---- what curl calls ---- */

static bool is_plain_http(const char *url)
{
    return strncasecmp(url, "http:", 5) == 0;
}

static curl_socket_t open_socket(void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct transfer *transfer = data;
    (void)purpose;
    enum guard_verdict verdict = guard_address(&address->addr);
    if (verdict == GUARD_REFUSED) {
        transfer->refused = "The address is not on the public internet.";
        return CURL_SOCKET_BAD;
    }
    if (verdict != GUARD_ALLOWED && is_plain_http(transfer->url)) {
        transfer->refused = "Plain http is not allowed there; use https.";
        return CURL_SOCKET_BAD;
    }
    curl_socket_t opened = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (opened < 0) {
        transfer->no_sockets = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
        return CURL_SOCKET_BAD;
    }
    /* Of an answer without end no more comes in than is read. */
    setsockopt(opened, SOL_SOCKET, SO_RCVBUF, &(int){ RECEIVE_BUFFER }, sizeof(int));
    transfer->refused = NULL; /* of several addresses one is good */
    return opened;
}

/* Keeps the first RESPONSE_LIMIT bytes; beyond them curl is told to stop. */
static size_t receive(char *bytes, size_t size, size_t count, void *data)
{
    struct transfer *transfer = data;
    size_t length = size * count;
    size_t room = RESPONSE_LIMIT - transfer->response.length;
    buf_add(&transfer->response, bytes, length < room ? length : room);
    transfer->capped = length > room;
    return transfer->capped ? 0 : length;
}

/* A line of the answer's header; an empty one ends it. Of several answers (100, then 200) the last counts. */
static size_t receive_header(char *line, size_t size, size_t count, void *data)
{
    struct transfer *transfer = data;
    size_t length = size * count;
    transfer->has_header = length > 0 && (line[0] == '\r' || line[0] == '\n');
    return length;
}

/* ---- before ---- */

void transfer_init(struct transfer *transfer)
{
    CURL *easy = transfer->easy;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* or the loop waits for each look-up that was given up */
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->curl_error);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, receive_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "Slotwire/" PACKAGE_VERSION);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
}

static void add_header(struct transfer *transfer, const char *line)
{
    struct curl_slist *longer = curl_slist_append(transfer->headers, line);
    if (!longer)
        abort();
    transfer->headers = longer;
}

/* The lines that the formats wrote, each ended by \r\n. */
static void add_headers(struct transfer *transfer, char *lines)
{
    for (char *line = lines, *end; (end = strstr(line, "\r\n")); line = end + 2) {
        *end = '\0';
        add_header(transfer, line);
    }
}

/*
 * The endpoint's own. They were checked when they were stored; a row that came another way still never breaks
 * a header apart or takes the place of one of ours.
 */
static void add_custom_headers(struct transfer *transfer, struct buf *headers)
{
    struct json_object *custom = json_parse_stored(transfer->pool, transfer->custom_headers);
    int count = 0;
    if (!json_object_is_type(custom, json_type_object))
        return;
    json_object_object_foreach(custom, name, value)
    {
        const char *text = json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
        if (count == CUSTOM_HEADERS_MAX || custom_header_name_problem(name) ||
            custom_header_value_problem(text, strlen(text))) {
            log_warn("a header of the endpoint's own is not sent"); /* it is not safe to write down */
            continue;
        }
        buf_printf(headers, "%s: %s\r\n", name, text);
        count++;
    }
}

static void set_up(struct transfer *transfer, char *lines)
{
    CURL *easy = transfer->easy;
    add_header(transfer, "Content-Type: application/json");
    add_header(transfer, "Accept: */*");
    add_header(transfer, "Expect:"); /* no asking before the body */
    add_headers(transfer, lines);
    curl_easy_setopt(easy, CURLOPT_URL, transfer->url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)transfer->body.length);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, transfer->body.data);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, transfer->course.partner->timeout_seconds * 1000L);
}

void transfer_build(struct transfer *transfer)
{
    struct pool *pool = transfer->pool;
    const struct partner *partner = transfer->course.partner;
    struct partner_event *event = &transfer->event;
    struct buf headers;

    event->data = json_parse_stored(pool, event->data_text);
    buf_init(&transfer->body, pool, BODY_LIMIT);
    buf_init(&transfer->response, pool, RESPONSE_LIMIT);
    buf_init(&headers, pool, HEADERS_LIMIT);
    partner->envelope(pool, event, transfer->secrets, transfer->started_at, &transfer->body);
    const char *body = transfer->body.data;
    size_t length = transfer->body.length;
    partner_headers(pool, partner, event, transfer->secrets, transfer->started_at, body, length, &headers);
    add_custom_headers(transfer, &headers);
    if (transfer->body.overflowed || headers.overflowed || length == 0)
        fault_raise(FAULT_BROKEN, "a webhook body or its headers cannot be written format=%s", partner->name);
    set_up(transfer, headers.data);
}

/* ---- afterwards ---- */

static bool is_ours(const struct transfer *transfer, CURLcode code, long status)
{
    switch (code) {
    case CURLE_OUT_OF_MEMORY:
        return status == 0; /* or a line of the answer's header is too long */
    case CURLE_FAILED_INIT:
    case CURLE_BAD_FUNCTION_ARGUMENT:
    case CURLE_ABORTED_BY_CALLBACK:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ENGINE_INITFAILED:
        return true;
    default:
        return transfer->no_sockets;
    }
}

/* No socket was asked for yet, or the network has no way there. A handle that was used before may still carry
 * an address; the moment of the look-up is of this attempt alone. */
static bool is_unreached(const struct transfer *transfer, CURLcode code)
{
    long error = 0;
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return true;
    case CURLE_OPERATION_TIMEDOUT:
        return transfer->timings.dns < 0;
    case CURLE_COULDNT_CONNECT:
        curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &error);
        return !transfer->refused && (error == ENETUNREACH || error == ENETDOWN);
    default:
        return false;
    }
}

/* Once the header is there, a body that was cut off says nothing more; only the time-out includes it. */
static bool is_whole(const struct transfer *transfer, CURLcode code, long status)
{
    if (status < 200 || !transfer->has_header)
        return false;
    if (code == CURLE_OK)
        return true;
    return transfer->capped || code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR;
}

static enum answer_kind kind_of(const struct transfer *transfer, CURLcode code, long status)
{
    if (is_ours(transfer, code, status))
        return ANSWER_OURS;
    if (is_unreached(transfer, code))
        return ANSWER_UNREACHED;
    return is_whole(transfer, code, status) ? ANSWER_HTTP : ANSWER_NONE;
}

static void read_words(struct transfer *transfer, CURLcode code)
{
    if (transfer->answer.kind == ANSWER_HTTP) {
        bool is_redirect = transfer->answer.status >= 300 && transfer->answer.status <= 399;
        transfer->error = is_redirect ? "Redirects are not followed." : NULL;
        return;
    }
    if (transfer->no_sockets)
        transfer->error = "This server has run out of sockets.";
    else if (transfer->refused)
        transfer->error = transfer->refused;
    else if (transfer->answer.status > 0 && code == CURLE_OUT_OF_MEMORY)
        transfer->error = "A line of the answer's header is too long.";
    else if (code == CURLE_OK)
        transfer->error = "The answer ended within its header.";
    else if (transfer->curl_error[0])
        transfer->error = transfer->curl_error;
    else
        transfer->error = curl_easy_strerror(code);
    for (char *at = transfer->curl_error; *at; at++)
        if (*at < ' ' || *at > '~')
            *at = '?'; /* names from certificates come from outside */
}

static const char *header_of(CURL *easy, const char *name)
{
    struct curl_header *header;
    return curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK ? header->value : NULL;
}

static void read_headers(struct transfer *transfer)
{
    const char *retry_after = header_of(transfer->easy, "Retry-After");
    const char *wish = header_of(transfer->easy, "webhook-delivery");
    transfer->answer.retry_after = retry_after ? pool_strdup(transfer->pool, retry_after) : NULL;
    transfer->answer.disable = wish && strcasecmp(wish, "disable") == 0;
    transfer->answer.abort =
        wish && (strcasecmp(wish, "abort") == 0 || strcasecmp(wish, "abort-message") == 0);
}

/* The verdict on the peer's address: what an allow-listed machine of the operator answers is never kept. */
static bool is_allow_listed(const char *text)
{
    struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
    struct sockaddr_in four = { .sin_family = AF_INET };
    if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
        return guard_address((const struct sockaddr *)&four) != GUARD_PUBLIC;
    if (inet_pton(AF_INET6, text, &six.sin6_addr) == 1)
        return guard_address((const struct sockaddr *)&six) != GUARD_PUBLIC;
    return true;
}

static void read_address(struct transfer *transfer)
{
    const char *address = NULL;
    curl_easy_getinfo(transfer->easy, CURLINFO_PRIMARY_IP, &address);
    /* A connection that is used again has no time of connecting. */
    bool connected = transfer->timings.connect >= 0 || transfer->timings.first_byte >= 0;
    snprintf(transfer->address, sizeof transfer->address, "%s", connected && address ? address : "");
    transfer->keep_response = transfer->answer.status > 0 && !is_allow_listed(transfer->address);
}

static int64_t moment(CURL *easy, CURLINFO info)
{
    curl_off_t time = 0;
    curl_easy_getinfo(easy, info, &time);
    return time > 0 ? (int64_t)time : -1;
}

/* curl counts every moment from the start; the log shows how long each step took, but for the last two. */
static void read_timings(struct transfer *transfer)
{
    CURL *easy = transfer->easy;
    struct timings *timings = &transfer->timings;
    int64_t looked_up = moment(easy, CURLINFO_NAMELOOKUP_TIME_T);
    int64_t connected = moment(easy, CURLINFO_CONNECT_TIME_T);
    int64_t secured = moment(easy, CURLINFO_APPCONNECT_TIME_T);
    *timings = (struct timings){
        .dns = looked_up,
        .connect = connected >= 0 ? connected - (looked_up > 0 ? looked_up : 0) : -1,
        .tls = secured >= 0 && connected >= 0 ? secured - connected : -1,
        .first_byte = moment(easy, CURLINFO_STARTTRANSFER_TIME_T),
        .total = clock_monotonic() - transfer->started,
    };
}

void transfer_read(struct transfer *transfer, CURLcode code)
{
    long status = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    read_timings(transfer);
    transfer->answer = (struct answer){ .kind = kind_of(transfer, code, status), .status = (int)status };
    read_address(transfer);
    read_words(transfer, code);
    read_headers(transfer);
}
