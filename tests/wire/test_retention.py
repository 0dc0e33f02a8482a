"""Days of events and attempts: they come before they are needed, and go whole when they are old."""

import contextlib
import datetime
import os

import pytest

from stack import Stack, id_text, wait_until
from world import UTC, Company

DAY = datetime.timedelta(days=1)
KEPT, HELD = 7, 20
TABLES = ("events", "attempts")


@pytest.fixture(scope="module")
def keeper():
    stack = Stack(settings=f"retention_days = {KEPT}\nretention_held_days = {HELD}")
    try:
        yield stack.start()
    finally:
        stack.stop()


@pytest.fixture(autouse=True)
def afresh(keeper):
    """Nothing stored and no day made yet, as after an installation."""
    for table in ("deliveries", "recoveries", *TABLES):
        keeper.sql.run(f"DELETE FROM {table}")
    for table in TABLES:
        keeper.sql.run(f"ALTER TABLE {table} PARTITION BY RANGE COLUMNS (id) (PARTITION later VALUES LESS THAN (MAXVALUE))")


def today():
    return datetime.datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def id_at(moment):
    """An id that was born then."""
    return int(moment.timestamp() * 1000).to_bytes(6, "big") + b"\x70\x00\x80" + os.urandom(7)


def days(stack, table):
    rows = stack.sql.all("SELECT partition_name AS name, partition_description AS bound FROM information_schema.partitions"
                         " WHERE table_schema = DATABASE() AND table_name = %s ORDER BY partition_ordinal_position", table)
    assert rows[-1]["name"] == "later" and rows[-1]["bound"] == "MAXVALUE"
    return [datetime.datetime.strptime(row["name"], "p%Y%m%d").replace(tzinfo=UTC) for row in rows[:-1]]


def rows_in(stack, table, day):
    return stack.sql.number(f"SELECT COUNT(*) FROM {table} PARTITION ({day:p%Y%m%d})")


def between(first, last):
    return [today() + DAY * number for number in range(first, last + 1)]


def old_event(company, hook, age, state, noon=True):
    """An event of so many days ago with a delivery in that state and one attempt."""
    born = today() - DAY * age + (DAY / 2 if noon else DAY * 0)
    event, delivery = id_at(born), id_at(born)
    sql, at = company.stack.sql, born.replace(tzinfo=None)
    sql.run("INSERT INTO events (id, company_id, type, payload, created_at) VALUES (%s, %s, 'user.created', '{}', %s)",
            event, company.bytes, at)
    sql.run("INSERT INTO deliveries (id, company_id, endpoint_id, event_id, state, due_at, created_at, settled_at)"
            " SELECT %s, company_id, id, %s, %s, %s, %s, IF(%s IN ('delivered', 'failed'), %s, NULL)"
            " FROM webhook_endpoints WHERE company_id = %s",
            delivery, event, state, at, at, state, at, company.bytes)
    sql.run("INSERT INTO attempts (id, company_id, delivery_id, number, started_at, total_us) VALUES (%s, %s, %s, 1, %s, 1)",
            id_at(born), company.bytes, delivery, at)
    return event, delivery


def exists(stack, table, row):
    return stack.sql.one(f"SELECT 1 FROM {table} WHERE id = %s", row) is not None


@pytest.fixture
def company(keeper):
    company = Company(keeper)
    company.hook = company.webhook("https://gone.invalid/hook", ["user.created"], active=False)
    if company.hook.get("active"):
        company.hook = company.patch(f"/api/v1/webhooks/{company.hook['id']}", {"active": False}).json()
    return company


def keep_house(stack):
    """Runs the dispatcher until no day goes any more: some go in one housekeeping, not all, and none of a table in use."""
    output = "a day is dropped"
    while "a day is dropped" in output or "were not changed" in output:
        result = stack.dispatch()
        output = result.stdout + result.stderr


# ---- days come ----

def test_today_and_the_days_ahead_have_a_partition_and_ids_find_theirs(keeper, company):
    keep_house(keeper)
    for table in TABLES:
        assert days(keeper, table) == between(0, 3)
    company.user("Mia")
    assert rows_in(keeper, "events", today()) >= 1 and rows_in(keeper, "events", today() + DAY) == 0
    for moment, day in ((today() + DAY, today() + DAY), (today() + 2 * DAY - DAY / 86400000, today() + DAY)):
        before = rows_in(keeper, "events", day)
        keeper.sql.run("INSERT INTO events VALUES (%s, %s, 'user.created', '{}', '2030-01-01')", id_at(moment), company.bytes)
        assert rows_in(keeper, "events", day) == before + 1


def test_a_second_look_changes_nothing(keeper):
    keep_house(keeper)
    result = keeper.dispatch()
    assert "partition" not in result.stdout + result.stderr


def test_days_are_made_for_what_is_there_already(keeper, company):
    """As after a long time without a dispatcher."""
    event, _ = old_event(company, company.hook, 5, "delivered")
    keep_house(keeper)
    assert days(keeper, "events") == days(keeper, "attempts") == between(-5, 3)
    assert exists(keeper, "events", event) and rows_in(keeper, "events", today() - 5 * DAY) == 1


def test_the_days_after_the_last_are_added_whatever_lies_in_later(keeper, company):
    keep_house(keeper)
    for table in TABLES:  # two days ago it stopped
        keeper.sql.run(f"ALTER TABLE {table} DROP PARTITION " + ", ".join(f"{day:p%Y%m%d}" for day in between(2, 3)))
    keeper.sql.run("INSERT INTO events VALUES (%s, %s, 'user.created', '{}', '2030-01-01')", id_at(today() + 2 * DAY), company.bytes)
    keep_house(keeper)
    for table in TABLES:
        assert days(keeper, table) == between(0, 3)
    assert rows_in(keeper, "events", today() + 2 * DAY) == 1


# ---- days go ----

def test_a_day_goes_with_its_deliveries_when_it_is_old_and_not_before(keeper, company):
    gone = [old_event(company, company.hook, KEPT + 1, state) for state in ("delivered", "failed")]
    kept = [old_event(company, company.hook, KEPT, state, noon=False) for state in ("delivered", "failed", "held")]
    keep_house(keeper)  # makes the days
    keep_house(keeper)
    assert days(keeper, "events") == days(keeper, "attempts") == between(-KEPT, 3)
    for event, delivery in gone:
        assert not exists(keeper, "events", event) and not exists(keeper, "deliveries", delivery)
    for event, delivery in kept:
        assert exists(keeper, "events", event) and exists(keeper, "deliveries", delivery)
    assert keeper.sql.number("SELECT COUNT(*) FROM attempts") == len(kept)


@pytest.mark.parametrize("state", ["pending", "retrying", "held"])
def test_what_waits_holds_its_day_back(keeper, company, state):
    event, waiting = old_event(company, company.hook, HELD, state, noon=False)
    _, settled = old_event(company, company.hook, HELD, "delivered")
    other, _ = old_event(company, company.hook, HELD - 1, "delivered")
    keeper.sql.run("UPDATE deliveries SET due_at = '2900-01-01' WHERE id = %s", waiting)
    keep_house(keeper)  # makes the days
    keep_house(keeper)
    assert exists(keeper, "events", event) and exists(keeper, "deliveries", waiting)
    assert not exists(keeper, "deliveries", settled) and not exists(keeper, "events", other)
    assert days(keeper, "events") == [today() - HELD * DAY] + between(-KEPT, 3)
    assert days(keeper, "attempts") == between(-KEPT, 3)
    # Once it is settled the day goes as well.
    keeper.sql.run("UPDATE deliveries SET state = 'failed' WHERE id = %s", waiting)
    keep_house(keeper)
    assert not exists(keeper, "events", event) and days(keeper, "events") == between(-KEPT, 3)


def test_what_was_delivered_on_a_day_that_is_held_back_is_not_sent_again(keeper, company):
    """Others' deliveries hold the day; those of this company are gone, and with them what was delivered or a test."""
    other = Company(keeper)
    other.webhook("https://gone.invalid/hook", ["user.created"], active=False)
    old, kept = (old_event(company, company.hook, age, "delivered")[0] for age in (KEPT + 3, KEPT - 1))
    old_event(other, None, KEPT + 3, "held")
    keep_house(keeper)
    keep_house(keeper)
    assert exists(keeper, "events", old) and not keeper.sql.one("SELECT 1 FROM deliveries WHERE event_id = %s", old)
    feed = company.get("/api/v1/events", params={"limit": 100}).json()["data"]
    assert id_text("evt", kept) in [event["id"] for event in feed] and id_text("evt", old) not in [event["id"] for event in feed]
    company.patch(f"/api/v1/webhooks/{company.hook['id']}", {"active": True})
    since = (today() - DAY * (KEPT + 5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    path = f"/api/v1/webhooks/{company.hook['id']}/recoveries"
    started = company.post(path, {"since": since}, 202).json()
    keep_house(keeper)
    done = company.get(f"{path}/{started['id']}").json()
    assert (done["state"], done["recovered"]) == ("done", 0)


@pytest.mark.parametrize("state", ["pending", "retrying", "held"])
def test_what_waited_too_long_is_given_up_and_said(keeper, company, state):
    event, waiting = old_event(company, company.hook, HELD + 1, state)
    keeper.sql.run("UPDATE deliveries SET due_at = '2900-01-01' WHERE id = %s", waiting)
    keeper.dispatch()
    result = keeper.dispatch()
    assert "are given up rows=1" in result.stdout + result.stderr
    assert not exists(keeper, "events", event) and not exists(keeper, "deliveries", waiting)


def test_many_deliveries_go_bit_by_bit(keeper, company):
    event, delivery = old_event(company, company.hook, KEPT + 2, "delivered")
    keeper.sql.run("INSERT INTO deliveries (id, company_id, endpoint_id, event_id, state, due_at, created_at)"
                   " SELECT RANDOM_BYTES(16), company_id, endpoint_id, event_id, IF(seq %% 1000 = 7, 'held', 'delivered'),"
                   " due_at, created_at FROM deliveries JOIN seq_1_to_3000 WHERE id = %s", delivery)
    keeper.dispatch()
    keeper.dispatch()
    assert keeper.sql.number("SELECT COUNT(*) FROM deliveries") == 3
    assert exists(keeper, "events", event)


# ---- others at the table ----

@pytest.mark.parametrize("age", [0, KEPT + 3], ids=["adding", "dropping"])
def test_a_table_in_use_delays_the_change_and_breaks_nothing(keeper, receiver, age):
    other = Company(keeper)
    other.webhook(receiver.url, ["user.created"])
    if age:
        old_event(other, None, age, "delivered")
        keep_house(keeper)
        dates = days(keeper, "events")
    with contextlib.closing(keeper.sql.connect(autocommit=False)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM events")
        cursor.execute("SELECT COUNT(*) FROM attempts")
        other.user("Mia")
        result = keeper.dispatch()
        assert len(receiver.deliveries) == 1
        assert "a table's days were not changed" in result.stdout + result.stderr
        assert days(keeper, "events") == (dates if age else [])
        connection.rollback()
    # The server itself uses the table for a moment, to clear up what the reader had held back.
    wait_until(lambda: keeper.dispatch() and days(keeper, "events") == between(-KEPT if age else 0, 3), 20, "the next housekeeping")


def test_only_the_leader_keeps_days_and_goes_on_with_them(keeper):
    """One that holds no shard leaves the tables alone; with shard 0 the work is its own."""
    keeper.sql.run("UPDATE dispatcher_shards SET holder = REPEAT('x', 16), leased_until = UTC_TIMESTAMP(3) + INTERVAL 1 HOUR"
                   " WHERE shard = 0")
    with keeper.dispatcher():
        wait_until(lambda: keeper.sql.number("SELECT COUNT(*) FROM dispatcher_shards WHERE holder <> REPEAT('x', 16)"
                                             " AND holder IS NOT NULL") == 31, 10, "the other shards")
        beat = "SELECT MAX(seen_at) AS seen_at FROM heartbeats"
        first = keeper.sql.one(beat)["seen_at"]  # a leader keeps house at once, and one that is not asks each second
        wait_until(lambda: keeper.sql.one(beat)["seen_at"] >= first + datetime.timedelta(seconds=2), 30, "two seconds of work")
        assert days(keeper, "events") == []
        keeper.sql.run("UPDATE dispatcher_shards SET leased_until = NULL WHERE shard = 0")
        wait_until(lambda: days(keeper, "attempts") == between(0, 3), 90, "the leader's work")  # where the table is in use: next minute


# ---- the other sweeps ----

def test_old_rows_of_other_kinds_go_in_their_time(keeper, company):
    now, sql = datetime.datetime.now(UTC).replace(tzinfo=None), keeper.sql
    for age, mark in ((KEPT + 1, b"old"), (KEPT - 1, b"new")):
        at, key = now - DAY * age, mark.ljust(16, b".")
        sql.run("INSERT INTO messages (id, channel, recipient, subject, body, state, due_at, created_at, settled_at)"
                " VALUES (%s, 'email', 'a@example.com', 's', '', 'sent', %s, %s, %s)", key, at, at, at)
        sql.run("INSERT INTO messages (id, company_id, channel, recipient, subject, body, state, due_at, created_at)"
                " VALUES (%s, %s, 'email', 'a@example.com', 's', '', 'pending', %s, %s)", mark.ljust(16, b"p"), company.bytes, at, at)
        for state, fill in (("done", b"."), ("running", b"r")):
            sql.run("INSERT INTO recoveries (id, company_id, endpoint_id, since, until, rate, state, created_at, updated_at)"
                    " SELECT %s, company_id, id, %s, %s, 1, %s, %s, %s FROM webhook_endpoints WHERE company_id = %s",
                    mark.ljust(16, fill), at, at, state, at, at, company.bytes)
    keeper.dispatch()

    def left(table):
        return sorted(row["id"].rstrip(b".") for row in sql.all(f"SELECT id FROM {table}"))

    assert left("messages") == [b"new", b"new".ljust(16, b"p"), b"old".ljust(16, b"p")]
    assert left("recoveries") == [b"new", b"new".ljust(16, b"r"), b"old".ljust(16, b"r")]
    for table in ("messages", "recoveries"):
        sql.run(f"DELETE FROM {table}")


# ---- what it costs ----

def test_a_large_day_goes_in_a_moment(keeper, company, figure, long):
    count = 500_000 if long else 50_000
    old_event(company, company.hook, KEPT + 1, "delivered")
    keep_house(keeper)  # makes the day
    old_event(company, company.hook, KEPT + 1, "delivered")
    keeper.sql.run("INSERT INTO attempts (id, company_id, delivery_id, number, started_at, status, response, total_us)"
                   " SELECT CONCAT(LEFT(id, 6), RANDOM_BYTES(10)), company_id, RANDOM_BYTES(16), 1, started_at, 200,"
                   f" REPEAT('x', 100), 1 FROM attempts JOIN seq_1_to_{count} WHERE company_id = %s", company.bytes)

    def dropped():
        """The server itself may still be at the rows that were just written; then the next try has the table."""
        result = keeper.dispatch()
        return [line for line in (result.stdout + result.stderr).splitlines() if "a day is dropped table=attempts" in line]

    [line] = wait_until(dropped, 60, "the day to go")
    figure(f"a day of {count} attempts is dropped in {line.rsplit('took_ms=')[1]} ms")
    assert keeper.sql.number("SELECT COUNT(*) FROM attempts") == 0
