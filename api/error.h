/*
 * error: every code the API answers with, its status and its sentence, in one const table (error.c).
 */
#ifndef API_ERROR_H
#define API_ERROR_H

enum error_code {
    ERROR_NONE,
    ERROR_BAD_REQUEST,          /* 400 malformed JSON, a bad header, a body where none belongs */
    ERROR_UNAUTHORIZED,         /* 401 */
    ERROR_FORBIDDEN,            /* 403 */
    ERROR_NOT_FOUND,            /* 404 */
    ERROR_INVALID_SERVICE,      /* 404 */
    ERROR_METHOD_NOT_ALLOWED,   /* 405, with Allow */
    ERROR_CONFLICT,             /* 409 */
    ERROR_BOOKING_CONFLICT,     /* 409, details: requested_time, next_available */
    ERROR_INVALID_TRANSITION,   /* 409, details: from, to, allowed */
    ERROR_IDEMPOTENCY_RUNNING,  /* 409 the first request with this key has not ended */
    ERROR_BODY_TOO_LARGE,       /* 413 */
    ERROR_UNSUPPORTED_MEDIA,    /* 415 */
    ERROR_VALIDATION_FAILED,    /* 422, details: fields: [{field, problem}] */
    ERROR_IDEMPOTENCY_MISMATCH, /* 422 the key came before with another body */
    ERROR_RATE_LIMITED,         /* 429, with Retry-After; the web server's own limit answers so too */
    ERROR_INTERNAL,             /* 500 */
    ERROR_UNAVAILABLE,          /* 503, with Retry-After */
    ERROR_COUNT
};

struct error_row {
    const char *code; /* BOOKING_CONFLICT */
    int status;
    const char *message; /* one sentence for a person */
};

extern const struct error_row error_table[ERROR_COUNT];

#endif
