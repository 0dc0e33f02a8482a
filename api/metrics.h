/*
 * metrics: how many requests were answered how, and how fast, counted by all workers of the host together.
 *
 * The setting metrics_file names a file that every worker maps: fixed rows, one per route of the program (and
 * one per method for what no route takes), of 64-bit counters that are only ever added to (C11 atomics). Its
 * header holds a hash of the layout; a program with other routes puts a fresh file in its place, while the
 * old workers finish with the old one. Without the setting, or where the file is damaged or cannot be made,
 * a worker counts for itself.
 */
#ifndef API_METRICS_H
#define API_METRICS_H

#include "api/route.h"
#include "base/buf.h"

#include <stdint.h>

/* Once, after config_load. Never fails: what goes wrong is logged. */
void metrics_open(const struct resource *const *list);
void metrics_close(void);

/* One answered request. `route` NULL: none took it. */
void metrics_count(const struct route *route, const char *method, int status, int64_t microseconds);

/* Appends slotwire_requests_total and slotwire_request_seconds in Prometheus' text format 0.0.4. */
void metrics_print(struct buf *out);

/* For doctor: what is wrong with the file, as "is …"; NULL: nothing, or it is not there yet and can be made.
 */
const char *metrics_problem(const char *path);

#endif
