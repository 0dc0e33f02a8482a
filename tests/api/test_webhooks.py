"""Webhook endpoints: made, changed, tested, and what their deliveries tell."""

import json

import pytest

from stack import id_bytes
from world import fault_fields


def test_an_endpoint_is_made_and_its_secret_shown_once(company, receiver):
    made = company.webhook(receiver.url, ["booking.created", "user.created"], description="Mine")
    assert made["id"].startswith("whk_") and made["secret"].startswith("whsec_") and made["format"] == "standard"
    assert sorted(made["events"]) == ["booking.created", "user.created"] and made["active"] is True
    read = company.get(f"/api/v1/webhooks/{made['id']}").json()
    assert read == {name: made[name] for name in made if name != "secret"}
    assert (read["successCount"], read["failureCount"], read["lastStatus"]) == (0, 0, None)


def test_the_list_never_shows_secrets(company, receiver):
    made = company.webhook(receiver.url)
    assert made["secret"] not in company.get("/api/v1/webhooks").text


def test_an_own_secret_is_taken(company, receiver):
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    assert company.webhook(receiver.url, secret=secret)["secret"] == secret


def test_bookme_endpoints_get_a_secret_too(company, receiver):
    made = company.webhook(receiver.url, format="bookme")
    assert made["format"] == "bookme" and len(made["secret"]) >= 16


@pytest.mark.parametrize("url", [
    "http://10.0.0.1/hook", "https://10.0.0.1/hook", "http://example.com/hook", "https://[::1]/hook",
    "https://169.254.169.254/latest", "https://0x0a000001/", "https://167772161/", "ftp://example.com/",
    "https://user:pw@example.com/", "https://example.com/#part", "//example.com/", "example.com",
    "https://", "https://[::ffff:10.0.0.1]/", "https://192.168.1.1/",
])
def test_urls_that_must_not_be_reached_are_refused(company, url):
    answer = company.post("/api/v1/webhooks", {"url": url, "events": ["*"]}, 422)
    assert fault_fields(answer.json()) == ["url"]


def test_a_public_https_url_is_taken(company):
    assert company.webhook("https://example.com/hook?x=1")["url"] == "https://example.com/hook?x=1"


def test_a_patch_changes_the_endpoint(company, receiver):
    made = company.webhook(receiver.url)
    wanted = {"url": receiver.url + "/2", "events": ["user.created"], "description": "New", "active": False}
    changed = company.patch(f"/api/v1/webhooks/{made['id']}", wanted).json()
    assert {name: changed[name] for name in wanted} == wanted and "secret" not in changed


def test_the_format_cannot_be_changed(company, receiver):
    made = company.webhook(receiver.url)
    answer = company.patch(f"/api/v1/webhooks/{made['id']}", {"format": "bookme"}, 422)
    assert fault_fields(answer.json()) == ["format"]


def test_a_deleted_endpoint_is_gone_and_gets_nothing_more(stack, company, receiver):
    made = company.webhook(receiver.url)
    company.delete(f"/api/v1/webhooks/{made['id']}")
    company.get(f"/api/v1/webhooks/{made['id']}", 404)
    company.user("Mia")
    stack.dispatch()
    assert receiver.deliveries == []


@pytest.mark.parametrize("event", ["booking.created", "business.updated", "user.deleted", "booking.reminder"])
def test_a_test_send_arrives_and_names_its_event(stack, company, receiver, event):
    made = company.webhook(receiver.url, ["service.created"])
    sent = company.post(f"/api/v1/webhooks/{made['id']}/test", {"event": event}, 202).json()
    assert sent["eventId"].startswith("evt_") and sent["deliveryId"].startswith("dlv_")
    stack.dispatch()
    [delivery] = receiver.deliveries
    assert delivery.id == sent["eventId"] and delivery.json["type"] == event and delivery.json["data"]


def test_a_test_send_needs_no_body(stack, company, receiver):
    made = company.webhook(receiver.url)
    company.post(f"/api/v1/webhooks/{made['id']}/test", None, 202)
    stack.dispatch()
    assert len(receiver.deliveries) == 1


def test_a_test_send_reaches_one_endpoint_only(stack, company, receiver):
    made, _ = company.webhook(receiver.url), company.webhook(receiver.url + "/other")
    company.post(f"/api/v1/webhooks/{made['id']}/test", None, 202)
    stack.dispatch()
    assert [delivery.path for delivery in receiver.deliveries] == ["/hook"]


def test_deliveries_tell_every_attempt(stack, company, receiver):
    made = company.webhook(receiver.url, ["user.created"])
    company.user("Mia")
    path = f"/api/v1/webhooks/{made['id']}/deliveries"
    [waiting] = company.get(path).json()["data"]
    assert waiting["state"] == "pending" and waiting["attempts"] == 0 and waiting["attemptLog"] == []
    stack.dispatch()
    [done] = company.get(path).json()["data"]
    assert done["state"] == "delivered" and done["attempts"] == 1 and done["settledAt"]
    assert done["eventType"] == "user.created" and done["eventId"] == receiver.deliveries[0].id
    [attempt] = done["attemptLog"]
    assert attempt["number"] == 1 and attempt["status"] == 200 and attempt["error"] is None
    assert attempt["address"].startswith("127.0.0.1") and attempt["timings"]["totalMs"] >= 0


def test_the_counters_of_an_endpoint_move(stack, company, receiver):
    made = company.webhook(receiver.url, ["user.created"])
    company.user("Mia")
    stack.dispatch()
    read = company.get(f"/api/v1/webhooks/{made['id']}").json()
    assert (read["successCount"], read["failureCount"], read["lastStatus"]) == (1, 0, 200) and read["lastAttemptAt"]


def test_deliveries_come_in_pages(stack, company, receiver):
    made = company.webhook(receiver.url, ["user.created"])
    users = [company.user(f"U{number}") for number in range(5)]
    path, seen, cursor = f"/api/v1/webhooks/{made['id']}/deliveries", [], None
    while cursor is not None or not seen:
        page = company.get(path, params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [row["eventId"] for row in page["data"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == len(users)


def test_only_subscribed_events_make_deliveries(stack, company, receiver):
    made = company.webhook(receiver.url, ["user.deleted"])
    user = company.user("Mia")
    company.delete(f"/api/v1/users/{user['id']}")
    [delivery] = company.get(f"/api/v1/webhooks/{made['id']}/deliveries").json()["data"]
    assert delivery["eventType"] == "user.deleted"


def test_an_event_and_its_deliveries_are_one_change(stack, company, receiver):
    hooks = [company.webhook(receiver.url, ["user.created"]), company.webhook(receiver.url)]
    company.user("Mia")
    [event] = company.events("user.created")
    rows = stack.sql.all("SELECT endpoint_id FROM deliveries WHERE event_id = %s", event["id"])
    assert {row["endpoint_id"] for row in rows} == {id_bytes(hook["id"]) for hook in hooks}


def test_making_an_endpoint_is_audited_without_its_secret(stack, company, receiver):
    made = company.webhook(receiver.url)
    rows = stack.sql.all("SELECT * FROM audit_log WHERE company_id = %s AND subject = %s", company.bytes, made["id"])
    assert rows and made["secret"] not in json.dumps(rows, default=str)


def answered(stack, company, receiver, deliveries, attempts, response):
    """An endpoint with so many deliveries, each tried so often, and what every attempt was answered."""
    made = company.webhook(receiver.url, ["user.created"])
    company.user("Mia")
    stack.sql.run("INSERT INTO deliveries (id, company_id, endpoint_id, event_id, state, due_at, created_at)"
                  " SELECT CONCAT(LEFT(id, 6), RANDOM_BYTES(10)), company_id, endpoint_id, event_id, 'failed', due_at, created_at"
                  f" FROM deliveries JOIN seq_1_to_{deliveries} WHERE company_id = %s", company.bytes)
    stack.sql.run("INSERT INTO attempts (id, company_id, delivery_id, number, started_at, status, response, total_us)"
                  " SELECT CONCAT(LEFT(id, 6), RANDOM_BYTES(10)), company_id, id, seq, created_at, 500, %s, 1"
                  f" FROM deliveries JOIN seq_1_to_{attempts} WHERE company_id = %s", response, company.bytes)
    return f"/api/v1/webhooks/{made['id']}/deliveries"


@pytest.mark.parametrize("byte", [b"\x01", b"\xff", b'"', b"x"], ids=["control", "not UTF-8", "quote", "letter"])
def test_a_page_full_of_long_answers_stays_readable(stack, company, receiver, byte, figure):
    path = answered(stack, company, receiver, 100, 20, byte * 16384)
    answer = company.get(path, params={"limit": 100})
    figure(f"100 deliveries, 20 attempts each, answers of {byte!r}: {len(answer.content) / 1e6:.1f} MB")
    assert len(answer.content) < 6_000_000
    rows = answer.json()["data"]
    assert len(rows) == 100 and all(attempt["response"] for row in rows for attempt in row["attemptLog"])


def test_few_answers_are_shown_at_full_length(stack, company, receiver):
    path = answered(stack, company, receiver, 5, 3, b"x" * 16384)
    logs = [row["attemptLog"] for row in company.get(path).json()["data"]]
    assert {len(attempt["response"]) for log in logs for attempt in log} == {4096}


def test_control_characters_of_an_answer_are_replaced(stack, company, receiver):
    path = answered(stack, company, receiver, 1, 1, b"a\x00b\x1bc\td\r\ne\x7f\xc3\xa4")
    [attempt] = company.get(path).json()["data"][0]["attemptLog"]
    assert attempt["response"] == "a\ufffdb\ufffdc\td\r\ne\x7fä"


def test_a_test_send_to_an_endpoint_that_is_off_says_so(stack, company, receiver):
    made = company.webhook(receiver.url, active=False)
    answer = company.post(f"/api/v1/webhooks/{made['id']}/test", None, 409).json()
    assert answer["error"]["code"] == "CONFLICT" and "active" in answer["error"]["details"]["reason"]
    assert company.get(f"/api/v1/webhooks/{made['id']}/deliveries").json()["data"] == []


def test_attempts_that_do_not_count_are_numbered_too(stack, company, receiver, clock):
    clock("2031-05-01T10:00:00Z")
    made = company.webhook(receiver.url, ["user.created"])
    company.user("Mia")
    receiver.script = {number: (429, {"Retry-After": "10"}, b"") for number in (0, 1)}
    for moment in ("10:00:00", "10:01:00", "10:05:00"):
        clock(f"2031-05-01T{moment}Z")
        stack.dispatch()
    [delivery] = company.get(f"/api/v1/webhooks/{made['id']}/deliveries").json()["data"]
    assert [attempt["number"] for attempt in delivery["attemptLog"]] == [1, 2, 3] and delivery["attempts"] == 1
