#include "api/error.h"

const struct error_row error_table[ERROR_COUNT] = {
    [ERROR_NONE] = { "NONE", 200, "No error." },
    [ERROR_BAD_REQUEST] = { "BAD_REQUEST", 400, "The request cannot be read." },
    [ERROR_UNAUTHORIZED] = { "UNAUTHORIZED", 401, "A valid API key or login is needed." },
    [ERROR_FORBIDDEN] = { "FORBIDDEN", 403, "This key or login may not do that." },
    [ERROR_NOT_FOUND] = { "NOT_FOUND", 404, "There is nothing here by that name." },
    [ERROR_INVALID_SERVICE] = { "INVALID_SERVICE", 404, "There is no such service." },
    [ERROR_METHOD_NOT_ALLOWED] = { "METHOD_NOT_ALLOWED", 405, "This path does not take that method." },
    [ERROR_CONFLICT] = { "CONFLICT", 409, "The change conflicts with what is stored." },
    [ERROR_BOOKING_CONFLICT] = { "BOOKING_CONFLICT", 409, "The requested time slot is not available" },
    [ERROR_INVALID_TRANSITION] = { "INVALID_TRANSITION", 409, "The booking's status does not allow that." },
    [ERROR_IDEMPOTENCY_RUNNING] = { "IDEMPOTENCY_RUNNING", 409,
                                    "The first request with this Idempotency-Key is still running." },
    [ERROR_BODY_TOO_LARGE] = { "BODY_TOO_LARGE", 413, "The request body is too large." },
    [ERROR_UNSUPPORTED_MEDIA] = { "UNSUPPORTED_MEDIA", 415, "The body must be application/json." },
    [ERROR_VALIDATION_FAILED] = { "VALIDATION_FAILED", 422, "Some members of the request are not valid." },
    [ERROR_IDEMPOTENCY_MISMATCH] = { "IDEMPOTENCY_MISMATCH", 422,
                                     "This Idempotency-Key came before with another request." },
    [ERROR_RATE_LIMITED] = { "RATE_LIMITED", 429, "Too many requests. Try again in a moment." },
    [ERROR_INTERNAL] = { "INTERNAL", 500, "Something went wrong on our side." },
    [ERROR_UNAVAILABLE] = { "UNAVAILABLE", 503, "The service is not available for a moment. Try again." },
};
