#include "base/value.h"

bool value_equal(struct value left, struct value right)
{
    if (left.type != right.type)
        return false;
    switch (left.type) {
    case VALUE_ABSENT:
    case VALUE_NULL:
        return true;
    case VALUE_INT:
        return left.integer == right.integer;
    case VALUE_NUMBER:
        return left.number == right.number;
    case VALUE_TEXT:
        return left.length == right.length &&
               (left.length == 0 || memcmp(left.text, right.text, left.length) == 0);
    case VALUE_TIME:
        return left.time == right.time;
    case VALUE_ID:
        return id_equal(left.id, right.id);
    case VALUE_OBJECT:
    case VALUE_LIST:
        break;
    }
    return false;
}
