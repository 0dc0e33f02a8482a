"""Idempotency-Key: a POST that is sent again has one effect and one answer."""

import concurrent.futures
import http.client
import json
import uuid

import pytest

from stack import WAITING, id_bytes, wait_until
from world import Company, future, shop


def key():
    return {"Idempotency-Key": uuid.uuid4().hex}


def raw_book(company, body, headers):
    return company.post("/api/v1/bookings", body, None, headers=headers)


def test_a_replay_gives_the_same_answer_and_one_booking(stack):
    company, [ada], service = shop(stack)
    headers, body = key(), company.order(service, future(), ada)
    first, second = raw_book(company, body, headers), raw_book(company, body, headers)
    assert (first.status_code, second.status_code) == (201, 201) and first.content == second.content
    assert "Idempotent-Replayed" not in first.headers and second.headers["Idempotent-Replayed"] == "true"
    assert stack.sql.number("SELECT COUNT(*) FROM bookings WHERE company_id = %s", company.bytes) == 1


def test_the_same_key_with_another_body_is_refused(stack):
    company, [ada], service = shop(stack)
    headers = key()
    raw_book(company, company.order(service, future(hour=8), ada), headers)
    answer = raw_book(company, company.order(service, future(hour=9), ada), headers)
    assert answer.status_code == 422 and answer.json()["error"]["code"] == "IDEMPOTENCY_MISMATCH"


def test_while_the_first_is_running_the_second_is_told_so(stack):
    company, [ada], service = shop(stack)
    headers, body = key(), company.order(service, future(), ada)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        with stack.sql.locked("SELECT id FROM resources WHERE id = %s FOR UPDATE", id_bytes(ada["id"])):
            first = pool.submit(raw_book, company, body, headers)
            wait_until(lambda: stack.sql.one(WAITING), 10, "the first request to wait for the lock")
            second = raw_book(stack.client(company.key), body, headers)
        assert second.status_code == 409 and second.json()["error"]["code"] == "IDEMPOTENCY_RUNNING"
        assert first.result().status_code == 201


def test_a_refused_request_keeps_nothing(stack):
    company, [ada], service = shop(stack)
    headers, body = key(), company.order(service, future(), ada)
    blocker = company.book(service, future(), ada)
    assert raw_book(company, body, headers).status_code == 409
    company.move(blocker, "cancel")
    again = raw_book(company, body, headers)
    assert again.status_code == 201 and "Idempotent-Replayed" not in again.headers


def test_a_refused_move_keeps_nothing(stack):
    company, [ada], service = shop(stack)
    made = company.book(service, future(), ada)
    before = stack.sql.counts()
    company.post(f"/api/v1/bookings/{made['id']}/no-show", None, 409, headers=key())
    assert stack.sql.counts() == before


def test_a_fault_in_the_body_keeps_nothing(stack, company):
    headers = key()
    before = stack.sql.counts()
    company.post("/api/v1/users", {"name": ""}, 422, headers=headers)
    assert stack.sql.counts() == before
    company.post("/api/v1/users", {"name": "Mia", "role": "lead"}, headers=headers)


def test_the_same_key_with_another_query_is_refused(stack, company, receiver):
    """It asks for something else: the answer to the first would be a wrong one."""
    company.webhook(receiver.url, ["user.created"])
    company.user("Mia")
    stack.dispatch()
    [delivery] = company.get("/api/v1/deliveries").json()["data"]
    path, headers, body = f"/api/v1/deliveries/{delivery['id']}/signature", key(), {"computed": "x"}
    company.post(path + "?attempt=1", body, 200, headers=headers)
    again = company.post(path + "?attempt=1", body, 200, headers=headers)
    assert again.headers["Idempotent-Replayed"] == "true"
    for other in ("", "?attempt=2"):
        assert company.post(path + other, body, 422, headers=headers).json()["error"]["code"] == "IDEMPOTENCY_MISMATCH"


def test_another_path_is_another_scope(company):
    headers = key()
    company.post("/api/v1/users", {"name": "Mia", "role": "lead"}, headers=headers)
    body = {"name": "Cut", "duration": 30, "price": {"amount": 1}}
    answer = company.post("/api/v1/services", body, headers=headers)
    assert "Idempotent-Replayed" not in answer.headers


def test_another_company_is_another_scope(stack):
    headers, body = key(), {"name": "Mia", "role": "lead"}
    one, two = (Company(stack).post("/api/v1/users", body, headers=headers).json() for _ in range(2))
    assert one["id"] != two["id"]


@pytest.mark.parametrize("action", ["confirm", "cancel"])
def test_moves_can_be_replayed(stack, action):
    company, [ada], service = shop(stack)
    booking, headers = company.book(service, future(), ada), key()
    path = f"/api/v1/bookings/{booking['id']}/{action}"
    first, second = company.post(path, None, 200, headers=headers), company.post(path, None, 200, headers=headers)
    assert first.content == second.content and second.headers["Idempotent-Replayed"] == "true"


def test_a_replayed_sign_up_makes_one_company(stack):
    headers = key()
    body = {"name": "Twice", "slug": "twice-" + uuid.uuid4().hex[:8], "timeZone": "UTC", "currency": "USD"}
    first = stack.platform.post("/api/v1/companies", body, headers=headers)
    second = stack.platform.post("/api/v1/companies", body, headers=headers)
    assert first.json()["id"] == second.json()["id"] and second.headers["Idempotent-Replayed"] == "true"


def sign_up_from(stack, address, body, headers):
    """Without an API key, as open sign-up allows, from an address of this machine."""
    connection = http.client.HTTPConnection("127.0.0.1", stack.port, source_address=(address, 0))
    connection.request("POST", "/api/v1/companies", json.dumps(body), {"Content-Type": "application/json", **headers})
    answer = connection.getresponse()
    return answer, json.loads(answer.read())


def test_a_stranger_with_the_same_key_is_not_given_anothers_answer(spare):
    body, headers = {"name": "Mine", "timeZone": "UTC", "currency": "USD"}, key()
    first, mine = sign_up_from(spare, "127.0.0.2", body, headers)
    again, replayed = sign_up_from(spare, "127.0.0.2", body, headers)
    other, theirs = sign_up_from(spare, "127.0.0.3", body, headers)
    assert (first.status, again.status, other.status) == (201, 201, 201)
    assert again.headers["Idempotent-Replayed"] == "true" and replayed == mine
    assert other.headers["Idempotent-Replayed"] is None and theirs["apiKey"] != mine["apiKey"]


def test_what_is_kept_for_a_replay_cannot_be_read_in_the_database(stack):
    stack.sql.run("DELETE FROM idempotency_keys")
    body = {"name": "Sealed", "timeZone": "UTC", "currency": "USD"}
    made = stack.platform.post("/api/v1/companies", body, headers=key()).json()
    kept = stack.sql.one("SELECT response FROM idempotency_keys")["response"]
    assert made["apiKey"].encode() not in kept and b"Sealed" not in kept


def test_many_at_once_have_one_effect(stack):
    company, [ada], service = shop(stack)
    headers, body = key(), company.order(service, future(), ada)
    clients = [stack.client(company.key) for _ in range(12)]
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda client: raw_book(client, body, headers), clients))
    made = [answer.json()["id"] for answer in answers if answer.status_code == 201]
    assert made and len(set(made)) == 1
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert {a.json()["error"]["code"] for a in answers if a.status_code == 409} <= {"IDEMPOTENCY_RUNNING"}
    assert stack.sql.number("SELECT COUNT(*) FROM bookings WHERE company_id = %s", company.bytes) == 1


def test_a_key_is_forgotten_after_a_day(stack, clock):
    clock("2031-05-01T10:00:00Z")
    company, headers = Company(stack), key()
    company.post("/api/v1/users", {"name": "Mia", "role": "lead"}, headers=headers)
    clock("2031-05-02T11:00:00Z")
    answer = company.post("/api/v1/users", {"name": "Mia", "role": "lead"}, headers=headers)
    assert "Idempotent-Replayed" not in answer.headers
