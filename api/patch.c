#include "api/patch.h"

struct json_object *patch_merge(struct pool *pool, const struct input *body, const struct row *row,
                                const struct patch_member *members, struct value *values)
{
    struct json_object *changed = json_new_array(pool);

    for (size_t i = 0; members[i].name; i++) {
        values[i] = input_or(body, members[i].name, row, members[i].column);
        if (!value_equal(values[i], *row_value(row, members[i].column)))
            json_object_array_add(changed, json_object_new_string(members[i].name));
    }
    return changed;
}
