/*
 * handle: an errand as curl sees it. Private to the courier: http.c and smtp.c set a handle up by an order
 * and read a result from it; courier.c and blocking.c drive it.
 */
#ifndef COURIER_HANDLE_H
#define COURIER_HANDLE_H

#include "courier/courier.h"

#include <curl/curl.h>

enum { CONNECT_MS = 10000 };

TAILQ_HEAD(errand_list, errand);

struct handle {
    SLIST_ENTRY(handle) link; /* while it is idle */
    CURL *easy;               /* its CURLOPT_PRIVATE is the handle */
    struct errand *errand;
    struct curl_slist *lines;
    char problem[CURL_ERROR_SIZE];

    /* http.c */
    bool has_header;     /* the answer's was read to its end */
    bool no_sockets;     /* this process or machine has run out of them */
    const char *refused; /* why the guard let no socket be opened */

    /* smtp.c */
    size_t given;  /* bytes of the mail */
    int64_t until; /* clock_monotonic() when it has taken too long */
    bool leaving;  /* we said QUIT: what follows says nothing of the mail */

    /* blocking.c */
    CURLcode code; /* what came of it; CURLE_ABORTED_BY_CALLBACK: broken off, or it took too long */
    bool stopped;  /* broken off by blocking_stop */
};

struct handle *handle_new(void);
void handle_free(struct handle *handle); /* not while a multi has it */
void handle_add_line(struct handle *handle, const char *line);
void handle_drop_lines(struct handle *handle);

void http_init(struct handle *handle); /* options that never change: the handle is used again and again */
void http_begin(struct handle *handle);
void http_read(struct handle *handle, CURLcode code);

void smtp_begin(struct handle *handle); /* a fresh one each time */
void smtp_read(struct handle *handle, CURLcode code);

enum trouble trouble_of(CURLcode code); /* of one that is not CURLE_OK: else the trouble is none of curl's */

#endif
