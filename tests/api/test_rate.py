"""How often a key may book, and how the answers tell."""

import concurrent.futures
import datetime
import uuid

import pytest

from stack import id_bytes
from world import shop

MINUTE = "2031-03-04T10:00:{}Z"
RESET = int(datetime.datetime(2031, 3, 4, 10, 1, tzinfo=datetime.timezone.utc).timestamp())
HEADERS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "RateLimit-Policy", "RateLimit")


@pytest.fixture
def scene(stack, clock):
    """A company whose key may book 3 times a minute, the clock 18 seconds into one."""
    clock(MINUTE.format(18))
    company, team, service = shop(stack)
    made = company.post("/api/v1/keys", {"name": "Site", "scopes": ["*"], "bookingLimit": 3}).json()
    company.key, company.limited = made["key"], made["id"]
    hours = iter(range(24, 200))

    def book(expect=201, hour=None, **options):
        start = datetime.datetime(2031, 4, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(hours=next(hours) if hour is None else hour)
        return company.post("/api/v1/bookings", company.order(service, start, team[0]), expect, **options)
    return company, book


def test_the_answers_tell_what_is_left(scene):
    _, book = scene
    for left in (2, 1, 0):
        answer = book()
        assert [answer.headers[name] for name in HEADERS] == \
            ["3", str(left), str(RESET), '"bookings";q=3;w=60', f'"bookings";r={left};t=42']


def test_too_many_are_refused_until_the_next_window(stack, scene, clock):
    company, book = scene
    for _ in range(3):
        book()
    refused = book(429)
    assert refused.json()["error"]["code"] == "RATE_LIMITED" and refused.headers["Retry-After"] == "42"
    assert [refused.headers[name] for name in HEADERS] == \
        ["3", "0", str(RESET), '"bookings";q=3;w=60', '"bookings";r=0;t=42']
    assert stack.sql.number("SELECT COUNT(*) FROM bookings WHERE company_id = %s", company.bytes) == 3
    clock("2031-03-04T10:00:59.999Z")
    assert book(429).headers["Retry-After"] == "1"
    clock("2031-03-04T10:01:00Z")
    assert book().headers["X-RateLimit-Remaining"] == "2"


def test_workers_count_together(scene):
    company, book = scene
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: book(None).status_code, range(16)))
    assert sorted(answers) == [201] * 3 + [429] * 13


def test_a_refused_booking_counts_and_a_replayed_one_does_not(scene):
    _, book = scene
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    first = book(hour=0, headers=headers)
    replay = book(hour=0, headers=headers)
    assert replay.json() == first.json() and "X-RateLimit-Limit" not in replay.headers
    assert book(409, hour=0).headers["X-RateLimit-Remaining"] == "1"
    book()
    book(429)
    book(hour=0, headers=headers)


def test_a_key_that_was_refused_may_come_again_with_the_same_idempotency_key(scene, clock):
    _, book = scene
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    for _ in range(3):
        book()
    book(429, hour=9, headers=headers)
    clock("2031-03-04T10:01:00Z")
    assert "Idempotent-Replayed" not in book(hour=9, headers=headers).headers


def test_each_key_is_counted_alone_and_other_routes_not_at_all(scene):
    company, book = scene
    for _ in range(3):
        book()
    book(429)
    assert not set(HEADERS) & set(company.get("/api/v1/bookings").headers)
    company.key = company.made["apiKey"]
    assert book().headers["X-RateLimit-Limit"] == "1000000"


def test_a_table_full_of_what_is_over_counts_on(stack, scene):
    """Before the next: who has found nothing over looks again only after a minute."""
    company, book = scene
    stack.sql.run("SET STATEMENT max_heap_table_size = 16384 FOR ALTER TABLE rate_windows ENGINE = MEMORY")
    try:
        with pytest.raises(Exception, match="is full"):
            stack.sql.run("INSERT IGNORE INTO rate_windows SELECT UNHEX(MD5(seq)), 2, 1, 1 FROM seq_1_to_5000")
        for _ in range(3):
            book()
        book(429)
    finally:
        stack.sql.run("DELETE FROM rate_windows WHERE window_at = 1")
        stack.sql.run("ALTER TABLE rate_windows ENGINE = MEMORY")


def test_a_full_table_refuses_nobody_and_is_told_once(stack, scene):
    company, book = scene
    book()
    stack.sql.run("SET STATEMENT max_heap_table_size = 16384 FOR ALTER TABLE rate_windows ENGINE = MEMORY")
    try:
        filler = "INSERT IGNORE INTO rate_windows SELECT UNHEX(MD5(seq)), 2, 2000000000, 1 FROM seq_1_to_5000"
        with pytest.raises(Exception, match="is full"):
            stack.sql.run(filler)
        stack.sql.run("DELETE FROM rate_windows WHERE subject = %s", id_bytes(company.limited))
        with pytest.raises(Exception, match="is full"):
            stack.sql.run(filler)
        for _ in range(5):
            book()
    finally:
        stack.sql.run("DELETE FROM rate_windows WHERE bucket = 2")
        stack.sql.run("ALTER TABLE rate_windows ENGINE = MEMORY")
    warned = stack.log("worker").count("rate limits is full")
    assert 1 <= warned <= len(stack.children("pool-booking"))


def test_old_windows_are_swept(stack, scene, clock):
    company, book = scene
    book()
    count = "SELECT COUNT(*) FROM rate_windows WHERE subject = %s"
    stack.dispatch()
    assert stack.sql.number(count, id_bytes(company.limited)) == 1
    clock("2031-03-04T12:00:00Z")
    stack.dispatch()
    assert stack.sql.number(count, id_bytes(company.limited)) == 0
