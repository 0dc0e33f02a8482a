"""The therapy face of webhooks, as its published page has it."""

import datetime
import hashlib
import hmac
import json
import re
import threading

import pytest

from stack import id_bytes, wait_until
from world import UTC, Company, fault_fields, future, shop

THREE = ["booking.created", "booking.payment_verified", "booking.reminder"]
ZAPIER = "https://hooks.zapier.com/hooks/catch/xxx/yyy"


def make(company, url=ZAPIER, expect=201, **members):
    body = {"name": "My Zapier Integration", "webhookUrl": url, "allowedEvents": THREE, **members}
    return company.post("/api/webhooks/keys", body, expect).json()


def read(company, key):
    return company.get(f"/api/webhooks/keys/{key['id']}").json()["key"]


def test_a_key_is_made_as_the_page_shows(company):
    made = make(company)
    assert list(made) == ["success", "key"] and made["success"] is True
    key = made["key"]
    assert list(key) == ["id", "displayKey", "rawKey", "webhookUrl", "allowedEvents", "createdAt"]
    assert key["rawKey"].startswith("sk_live_") and key["displayKey"] == "sk_live_" + key["rawKey"][-8:]
    assert key["webhookUrl"] == ZAPIER and sorted(key["allowedEvents"]) == THREE
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", key["createdAt"])


def test_a_key_is_read_as_the_page_shows(company):
    key = make(company, notes="Main\nproduction")["key"]
    shown = read(company, key)
    assert list(shown) == ["_id", "name", "displayKey", "webhookUrl", "allowedEvents", "active", "provider", "rateLimit",
                           "successCount", "failureCount", "lastWebhookAt", "lastWebhookStatus", "createdBy", "notes",
                           "createdAt", "updatedAt"]
    assert shown["_id"] == key["id"] and shown["name"] == "My Zapier Integration" and shown["active"] is True
    assert (shown["provider"], shown["rateLimit"], shown["notes"]) == ("zapier", 1000, "Main\nproduction")
    assert (shown["successCount"], shown["failureCount"], shown["lastWebhookAt"], shown["lastWebhookStatus"]) == (0, 0, None, None)
    assert set(shown["createdBy"]) == {"_id", "name", "email"} and shown["createdBy"]["_id"].startswith("key_")
    listed = company.get("/api/webhooks/keys").json()
    assert listed == {"success": True, "keys": [shown]}


def test_the_raw_key_is_shown_once_and_stored_as_its_hash(stack, company):
    key = make(company)["key"]
    assert key["rawKey"] not in company.get("/api/webhooks/keys").text
    stored = stack.sql.one("SELECT * FROM webhook_endpoints WHERE id = %s", id_bytes(key["id"]))
    assert stored["secret"] == hashlib.sha256(key["rawKey"].encode()).hexdigest()
    assert key["rawKey"] not in str(stored)


@pytest.mark.parametrize("url,provider", [("https://hook.eu1.make.com/x", "make"), ("https://example.com/", "custom"),
                                          ("https://evilzapier.com/", "custom"), ("https://hooks.slack.com/x", "slack")])
def test_the_provider_is_told_from_the_address(company, url, provider):
    assert read(company, make(company, url)["key"])["provider"] == provider


def test_a_key_is_changed(company):
    key = make(company)["key"]
    wanted = {"active": False, "webhookUrl": "https://example.com/x", "allowedEvents": ["booking.created"],
              "rateLimit": 500, "notes": "Main production Zapier integration", "name": "New", "unknown": 1}
    answer = company.patch(f"/api/webhooks/keys/{key['id']}", wanted).json()
    assert answer["success"] is True
    del wanted["unknown"]
    assert {name: answer["key"][name] for name in wanted} == wanted
    assert read(company, key) == answer["key"]
    assert company.patch(f"/api/webhooks/keys/{key['id']}", {}).json()["key"] == answer["key"]
    assert company.patch(f"/api/webhooks/keys/{key['id']}", {"notes": None}).json()["key"]["notes"] is None


def test_a_key_is_removed(company):
    key = make(company)["key"]
    gone = company.delete(f"/api/webhooks/keys/{key['id']}", 200).json()
    assert list(gone) == ["success", "message"] and gone["success"] is True
    for answer in (company.get(f"/api/webhooks/keys/{key['id']}", 404), company.delete(f"/api/webhooks/keys/{key['id']}", 404),
                   company.patch(f"/api/webhooks/keys/{key['id']}", {"active": True}, 404)):
        assert answer.json()["success"] is False and answer.json()["message"]
    assert company.get("/api/webhooks/keys").json()["keys"] == []


@pytest.mark.parametrize("change,field", [
    ({"webhookUrl": "http://example.com/hook"}, "webhookUrl"), ({"webhookUrl": "https://10.0.0.1/"}, "webhookUrl"),
    ({"webhookUrl": "nonsense"}, "webhookUrl"), ({"name": ""}, "name"), ({"name": None}, "name"),
    ({"allowedEvents": []}, "allowedEvents"), ({"allowedEvents": ["*"]}, "allowedEvents[0]"),
    ({"allowedEvents": ["no.such"]}, "allowedEvents[0]"), ({"rateLimit": 0}, "rateLimit"),
    ({"rateLimit": 100001}, "rateLimit"), ({"notes": "x" * 2001}, "notes")])
def test_bad_members_are_named_and_nothing_is_stored(company, change, field):
    answer = make(company, expect=422, **{**{"url": ZAPIER}, **{k if k != "webhookUrl" else "url": v for k, v in change.items()}})
    assert answer["success"] is False and fault_fields(answer) == [field]
    assert company.get("/api/webhooks/keys").json()["keys"] == []
    key = make(company)["key"]
    before = read(company, key)
    assert fault_fields(company.patch(f"/api/webhooks/keys/{key['id']}", change, 422).json()) == [field]
    assert read(company, key) == before


def test_what_is_missing_is_named(company):
    answer = company.post("/api/webhooks/keys", {}, 422).json()
    assert sorted(fault_fields(answer)) == ["allowedEvents", "name", "webhookUrl"]


def test_only_endpoints_of_this_style_are_seen(company):
    other = company.webhook("https://example.com/hook")
    assert company.get("/api/webhooks/keys").json()["keys"] == []
    company.get(f"/api/webhooks/keys/{other['id']}", 404)
    company.patch(f"/api/webhooks/keys/{other['id']}", {"active": False}, 404)
    company.delete(f"/api/webhooks/keys/{other['id']}", 404)
    company.post("/api/webhooks/test", {"keyId": other["id"]}, 404)
    assert company.get(f"/api/v1/webhooks/{other['id']}").json()["active"] is True


def test_keys_of_another_company_are_not_seen(stack, company):
    key = make(Company(stack))["key"]
    company.get(f"/api/webhooks/keys/{key['id']}", 404)
    company.patch(f"/api/webhooks/keys/{key['id']}", {"active": False}, 404)
    company.delete(f"/api/webhooks/keys/{key['id']}", 404)
    company.post("/api/webhooks/test", {"keyId": key["id"]}, 404)


def test_the_scopes_are_asked_for(stack, company):
    key = make(company)["key"]
    reader = company.with_scopes("webhooks:read")
    assert reader.get("/api/webhooks/keys").json()["success"] is True
    for answer in (reader.post("/api/webhooks/keys", {}, 403), reader.delete(f"/api/webhooks/keys/{key['id']}", 403),
                   reader.patch(f"/api/webhooks/keys/{key['id']}", {}, 403), reader.post("/api/webhooks/test", {}, 403),
                   stack.client().get("/api/webhooks/keys", 401), company.get("/api/webhooks/nothing", 404),
                   company.put("/api/webhooks/keys", {}, 405)):
        assert list(answer.json()) == ["success", "error", "message"] and answer.json()["success"] is False


def test_a_company_has_only_so_many(stack, company):
    key = make(company)["key"]
    for number in range(99):
        stack.sql.run("INSERT INTO webhook_endpoints (id, company_id, url, format, secret, created_at, updated_at)"
                      " SELECT UNHEX(MD5(CONCAT(HEX(id), %s))), company_id, url, 'standard', secret, created_at, updated_at"
                      " FROM webhook_endpoints WHERE id = %s", number, id_bytes(key["id"]))
    assert make(company, expect=409)["error"]["code"] == "CONFLICT"


def test_what_is_sent_verifies_with_the_hash_of_the_raw_key(stack, receiver):
    company, [ada], service = shop(stack)
    key = make(company, receiver.url)["key"]
    company.book(service, future(), ada)
    stack.dispatch()
    [delivery] = receiver.of("booking.created")
    body = delivery.json
    data = delivery.body.decode().split('"data":', 1)[1].rsplit(',"signature"', 1)[0]
    secret = hashlib.sha256(key["rawKey"].encode()).hexdigest().encode()
    expected = hmac.new(secret, f"{body['event']}.{body['timestamp']}.{data}".encode(), "sha256").hexdigest()
    assert body["signature"] == expected
    shown = read(company, key)
    assert (shown["successCount"], shown["lastWebhookStatus"]) == (1, 200) and shown["lastWebhookAt"]


# ---- the test send ----

def test_a_test_is_sent_and_answered(stack, company, receiver):
    key = make(company, receiver.url)["key"]
    with stack.dispatcher():
        answer = company.post("/api/webhooks/test", {"keyId": key["id"]}, 200).json()
    assert answer == {"success": True, "message": "Test webhook sent successfully", "response": {"status": 200, "data": None}}
    [delivery] = receiver.deliveries
    assert delivery.json["event"] == "booking.created" and delivery.json["data"]["bookingId"]


def test_a_receiver_that_refuses_is_no_success(stack, company, receiver):
    receiver.default = (500, {}, b"no")
    key = make(company, receiver.url)["key"]
    with stack.dispatcher():
        answer = company.post("/api/webhooks/test", {"keyId": key["id"]}, 200).json()
    assert answer["success"] is False and "500" in answer["message"]
    assert answer["response"] == {"status": 500, "data": None}


def test_nobody_at_the_door_is_no_success(stack, company, receiver):
    key = make(company, receiver.url)["key"]
    receiver.close()
    with stack.dispatcher():
        answer = company.post("/api/webhooks/test", {"keyId": key["id"]}, 200).json()
    assert answer["success"] is False and answer["message"] and answer["response"] is None


LONG = 16 * 1024  # of an answer no more is kept


@pytest.mark.parametrize("stored,data", [(b'{"ok":[1,2.5,null]}', {"ok": [1, 2.5, None]}), (b"thank you", "thank you"),
                                         (b'"text"', "text"), (b"\xff\xfe", None), (b"a\x00b", None), (b"", ""), (b"a\xc3", None),
                                         ("€".encode().rjust(LONG + 1, b"x")[:LONG], "x" * (LONG - 2)),
                                         ("💈".encode().rjust(LONG + 3, b"x")[:LONG], "x" * (LONG - 1)),
                                         (b"x" * (LONG - 1) + b"\x80", None), (b"\xff" + b"x" * (LONG - 1), None),
                                         ("é".encode() * (LONG // 2), "é" * (LONG // 2))], ids=lambda value: repr(value)[:16])
def test_the_answer_of_a_receiver_is_shown_as_json_or_text(stack, company, stored, data):
    """What a receiver on the public internet would have said: its attempt is written by hand."""
    key, answers = make(company)["key"], []
    caller = threading.Thread(target=lambda: answers.append(company.post("/api/webhooks/test", {"keyId": key["id"]}, 200).json()))
    caller.start()
    delivery = wait_until(lambda: stack.sql.one("SELECT id FROM deliveries WHERE endpoint_id = %s", id_bytes(key["id"])),
                          what="the test's delivery")
    stack.sql.run("INSERT INTO attempts (id, company_id, delivery_id, number, started_at, status, response, total_us)"
                  " VALUES (%s, %s, %s, 1, '2026-01-01', 200, %s, 1)", delivery["id"], company.bytes, delivery["id"], stored)
    caller.join(30)
    stack.sql.run("DELETE FROM deliveries WHERE id = %s", delivery["id"])
    assert answers == [{"success": True, "message": "Test webhook sent successfully",
                        "response": {"status": 200, "data": data}}]


def test_without_a_dispatcher_the_test_still_waits(stack, company, receiver):
    key = make(company, receiver.url)["key"]
    once = {"Idempotency-Key": "test-" + key["id"]}
    answer = company.post("/api/webhooks/test", {"keyId": key["id"]}, 200, headers=once).json()
    assert answer["success"] is False and "waits" in answer["message"] and answer["response"] is None
    again = company.post("/api/webhooks/test", {"keyId": key["id"]}, 200, headers=once)
    assert again.json() == answer and again.headers["Idempotent-Replayed"] == "true"
    stack.dispatch()
    assert len(receiver.of("booking.created")) == 1


def test_a_test_that_is_asked_for_again_while_it_waits_is_not_sent_twice(stack, company, receiver):
    receiver.hold = threading.Event()
    key, answers = make(company, receiver.url)["key"], []
    once = {"Idempotency-Key": "held-" + key["id"]}

    def ask():
        answers.append(stack.client(company.key).post("/api/webhooks/test", {"keyId": key["id"]}, 200, headers=once).json())

    caller = threading.Thread(target=ask)
    with stack.dispatcher():
        caller.start()
        wait_until(lambda: receiver.deliveries, what="the test to arrive")
        receiver.hold.set()
        caller.join(30)
        assert answers[0]["success"] is True
        ask()
    assert answers[1] == answers[0] and len(receiver.deliveries) == 1


@pytest.mark.parametrize("body,status", [
    ({"keyId": "whk_01jbh3k9v8e7ra5q0xw2m4t6zs"}, 404), ({"keyId": "507f1f77bcf86cd799439011"}, 404), ({"keyId": ""}, 404),
    ({"keyId": "whk_" + "0" * 26}, 404), ({"keyId": "x" * 5000}, 404), ({}, 422), ({"keyId": None}, 422), ({"keyId": 7}, 422)])
def test_a_test_of_nothing(company, body, status):
    assert company.post("/api/webhooks/test", body, status).json()["success"] is False


def test_a_waiting_test_holds_nobody_else_up(stack, company, receiver):
    receiver.hold = threading.Event()
    key, done = make(company, receiver.url)["key"], []
    caller = threading.Thread(target=lambda: done.append(company.post("/api/webhooks/test", {"keyId": key["id"]}, 200).json()))
    with stack.dispatcher():
        caller.start()
        wait_until(lambda: receiver.deliveries, what="the test to arrive")
        others = stack.client(company.key)
        for _ in range(20):
            others.get("/api/webhooks/keys")
        assert done == []
        receiver.hold.set()
        caller.join(30)
    assert done[0]["success"] is True


def test_the_examples_of_the_page_work_without_a_content_type(stack, company):
    """curl -d says that it sends a form; the page's own call of /api/webhooks/test leaves it at that."""
    for headers in ({"Content-Type": "application/x-www-form-urlencoded"}, {}):
        made = company.api("POST", "/api/webhooks/keys", 201, headers=headers, data=json.dumps(
            {"name": "Zapier", "webhookUrl": ZAPIER, "allowedEvents": THREE}).encode()).json()
        assert made["success"] is True
    refused = company.api("POST", "/api/webhooks/keys", 400, data={"name": "Zapier"}).json()
    assert refused["success"] is False and "body" in refused["error"]["details"]
    company.api("POST", "/api/webhooks/keys", 415, headers={"Content-Type": "text/plain"}, data=b"{}")


def test_a_key_whose_address_is_not_allowed_any_more_can_still_be_changed(stack, company):
    key = make(company)["key"]
    stack.sql.run("UPDATE webhook_endpoints SET url = 'http://10.0.0.1/' WHERE id = %s", id_bytes(key["id"]))
    assert company.patch(f"/api/webhooks/keys/{key['id']}", {"active": False}).json()["key"]["active"] is False
    refused = company.patch(f"/api/webhooks/keys/{key['id']}", {"webhookUrl": "http://10.0.0.1/"}, 422).json()
    assert fault_fields(refused) == ["webhookUrl"]


def rates(answer):
    return answer.headers.get("X-RateLimit-Limit"), answer.headers.get("X-RateLimit-Remaining")


def reset(answer):
    return datetime.datetime.fromtimestamp(int(answer.headers["X-RateLimit-Reset"]), UTC).strftime("%H:%M:%S")


def test_answers_tell_how_many_deliveries_are_left(stack, receiver):
    company, [ada], service = shop(stack)
    made = company.post("/api/webhooks/keys", {"name": "L", "webhookUrl": receiver.url, "allowedEvents": THREE})
    path = f"/api/webhooks/keys/{made.json()['key']['id']}"
    native = path.replace("/api/webhooks/keys", "/api/v1/webhooks")
    assert rates(made) == rates(company.get(path)) == rates(company.get(native)) == ("1000", "1000")
    company.book(service, future(), ada)
    stack.dispatch()
    assert len(receiver.deliveries) == 1 and rates(company.get(path)) == rates(company.get(native)) == ("1000", "999")
    assert rates(company.patch(path, {"rateLimit": 1})) == rates(company.patch(native, {"name": "M"})) == ("1", "0")
    with stack.dispatcher():
        assert rates(company.post("/api/webhooks/test", {"keyId": made.json()["key"]["id"]}, 200)) == ("1", "0")
    assert rates(company.post(native + "/test", {}, 202)) == ("1", "0")
    for answer in (company.patch(native, {"rateLimit": None}), company.get(native), company.get(path)):
        assert rates(answer) == (None, None) and "X-RateLimit-Reset" not in answer.headers


def test_the_native_face_tells_of_a_limit_from_the_start(company, clock):
    clock("2031-05-01T09:00:00.001Z")
    order = {"url": "https://example.com/", "events": ["*"]}
    limited = company.post("/api/v1/webhooks", {**order, "rateLimit": 7})
    assert rates(limited) == ("7", "7") and reset(limited) == "10:00:01"
    assert rates(company.post("/api/v1/webhooks", order)) == (None, None)


def test_a_window_that_has_ended_is_whole_again(stack, company, clock):
    key = make(company)["key"]
    stack.sql.run("UPDATE webhook_endpoints SET rate_window_at = %s, rate_used = 400 WHERE id = %s", "2031-05-01 10:00:00", id_bytes(key["id"]))
    for moment, left, until in (("10:00:00", "600", "11:00:00"), ("10:59:59", "600", "11:00:00"),
                                ("11:00:00", "1000", "12:00:00"), ("09:00:00", "1000", "10:00:00")):
        clock(f"2031-05-01T{moment}Z")
        for path in ("/api/webhooks/keys", "/api/v1/webhooks"):
            answer = company.get(f"{path}/{key['id']}")
            assert rates(answer) == ("1000", left) and reset(answer) == until


def test_the_document_names_the_headers_that_tell_of_an_endpoint_s_limit(stack):
    paths, told = stack.client().get("/openapi.json").json()["paths"], set()
    for path, item in paths.items():
        for method, operation in item.items():
            for status, answer in operation["responses"].items():
                if {"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"} == set(answer.get("headers", {})):
                    told.add((method, path, status))
    assert told == {("post", "/api/webhooks/keys", "201"), ("get", "/api/webhooks/keys/{id}", "200"),
                    ("patch", "/api/webhooks/keys/{id}", "200"), ("post", "/api/webhooks/test", "200"),
                    ("post", "/api/v1/webhooks", "201"), ("get", "/api/v1/webhooks/{id}", "200"),
                    ("patch", "/api/v1/webhooks/{id}", "200"), ("post", "/api/v1/webhooks/{id}/test", "202")}
