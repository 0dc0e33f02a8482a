/* The list of event types, the choices made of it, and the examples that test sends carry. */
#include "rules/booking/reminders.h"
#include "rules/catalogue/event_types.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static int set_up(void **state)
{
    *state = pool_new();
    return 0;
}

static int tear_down(void **state)
{
    pool_free(*state);
    return 0;
}

static void the_choices_are_the_types_behind_a_star(void **state)
{
    (void)state;
    assert_string_equal(event_type_choices[0], "*");
    size_t i = 0;
    for (; event_types[i].type; i++) {
        assert_non_null(event_type_choices[i + 1]);
        assert_string_equal(event_type_choices[i + 1], event_types[i].type);
        assert_true(strlen(event_types[i].type) <= 64);
        assert_non_null(event_types[i].doc);
    }
    assert_null(event_type_choices[i + 1]);
}

/* The members of an example are those of the table, in its order, the nested ones too; only what is not
 * required may be left out. */
static void assert_members(struct json_object *object, const struct field *fields)
{
    struct json_object_iterator at = json_object_iter_begin(object), end = json_object_iter_end(object);
    for (; fields->name; fields++) {
        bool here =
            !json_object_iter_equal(&at, &end) && strcmp(json_object_iter_peek_name(&at), fields->name) == 0;
        if (!here) {
            assert_false(fields->required);
            continue;
        }
        struct json_object *member = json_object_iter_peek_value(&at);
        if (fields->type == FIELD_OBJECT && fields->fields && member)
            assert_members(member, fields->fields);
        json_object_iter_next(&at);
    }
    assert_true(json_object_iter_equal(&at, &end));
}

static void examples_have_the_members_of_the_real_thing(void **state)
{
    struct pool *pool = *state;
    for (const struct event_type *type = event_types; type->type; type++)
        assert_members(event_example(pool, type->type), event_fields(pool, type));
}

static void a_type_is_found_by_its_name(void **state)
{
    (void)state;
    assert_string_equal(event_type_find("booking.reminder")->type, "booking.reminder");
    assert_null(event_type_find("booking"));
    assert_null(event_type_find("*"));
}

static void booking_examples_have_the_status_of_their_event(void **state)
{
    static const struct {
        const char *type, *status, *stamp;
    } cases[] = {
        { "booking.created", "pending", "createdAt" },
        { "booking.confirmed", "confirmed", "confirmedAt" },
        { "booking.cancelled", "cancelled", "cancelledAt" },
        { "booking.completed", "completed", "completedAt" },
        { "booking.no_show", "no_show", "noShowAt" },
    };
    struct pool *pool = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json_object *example = event_example(pool, cases[i].type);
        assert_string_equal(json_get_text(example, "status"), cases[i].status);
        assert_non_null(json_get_text(example, cases[i].stamp));
    }
    assert_non_null(json_get_text(event_example(pool, "booking.rescheduled"), "previousStartsAt"));
    assert_null(json_get_text(event_example(pool, "booking.created"), "previousStartsAt"));
}

static void the_reminder_example_is_of_a_known_kind(void **state)
{
    struct pool *pool = *state;
    struct json_object *example = event_example(pool, "booking.reminder");
    const char *type = json_get_text(example, "reminderType");
    bool known = false;
    for (const struct reminder_kind *kind = reminder_kinds; kind->kind; kind++)
        if (strcmp(kind->kind, type) == 0) {
            known = true;
            assert_string_equal(json_get_text(example, "reminderLabel"), kind->label);
            assert_string_equal(json_get_text(example, "timeUntilSession"), kind->label);
        }
    assert_true(known);
}

static void reminder_kinds_go_from_long_to_short(void **state)
{
    (void)state;
    for (size_t i = 1; reminder_kinds[i].kind; i++)
        assert_true(reminder_kinds[i].before < reminder_kinds[i - 1].before);
    assert_string_equal(reminder_kinds[0].kind, "24h");
    assert_string_equal(reminder_kinds[1].kind, "1h");
    assert_string_equal(reminder_kinds[2].kind, "15m");
    assert_null(reminder_kinds[3].kind);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_choices_are_the_types_behind_a_star),
        cmocka_unit_test(reminder_kinds_go_from_long_to_short),
        cmocka_unit_test_setup_teardown(examples_have_the_members_of_the_real_thing, set_up, tear_down),
        cmocka_unit_test(a_type_is_found_by_its_name),
        cmocka_unit_test_setup_teardown(booking_examples_have_the_status_of_their_event, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_reminder_example_is_of_a_known_kind, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
