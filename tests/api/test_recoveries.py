"""Recoveries: asked for, looked at, stopped. What they do is tests/wire/test_recovery.py."""

import datetime

import pytest

from stack import id_bytes
from world import UTC, Company, fault_fields, rfc


def ago(**span):
    return rfc(datetime.datetime.now(UTC) - datetime.timedelta(**span))


@pytest.fixture
def path(company, receiver):
    return f"/api/v1/webhooks/{company.webhook(receiver.url)['id']}/recoveries"


def test_one_is_asked_for_by_a_time_alone(company, path):
    since = ago(hours=1)
    made = company.post(path, {"since": since}, 202).json()
    assert made["id"].startswith("rec_") and made["since"] == since and made["endpointId"] in path
    assert (made["ratePerSecond"], made["what"], made["state"], made["recovered"]) == (50, "all", "running", 0)
    assert made["until"] == made["createdAt"] == made["updatedAt"]
    assert company.get(f"{path}/{made['id']}").json() == made


def test_all_can_be_told(company, path):
    order = {"since": ago(days=3), "until": ago(days=1), "ratePerSecond": 1000, "what": "failed"}
    made = company.post(path, order, 202).json()
    assert {name: made[name] for name in order} == order


def test_they_are_listed_the_newest_first(company, path):
    made = [company.post(path, {"since": ago(hours=1)}, 202).json()["id"] for _ in range(5)]
    first = company.get(path, params={"limit": 3}).json()
    rest = company.get(path, params={"limit": 3, "cursor": first["next"]}).json()
    assert [row["id"] for row in first["data"] + rest["data"]] == made[::-1] and rest["next"] is None


def test_one_is_stopped_once(stack, company, path):
    made = company.post(path, {"since": ago(hours=1)}, 202).json()
    for _ in range(2):
        company.delete(f"{path}/{made['id']}")
        assert company.get(f"{path}/{made['id']}").json()["state"] == "stopped"
    rows = stack.sql.all("SELECT action FROM audit_log WHERE company_id = %s AND subject = %s", company.bytes, made["id"])
    assert [row["action"] for row in rows] == ["recovery.started", "recovery.stopped"]


def test_one_that_is_done_stays_done(stack, company, path):
    made = company.post(path, {"since": ago(hours=1)}, 202).json()
    stack.sql.run("UPDATE recoveries SET state = 'done' WHERE id = %s", id_bytes(made["id"]))
    company.delete(f"{path}/{made['id']}")
    assert company.get(f"{path}/{made['id']}").json()["state"] == "done"


@pytest.mark.parametrize("order, fields", [
    ({}, ["since"]), ({"since": None}, ["since"]), ({"since": "yesterday"}, ["since"]),
    ({"since": "2031-01-01T00:00:00Z", "until": "2030-01-01T00:00:00Z"}, ["until"]),
    ({"since": "2020-01-02T00:00:00Z", "until": "2020-01-02T00:00:00Z"}, ["since"]),
    ({"since": "2999-01-01T00:00:00Z"}, ["since"]),
    ({"since": "2020-01-01T00:00:00Z", "until": "2999-01-01T00:00:00Z"}, ["until"]),
    ({"since": "2020-01-01T00:00:00Z", "ratePerSecond": 0}, ["ratePerSecond"]),
    ({"since": "2020-01-01T00:00:00Z", "ratePerSecond": 1001}, ["ratePerSecond"]),
    ({"since": "2020-01-01T00:00:00Z", "what": "some"}, ["what"]),
])
def test_orders_that_are_no_good_are_named_and_not_stored(company, path, order, fields):
    assert fault_fields(company.post(path, order, 422).json()) == fields
    assert company.get(path).json()["data"] == []


def test_a_broken_cursor_is_named(company, path):
    assert fault_fields(company.get(path, 422, params={"cursor": "x"}).json()) == ["cursor"]


def test_an_endpoint_that_is_not_there_has_none(stack, company, path):
    made = company.post(path, {"since": ago(hours=1)}, 202).json()
    other = Company(stack)
    other.post(path, {"since": ago(hours=1)}, 404)
    for method, one in (("GET", path), ("GET", f"{path}/{made['id']}"), ("DELETE", f"{path}/{made['id']}")):
        other.api(method, one, 404)
    company.delete(path.rsplit("/", 1)[0])
    company.get(path, 404)
    company.get(f"{path}/{made['id']}", 404)
    assert stack.sql.one("SELECT 1 FROM recoveries WHERE id = %s", id_bytes(made["id"])) is None


def test_one_is_of_its_endpoint(company, receiver, path):
    made = company.post(path, {"since": ago(hours=1)}, 202).json()
    other = company.webhook(receiver.url)
    company.get(f"/api/v1/webhooks/{other['id']}/recoveries/{made['id']}", 404)
    company.delete(f"/api/v1/webhooks/{other['id']}/recoveries/{made['id']}", 404)
    assert company.get(f"{path}/{made['id']}").json()["state"] == "running"


def test_asking_needs_the_scope(company, path):
    reader = company.with_scopes("webhooks:read")
    reader.post(path, {"since": ago(hours=1)}, 403)
    reader.get(path)
