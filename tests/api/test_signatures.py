"""GET and POST /api/v1/deliveries/{id}/signature: what was signed, and what a receiver did otherwise."""

import base64
import hashlib
import hmac
import json
import uuid

import pytest

from stack import id_text
from world import Company, future, shop

FORMATS = {"standard": ["standard"], "clientpass": ["standard"], "booking-api": ["standard"],
           "therapy": ["standard", "therapy"], "bookme": ["standard", "bookme"], "pushpress": ["pushpress"]}


def sent(stack, receiver, format="standard", **members):
    """A company, its endpoint, what came there, and the path of the delivery's signature."""
    company, [ada], service = shop(stack)
    hook = company.webhook(receiver.url, ["booking.created"], format=format)
    company.book(service, future(), ada, notes="Zoë / \"Z\" 💈", **members)
    stack.dispatch()
    return company, hook, receiver.deliveries[-1], path_of(stack, company)


def path_of(stack, company):
    row = stack.sql.one("SELECT id FROM deliveries WHERE company_id = %s", company.bytes)
    return f"/api/v1/deliveries/{id_text('dlv', row['id'])}/signature"


def digest(key, text):
    return hmac.new(key if isinstance(key, bytes) else key.encode(), text.encode(), hashlib.sha256)


def whsec(secret):
    return base64.b64decode(secret.removeprefix("whsec_"))


def ask(company, path, computed, **options):
    return company.post(path, {"computed": computed}, 200, **options).json()


@pytest.mark.parametrize("format", FORMATS)
def test_each_signature_that_was_sent_is_explained(stack, receiver, format):
    company, hook, delivery, path = sent(stack, receiver, format)
    answer = company.get(path).json()
    assert answer["body"].encode() == delivery.body and answer["bytes"] == len(delivery.body)
    assert answer["attempt"] == 1 and answer["format"] == format
    assert [row["scheme"] for row in answer["signatures"]] == FORMATS[format]
    stored = hashlib.sha256(hook["secret"].encode()).hexdigest() if format == "therapy" else hook["secret"]
    for row in answer["signatures"]:
        kind, name = row["place"].split()
        there = delivery.headers[name.lower()] if kind == "header" else delivery.json[name]
        assert row["signature"] == there and row["secret"] == "current"
        decodes = row["scheme"] == "standard" and stored.startswith("whsec_")
        computed = digest(whsec(stored) if decodes else stored, row["signedText"])
        assert row["signature"].endswith(base64.b64encode(computed.digest()).decode() if "base64" in row["algorithm"]
                                         else computed.hexdigest())
        assert ask(company, path, row["signature"]) == {"match": True, "scheme": row["scheme"], "diagnosis": []}


@pytest.mark.parametrize("format", FORMATS)
def test_no_secret_is_shown(stack, receiver, format):
    company, hook, _, path = sent(stack, receiver, format)
    stored = stack.sql.one("SELECT secret FROM webhook_endpoints WHERE company_id = %s", company.bytes)["secret"]
    texts = [company.get(path).text, company.post(path, {"computed": "x" * 64}, 200).text]
    for text in texts:
        assert hook["secret"] not in text and stored not in text and hook["secret"].removeprefix("whsec_") not in text


def test_more_families_and_both_secrets(stack, receiver):
    company, [ada], service = shop(stack)
    hook = company.webhook(receiver.url, ["booking.created"], format="bookme")
    stack.sql.run("UPDATE webhook_endpoints SET signatures = 'svix github' WHERE company_id = %s", company.bytes)
    company.patch(f"/api/v1/webhooks/{hook['id']}", {"secret": "whsec_" + "QUJD" * 8})
    company.book(service, future(), ada)
    stack.dispatch()
    rows = company.get(path_of(stack, company)).json()["signatures"]
    assert [(row["scheme"], row["secret"]) for row in rows] == [
        ("standard", "current"), ("standard", "previous"), ("bookme", "current"), ("svix", "current"),
        ("svix", "previous"), ("github", "current")]
    headers = receiver.deliveries[-1].headers
    assert headers["svix-signature"] == f"{rows[3]['signature']} {rows[4]['signature']}"
    assert headers["x-hub-signature-256"] == rows[5]["signature"]
    answer = ask(company, path_of(stack, company), rows[4]["signature"])
    assert answer["match"] and "previous" in answer["diagnosis"][0]


def test_an_attempt_may_be_named(stack, receiver):
    company, [ada], service = shop(stack)
    company.webhook(receiver.url, ["booking.created"])
    receiver.script[0] = (500, {}, b"")
    company.book(service, future(), ada)
    stack.dispatch()
    stack.sql.run("UPDATE deliveries SET due_at = created_at + INTERVAL 1000 MICROSECOND WHERE company_id = %s", company.bytes)
    stack.dispatch()
    path = path_of(stack, company)
    for number, delivery in enumerate(receiver.deliveries, 1):
        answer = company.get(path, params={"attempt": number}).json()
        assert answer["attempt"] == number
        assert answer["signatures"][0]["signature"] == delivery.headers["webhook-signature"]
        assert ask(company, path, delivery.headers["webhook-signature"], params={"attempt": number})["match"]
    assert company.get(path).json()["attempt"] == 2
    company.get(path, 422, params={"attempt": 3})
    company.post(path, {"computed": "x"}, 422, params={"attempt": 3})
    company.get(path, 422, params={"attempt": 0})


MISTAKES = {
    "the secret as text": (lambda key, text, body: digest(key, text), "used as text"),
    "a line break": (lambda key, text, body: digest(whsec(key), text + "\n"), "line break"),
    "the body alone": (lambda key, text, body: digest(whsec(key), body), "`{body}`"),
    "milliseconds": (lambda key, text, body: digest(whsec(key), milliseconds(text, body)), "milliseconds"),
    "written by Python": (lambda key, text, body: digest(whsec(key), text.replace(body, json.dumps(json.loads(body)))),
                          "Python"),
    "indented": (lambda key, text, body: digest(whsec(key), text.replace(body, pretty(body))), "indentation of two"),
    "the data alone": (lambda key, text, body: digest(whsec(key), data_of(body)), "`{data}`"),
}


def milliseconds(text, body):
    moment = text.split(".")[1]
    return text.replace(f".{moment}.", f".{moment}{{ms}}.")


def pretty(body):
    return json.dumps(json.loads(body), indent=2, ensure_ascii=False)


def data_of(body):
    return json.dumps(json.loads(body)["data"], separators=(",", ":"), ensure_ascii=False)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_usual_mistakes_are_told(stack, receiver, mistake):
    company, hook, _, path = sent(stack, receiver)
    answer = company.get(path).json()
    [row] = answer["signatures"]
    compute, words = MISTAKES[mistake]
    made = compute(hook["secret"], row["signedText"], answer["body"])
    if mistake == "milliseconds":
        text = milliseconds(row["signedText"], answer["body"]).replace("{ms}", answer["startedAt"][20:23])
        made = digest(whsec(hook["secret"]), text)
    told = ask(company, path, "v1," + base64.b64encode(made.digest()).decode())
    assert not told["match"] and told["scheme"] == "standard"
    assert len(told["diagnosis"]) == 1 and words in told["diagnosis"][0]


def test_bookme_clients_that_write_php_are_told(stack, receiver):
    company, hook, delivery, path = sent(stack, receiver, "bookme")
    php = json.dumps(delivery.json, separators=(",", ":")).replace("/", "\\/")
    told = ask(company, path, "sha256=" + digest(hook["secret"], php).hexdigest())
    assert told["scheme"] == "bookme" and "PHP" in told["diagnosis"][0]


def test_what_nobody_knows_is_said_so(stack, receiver):
    company, hook, _, path = sent(stack, receiver, "therapy")
    told = ask(company, path, "0" * 64)
    assert told == {"match": False, "scheme": None, "diagnosis": told["diagnosis"]}
    assert "raw key" in told["diagnosis"][1]
    assert "SHA1" in ask(company, path, "a" * 40)["diagnosis"][0]


@pytest.mark.parametrize("body", [None, {}, {"computed": None}, {"computed": ""}, {"computed": 5}, {"computed": "x" * 501},
                                  {"computed": "a\nb"}, {"computed": "x", "more": 1}])
def test_a_question_that_is_none(stack, receiver, body):
    company, _, _, path = sent(stack, receiver)
    assert company.api("POST", path, json=body).status_code in (400, 422)


def test_what_a_killed_dispatcher_left_has_no_time_to_explain(stack, receiver):
    """When it was signed was not recorded; what its answer was neither, so the attempts after it are explained."""
    company, [ada], service = shop(stack)
    company.webhook(receiver.url, ["booking.created"], format="therapy")
    company.book(service, future(), ada)
    stack.kill_on_the_wire(receiver, 1)
    stack.sql.run("UPDATE deliveries SET due_at = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND WHERE company_id = %s", company.bytes)
    stack.dispatch()
    path = path_of(stack, company)
    assert len(receiver.deliveries) == 2 and company.get(path).json()["attempt"] == 2
    company.get(path + "?attempt=2")
    assert "not recorded" in company.get(path + "?attempt=1", 409).json()["error"]["details"]["reason"]
    stack.sql.run("DELETE FROM attempts WHERE company_id = %s AND number = 2", company.bytes)
    company.get(path, 409)


def test_before_the_first_attempt_there_is_nothing_to_show(stack, receiver):
    company, [ada], service = shop(stack)
    company.webhook(receiver.url, ["booking.created"])
    company.book(service, future(), ada)
    path = path_of(stack, company)
    for answer in (company.get(path, 409), company.post(path, {"computed": "x"}, 409)):
        assert "no attempt" in answer.json()["error"]["details"]["reason"]


def test_a_secret_that_had_ended_is_not_shown_as_signing(stack, receiver):
    company, [ada], service = shop(stack)
    company.webhook(receiver.url, ["booking.created"])
    stack.sql.run("UPDATE webhook_endpoints SET previous_secret = secret, previous_until = UTC_TIMESTAMP(3), secret = %s"
                  " WHERE company_id = %s", "whsec_" + "QUJD" * 8, company.bytes)
    company.book(service, future(), ada)
    stack.dispatch()
    rows = company.get(path_of(stack, company)).json()["signatures"]
    assert [(row["scheme"], row["secret"]) for row in rows] == [("standard", "current")]
    assert rows[0]["signature"] == receiver.deliveries[-1].headers["webhook-signature"]


def test_without_the_endpoint_or_the_event_there_is_nothing_to_show(stack, receiver):
    company, hook, _, path = sent(stack, receiver)
    stack.sql.run("DELETE FROM events WHERE company_id = %s", company.bytes)
    assert "event" in company.get(path, 409).json()["error"]["details"]["reason"]
    company.delete(f"/api/v1/webhooks/{hook['id']}")
    assert "endpoint" in company.get(path, 409).json()["error"]["details"]["reason"]


def test_deliveries_of_others_are_not_there(stack, receiver):
    company, _, _, path = sent(stack, receiver)
    stranger = Company(stack)
    stranger.get(path, 404)
    stranger.post(path, {"computed": "x"}, 404)
    for wrong in ("dlv_" + "0" * 26, "dlv_x", str(uuid.uuid4())):
        company.get(f"/api/v1/deliveries/{wrong}/signature", 404)
    company.with_scopes("bookings:read").get(path, 403)
    company.with_scopes("bookings:read").post(path, {"computed": "x"}, 403)
    company.with_scopes("webhooks:read").get(path)
