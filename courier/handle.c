#include "courier/handle.h"

struct handle *handle_new(void)
{
    struct handle *handle = calloc(1, sizeof *handle);
    if (!handle || !(handle->easy = curl_easy_init()))
        pool_exhausted();
    curl_easy_setopt(handle->easy, CURLOPT_PRIVATE, handle);
    curl_easy_setopt(handle->easy, CURLOPT_ERRORBUFFER, handle->problem);
    return handle;
}

void handle_free(struct handle *handle)
{
    curl_easy_cleanup(handle->easy);
    handle_drop_lines(handle);
    free(handle);
}

void handle_add_line(struct handle *handle, const char *line)
{
    struct curl_slist *longer = curl_slist_append(handle->lines, line);
    if (!longer)
        pool_exhausted();
    handle->lines = longer;
}

void handle_drop_lines(struct handle *handle)
{
    curl_slist_free_all(handle->lines);
    handle->lines = NULL;
}

enum trouble trouble_of(CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return TROUBLE_NAME;
    case CURLE_COULDNT_CONNECT:
        return TROUBLE_CONNECTION;
    case CURLE_OPERATION_TIMEDOUT:
        return TROUBLE_TIME;
    case CURLE_PEER_FAILED_VERIFICATION:
        return TROUBLE_CERTIFICATE;
    case CURLE_SSL_CACERT_BADFILE:
        return TROUBLE_AUTHORITIES;
    case CURLE_USE_SSL_FAILED:
        return TROUBLE_NO_TLS;
    case CURLE_LOGIN_DENIED:
        return TROUBLE_LOGIN;
    default:
        return TROUBLE_OTHER;
    }
}
