/* Room links: what they look like, how long they hold, and what must not open a door. */
#include "base/config.h"
#include "base/crypto.h"
#include "rules/booking/call_rooms.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct id booking = { { 1, 0x8f, 2, 3, 4, 5, 0x76, 7, 0x88, 9, 10, 11, 12, 13, 14, 15 } };
static const instant ends_at = (instant)1762009200 * CLOCK_SECOND; /* 2025-11-01T15:00:00Z */
static const int64_t expiry = 1762009200 + 4 * 3600;

static int set_up(void **state)
{
    *state = pool_new();
    return config_set(CONFIG_ROOM_URL, "https://meet.example.com") &&
                   config_set(CONFIG_ROOM_SECRET, "a room secret")
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    pool_free(*state);
    return 0;
}

static const char *token_of(const char *link)
{
    return strstr(link, "?token=") + strlen("?token=");
}

static void a_room_id_is_stable_and_depends_on_the_secret(void **state)
{
    struct pool *pool = *state;
    const char *room = room_id(pool, booking);
    struct id parsed, other = booking;
    other.bytes[15]++;
    assert_true(id_parse(&parsed, "room", room, strlen(room)));
    assert_string_equal(room, room_id(pool, booking));
    assert_string_not_equal(room, room_id(pool, other));
    assert_true(config_set(CONFIG_ROOM_SECRET, "another secret"));
    assert_string_not_equal(room, room_id(pool, booking));
}

static void a_link_has_room_expiry_and_signature(void **state)
{
    struct pool *pool = *state;
    const char *room = room_id(pool, booking);
    const char *message = pool_printf(pool, "%s.%lld", room, (long long)expiry);
    uint8_t hash[SHA256_SIZE];
    crypto_hmac_sha256("a room secret", strlen("a room secret"), message, strlen(message), hash);
    assert_string_equal(room_link(pool, booking, ends_at),
                        pool_printf(pool, "https://meet.example.com/%s?token=%lld.%s", room,
                                    (long long)expiry, crypto_base64url(pool, hash, sizeof hash)));
}

static void a_slash_at_the_end_of_the_base_is_not_doubled(void **state)
{
    struct pool *pool = *state;
    const char *link = room_link(pool, booking, ends_at);
    assert_true(config_set(CONFIG_ROOM_URL, "https://meet.example.com/"));
    assert_string_equal(room_link(pool, booking, ends_at), link);
}

static void without_settings_there_is_no_link(void **state)
{
    struct pool *pool = *state;
    const char *token = token_of(room_link(pool, booking, ends_at));
    const char *room = room_id(pool, booking);
    assert_true(config_set(CONFIG_ROOM_SECRET, ""));
    assert_null(room_link(pool, booking, ends_at));
    assert_false(room_token_is_valid(pool, room, token, ends_at));
    assert_true(config_set(CONFIG_ROOM_SECRET, "a room secret"));
    assert_true(config_set(CONFIG_ROOM_URL, ""));
    assert_null(room_link(pool, booking, ends_at));
}

static void a_token_opens_its_room_until_four_hours_after_the_end(void **state)
{
    struct pool *pool = *state;
    const char *room = room_id(pool, booking);
    const char *token = token_of(room_link(pool, booking, ends_at));
    assert_true(room_token_is_valid(pool, room, token, ends_at));
    assert_true(room_token_is_valid(pool, room, token, ends_at + 4 * CLOCK_HOUR - 1));
    assert_false(room_token_is_valid(pool, room, token, ends_at + 4 * CLOCK_HOUR));
}

static void a_changed_token_opens_nothing(void **state)
{
    struct pool *pool = *state;
    const char *room = room_id(pool, booking);
    const char *token = token_of(room_link(pool, booking, ends_at));
    struct id other = booking;
    other.bytes[0]++;
    assert_false(room_token_is_valid(pool, room_id(pool, other), token, ends_at));
    for (size_t i = 0; i < strlen(token); i++) {
        char *changed = pool_strdup(pool, token);
        changed[i] = changed[i] == '1' ? '2' : '1';
        assert_false(room_token_is_valid(pool, room, changed, ends_at));
    }
    assert_false(room_token_is_valid(pool, room, pool_printf(pool, "%s=", token), ends_at));
    assert_false(room_token_is_valid(pool, room, pool_printf(pool, "0%s", token), ends_at));
}

static void nonsense_opens_nothing(void **state)
{
    static const char *const nonsense[] = { "",
                                            ".",
                                            "x",
                                            "-1.x",
                                            "1",
                                            "1.",
                                            "+1.x",
                                            " 1.x",
                                            ".x",
                                            "1e9.x",
                                            "99999999999999999999999999999999.x",
                                            "0x10.x" };
    struct pool *pool = *state;
    const char *room = room_id(pool, booking);
    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++)
        assert_false(room_token_is_valid(pool, room, nonsense[i], 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_room_id_is_stable_and_depends_on_the_secret, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_link_has_room_expiry_and_signature, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_slash_at_the_end_of_the_base_is_not_doubled, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_settings_there_is_no_link, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_token_opens_its_room_until_four_hours_after_the_end, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_changed_token_opens_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nonsense_opens_nothing, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("rooms", tests, NULL, NULL);
}
