#include "partners/project.h"

#include <string.h>

void project_as(struct json_object *to, const char *name, struct json_object *from, const char *member)
{
    json_set(to, name, json_object_get(json_get(from, member)));
}

void project_copy(struct json_object *to, const char *name, struct json_object *from)
{
    project_as(to, name, from, name);
}

bool project_instant(struct json_object *from, const char *member, instant *time)
{
    const char *text = json_get_text(from, member);

    return text && clock_parse(time, text, strlen(text));
}

void project_time(struct json_object *to, const char *name, struct json_object *from, const char *member)
{
    char seconds[CLOCK_TEXT_SIZE];
    instant time;

    json_set_text(to, name,
                  project_instant(from, member, &time) ? clock_format_seconds(seconds, time) : NULL);
}

struct json_object *project_pick(struct json_object *from, const char *const *names)
{
    struct json_object *picked;

    if (!from)
        return NULL;
    picked = json_object_new_object();
    for (; *names; names++)
        project_copy(picked, *names, from);
    return picked;
}
