#include "dispatcher/settle_rules.h"

#include <curl/curl.h>
#include <limits.h>

static int64_t clamp(int64_t number, int64_t low, int64_t high)
{
    if (number < low)
        return low;
    return number > high ? high : number;
}

bool settle_retry_after(const char *text, instant now, int64_t *delay)
{
    text += strspn(text, " \t");
    size_t length = strcspn(text, " \t");
    if (length == 0)
        return false;
    if (strspn(text, "0123456789") == length) {
        if (text[length + strspn(text + length, " \t")] != '\0')
            return false;
        bool is_long = length > 9; /* decades: the cap decides */
        *delay = is_long ? RETRY_AFTER_LONGEST : strtol(text, NULL, 10) * CLOCK_SECOND;
    } else {
        /* A date starts with the name of its day; curl_getdate alone would take much more. */
        bool is_named = (*text >= 'A' && *text <= 'Z') || (*text >= 'a' && *text <= 'z');
        time_t date = is_named ? curl_getdate(text, NULL) : -1;
        if (date == -1)
            return false;
        *delay = (int64_t)date * CLOCK_SECOND - now;
    }
    *delay = clamp(*delay, 0, RETRY_AFTER_LONGEST);
    return true;
}

bool settle_succeeded(const struct answer *answer)
{
    return answer->kind == ANSWER_HTTP && answer->status >= 200 && answer->status <= 299;
}

/* What the answer asks for, or -1. */
static int64_t asked_delay(const struct answer *answer, instant now)
{
    int64_t delay = -1;
    if (answer->kind != ANSWER_HTTP || !answer->retry_after ||
        !settle_retry_after(answer->retry_after, now, &delay))
        return -1;
    return delay;
}

static bool is_uncounted(const struct answer *answer, int64_t asked, int64_t age)
{
    if (age >= UNCOUNTED_AGE)
        return false;
    if (answer->kind == ANSWER_UNREACHED)
        return age < UNREACHED_AGE;
    return answer->kind == ANSWER_OURS || answer->status == 429 || (answer->status == 503 && asked >= 0);
}

/* Attempts that do not count have no number to grow with, so their pause grows with the delivery's age. */
static int64_t uncounted_delay(const struct answer *answer, int64_t asked, int64_t age)
{
    if (answer->kind == ANSWER_OURS)
        return clamp(age / 2, CLOCK_SECOND, 10 * CLOCK_MINUTE);
    if (answer->kind == ANSWER_UNREACHED)
        return clamp(age / 2, 5 * CLOCK_SECOND, 30 * CLOCK_MINUTE);
    if (asked < 0)
        return clamp(age / 2, 30 * CLOCK_SECOND, CLOCK_HOUR);
    int64_t least = clamp(age / 20, CLOCK_SECOND, CLOCK_MINUTE);
    return asked > least ? asked : least;
}

static const char *reason_to_disable(const struct answer *answer)
{
    if (answer->kind == ANSWER_HTTP && answer->status == 410)
        return "The endpoint answered 410 Gone.";
    if (answer->kind == ANSWER_HTTP && answer->disable)
        return "The endpoint answered with the header webhook-delivery: disable.";
    return NULL;
}

bool settle_concerns_endpoint(const struct answer *answer, const struct course *course,
                              const struct verdict *verdict)
{
    if (course->is_test)
        return false;
    if (answer->kind == ANSWER_UNREACHED)
        return verdict->attempts > course->attempts;
    return answer->kind != ANSWER_OURS;
}

bool settle_failed(const struct answer *answer, const struct course *course, const struct verdict *verdict)
{
    return settle_concerns_endpoint(answer, course, verdict) && !settle_succeeded(answer) &&
           verdict->attempts > course->attempts;
}

struct verdict settle_decide(const struct answer *answer, const struct course *course, instant now)
{
    int64_t asked = asked_delay(answer, now);
    int64_t age = now - course->created_at;
    struct verdict verdict = {
        .attempts = course->attempts + 1,
        .due_at = now,
        .disable = course->is_test ? NULL : reason_to_disable(answer),
    };
    if (settle_succeeded(answer)) {
        verdict.state = "delivered";
        return verdict;
    }
    if (answer->kind == ANSWER_HTTP && (asked > 0 || answer->status == 429))
        verdict.rest_until = now + clamp(asked, CLOCK_SECOND, CLOCK_HOUR);
    if (verdict.disable) {
        verdict.state = "held";
        return verdict;
    }
    if (course->is_test || (answer->kind == ANSWER_HTTP && answer->abort)) {
        verdict.state = "failed";
        return verdict;
    }
    int64_t delay;
    if (is_uncounted(answer, asked, age)) {
        verdict.attempts = course->attempts;
        delay = uncounted_delay(answer, asked, age);
    } else {
        bool is_last = course->retry_limit > 0 && verdict.attempts >= course->retry_limit;
        delay = is_last ? -1 : partner_retry_delay(course->partner, verdict.attempts + 1);
    }
    instant due_at = now + (delay > asked ? delay : asked);
    if (delay < 0 || (course->useless_at && due_at >= course->useless_at)) {
        verdict.state = "failed";
        return verdict;
    }
    verdict.state = "retrying";
    verdict.due_at = due_at;
    return verdict;
}
