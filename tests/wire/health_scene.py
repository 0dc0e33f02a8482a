"""What the tests of an endpoint's health share: a company, an endpoint, a clock to turn, and hands into the tables."""

import contextlib
import datetime

from stack import id_bytes
from world import Company, instant, rfc

START = instant("2031-05-01T10:00:00Z")


@contextlib.contextmanager
def twins(company, hook, count):
    """So many more endpoints like this one, which subscribe to nothing. After the block the company has none: a look
    goes by every endpoint that there is, and other tests count what it reads."""
    sql = company.stack.sql
    sql.run("INSERT INTO webhook_endpoints (id, company_id, url, format, secret, created_at, updated_at)"
            " SELECT RANDOM_BYTES(16), company_id, url, format, secret, created_at, updated_at"
            f" FROM webhook_endpoints JOIN seq_1_to_{count} WHERE id = %s", id_bytes(hook["id"]))
    try:
        yield
    finally:
        sql.run("DELETE FROM deliveries WHERE company_id = %s", company.bytes)
        sql.run("DELETE FROM webhook_endpoints WHERE company_id = %s", company.bytes)


@contextlib.contextmanager
def crowd(company, hook, endpoints, rows):
    """So many twins, and for each endpoint of the company so many more deliveries of its one event."""
    with twins(company, hook, endpoints):
        company.stack.sql.run(
            "INSERT INTO deliveries (id, company_id, endpoint_id, event_id, state, due_at, created_at)"
            " SELECT CONCAT(UNHEX('0190'), RANDOM_BYTES(14)), e.company_id, e.id, d.event_id, 'pending', d.due_at, d.created_at"
            f" FROM deliveries d JOIN webhook_endpoints e ON e.company_id = d.company_id JOIN seq_1_to_{rows}"
            " WHERE d.company_id = %s", company.bytes)
        yield


class Scene:
    def __init__(self, stack, receiver, clock, events=("user.created",), **members):
        self.stack, self.receiver, self.clock, self.now = stack, receiver, clock, START
        clock(rfc(START))
        self.company = Company(stack, email="owner@example.com")
        self.hook = self.company.webhook(receiver.url, events, **members)
        self.key = id_bytes(self.hook["id"])

    def make(self, count=1):
        for number in range(count):
            self.company.user(f"U{number}")

    def many(self, count, state="pending", age=0):
        """Copies of the company's first delivery, due in the order of their numbers."""
        if not self.stack.sql.one("SELECT 1 FROM deliveries WHERE endpoint_id = %s LIMIT 1", self.key):
            self.make()
        self.stack.sql.run(
            "INSERT INTO deliveries (id, company_id, endpoint_id, event_id, state, requests, due_at, created_at)"
            " SELECT CONCAT(UNHEX('0190'), RANDOM_BYTES(14)), company_id, endpoint_id, event_id, %s, %s,"
            " %s + INTERVAL seq MICROSECOND, created_at"
            f" FROM (SELECT * FROM deliveries WHERE endpoint_id = %s LIMIT 1) d JOIN seq_1_to_{count}",
            state, int(state == "retrying"), (self.now - datetime.timedelta(seconds=age)).replace(tzinfo=None), self.key)

    def later(self, seconds, **environment):
        self.now += datetime.timedelta(seconds=seconds)
        self.clock(rfc(self.now))
        self.stack.dispatch(**environment)
        return len(self.receiver.deliveries)

    def rows(self):
        return self.stack.sql.all("SELECT * FROM deliveries WHERE endpoint_id = %s ORDER BY id", self.key)

    def states(self):
        return sorted(row["state"] for row in self.rows())

    def due_now(self):
        """What waits is due at once: the schedule is not what is tested."""
        self.stack.sql.run("UPDATE deliveries SET due_at = %s WHERE state = 'retrying' AND endpoint_id = %s",
                           self.now.replace(tzinfo=None), self.key)

    def set(self, **columns):
        names = ", ".join(f"{name} = %s" for name in columns)
        values = [value.replace(tzinfo=None) if isinstance(value, datetime.datetime) else value
                  for value in columns.values()]
        self.stack.sql.run(f"UPDATE webhook_endpoints SET {names} WHERE id = %s", *values, self.key)

    def endpoint(self):
        return self.stack.sql.one("SELECT * FROM webhook_endpoints WHERE id = %s", self.key)

    def told(self, *types):
        return [row for row in self.company.events() if row["type"] in types]

    def mails(self):
        return self.stack.sql.all("SELECT recipient, subject, body FROM messages WHERE company_id = %s ORDER BY id",
                                  self.company.bytes)
