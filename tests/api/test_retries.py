"""
Each kind of request that writes, sent back to its start by the database at every statement in turn: it is answered as if nothing had
been. What it was making belongs to somebody: run below valgrind, no worker has lost any of it.
"""

import pathlib
import shutil
import tempfile

import pytest

from ends_transactions import EndsTransactions, Never, Once
from stack import Stack
from world import ALWAYS, Company, future, rfc, shop


@pytest.fixture(scope="module")
def between():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="slotwire-retries-"))
    stack = Stack(workers=1)
    stack.proxy = EndsTransactions(folder / "database", stack.state / "db/mariadb.sock")
    stack.environment["SLOTWIRE_DB_SOCKET"] = stack.proxy.path
    try:
        yield stack.start()
    finally:
        stack.stop()
        stack.proxy.close()
        shutil.rmtree(folder)


def changes(company, team, service):
    """Requests that write, by names: each can be asked again and again."""
    key, hook = company.post("/api/v1/keys", {"name": "One", "scopes": ["*"]}).json(), company.webhook("http://127.0.0.1:9/")
    booking, person = company.book(service, future(days=9)), f"/api/v1/users/{team[0]['id']}"
    return {
        "person made": lambda step: company.post("/api/v1/users", {"name": f"P {step}", "role": "coach"}),
        "person changed": lambda step: company.patch(person, {"name": f"Q {step}", "role": ("coach", "host")[step % 2]}),
        "hours": lambda step: company.put(person + "/schedule", {"timeZone": "UTC", "weekly": ALWAYS, "overrides": []}),
        "service made": lambda step: company.service(team),
        "service changed": lambda step: company.patch(f"/api/v1/services/{service['id']}", {"name": f"S {step}"}),
        "company changed": lambda step: company.patch("/api/v1/company", {"name": f"C {step}"}),
        "key made": lambda step: company.post("/api/v1/keys", {"name": f"K {step}", "scopes": ["*"]}),
        "key changed": lambda step: company.patch(f"/api/v1/keys/{key['id']}", {"name": f"K {step}"}),
        "key rotated": lambda step: company.post(f"/api/v1/keys/{key['id']}/rotate", {}, 200),
        "webhook made": lambda step: company.webhook("http://127.0.0.1:9/"),
        "webhook changed": lambda step: company.patch(f"/api/v1/webhooks/{hook['id']}", {"events": [("*", "booking.created")[step % 2]]}),
        "webhook rotated": lambda step: company.post(f"/api/v1/webhooks/{hook['id']}/rotate-secret", {}, None),
        "booked": lambda step: company.book(service, future(days=20 + step)),
        "moved": lambda step: company.post(f"/api/v1/bookings/{booking['id']}/reschedule", {"startsAt": rfc(future(days=60 + step))}, 200),
        "notes": lambda step: company.patch(f"/api/v1/bookings/{booking['id']}", {"notes": f"N {step}"}),
        "cancelled": lambda step: company.post(f"/api/v1/bookings/{company.book(service, future(days=100 + step))['id']}/cancel", None, 200),
        "person gone": lambda step: company.delete(f"/api/v1/users/{company.user()['id']}"),
        "service gone": lambda step: company.delete(f"/api/v1/services/{company.service()['id']}"),
        "webhook gone": lambda step: company.delete(f"/api/v1/webhooks/{company.webhook('http://127.0.0.1:9/')['id']}"),
        "key gone": lambda step: company.delete(f"/api/v1/keys/{company.post('/api/v1/keys', {'name': 'G', 'scopes': ['*']}).json()['id']}"),
        "company made": lambda step: Company(company.stack),
        "therapy key": lambda step: company.post("/api/webhooks/keys", {"name": "T", "webhookUrl": "http://127.0.0.1:9/", "allowedEvents": ["booking.created"]}),
        "v3 webhook": lambda step: company.post("/v3/webhooks", {"url": "http://127.0.0.1:9/", "eventTypes": ["customer.created"]}),
    }


def test_a_request_that_begins_anew_is_answered_all_the_same(between):
    company, team, service = shop(between, 1)
    for name, change in changes(company, team, service).items():
        change(0)
        for step in range(2, 40):
            plan = between.proxy.plan = Once("refused", step)
            change(step)
            if plan.longest < step:
                break
        between.proxy.plan = Never()
        assert step > 2 and plan.longest < step, f"{name}: {plan.longest} steps"
