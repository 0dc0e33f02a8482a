#include "base/clock.h"
#include "base/guard.h"
#include "courier/handle.h"

#include <arpa/inet.h>
#include <errno.h>
#include <strings.h>
#include <sys/socket.h>

#ifndef PACKAGE_VERSION
#error "PACKAGE_VERSION comes from configure"
#endif

enum { RECEIVE_LEAST = 32 * 1024, RECEIVE_MOST = 1024 * 1024 };

/* ---- what curl calls ---- */

static bool is_plain_http(const char *url)
{
    return strncasecmp(url, "http:", 5) == 0;
}

/* Why the guard lets no socket be opened to that address; NULL: it does. */
static const char *refusal(const struct order *order, const struct sockaddr *address)
{
    enum guard_verdict verdict = guard_address(address);
    if (verdict == GUARD_REFUSED)
        return "The address is not on the public internet.";
    if ((verdict != GUARD_ALLOWED || order->https_only) && is_plain_http(order->url))
        return "Plain http is not allowed there; use https.";
    return NULL;
}

/* Of an answer without end not much more comes in than is read. */
static int receive_buffer(size_t most)
{
    if (most > RECEIVE_MOST / 2)
        return RECEIVE_MOST;
    return most > RECEIVE_LEAST / 2 ? (int)most * 2 : RECEIVE_LEAST;
}

static curl_socket_t open_socket(void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct handle *handle = data;
    const struct order *order = &handle->errand->order;
    (void)purpose;
    const char *why = refusal(order, &address->addr);
    if (why) {
        handle->refused = why;
        return CURL_SOCKET_BAD;
    }
    curl_socket_t opened = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (opened < 0) {
        handle->no_sockets = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
        return CURL_SOCKET_BAD;
    }
    setsockopt(opened, SOL_SOCKET, SO_RCVBUF, &(int){ receive_buffer(order->most) }, sizeof(int));
    handle->refused = NULL; /* of several addresses one is good */
    return opened;
}

/* Keeps the first bytes, as many as were asked for; beyond them curl is told to stop. */
static size_t receive(char *bytes, size_t size, size_t count, void *data)
{
    const struct handle *handle = data;
    struct result *result = &handle->errand->result;
    size_t length = size * count;
    size_t room = handle->errand->order.most - result->answer.length;
    buf_add(&result->answer, bytes, length < room ? length : room);
    result->capped = length > room;
    return result->capped ? 0 : length;
}

/* A line of the answer's header; an empty one ends it. Of several answers (100, then 200) the last counts. */
static size_t receive_header(char *line, size_t size, size_t count, void *data)
{
    struct handle *handle = data;
    size_t length = size * count;
    handle->has_header = length > 0 && (line[0] == '\r' || line[0] == '\n');
    return length;
}

/* ---- before ---- */

void http_init(struct handle *handle)
{
    CURL *easy = handle->easy;
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* or the loop waits for each look-up that was given up */
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, handle);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, handle);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, receive_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, handle);
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
}

static void add_headers(struct handle *handle, char *lines)
{
    handle_add_line(handle, "Expect:"); /* no asking before the body */
    for (char *line = lines, *end; line && (end = strstr(line, "\r\n")); line = end + 2) {
        *end = '\0';
        handle_add_line(handle, line);
    }
}

void http_begin(struct handle *handle)
{
    CURL *easy = handle->easy;
    const struct order *order = &handle->errand->order;
    bool is_post = order->method == METHOD_POST;
    handle->has_header = handle->no_sockets = false;
    handle->refused = NULL;
    handle->problem[0] = '\0';
    add_headers(handle, order->headers);
    curl_easy_setopt(easy, CURLOPT_URL, order->url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, handle->lines);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, order->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)order->length);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, is_post && !order->body ? "" : order->body);
    curl_easy_setopt(easy, is_post ? CURLOPT_POST : CURLOPT_HTTPGET, 1L);
}

/* ---- afterwards ---- */

static bool is_ours(const struct handle *handle, CURLcode code, long status)
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
        return handle->no_sockets;
    }
}

/* No socket was asked for yet, or the network has no way there. A handle that was used before may still carry
 * an address; the moment of the look-up is of this errand alone. */
static bool is_unreached(const struct handle *handle, CURLcode code)
{
    long error = 0;
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return true;
    case CURLE_OPERATION_TIMEDOUT:
        return handle->errand->result.timings.dns < 0;
    case CURLE_COULDNT_CONNECT:
        curl_easy_getinfo(handle->easy, CURLINFO_OS_ERRNO, &error);
        return !handle->refused && (error == ENETUNREACH || error == ENETDOWN);
    default:
        return false;
    }
}

/* More came than was wanted, and a part of it is of no use. */
static bool is_too_long(const struct errand *errand)
{
    return errand->result.capped && errand->order.whole;
}

/* Once the header is there, a body that was cut off says nothing more, unless all of it is wanted; only the
 * time-out includes it. */
static bool is_whole(const struct handle *handle, CURLcode code, long status)
{
    const struct errand *errand = handle->errand;
    if (status < 200 || !handle->has_header)
        return false;
    if (code == CURLE_OK)
        return true;
    if (errand->order.whole)
        return false;
    return errand->result.capped || code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR;
}

static enum answer_kind kind_of(const struct handle *handle, CURLcode code, long status)
{
    if (is_ours(handle, code, status))
        return ANSWER_OURS;
    if (is_unreached(handle, code))
        return ANSWER_UNREACHED;
    return is_whole(handle, code, status) ? ANSWER_HTTP : ANSWER_NONE;
}

static const char *curl_words(struct handle *handle, CURLcode code)
{
    if (!handle->problem[0])
        return curl_easy_strerror(code);
    for (char *at = handle->problem; *at; at++)
        if (*at < ' ' || *at > '~')
            *at = '?'; /* names from certificates come from outside */
    return pool_strdup(handle->errand->pool, handle->problem);
}

static const char *words_of(struct handle *handle, CURLcode code)
{
    const struct errand *errand = handle->errand;
    const struct result *result = &errand->result;
    if (result->kind == ANSWER_HTTP) {
        bool is_redirect = result->status >= 300 && result->status <= 399;
        return is_redirect ? "Redirects are not followed." : NULL;
    }
    if (handle->no_sockets)
        return "This server has run out of sockets.";
    if (handle->refused)
        return handle->refused;
    if (result->status > 0 && code == CURLE_OUT_OF_MEMORY)
        return "A line of the answer's header is too long.";
    if (is_too_long(errand))
        return pool_printf(errand->pool, "The answer is longer than %zu bytes.", errand->order.most);
    if (code == CURLE_OK)
        return "The answer ended within its header.";
    return curl_words(handle, code);
}

static bool is_public(const char *text)
{
    struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
    struct sockaddr_in four = { .sin_family = AF_INET };
    if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
        return guard_address((const struct sockaddr *)&four) == GUARD_PUBLIC;
    if (inet_pton(AF_INET6, text, &six.sin6_addr) == 1)
        return guard_address((const struct sockaddr *)&six) == GUARD_PUBLIC;
    return false;
}

static void read_address(struct handle *handle)
{
    struct result *result = &handle->errand->result;
    const char *address = NULL;
    curl_easy_getinfo(handle->easy, CURLINFO_PRIMARY_IP, &address);
    /* A connection that is used again has no time of connecting. */
    bool connected = result->timings.connect >= 0 || result->timings.first_byte >= 0;
    snprintf(result->address, sizeof result->address, "%s", connected && address ? address : "");
    result->is_public = is_public(result->address);
}

static int64_t moment(CURL *easy, CURLINFO info)
{
    curl_off_t time = 0;
    curl_easy_getinfo(easy, info, &time);
    return time > 0 ? (int64_t)time : -1;
}

/* curl counts every moment from the start; the log shows how long each step took, but for the last two. */
static struct timings timings_of(const struct handle *handle)
{
    CURL *easy = handle->easy;
    int64_t looked_up = moment(easy, CURLINFO_NAMELOOKUP_TIME_T);
    int64_t connected = moment(easy, CURLINFO_CONNECT_TIME_T);
    int64_t secured = moment(easy, CURLINFO_APPCONNECT_TIME_T);
    return (struct timings){
        .dns = looked_up,
        .connect = connected >= 0 ? connected - (looked_up > 0 ? looked_up : 0) : -1,
        .tls = secured >= 0 && connected >= 0 ? secured - connected : -1,
        .first_byte = moment(easy, CURLINFO_STARTTRANSFER_TIME_T),
        .total = clock_monotonic() - handle->errand->started,
    };
}

void http_read(struct handle *handle, CURLcode code)
{
    struct result *result = &handle->errand->result;
    long status = 0;
    curl_easy_getinfo(handle->easy, CURLINFO_RESPONSE_CODE, &status);
    result->timings = timings_of(handle);
    result->kind = kind_of(handle, code, status);
    result->status = (int)status;
    result->trouble = result->kind == ANSWER_HTTP ? TROUBLE_NONE : trouble_of(code);
    read_address(handle);
    result->error = words_of(handle, code);
}

const char *errand_header(const struct errand *errand, const char *name)
{
    struct curl_header *header;
    if (!errand->handle)
        return NULL;
    return curl_easy_header(errand->handle->easy, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK
               ? header->value
               : NULL;
}
