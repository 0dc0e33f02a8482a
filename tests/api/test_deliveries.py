"""Deliveries of the whole company: found by filters, read with every attempt, sent again."""

import datetime

import pytest

from stack import id_bytes, id_text
from world import UTC, Company, fault_fields, rfc

PATH = "/api/v1/deliveries"


def deliveries(company, **query):
    """All pages of a list, in one."""
    found, params = [], dict(query)
    while True:
        page = company.get(PATH, params=params).json()
        found += page["data"]
        if page["next"] is None:
            return found
        params["cursor"] = page["next"]


def ids(rows):
    return [row["id"] for row in rows]


def set_state(company, delivery, state, more=""):
    company.stack.sql.run(f"UPDATE deliveries SET state = %s {more} WHERE id = %s", state, id_bytes(delivery["id"]))


def ago(**span):
    return rfc(datetime.datetime.now(UTC) - datetime.timedelta(**span))


@pytest.fixture
def scene(company, receiver):
    """Two endpoints, both told of one person and of another who goes."""
    hooks = [company.webhook(receiver.url + path, ["user.created", "user.deleted"]) for path in ("/1", "/2")]
    company.user("Mia")
    company.delete(f"/api/v1/users/{company.user('Max')['id']}")
    return hooks


def test_all_are_listed_the_newest_first(company, scene):
    rows = deliveries(company)
    assert len(rows) == 6 and ids(rows) == sorted(ids(rows), reverse=True)
    assert {row["endpointId"] for row in rows} == {hook["id"] for hook in scene}
    assert all(row["state"] == "pending" and row["attemptLog"] == [] and row["requests"] == 0 for row in rows)


def test_pages_hold_each_once(company, scene):
    assert ids(deliveries(company, limit=1)) == ids(deliveries(company, limit=4)) == ids(deliveries(company))


def test_filters_leave_what_they_say(company, scene):
    every = deliveries(company)
    first, event = scene[0]["id"], every[0]["eventId"]
    set_state(company, every[2], "failed")
    every = deliveries(company)
    filters = {
        "endpointId": (first, lambda row: row["endpointId"] == first),
        "eventId": (event, lambda row: row["eventId"] == event),
        "eventType": ("user.created", lambda row: row["eventType"] == "user.created"),
        "state": ("pending", lambda row: row["state"] == "pending"),
        "since": (ago(hours=1), lambda row: True),
        "until": (ago(seconds=-3600), lambda row: True),
    }
    for chosen in range(1, 1 << len(filters)):
        parts = [item for place, item in enumerate(filters.items()) if chosen >> place & 1]
        wanted = [row["id"] for row in every if all(test(row) for _, (_, test) in parts)]
        assert ids(deliveries(company, **{name: value for name, (value, _) in parts})) == wanted, parts


def test_since_and_until_are_moments_of_the_event(stack, company, scene):
    for query in ({"since": ago(seconds=-3600)}, {"until": ago(hours=1)}):
        assert deliveries(company, **query) == []
    rows = deliveries(company)
    edge = rows[2]["createdAt"]
    assert ids(deliveries(company, since=edge)) == [row["id"] for row in rows if row["createdAt"] >= edge]
    assert ids(deliveries(company, until=edge)) == [row["id"] for row in rows if row["createdAt"] < edge]


@pytest.mark.parametrize("query, fields", [
    ({"state": "lost"}, ["state"]), ({"eventType": "*"}, ["eventType"]), ({"since": "today"}, ["since"]),
    ({"cursor": "x"}, ["cursor"]), ({"limit": 0}, ["limit"]), ({"limit": 101}, ["limit"]), ({"what": "x"}, ["what"]),
])
def test_queries_that_are_no_good_are_named(company, query, fields):
    assert fault_fields(company.get(PATH, 422, params=query).json()) == fields


def test_what_is_rare_among_many_is_found_page_by_page(stack, company, receiver):
    """No request looks at more than some thousand rows, and yet none is missed."""
    hook = company.webhook(receiver.url, ["user.created"])
    company.user("Mia")
    stack.sql.run("INSERT INTO deliveries (id, company_id, endpoint_id, event_id, state, due_at, created_at)"
                  " SELECT CONCAT(LEFT(id, 6), RANDOM_BYTES(10)), company_id, endpoint_id, event_id, 'delivered', due_at,"
                  " created_at FROM deliveries JOIN seq_1_to_45000 WHERE company_id = %s", company.bytes)
    rows = stack.sql.all("SELECT id FROM deliveries WHERE company_id = %s ORDER BY id", company.bytes)
    rare = [rows[place]["id"] for place in (44990, 24000, 3)]
    for row in rare:
        stack.sql.run("UPDATE deliveries SET state = 'failed' WHERE id = %s", row)
    for query in ({}, {"endpointId": hook["id"]}):
        page = company.get(PATH, params={"state": "failed", **query}).json()
        assert ids(page["data"]) == [id_text("dlv", rare[0])] and page["next"]
        assert ids(deliveries(company, state="failed", **query)) == [id_text("dlv", row) for row in rare]


def test_nothing_of_another_company_is_found(stack, company, scene):
    other = Company(stack)
    [delivery, *_] = deliveries(company)
    for query in ({}, {"endpointId": scene[0]["id"]}, {"eventId": delivery["eventId"]}, {"state": "pending"}):
        assert deliveries(other, **query) == []


def test_one_tells_all_its_attempts(stack, company, receiver):
    company.webhook(receiver.url, ["user.created"])
    company.user("Mia")
    receiver.default = (500, {}, b"x" * 20000)
    stack.dispatch()
    [listed] = deliveries(company)
    read = company.get(f"{PATH}/{listed['id']}").json()
    [attempt] = read["attemptLog"]
    assert attempt["status"] == 500 and attempt["number"] == 1 and attempt["address"].startswith("127.0.0.1")
    assert set(attempt["timings"]) == {"dnsMs", "connectMs", "tlsMs", "firstByteMs", "totalMs"}


def test_one_shows_what_a_list_shortens(stack, company, receiver):
    company.webhook(receiver.url, ["user.created"])
    company.user("Mia")
    stack.sql.run("INSERT INTO attempts (id, company_id, delivery_id, number, started_at, status, response, total_us)"
                  " SELECT CONCAT(LEFT(id, 6), UNHEX(LPAD(HEX(seq), 20, '0'))), company_id, id, seq, created_at, 500, %s, 1"
                  " FROM deliveries JOIN seq_1_to_30 WHERE company_id = %s", b"x" * 16384, company.bytes)
    [listed] = deliveries(company)
    read = company.get(f"{PATH}/{listed['id']}").json()
    assert [attempt["number"] for attempt in listed["attemptLog"]] == list(range(11, 31))
    assert [attempt["number"] for attempt in read["attemptLog"]] == list(range(1, 31))
    assert {len(attempt["response"]) for attempt in read["attemptLog"]} == {16384}
    assert {len(attempt["response"]) for attempt in listed["attemptLog"]} == {4096}


def test_a_delivery_whose_event_is_not_kept_is_still_told(stack, company, scene):
    [delivery, *_] = deliveries(company)
    stack.sql.run("DELETE FROM events WHERE id = %s", id_bytes(delivery["eventId"]))
    assert company.get(f"{PATH}/{delivery['id']}").json()["eventType"] is None
    assert deliveries(company)[0]["eventType"] is None
    reason = company.post(f"{PATH}/{delivery['id']}/resend", None, 409).json()["error"]["details"]["reason"]
    assert "event" in reason


# ---- sending again ----

@pytest.mark.parametrize("state", ["pending", "retrying", "delivered", "failed", "held"])
def test_any_that_is_not_in_flight_is_sent_again(stack, company, receiver, state):
    company.webhook(receiver.url, ["user.created"])
    company.user("Mia")
    [delivery] = deliveries(company)
    set_state(company, delivery, state, ", attempts = 5, requests = 6, due_at = '2031-01-01', settled_at = '2026-01-01'")
    again = company.post(f"{PATH}/{delivery['id']}/resend", None, 202).json()
    assert (again["state"], again["attempts"], again["requests"], again["settledAt"]) == ("retrying", 0, 6, None)
    assert again["dueAt"] < "2031" and again["id"] == delivery["id"] and again["eventId"] == delivery["eventId"]


@pytest.mark.parametrize("state", ["pending", "retrying"])
def test_one_in_flight_is_left_alone(stack, company, scene, state):
    delivery = deliveries(company)[0]
    set_state(company, delivery, state, ", fence = RANDOM_BYTES(16), due_at = UTC_TIMESTAMP() + INTERVAL 100 SECOND")
    before = stack.sql.one("SELECT * FROM deliveries WHERE id = %s", id_bytes(delivery["id"]))
    answer = company.post(f"{PATH}/{delivery['id']}/resend", None, 409).json()
    assert answer["error"]["code"] == "CONFLICT" and "sent" in answer["error"]["details"]["reason"]
    assert stack.sql.one("SELECT * FROM deliveries WHERE id = %s", id_bytes(delivery["id"])) == before


def test_what_a_killed_dispatcher_left_is_sent_again_without_its_fence(stack, company, scene):
    delivery = deliveries(company)[0]
    set_state(company, delivery, "pending", ", fence = RANDOM_BYTES(16), due_at = UTC_TIMESTAMP() - INTERVAL 1 SECOND")
    company.post(f"{PATH}/{delivery['id']}/resend", None, 202)
    assert stack.sql.one("SELECT fence FROM deliveries WHERE id = %s", id_bytes(delivery["id"]))["fence"] is None


def test_one_to_an_endpoint_that_is_off_is_held(company, scene):
    company.patch(f"/api/v1/webhooks/{scene[0]['id']}", {"active": False})
    delivery = deliveries(company, endpointId=scene[0]["id"])[0]
    assert company.post(f"{PATH}/{delivery['id']}/resend", None, 202).json()["state"] == "held"


def test_a_test_send_to_an_endpoint_that_is_off_is_sent_again(company, scene):
    company.patch(f"/api/v1/webhooks/{scene[0]['id']}", {"active": False})
    sent = company.post(f"/api/v1/webhooks/{scene[0]['id']}/test", None, 202).json()["deliveryId"]
    assert company.post(f"{PATH}/{sent}/resend", None, 202).json()["state"] == "retrying"


def test_an_old_test_send_waits_until_its_endpoint_is_on(stack, company, scene):
    """Nobody looks for tests of more than a day where nothing else is sent."""
    company.patch(f"/api/v1/webhooks/{scene[0]['id']}", {"active": False})
    sent = company.post(f"/api/v1/webhooks/{scene[0]['id']}/test", None, 202).json()["deliveryId"]
    stack.sql.run("UPDATE deliveries SET created_at = created_at - INTERVAL 25 HOUR WHERE id = %s", id_bytes(sent))
    assert company.post(f"{PATH}/{sent}/resend", None, 202).json()["state"] == "held"


def test_one_to_an_endpoint_that_is_gone_is_not_sent_again(company, scene):
    delivery = deliveries(company, endpointId=scene[0]["id"])[0]
    company.delete(f"/api/v1/webhooks/{scene[0]['id']}")
    reason = company.post(f"{PATH}/{delivery['id']}/resend", None, 409).json()["error"]["details"]["reason"]
    assert "endpoint" in reason


def test_sending_again_is_audited(stack, company, scene):
    delivery = deliveries(company)[0]
    company.post(f"{PATH}/{delivery['id']}/resend", None, 202)
    rows = stack.sql.all("SELECT action FROM audit_log WHERE company_id = %s AND subject = %s", company.bytes, delivery["id"])
    assert [row["action"] for row in rows] == ["delivery.resent"]


def test_sending_again_needs_the_scope(company, scene):
    reader = company.with_scopes("webhooks:read")
    delivery = deliveries(reader)[0]
    reader.get(f"{PATH}/{delivery['id']}")
    reader.post(f"{PATH}/{delivery['id']}/resend", None, 403)
