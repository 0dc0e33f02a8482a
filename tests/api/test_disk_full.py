"""A disk that is full: what is asked then is refused whole, what was acknowledged stays, and room heals it."""

import contextlib
import os
import signal

import pymysql
import pytest

from stack import Stack, wait_until
from world import future, minutes, shop

# All tables in one file that may not grow on: to InnoDB that is a full disk (1114), whoever the tests run as.
DISK = "--innodb-file-per-table=0 --innodb-data-file-path=ibdata1:12M:autoextend:max:"
TABLE_IS_FULL = 1114


@pytest.fixture(scope="module")
def cramped():
    stack = Stack(workers=1, database=DISK + "32M")
    try:
        yield stack.start()
    finally:
        stack.stop()


def fill(stack, size):
    """Rows of ever smaller size, until not even a small one has room."""
    while size >= 1 << 8:
        try:
            stack.sql.run("INSERT INTO filler VALUES (REPEAT('x', %s))", size)
        except pymysql.err.Error as error:
            assert error.args[0] == TABLE_IS_FULL, error
            size //= 2


@contextlib.contextmanager
def no_room(stack):
    """Full to the last row; behind it the database comes back after a crash on a larger disk."""
    stack.sql.run("CREATE TABLE filler (text LONGTEXT)")
    fill(stack, 1 << 20)
    yield
    os.kill(stack.pid("mariadb"), signal.SIGKILL)
    stack.environment["SLOTWIRE_DATABASE"] = DISK + "64M"
    stack.dev("stack", "start")


def test_a_full_disk_refuses_whole_and_loses_nothing(cramped):
    company, [ada], service = shop(cramped)
    orders = (company.order(service, future() + minutes(60 * number), ada, notes="n" * 2000)
              for number in range(1, 400))
    kept = company.book(service, future(), ada)
    with no_room(cramped):
        for order in orders:
            before = cramped.sql.counts()
            answer = company.post("/api/v1/bookings", order, None)
            if answer.status_code != 201:
                break
        assert answer.status_code == 503 and answer.json()["error"]["code"] == "UNAVAILABLE"
        assert cramped.sql.counts() == before
        assert company.get(f"/api/v1/bookings/{kept['id']}").json() == kept
    wait_until(lambda: company.post("/api/v1/bookings", order, None).status_code == 201, what="room again")
