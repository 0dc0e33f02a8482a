/*
 * json: making and reading trees. Text in is json_read.c, text out json_write.c.
 */
#include "base/json.h"

static struct json_object *made(struct json_object *object)
{
    if (!object)
        abort(); /* no memory left */
    return object;
}

static void release(void *root)
{
    json_object_put(root);
}

struct json_object *json_own(struct pool *pool, struct json_object *root)
{
    if (root)
        pool_on_reset(pool, release, root);
    return root;
}

struct json_object *json_new_object(struct pool *pool)
{
    return json_own(pool, made(json_object_new_object()));
}

struct json_object *json_new_array(struct pool *pool)
{
    return json_own(pool, made(json_object_new_array()));
}

/* ---- adders ---- */

void json_set(struct json_object *object, const char *name, struct json_object *value)
{
    /* json-c would leave a member that is set again at its old place. */
    json_object_object_del(object, name);
    if (json_object_object_add_ex(object, name, value, JSON_C_OBJECT_ADD_KEY_IS_NEW) != 0)
        abort(); /* no memory left */
}

void json_set_text(struct json_object *object, const char *name, const char *text)
{
    json_set(object, name, text ? made(json_object_new_string(text)) : NULL);
}

void json_set_int(struct json_object *object, const char *name, int64_t integer)
{
    json_set(object, name, made(json_object_new_int64(integer)));
}

void json_set_number(struct json_object *object, const char *name, double number)
{
    json_set(object, name, made(json_object_new_double(number)));
}

void json_set_bool(struct json_object *object, const char *name, bool truth)
{
    json_set(object, name, made(json_object_new_boolean(truth)));
}

void json_set_time(struct json_object *object, const char *name, instant time)
{
    char text[CLOCK_TEXT_SIZE];

    json_set_text(object, name, clock_format(text, time));
}

void json_set_id(struct json_object *object, const char *name, const char *prefix, struct id id)
{
    char text[ID_TEXT_SIZE];

    json_set_text(object, name, id_is_nil(id) ? NULL : id_format(text, prefix, id));
}

/* ---- readers ---- */

struct json_object *json_get(struct json_object *object, const char *name)
{
    struct json_object *value = NULL;

    json_object_object_get_ex(object, name, &value);
    return value;
}

const char *json_get_text(struct json_object *object, const char *name)
{
    struct json_object *value = json_get(object, name);

    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

int64_t json_get_int(struct json_object *object, const char *name, int64_t fallback)
{
    struct json_object *value = json_get(object, name);

    return json_object_is_type(value, json_type_int) ? json_object_get_int64(value) : fallback;
}
