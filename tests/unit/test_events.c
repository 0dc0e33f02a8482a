/* The list of event types, the choices made of it, and the examples that test sends carry. */
#include "rules/bookings.h"
#include "rules/companies.h"
#include "rules/events.h"
#include "rules/people.h"
#include "rules/reminders.h"
#include "rules/services.h"

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

/* The members of an example are those of the table, in its order, the nested ones too. */
static void assert_members(struct json_object *object, const struct field *fields)
{
    struct json_object_iterator at = json_object_iter_begin(object), end = json_object_iter_end(object);
    for (; fields->name; fields++, json_object_iter_next(&at)) {
        assert_false(json_object_iter_equal(&at, &end));
        assert_string_equal(json_object_iter_peek_name(&at), fields->name);
        if (fields->type == FIELD_OBJECT && fields->fields)
            assert_members(json_object_iter_peek_value(&at), fields->fields);
    }
}

static void examples_have_the_members_of_the_real_thing(void **state)
{
    static const struct {
        const char *kind;
        const struct field *fields;
    } tables[] = { { "business.", company_out },
                   { "service.", service_out },
                   { "user.", user_out },
                   { "booking.", booking_out } };
    struct pool *pool = *state;
    for (const struct event_type *type = event_types; type->type; type++) {
        struct json_object *example = event_example(pool, type->type);
        assert_true(json_object_is_type(example, json_type_object));
        for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
            if (strncmp(type->type, tables[i].kind, strlen(tables[i].kind)) == 0 &&
                strcmp(type->type, "booking.reminder") != 0)
                assert_members(example, tables[i].fields);
    }
}

static void updates_name_their_fields_and_nothing_else_does(void **state)
{
    struct pool *pool = *state;
    for (const struct event_type *type = event_types; type->type; type++) {
        bool update = strstr(type->type, ".updated") && strcmp(type->type, "booking.updated") != 0;
        struct json_object *fields = json_get(event_example(pool, type->type), "updatedFields");
        assert_int_equal(json_object_is_type(fields, json_type_array), update);
    }
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
        cmocka_unit_test_setup_teardown(updates_name_their_fields_and_nothing_else_does, set_up, tear_down),
        cmocka_unit_test_setup_teardown(booking_examples_have_the_status_of_their_event, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_reminder_example_is_of_a_known_kind, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
