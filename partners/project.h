/*
 * project: what the formats share when they project a native snapshot. A member that the snapshot lacks is
 * null, never a fault: an older event must still go out.
 */
#ifndef PARTNERS_PROJECT_H
#define PARTNERS_PROJECT_H

#include "base/json.h"

/* Copies a member as it is; `project_as` under another name. */
void project_copy(struct json_object *to, const char *name, struct json_object *from);
void project_as(struct json_object *to, const char *name, struct json_object *from, const char *member);

/* The same for a time, which loses its fraction: `2024-01-20T14:00:00Z`. */
void project_time(struct json_object *to, const char *name, struct json_object *from, const char *member);

/* Whether the member is a time; reads it. */
bool project_instant(struct json_object *from, const char *member, instant *time);

/* A new object that holds only the named members; NULL when there is nothing to take them from. */
struct json_object *project_pick(struct json_object *from, const char *const *names);

#endif
