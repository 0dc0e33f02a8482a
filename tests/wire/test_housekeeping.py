"""What has had its time goes, and looking for it costs little however much waits."""

import os

import pytest

from stack import id_bytes
from world import Company


@pytest.fixture
def company(stack):
    return Company(stack)


def wait_for(company, endpoint, state, count=1):
    """Deliveries of one event that wait for that endpoint, whether there is one or not."""
    company.stack.sql.run("INSERT INTO deliveries (id, company_id, endpoint_id, event_id, state, due_at, created_at)"
                          " SELECT RANDOM_BYTES(16), %s, %s, %s, %s, UTC_TIMESTAMP(3) + INTERVAL 1 DAY, UTC_TIMESTAMP(3)"
                          f" FROM seq_1_to_{count}", company.bytes, endpoint, os.urandom(16), state)


def states(company, endpoint):
    rows = company.stack.sql.all("SELECT state, COUNT(*) AS n, COUNT(settled_at) AS settled FROM deliveries"
                                 " WHERE company_id = %s AND endpoint_id = %s GROUP BY state", company.bytes, endpoint)
    return {row["state"]: (row["n"], row["settled"]) for row in rows}


def test_what_waits_for_an_endpoint_that_is_gone_is_given_up(stack, company, receiver):
    there = id_bytes(company.webhook(receiver.url, ["user.created"])["id"])
    gone = {os.urandom(16): state for state in ("pending", "retrying", "held") for _ in range(15)}
    many = os.urandom(16)
    for endpoint, state in gone.items():
        wait_for(company, endpoint, state)
    wait_for(company, many, "held", 1200)
    wait_for(company, there, "pending")
    stack.dispatch()
    assert all(states(company, endpoint) == {"failed": (1, 1)} for endpoint in gone)
    assert states(company, many) == {"failed": (1200, 1200)}
    assert states(company, there) == {"pending": (1, 0)}


def test_the_search_for_them_reads_little_however_much_waits(stack, company, receiver):
    stack.sql.run("DELETE FROM deliveries")
    stack.sql.run("ANALYZE TABLE deliveries")  # the optimizer goes on believing that it is empty
    there = id_bytes(company.webhook(receiver.url, ["user.created"])["id"])
    wait_for(company, there, "pending", 30000)
    before = stack.sql.rows_read()
    stack.dispatch()
    read = stack.sql.rows_read() - before
    stack.sql.run("DELETE FROM deliveries WHERE company_id = %s", company.bytes)
    assert read < 5000


def keep_reply(company, hours, count=1):
    """Replies for repeated requests, of so many hours ago."""
    company.stack.sql.run("INSERT INTO idempotency_keys (scope, company_id, fingerprint, created_at)"
                          " SELECT RANDOM_BYTES(32), %s, RANDOM_BYTES(32), UTC_TIMESTAMP(3) - INTERVAL %s HOUR"
                          f" FROM seq_1_to_{count}", company.bytes, hours)


def replies(stack):
    return stack.sql.number("SELECT COUNT(*) FROM idempotency_keys")


def test_replies_kept_for_repeats_go_after_a_day(stack, company):
    stack.sql.run("DELETE FROM idempotency_keys")
    keep_reply(company, 25, 1200)
    keep_reply(company, 23, 3)
    stack.dispatch()
    assert replies(stack) == 3


def test_a_sweep_that_fails_holds_up_no_other_and_comes_again(stack, company):
    stack.sql.run("DELETE FROM idempotency_keys")
    keep_reply(company, 25)
    gone = os.urandom(16)
    wait_for(company, gone, "held")
    with stack.sql.locked("SELECT * FROM idempotency_keys FOR UPDATE"):
        stack.dispatch()
        assert states(company, gone) == {"failed": (1, 1)} and replies(stack) == 1
    stack.dispatch()
    assert replies(stack) == 0
