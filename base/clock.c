#include "base/clock.h"

#include <fcntl.h>
#include <unistd.h>

static bool frozen;
static instant frozen_at;
static int64_t correction;

static int64_t read_clock(clockid_t clock, int64_t per_second)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * per_second + now.tv_nsec / (1000000000 / per_second);
}

instant clock_now(void)
{
    return frozen ? frozen_at : clock_real();
}

instant clock_real(void)
{
    return read_clock(CLOCK_REALTIME, 1000) + correction;
}

void clock_set_offset(int64_t milliseconds)
{
    correction = milliseconds;
}

int64_t clock_offset(void)
{
    return correction;
}

int64_t clock_monotonic(void)
{
    return read_clock(CLOCK_MONOTONIC, 1000000);
}

void clock_set(instant time)
{
    frozen = true;
    frozen_at = time;
}

static bool read_time_file(const char *path, instant *time)
{
    char text[64];
    ssize_t length;
    int file = open(path, O_RDONLY | O_CLOEXEC);

    if (file < 0)
        return false;
    length = read(file, text, sizeof text);
    close(file);
    while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r' || text[length - 1] == ' '))
        length--;
    return length > 0 && clock_parse(time, text, (size_t)length);
}

void clock_follow(const char *path)
{
    instant time;

    frozen = path && *path && read_time_file(path, &time);
    if (frozen)
        frozen_at = time;
}

/* Rounds towards the past, as a time before 1970 must. */
static int64_t floor_divide(int64_t dividend, int64_t divisor)
{
    return dividend / divisor - (dividend % divisor < 0);
}

static char *put_digits(char *out, int64_t number, int width)
{
    for (int i = width - 1; i >= 0; i--) {
        out[i] = (char)('0' + number % 10);
        number /= 10;
    }
    return out + width;
}

static char *put_date(char *out, struct date date)
{
    out = put_digits(out, date.year, date.year > 9999 ? 5 : 4);
    *out++ = '-';
    out = put_digits(out, date.month, 2);
    *out++ = '-';
    return put_digits(out, date.day, 2);
}

/* Everything up to the seconds; returns the end. */
static char *put_time(char *out, instant time)
{
    int64_t days = floor_divide(time, CLOCK_DAY);
    int64_t seconds = (time - days * CLOCK_DAY) / CLOCK_SECOND;

    out = put_date(out, date_from_days(days));
    *out++ = 'T';
    out = put_digits(out, seconds / 3600, 2);
    *out++ = ':';
    out = put_digits(out, seconds / 60 % 60, 2);
    *out++ = ':';
    return put_digits(out, seconds % 60, 2);
}

char *clock_format(char *text, instant time)
{
    char *out = put_time(text, time);

    *out++ = '.';
    out = put_digits(out, time - floor_divide(time, CLOCK_SECOND) * CLOCK_SECOND, 3);
    *out++ = 'Z';
    *out = '\0';
    return text;
}

char *clock_format_seconds(char *text, instant time)
{
    char *out = put_time(text, time);

    *out++ = 'Z';
    *out = '\0';
    return text;
}

/* A cursor over the text being read. */
struct reader {
    const char *at, *end;
};

static bool take_digits(struct reader *reader, int width, int *number)
{
    if (reader->end - reader->at < width)
        return false;
    *number = 0;
    for (int i = 0; i < width; i++) {
        char character = *reader->at++;
        if (character < '0' || character > '9')
            return false;
        *number = *number * 10 + (character - '0');
    }
    return true;
}

static bool take_one_of(struct reader *reader, const char *set)
{
    if (reader->at == reader->end || *reader->at == '\0' || !strchr(set, *reader->at))
        return false;
    reader->at++;
    return true;
}

static int days_in_month(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && leap ? 29 : days[month - 1];
}

static bool take_date(struct reader *reader, struct date *date)
{
    return take_digits(reader, 4, &date->year) && take_one_of(reader, "-") &&
           take_digits(reader, 2, &date->month) && take_one_of(reader, "-") &&
           take_digits(reader, 2, &date->day) && date->month >= 1 && date->month <= 12 && date->day >= 1 &&
           date->day <= days_in_month(date->year, date->month);
}

static bool take_fraction(struct reader *reader, int *milliseconds)
{
    int weight = 100, digit;

    *milliseconds = 0;
    if (!take_one_of(reader, "."))
        return true;
    if (!take_digits(reader, 1, &digit))
        return false;
    do {
        *milliseconds += digit * weight;
        weight /= 10;
    } while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9' &&
             take_digits(reader, 1, &digit));
    return true;
}

/* Minutes east of UTC. */
static bool take_offset(struct reader *reader, int *offset)
{
    int hours, minutes, sign;

    *offset = 0;
    if (take_one_of(reader, "Zz"))
        return true;
    if (!take_one_of(reader, "+-"))
        return false;
    sign = reader->at[-1] == '-' ? -1 : 1;
    if (!take_digits(reader, 2, &hours) || !take_one_of(reader, ":") || !take_digits(reader, 2, &minutes) ||
        hours > 23 || minutes > 59)
        return false;
    *offset = sign * (hours * 60 + minutes);
    return true;
}

bool clock_parse(instant *time, const char *text, size_t length)
{
    struct reader reader = { text, text + length };
    struct date date;
    int hour, minute, second, millisecond, offset;
    instant read;

    if (!take_date(&reader, &date) || !take_one_of(&reader, "Tt ") || !take_digits(&reader, 2, &hour) ||
        !take_one_of(&reader, ":") || !take_digits(&reader, 2, &minute) || !take_one_of(&reader, ":") ||
        !take_digits(&reader, 2, &second) || !take_fraction(&reader, &millisecond) ||
        !take_offset(&reader, &offset) || reader.at != reader.end || hour > 23 || minute > 59 || second > 59)
        return false;
    read = date_to_days(date) * CLOCK_DAY + hour * (instant)CLOCK_HOUR +
           (minute - offset) * (instant)CLOCK_MINUTE + second * CLOCK_SECOND + millisecond;
    if (read < INSTANT_MIN || read > INSTANT_MAX)
        return false;
    *time = read;
    return true;
}

bool date_parse(struct date *date, const char *text, size_t length)
{
    struct reader reader = { text, text + length };
    struct date read;

    if (!take_date(&reader, &read) || reader.at != reader.end || read.year < 1970)
        return false;
    *date = read;
    return true;
}

char *date_format(char *text, struct date date)
{
    *put_date(text, date) = '\0';
    return text;
}

/*
 * The two conversions are Howard Hinnant's days_from_civil and civil_from_days
 * (https://howardhinnant.github.io/date_algorithms.html): years begin in March, so that the leap day comes
 * last, and are counted in eras of 400 years.
 */
enum { ERA_DAYS = 146097, EPOCH_SHIFT = 719468 /* days from 0000-03-01 to 1970-01-01 */ };

int64_t date_to_days(struct date date)
{
    int64_t year = date.year - (date.month <= 2);
    int64_t era = floor_divide(year, 400);
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * ERA_DAYS + day_of_era - EPOCH_SHIFT;
}

struct date date_from_days(int64_t days)
{
    int64_t shifted = days + EPOCH_SHIFT;
    int64_t era = floor_divide(shifted, ERA_DAYS);
    int64_t day_of_era = shifted - era * ERA_DAYS;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / (ERA_DAYS - 1)) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153; /* 0 March … 11 February */
    int64_t day = day_of_year - (153 * month + 2) / 5 + 1;
    int64_t year = year_of_era + era * 400 + (month >= 10);

    return (struct date){ (int)year, (int)(month < 10 ? month + 3 : month - 9), (int)day };
}

int date_weekday(struct date date)
{
    int64_t days = date_to_days(date) + 3; /* 1970-01-01 was a Thursday */

    return (int)(days - floor_divide(days, 7) * 7);
}
