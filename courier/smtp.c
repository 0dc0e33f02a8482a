#include "base/clock.h"
#include "courier/handle.h"

enum { CONVERSATION_LIMIT = 16 * 1024 };

/* ---- what curl calls ---- */

static size_t give_text(char *bytes, size_t size, size_t count, void *data)
{
    struct handle *handle = data;
    const struct order *order = &handle->errand->order;
    size_t left = order->length - handle->given;
    size_t length = size * count < left ? size * count : left;
    memcpy(bytes, order->body + handle->given, length);
    handle->given += length;
    return length;
}

/* A mail server has no body to read; what there is would go to standard output. */
static size_t drop(char *bytes, size_t size, size_t count, void *data)
{
    (void)bytes;
    (void)data;
    return size * count;
}

static int printable_length(const char *bytes, size_t length)
{
    int printable = 0;
    while ((size_t)printable < length && printable < SMTP_REPLY_SIZE - 1 && bytes[printable] >= ' ' &&
           bytes[printable] <= '~')
        printable++;
    return printable;
}

/* What we say is a verb and its words; what follows AUTH, in that line and the next ones, is the login. */
static void note_ours(struct handle *handle, const char *bytes, size_t length)
{
    static const char *const verbs[] = { "EHLO", "HELO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "QUIT" };
    struct smtp *smtp = handle->errand->order.smtp;
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        size_t size = strlen(verbs[i]);
        if (length < size || memcmp(bytes, verbs[i], size) != 0 ||
            (length > size && bytes[size] != ' ' && bytes[size] != '\r'))
            continue;
        handle->leaving |= strcmp(verbs[i], "QUIT") == 0;
        if (!handle->leaving)
            snprintf(smtp->verb, sizeof smtp->verb, "%s", verbs[i]);
        if (strcmp(verbs[i], "AUTH") == 0)
            buf_add_text(&smtp->conversation, "> AUTH ...\n");
        else
            buf_printf(&smtp->conversation, "> %.*s\n", printable_length(bytes, length), bytes);
        return;
    }
}

static void note_theirs(struct handle *handle, const char *bytes, size_t length)
{
    struct smtp *smtp = handle->errand->order.smtp;
    int printable = printable_length(bytes, length);
    if (!handle->leaving)
        snprintf(smtp->reply, sizeof smtp->reply, "%.*s", printable, bytes);
    buf_printf(&smtp->conversation, "< %.*s\n", printable, bytes);
}

static int overhear(CURL *easy, curl_infotype type, char *bytes, size_t length, void *data)
{
    struct handle *handle = data;
    (void)easy;
    if (type == CURLINFO_HEADER_OUT)
        note_ours(handle, bytes, length);
    else if (type == CURLINFO_HEADER_IN)
        note_theirs(handle, bytes, length);
    return 0;
}

/*
 * Our own time-out, in place of curl's: a handle that is broken off from here is closed without another word,
 * while after a time-out curl would say QUIT and wait as long again. And a QUIT need not be answered.
 */
static int keep_time(void *data, curl_off_t to_get, curl_off_t got, curl_off_t to_put, curl_off_t put)
{
    const struct handle *handle = data;
    (void)to_get, (void)got, (void)to_put, (void)put;
    return handle->leaving || clock_monotonic() >= handle->until;
}

/* ---- before ---- */

static void set_security(CURL *easy, const struct smtp *smtp)
{
    static const long levels[] = { [SMTP_TLS_ALWAYS] = CURLUSESSL_ALL,
                                   [SMTP_TLS_OFFERED] = CURLUSESSL_TRY,
                                   [SMTP_TLS_NEVER] = CURLUSESSL_NONE };
    curl_easy_setopt(easy, CURLOPT_USE_SSL, levels[smtp->tls]);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    if (smtp->authorities)
        curl_easy_setopt(easy, CURLOPT_CAINFO, smtp->authorities);
    if (smtp->user) {
        curl_easy_setopt(easy, CURLOPT_USERNAME, smtp->user);
        curl_easy_setopt(easy, CURLOPT_PASSWORD, smtp->password);
    }
}

static void set_callbacks(CURL *easy, struct handle *handle)
{
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, keep_time);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, handle);
    curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
    curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, overhear);
    curl_easy_setopt(easy, CURLOPT_DEBUGDATA, handle);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_text);
    curl_easy_setopt(easy, CURLOPT_READDATA, handle);
}

void smtp_begin(struct handle *handle)
{
    CURL *easy = handle->easy;
    struct errand *errand = handle->errand;
    struct smtp *smtp = errand->order.smtp;
    buf_init(&smtp->conversation, errand->pool, CONVERSATION_LIMIT);
    handle->until = errand->started + errand->order.timeout_ms * INT64_C(1000);
    handle_add_line(handle, smtp->recipient);
    curl_easy_setopt(easy, CURLOPT_URL, errand->order.url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    /* An idle one would be closed with a QUIT at any moment. */
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)errand->order.length);
    curl_easy_setopt(easy, CURLOPT_MAIL_FROM, smtp->sender);
    curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, handle->lines);
    set_callbacks(easy, handle);
    set_security(easy, smtp);
}

/* ---- afterwards ---- */

void smtp_read(struct handle *handle, CURLcode code)
{
    struct errand *errand = handle->errand;
    struct result *result = &errand->result;
    result->timings = (struct timings){ -1, -1, -1, -1, clock_monotonic() - errand->started };
    result->kind = code == CURLE_OK ? ANSWER_HTTP : ANSWER_NONE;
    if (code == CURLE_OK)
        return;
    /* Broken off from here is out of time: keep_time does nothing else. */
    result->trouble = code == CURLE_ABORTED_BY_CALLBACK ? TROUBLE_TIME : trouble_of(code);
    result->error = curl_easy_strerror(code);
}
