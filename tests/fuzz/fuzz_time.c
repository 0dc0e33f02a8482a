/*
 * Times, dates and zones. A time that is taken lies in the API's range and survives the way out and back; a
 * date does so exactly; an instant survives the way through the wall clock of a zone.
 */
#include "base/clock.h"
#include "base/zone.h"
#include "tests/fuzz/fuzz.h"

static void check_time(const char *text, size_t size)
{
    char again[CLOCK_TEXT_SIZE], seconds[CLOCK_TEXT_SIZE];
    instant time, back;

    if (!clock_parse(&time, text, size))
        return;
    promise(time >= INSTANT_MIN && time <= INSTANT_MAX);
    clock_format(again, time);
    promise(strlen(again) == 24);
    promise(clock_parse(&back, again, strlen(again)) && back == time);
    clock_format_seconds(seconds, time);
    promise(strlen(seconds) == 20 && strncmp(seconds, again, 19) == 0);
}

static void check_date(const char *text, size_t size)
{
    char again[CLOCK_TEXT_SIZE];
    struct date date, back;
    int weekday;

    if (!date_parse(&date, text, size))
        return;
    date_format(again, date);
    promise(strlen(again) == size && memcmp(again, text, size) == 0);
    back = date_from_days(date_to_days(date));
    promise(back.year == date.year && back.month == date.month && back.day == date.day);
    weekday = date_weekday(date);
    promise(weekday >= 0 && weekday <= 6);
}

static void check_zone(const uint8_t *data)
{
    static const char *const names[] = {
        "UTC",           "America/New_York",  "Europe/Berlin",       "Asia/Kathmandu",
        "Europe/Dublin", "Africa/Casablanca", "Australia/Lord_Howe", "Pacific/Apia"
    };
    const struct zone *zone = zone_find(names[data[0] % (sizeof names / sizeof *names)]);
    uint64_t bits;
    instant time, back;
    struct wall wall;
    enum zone_fit fit;

    memcpy(&bits, data + 1, sizeof bits);
    time = (instant)(bits % ((uint64_t)INSTANT_MAX - 2 * (uint64_t)CLOCK_DAY) + (uint64_t)CLOCK_DAY);
    time -= time % CLOCK_SECOND;
    wall = zone_to_wall(zone, time);
    promise(wall.minute >= 0 && wall.minute < 1440 && wall.second >= 0 && wall.second < 60);
    back = zone_from_wall(zone, wall, &fit);
    promise(fit != ZONE_GAP); /* it has just happened */
    promise(fit == ZONE_EXACT ? back == time : back <= time);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    promise(text != NULL);
    memcpy(text, size ? (const char *)data : "", size);
    text[size] = '\0';
    check_time(text, size);
    check_date(text, size);
    zone_find(text);
    if (size >= 1 + sizeof(uint64_t))
        check_zone(data);
    free(text);
    return 0;
}
