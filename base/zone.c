#include "base/zone.h"

#include "base/fault.h"

#include "base/pool.h"
#include "base/zone_file.h"

enum { TABLE_SIZE = 2048 /* the database has some 600 names */, LISTED_UNTIL = 2100 };

struct zone {
    char name[ZONE_NAME_LIMIT + 1];
    struct zone_data data;
};

static struct zone *table[TABLE_SIZE]; /* open addressing; never emptied */

static int64_t floor_divide(int64_t dividend, int64_t divisor)
{
    return dividend / divisor - (dividend % divisor < 0);
}

/* The day of the moment in a year, in days since the epoch. */
static int64_t moment_day(const struct zone_moment *moment, int year)
{
    int64_t new_year = date_to_days((struct date){ year, 1, 1 });
    int64_t march = date_to_days((struct date){ year, 3, 1 });
    int64_t first, last;
    struct date month = { year, moment->month, 1 };

    if (moment->kind == MOMENT_DAY)
        return new_year + moment->day;
    if (moment->kind == MOMENT_JULIAN) /* 1..365: the leap day is never counted */
        return new_year + moment->day - 1 + (moment->day >= 60 && march - new_year == 60);
    first = date_to_days(month);
    last = date_to_days((struct date){ year + moment->month / 12, moment->month % 12 + 1, 1 }) - 1;
    /* The rule counts from Sunday, date_weekday from Monday. */
    first += (moment->day + 6 - date_weekday(month) + 7) % 7 + 7 * (moment->week - 1);
    return first > last ? first - 7 : first;
}

/* The array with room for the changes of `years` more years, two in each. */
static void *longer(void *array, size_t count, int years, size_t size)
{
    array = realloc(array, (count + 2 * (size_t)(years > 0 ? years : 0) + 1) * size);
    if (!array)
        pool_exhausted();
    return array;
}

/* The two changes of a year, in seconds since the epoch. */
static int64_t summer_begin(const struct zone_rule *rule, int year)
{
    return moment_day(&rule->begin, year) * 86400 + rule->begin.seconds - rule->standard;
}

static int64_t summer_end(const struct zone_rule *rule, int year)
{
    return moment_day(&rule->end, year) * 86400 + rule->end.seconds - rule->summer;
}

static int rule_offset(const struct zone_rule *rule, int64_t seconds)
{
    int year = date_from_days(floor_divide(seconds + rule->standard, 86400)).year;
    int64_t begin, end;
    bool summer;

    if (!rule->has_summer)
        return rule->standard;
    begin = summer_begin(rule, year);
    end = summer_end(rule, year);
    if (begin < end)
        summer = begin <= seconds && seconds < end;
    else /* south of the equator */
        summer = seconds < end || begin <= seconds;
    return summer ? rule->summer : rule->standard;
}

static void add_change(struct zone_data *data, int64_t change, int offset)
{
    if (data->count == 0 || change > data->changes[data->count - 1]) {
        data->changes[data->count] = change;
        data->offsets[data->count++] = offset;
    }
}

/*
 * Writes the rule's changes out until LISTED_UNTIL, as looking up a list is ten times as fast as working a
 * rule out. How far the files themselves list them differs between distributions: until 2037, or not at all.
 */
static void list_changes(struct zone_data *data)
{
    const struct zone_rule *rule = &data->rule;
    int first = 1970;

    if (!rule->has_summer)
        return;
    if (data->count > 0 && data->changes[data->count - 1] > 0)
        first = date_from_days(data->changes[data->count - 1] / 86400).year;
    data->changes = longer(data->changes, data->count, LISTED_UNTIL - first + 1, sizeof *data->changes);
    data->offsets = longer(data->offsets, data->count, LISTED_UNTIL - first + 1, sizeof *data->offsets);
    for (int year = first; year <= LISTED_UNTIL; year++) {
        int64_t begin = summer_begin(rule, year), end = summer_end(rule, year);
        if (begin < end) {
            add_change(data, begin, rule->summer);
            add_change(data, end, rule->standard);
        } else {
            add_change(data, end, rule->standard);
            add_change(data, begin, rule->summer);
        }
    }
}

/* There is no dot among the characters, so a name cannot climb out of the folder. */
static bool is_plausible(const char *name)
{
    static const char characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";
    size_t length = strnlen(name, ZONE_NAME_LIMIT + 1);

    if (length < 1 || length > ZONE_NAME_LIMIT || strspn(name, characters) != length)
        return false;
    /* One spelling a zone: every other would be stored, sent on, and kept in the table for good. */
    if (name[0] == '/' || name[length - 1] == '/' || strstr(name, "//"))
        return false;
    /* What lies in the folder beside the zones: copies of them, and the machine's own setting. */
    return strncmp(name, "right/", 6) != 0 && strncmp(name, "posix", 5) != 0 &&
           strcmp(name, "localtime") != 0 && strcmp(name, "Factory") != 0;
}

static size_t hash(const char *name)
{
    uint32_t sum = 2166136261U; /* FNV-1a */

    for (; *name; name++)
        sum = (sum ^ (unsigned char)*name) * 16777619U;
    return sum % TABLE_SIZE;
}

static struct zone *load(const char *name)
{
    struct zone *zone = calloc(1, sizeof *zone);

    if (!zone)
        pool_exhausted();
    if (!zone_file_read(&zone->data, name)) {
        free(zone);
        return NULL;
    }
    list_changes(&zone->data);
    memcpy(zone->name, name, strlen(name));
    return zone;
}

const struct zone *zone_find(const char *name)
{
    size_t place;

    if (!name || !is_plausible(name))
        return NULL;
    place = hash(name);
    for (int tries = 0; tries < TABLE_SIZE; tries++) {
        if (!table[place]) {
            table[place] = load(name);
            return table[place];
        }
        if (strcmp(table[place]->name, name) == 0)
            return table[place];
        place = (place + 1) % TABLE_SIZE;
    }
    return NULL;
}

const struct zone *zone_stored(const char *name)
{
    const struct zone *zone = zone_find(name);

    if (!zone) {
        fault_raise(FAULT_BROKEN, "a stored time zone is not known to this machine: %.64s",
                    name ? name : "NULL");
    }
    return zone;
}

const char *zone_name(const struct zone *zone)
{
    return zone->name;
}

static int offset_at(const struct zone *zone, int64_t seconds)
{
    size_t low = 0, high = zone->data.count; /* the first change after `seconds` is in [low, high] */

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zone->data.changes[middle] <= seconds)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == zone->data.count && zone->data.rule.present)
        return rule_offset(&zone->data.rule, seconds);
    return low > 0 ? zone->data.offsets[low - 1] : zone->data.before;
}

int zone_offset(const struct zone *zone, instant time)
{
    return offset_at(zone, floor_divide(time, CLOCK_SECOND));
}

struct wall zone_to_wall(const struct zone *zone, instant time)
{
    int64_t seconds = floor_divide(time, CLOCK_SECOND);
    int64_t local = seconds + offset_at(zone, seconds);
    int64_t days = floor_divide(local, 86400);
    int second_of_day = (int)(local - days * 86400);

    return (struct wall){ date_from_days(days), second_of_day / 60, second_of_day % 60 };
}

/* The first second in (before, after] at which `offset` is no longer in force. */
static int64_t find_jump(const struct zone *zone, int64_t before, int64_t after, int offset)
{
    while (after - before > 1) {
        int64_t middle = before + (after - before) / 2;
        if (offset_at(zone, middle) == offset)
            before = middle;
        else
            after = middle;
    }
    return after;
}

/*
 * No offset is as large as a day, so the one in force is that of a day before or that of a day after. Each is
 * tried and checked back. In a gap neither holds, and the jump lies between the two trials.
 */
instant zone_from_wall(const struct zone *zone, struct wall wall, enum zone_fit *fit)
{
    int64_t local = date_to_days(wall.date) * 86400 + wall.minute * 60 + wall.second;
    int earlier = offset_at(zone, local - 86400);
    int later = offset_at(zone, local + 86400);
    bool earlier_holds = offset_at(zone, local - earlier) == earlier;
    bool later_holds = offset_at(zone, local - later) == later;
    enum zone_fit found = ZONE_EXACT;
    int64_t seconds = earlier_holds ? local - earlier : local - later;

    if (!earlier_holds && !later_holds) {
        found = ZONE_GAP;
        seconds = find_jump(zone, local - later, local - earlier, earlier);
    } else if (earlier_holds && later_holds && earlier != later) {
        found = ZONE_TWICE;
    }
    if (fit)
        *fit = found;
    return seconds * CLOCK_SECOND;
}
