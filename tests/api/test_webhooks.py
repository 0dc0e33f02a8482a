"""Webhook endpoints: made, changed, tested, and what their deliveries tell."""

import hashlib
import json
import re

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


def test_a_test_send_goes_to_an_endpoint_that_is_off_too(stack, company, receiver):
    made = company.webhook(receiver.url, active=False)
    sent = company.post(f"/api/v1/webhooks/{made['id']}/test", None, 202).json()
    [delivery] = company.get(f"/api/v1/webhooks/{made['id']}/deliveries").json()["data"]
    assert delivery["id"] == sent["deliveryId"] and delivery["test"] is True and delivery["state"] == "pending"


def test_every_member_of_an_endpoint_is_kept(company, receiver):
    wanted = {"name": "Calls", "description": "Mine", "notes": "First\nSecond", "signatures": ["github", "svix"],
              "rateLimit": 500, "retryLimit": 3}
    made = company.webhook(receiver.url, customHeaders={"X-Tenant": "7", "Authorization": "Bearer abc"}, **wanted)
    read = company.get(f"/api/v1/webhooks/{made['id']}").json()
    assert {name: read[name] for name in wanted} == {**wanted, "signatures": ["svix", "github"]}
    assert read["customHeaders"] == ["X-Tenant", "Authorization"] and read["displayKey"] is None
    assert (read["failingSince"], read["breakerUntil"], read["lastSuccessAt"]) == (None, None, None)


def test_the_values_of_custom_headers_are_never_shown(stack, company, receiver):
    made = company.webhook(receiver.url, customHeaders={"Authorization": "Bearer of-mine"})
    path = f"/api/v1/webhooks/{made['id']}"
    company.patch(path, {"customHeaders": {"X-Other": "of-mine"}})
    texts = [json.dumps(made), company.get(path).text, company.get("/api/v1/webhooks").text]
    rows = stack.sql.all("SELECT * FROM audit_log WHERE company_id = %s", company.bytes)
    assert not any("of-mine" in text for text in texts + [json.dumps(rows, default=str)])
    assert company.get(path).json()["customHeaders"] == ["X-Other"]


@pytest.mark.parametrize("format, path, member", [("standard", "/api/v1/webhooks", "url"), ("pushpress", "/v3/webhooks", "url"),
                                                  ("therapy", "/api/webhooks/keys", "webhookUrl")])
def test_another_host_does_not_get_the_custom_headers_of_the_one_before(company, receiver, format, path, member):
    """They may hold a secret of that host's, and whoever changes the URL was never shown it."""
    made = company.webhook(receiver.url, format=format, customHeaders={"Authorization": "Bearer of-mine"})

    def names():
        return company.get(f"/api/v1/webhooks/{made['id']}").json()["customHeaders"]

    company.patch(f"{path}/{made['id']}", {member: receiver.url + "/further?on=1"})
    assert names() == ["Authorization"]
    company.patch(f"{path}/{made['id']}", {member: "https://example.com/hook"})
    assert names() == []


def test_another_host_gets_the_custom_headers_that_are_sent_with_its_url(company, receiver):
    made = company.webhook(receiver.url, customHeaders={"Authorization": "Bearer of-mine", "X-Tenant": "7"})
    path = f"/api/v1/webhooks/{made['id']}"
    sent = {"url": "https://example.com/hook", "customHeaders": {"X-Tenant": "8"}}
    assert company.patch(path, sent).json()["customHeaders"] == ["X-Tenant"]
    assert company.patch(path, {"url": "https://example.com.example.net/hook"}).json()["customHeaders"] == []


@pytest.mark.parametrize("headers", [
    {"Host": "x"}, {"content-type": "x"}, {"Content-Length": "1"}, {"TRANSFER-ENCODING": "x"}, {"Connection": "x"},
    {"Expect": "x"}, {"TE": "x"}, {"Trailer": "x"}, {"Upgrade": "x"}, {"Keep-Alive": "x"}, {"User-Agent": "x"},
    {"Accept": "x"}, {"Accept-Language": "x"}, {"webhook-id": "x"}, {"Svix-Id": "x"}, {"X-Hub-Signature-256": "x"},
    {"X-BookMe-Signature": "x"}, {"Cookie": "x"}, {"Proxy-Authorization": "x"}, {"X-Forwarded-For": "x"},
    {"Forwarded": "x"}, {"": "x"}, {"a b": "x"}, {"a:b": "x"}, {"X-\u00e4": "x"}, {"x" * 65: "x"}, {"X-A": ""},
    {"X-A": "a\r\nHost: b"}, {"X-A": "\u00e4"}, {"X-A": "x" * 1001}, {"X-A": " x"}, {"X-A": 7}, {"X-A": None},
    {"X-A": ["x"]}, {"X-A": "1", "x-a": "2"}, {f"X-{number}": "x" for number in range(21)},
], ids=lambda headers: repr(headers)[:24])
def test_headers_that_are_not_theirs_to_send_are_refused(company, receiver, headers):
    order = {"url": receiver.url, "events": ["*"], "customHeaders": headers}
    assert fault_fields(company.post("/api/v1/webhooks", order, 422).json()) == ["customHeaders"]


def test_as_many_headers_as_may_be_are_taken(company, receiver):
    headers = {f"X-{number}": "~" * 1000 for number in range(19)} | {"y" * 64: "!"}
    made = company.webhook(receiver.url, customHeaders=headers)
    assert made["customHeaders"] == list(headers)


@pytest.mark.parametrize("member, value", [
    ("signatures", ["gitlab"]), ("signatures", "svix"), ("rateLimit", 0), ("rateLimit", 1000001), ("retryLimit", 0),
    ("retryLimit", 51), ("name", "x" * 201), ("notes", "x" * 2001), ("customHeaders", []), ("format", "soap"),
    ("secret", "short"), ("secret", "whsec_c2hvcnRzaG9ydA=="), ("events", []), ("events", ["no.such"]),
])
def test_members_that_are_no_good_are_named(company, receiver, member, value):
    order = {"url": receiver.url, "events": ["*"], member: value}
    [field] = fault_fields(company.post("/api/v1/webhooks", order, 422).json())
    assert field.partition("[")[0] == member


def test_a_patch_takes_null_for_nothing(company, receiver):
    made = company.webhook(receiver.url, name="A", description="B", notes="C", signatures=["svix"], rateLimit=5,
                           retryLimit=2, customHeaders={"X-A": "1"})
    nothing = {name: None for name in ("name", "description", "notes", "signatures", "rateLimit", "retryLimit",
                                       "customHeaders")}
    changed = company.patch(f"/api/v1/webhooks/{made['id']}", nothing).json()
    assert {name: changed[name] for name in nothing} == {**nothing, "signatures": [], "customHeaders": []}


@pytest.mark.parametrize("body, field", [
    ({"url": "https://10.0.0.1/"}, "url"), ({"secret": "whsec_c2hvcnRzaG9ydA=="}, "secret"),
    ({"customHeaders": {"Host": "x"}}, "customHeaders"), ({"signatures": ["x"]}, "signatures"), ({"url": None}, "url"),
    ({"events": None}, "events"), ({"active": None}, "active"),
])
def test_a_patch_that_is_no_good_changes_nothing(company, receiver, body, field):
    made = company.webhook(receiver.url)
    answer = company.patch(f"/api/v1/webhooks/{made['id']}", {"name": "New", **body}, 422)
    assert fault_fields(answer.json())[0].partition("[")[0] == field
    assert company.get(f"/api/v1/webhooks/{made['id']}").json()["name"] is None


def test_an_endpoint_whose_url_is_no_longer_allowed_can_be_switched_off(stack, company, receiver):
    made = company.webhook(receiver.url)
    stack.sql.run("UPDATE webhook_endpoints SET url = 'http://10.0.0.1/' WHERE id = %s", id_bytes(made["id"]))
    assert company.patch(f"/api/v1/webhooks/{made['id']}", {"active": False}).json()["active"] is False


def test_a_patch_is_audited_by_what_it_really_changed(stack, company, receiver):
    made = company.webhook(receiver.url, ["user.created"], name="A")
    path = f"/api/v1/webhooks/{made['id']}"
    company.patch(path, {"name": "A", "events": ["user.created", "user.created"], "active": True})
    company.patch(path, {"name": "B", "events": ["*"], "rateLimit": 9, "url": receiver.url})
    company.patch(path, {"secret": made["secret"]})
    rows = stack.sql.all("SELECT details FROM audit_log WHERE company_id = %s AND action = 'webhook.updated'", company.bytes)
    assert [json.loads(row["details"]) for row in rows] == [{"updatedFields": ["name", "rateLimit", "events"]}]


def test_who_made_an_endpoint_is_told(stack, company, receiver):
    made = company.webhook(receiver.url)
    assert made["createdBy"]["id"].startswith("key_") and made["createdBy"]["email"] is None
    [listed] = company.get("/api/v1/webhooks").json()["data"]
    assert listed["createdBy"] == made["createdBy"]
    person = company.user("Ida", email="ida@example.com")
    stack.sql.run("UPDATE webhook_endpoints SET created_by = %s WHERE id = %s", id_bytes(person["id"]), id_bytes(made["id"]))
    assert company.get(f"/api/v1/webhooks/{made['id']}").json()["createdBy"] == \
        {"id": person["id"], "name": "Ida", "email": "ida@example.com"}
    stack.sql.run("UPDATE webhook_endpoints SET created_by = NULL WHERE id = %s", id_bytes(made["id"]))
    assert company.get(f"/api/v1/webhooks/{made['id']}").json()["createdBy"] is None


def test_a_company_has_a_hundred_endpoints_and_no_more(stack, company, receiver):
    made = company.webhook(receiver.url)
    stack.sql.run("INSERT INTO webhook_endpoints (id, company_id, url, format, secret, created_at, updated_at)"
                  " SELECT RANDOM_BYTES(16), company_id, url, format, secret, created_at, updated_at"
                  " FROM webhook_endpoints JOIN seq_1_to_99 WHERE company_id = %s", company.bytes)
    order = {"url": receiver.url, "events": ["*"]}
    answer = company.post("/api/v1/webhooks", order, 409).json()
    assert answer["error"]["code"] == "CONFLICT" and "100" in answer["error"]["details"]["reason"]
    company.delete(f"/api/v1/webhooks/{made['id']}")
    company.post("/api/v1/webhooks", order)


def secrets(stack, made):
    return stack.sql.one("SELECT secret, previous_secret, previous_until FROM webhook_endpoints WHERE id = %s",
                         id_bytes(made["id"]))


def test_a_secret_is_rotated_and_both_sign_for_a_while(stack, company, receiver, clock):
    clock("2031-05-01T10:00:00Z")
    made = company.webhook(receiver.url)
    fresh = company.post(f"/api/v1/webhooks/{made['id']}/rotate-secret", {"overlapSeconds": 60}, 200).json()["secret"]
    assert fresh.startswith("whsec_") and fresh != made["secret"]
    row = secrets(stack, made)
    assert (row["secret"], row["previous_secret"]) == (fresh, made["secret"])
    assert str(row["previous_until"]) == "2031-05-01 10:01:00"


@pytest.mark.parametrize("body, until", [(None, "2031-05-02 10:00:00"), ({}, "2031-05-02 10:00:00"),
                                         ({"overlapSeconds": 604800}, "2031-05-08 10:00:00"),
                                         ({"overlapSeconds": 0}, "None")])
def test_the_overlap_is_a_day_unless_told(stack, company, receiver, clock, body, until):
    clock("2031-05-01T10:00:00Z")
    made = company.webhook(receiver.url)
    company.post(f"/api/v1/webhooks/{made['id']}/rotate-secret", body, 200)
    row = secrets(stack, made)
    assert str(row["previous_until"]) == until and (row["previous_secret"] is None) == (until == "None")


def test_an_own_secret_can_be_rotated_in(company, receiver):
    made = company.webhook(receiver.url)
    answer = company.post(f"/api/v1/webhooks/{made['id']}/rotate-secret", {"secret": "a secret of mine"}, 422)
    assert fault_fields(answer.json()) == ["secret"]
    answer = company.post(f"/api/v1/webhooks/{made['id']}/rotate-secret", {"secret": "a-secret-of-my-own"}, 200)
    assert answer.json() == {"secret": "a-secret-of-my-own"}


@pytest.mark.parametrize("format, least", [("standard", 16), ("clientpass", 16), ("booking-api", 16), ("therapy", 8),
                                           ("bookme", 8), ("pushpress", 8)])
def test_a_format_of_its_own_scheme_takes_the_short_secret_of_an_integration(company, receiver, format, least):
    def order(length):
        return {"url": receiver.url, "events": ["*"], "format": format, "secret": "s" * length}
    assert fault_fields(company.post("/api/v1/webhooks", order(least - 1), 422).json()) == ["secret"]
    made = company.post("/api/v1/webhooks", order(least)).json()
    assert made["secret"] == "s" * least and "s" * least not in (made["displayKey"] or "")
    path = f"/api/v1/webhooks/{made['id']}"
    for call, target, status in ((company.patch, path, 200), (company.post, path + "/rotate-secret", 200)):
        assert fault_fields(call(target, {"secret": "t" * (least - 1)}, 422).json()) == ["secret"]
        call(target, {"secret": "t" * least}, status)


@pytest.mark.parametrize("body, field", [({"overlapSeconds": 604801}, "overlapSeconds"), ({"overlapSeconds": -1}, "overlapSeconds"),
                                         ({"secret": "whsec_c2hvcnRzaG9ydA=="}, "secret"), ({"for": 1}, "for")])
def test_a_rotation_that_is_no_good_changes_nothing(stack, company, receiver, body, field):
    made = company.webhook(receiver.url)
    answer = company.post(f"/api/v1/webhooks/{made['id']}/rotate-secret", body, 422)
    assert fault_fields(answer.json()) == [field] and secrets(stack, made)["secret"] == made["secret"]


def test_a_therapy_key_is_shown_once_and_only_its_hash_stored(stack, company, receiver):
    made = company.webhook(receiver.url, format="therapy")
    key = made["secret"]
    assert key.startswith("sk_live_") and made["displayKey"] == "sk_live_" + key[-8:] and made["rateLimit"] == 1000
    assert secrets(stack, made)["secret"] == hashlib.sha256(key.encode()).hexdigest()
    fresh = company.post(f"/api/v1/webhooks/{made['id']}/rotate-secret", None, 200).json()["secret"]
    row = secrets(stack, made)
    assert row["secret"] == hashlib.sha256(fresh.encode()).hexdigest()
    assert row["previous_secret"] == hashlib.sha256(key.encode()).hexdigest()
    assert company.get(f"/api/v1/webhooks/{made['id']}").json()["displayKey"] == "sk_live_" + fresh[-8:]


@pytest.mark.parametrize("format", ["clientpass", "booking-api", "bookme", "pushpress"])
def test_every_format_can_be_chosen(company, receiver, format):
    made = company.webhook(receiver.url, format=format)
    assert made["format"] == format and len(made["secret"]) >= 38 and made["rateLimit"] is None


MIXED = [["app.installed", "checkin.created"], ["checkin.created", "app.uninstalled"], ["*", "app.installed"]]


@pytest.mark.parametrize("events", MIXED)
def test_events_of_an_app_stand_alone_where_the_format_wants_it(company, receiver, events):
    order = {"url": receiver.url, "format": "pushpress", "events": events, "customHeaders": {"Host": "x"}}
    assert fault_fields(company.post("/api/v1/webhooks", order, 422).json()) == ["customHeaders", "events"]
    made = company.webhook(receiver.url, ["app.installed", "app.uninstalled"], format="pushpress")
    path = f"/api/v1/webhooks/{made['id']}"
    assert fault_fields(company.patch(path, {"events": events}, 422).json()) == ["events"]
    assert company.get(path).json()["events"] == made["events"]
    assert company.patch(path, {"events": ["checkin.created"]}).json()["events"] == ["checkin.created"]
    company.webhook(receiver.url, events, format="standard")


@pytest.mark.parametrize("reason, warned, told", [(None, 0, 0), (None, 50, 100), ("gone", 0, 100), ("for days", 90, 100)])
def test_switching_on_forgets_why_it_was_off_but_not_that_it_was_told(stack, company, receiver, reason, warned, told):
    made = company.webhook(receiver.url, active=False)
    stack.sql.run("UPDATE webhook_endpoints SET disabled_reason = %s, failing_since = '2031-01-01', failing_warned = %s,"
                  " breaker_failures = 9, breaker_until = '2031-01-01' WHERE id = %s", reason, warned, id_bytes(made["id"]))
    read = company.get(f"/api/v1/webhooks/{made['id']}").json()
    assert read["failingSince"] == read["breakerUntil"] == "2031-01-01T00:00:00.000Z"
    changed = company.patch(f"/api/v1/webhooks/{made['id']}", {"active": True}).json()
    assert [changed[name] for name in ("disabledReason", "failingSince", "breakerUntil")] == [None] * 3
    row = stack.sql.one("SELECT failing_warned, breaker_failures FROM webhook_endpoints WHERE id = %s", id_bytes(made["id"]))
    assert row == {"failing_warned": told, "breaker_failures": 0}


def test_deleting_gives_up_what_is_unsent(stack, company, receiver):
    made = company.webhook(receiver.url, ["user.created"])
    for state in ("pending", "retrying", "held", "delivered"):
        company.user("Mia")
        stack.sql.run("UPDATE deliveries SET state = %s WHERE company_id = %s ORDER BY id DESC LIMIT 1", state, company.bytes)
    company.delete(f"/api/v1/webhooks/{made['id']}")
    rows = stack.sql.all("SELECT state FROM deliveries WHERE company_id = %s ORDER BY id", company.bytes)
    assert [row["state"] for row in rows] == ["failed", "failed", "failed", "delivered"]


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


def test_a_page_costs_no_more_trips_than_an_endpoint(stack, company, receiver):
    def trips(path, **query):
        asked = company.get(path, params=query).headers["X-Request-Id"]
        line = next(line for line in stack.log("worker").splitlines() if line.endswith(f"request={asked}") and " path=" in line)
        return int(re.search(r"trips=(\d+)", line)[1])

    made = [company.webhook(receiver.url) for _ in range(12)]
    path = f"/api/v1/webhooks/{made[0]['id']}"
    for _ in range(8):  # every worker has prepared both
        trips("/api/v1/webhooks"), trips(path)
    assert trips("/api/v1/webhooks", limit=100) == trips(path)
