"""Logins: tokens, cookies, and how guessing is slowed down."""

import base64
import concurrent.futures
import hashlib
import ipaddress
import json
import re

import pytest
import requests

from stack import id_bytes
from world import PASSWORD, Company, Person

START = "2031-05-01T10:00:00Z"


def at(minutes, seconds=0):
    return f"2031-05-01T{10 + minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}Z"


def log_in(stack, email, password=PASSWORD, expect=201, **options):
    return stack.client().post("/api/v1/sessions", {"email": email, "password": password}, expect, **options)


def cookie_of(answer):
    return re.match(r"slotwire_refresh=([^;]*)", answer.headers["Set-Cookie"])[1]


def refresh(stack, cookie, expect=200, headers=None):
    sent = {"X-Requested-With": "fetch", **({"Cookie": "a=b; slotwire_refresh=" + cookie} if cookie else {})}
    sent.update(headers or {})
    return stack.client().api("POST", "/api/v1/sessions/refresh", expect,
                              headers={name: value for name, value in sent.items() if value is not None})


def bearer(answer):
    return {"Authorization": "Bearer " + answer.json()["accessToken"]}


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


@pytest.fixture
def login(company):
    user, email = company.add_login("admin")
    return user, email


def ended(stack, user):
    return stack.sql.number("SELECT COUNT(*) FROM sessions WHERE user_id = %s AND ended_at IS NOT NULL", id_bytes(user))


# ---- in ----


def test_a_login_gives_a_token_and_says_whose_it_is(stack, company, login):
    body = log_in(stack, login[1]).json()
    assert body["tokenType"] == "Bearer" and body["expiresIn"] == 600
    assert body["user"] == {"id": login[0], "name": "Somebody", "email": login[1], "role": "admin"}
    assert body["company"] == {"id": company.id, "name": company.made["name"]}
    told = claims(body["accessToken"])
    assert (told["sub"], told["cid"], told["role"]) == (login[0], company.id, "admin")
    assert told["exp"] - told["iat"] == 600 and told["sid"].startswith("ses_")


def test_the_token_opens_what_the_role_may(company):
    person = company.person("frontdesk")
    assert person.get("/api/v1/company").json()["id"] == company.id
    person.patch("/api/v1/company", {"name": "Mine"}, 403)


def test_the_e_mail_address_is_taken_in_any_case(stack, login):
    log_in(stack, login[1].upper())


def test_the_cookie_is_for_the_browser_alone(stack, login):
    attributes = log_in(stack, login[1]).headers["Set-Cookie"].split("; ")[1:]
    assert set(attributes) == {"Path=/api/v1/sessions", "Max-Age=2592000", "HttpOnly", "SameSite=Strict"}


def test_over_https_the_cookie_goes_nowhere_else(stack, login):
    body = json.dumps({"email": login[1], "password": PASSWORD})
    answer = stack.program("slotwire-api", "--config", str(stack.config), input=body, environment={
        "REQUEST_METHOD": "POST", "REQUEST_URI": "/api/v1/sessions", "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)), "REMOTE_ADDR": "127.0.0.1", "SLOTWIRE_PUBLIC_URL": "https://book.example.com"})
    assert "201" in answer.stdout.splitlines()[0] and "; Secure" in answer.stdout


def test_the_database_and_the_log_hold_neither_password_nor_cookie_nor_token(stack, login):
    answer = log_in(stack, login[1])
    row = stack.sql.one("SELECT * FROM sessions WHERE user_id = %s", id_bytes(login[0]))
    assert cookie_of(answer).encode() not in b"".join(value for value in row.values() if isinstance(value, bytes))
    for text in (PASSWORD, cookie_of(answer), answer.json()["accessToken"]):
        assert text not in stack.log("worker") and text not in stack.log("nginx-access")


@pytest.mark.parametrize("which", ["password", "email"])
def test_a_wrong_password_and_an_unknown_address_look_the_same(stack, login, which):
    email = login[1] if which == "password" else "nobody-" + login[1]
    answer = log_in(stack, email, "wrong wrong wrong", 401)
    assert answer.json()["error"]["code"] == "UNAUTHORIZED" and answer.json()["error"]["details"] == {}
    assert "Set-Cookie" not in answer.headers and answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("sql", ["active = FALSE", "deleted_at = created_at"])
def test_who_is_gone_or_inactive_does_not_get_in(stack, login, sql):
    stack.sql.run(f"UPDATE users SET {sql} WHERE id = %s", id_bytes(login[0]))
    log_in(stack, login[1], expect=401)


def test_a_login_is_never_replayed(stack, login):
    headers = {"Idempotency-Key": "same"}
    first, second = (log_in(stack, login[1], headers=headers) for _ in range(2))
    assert first.json()["accessToken"] != second.json()["accessToken"] and cookie_of(second)
    assert "Idempotent-Replayed" not in second.headers


@pytest.mark.parametrize("body", [{}, {"email": "x", "password": "y"}, {"email": "a@example.com"},
                                  {"email": "a@example.com", "password": "x" * 1001}, {"email": 1, "password": None},
                                  {"email": "a@example.com", "password": "a\u0000b"}])
def test_what_is_no_login_is_refused(stack, body):
    answer = stack.client().api("POST", "/api/v1/sessions", json=body)
    assert answer.status_code in (400, 422)


@pytest.mark.parametrize("secret", ["", "x" * 31])
def test_without_a_secret_nobody_logs_in(stack, login, secret):
    def cgi(path, body="", **more):
        return stack.program("slotwire-api", "--config", str(stack.config), input=body, environment={
            "REQUEST_METHOD": "POST", "REQUEST_URI": path, "CONTENT_TYPE": "application/json", "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_LENGTH": str(len(body)), "SLOTWIRE_SESSION_SECRET": secret, **more})
    answer = cgi("/api/v1/sessions", json.dumps({"email": login[1], "password": PASSWORD}))
    assert "503" in answer.stdout.splitlines()[0] and "session_secret" in answer.stderr
    assert "503" in cgi("/api/v1/sessions/refresh").stdout.splitlines()[0]


def log_in_while(stack, login, password, *changes):
    """The status of a log-in whose password was checked, but whose session waits, when somebody commits the changes."""
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        with stack.sql.locked("SELECT id FROM users WHERE id = %s FOR UPDATE", id_bytes(login[0])) as other:
            answer = thread.submit(log_in, stack, login[1], password, None)
            stack.sql.wait_for_waiter()
            for change in changes:
                other.execute(change, id_bytes(login[0]))
            other.connection.commit()
        return answer.result().status_code


END_SESSIONS = "UPDATE sessions SET ended_at = refreshed_at WHERE user_id = %s"


@pytest.mark.parametrize("change", ["UPDATE credentials SET password_hash = 'another' WHERE user_id = %s",
                                    "UPDATE users SET active = FALSE WHERE id = %s", "DELETE FROM credentials WHERE user_id = %s",
                                    "UPDATE users SET deleted_at = created_at WHERE id = %s"])
def test_what_ends_the_sessions_ends_the_one_that_begins(stack, login, change):
    assert log_in_while(stack, login, PASSWORD, change, END_SESSIONS) == 401
    assert not stack.sql.one("SELECT 1 FROM sessions WHERE user_id = %s AND ended_at IS NULL", id_bytes(login[0]))


def test_a_log_in_counts_the_password_that_is_there_in_the_end(stack, company, login):
    other = company.add_login("admin")  # with the same password, but another hash of it
    copied = stack.sql.one("SELECT HEX(password_hash) AS hash FROM credentials WHERE user_id = %s", id_bytes(other[0]))["hash"]
    assert log_in_while(stack, login, PASSWORD, f"UPDATE credentials SET password_hash = x'{copied}' WHERE user_id = %s") == 201


def hash_of(stack, login):
    return stack.sql.one("SELECT password_hash FROM credentials WHERE user_id = %s", id_bytes(login[0]))["password_hash"]


def log_in_with_rounds(stack, login, rounds, password=PASSWORD):
    return log_in_from(stack, "127.0.0.1", login[1], password, SLOTWIRE_PASSWORD_ROUNDS=str(rounds))


def test_a_hash_gets_the_cost_that_is_set_at_the_next_login(stack, login):
    first = hash_of(stack, login)
    assert first.startswith("scrypt$15$8$1$")
    assert log_in_with_rounds(stack, login, 3, "wrong wrong wrong") == 401
    assert hash_of(stack, login) == first
    assert log_in_with_rounds(stack, login, 3) == 201
    second = hash_of(stack, login)
    assert second.startswith("scrypt$15$8$3$") and second[14:] != first[14:]
    assert log_in_with_rounds(stack, login, 3) == 201 and hash_of(stack, login) == second
    log_in(stack, login[1])
    assert hash_of(stack, login).startswith("scrypt$15$8$1$")


def test_two_who_log_in_at_once_both_bring_the_cost_up_to_date(stack, company, login):
    assert log_in_with_rounds(stack, login, 2) == 201
    other = company.add_login("admin")
    assert log_in_with_rounds(stack, other, 2) == 201
    made = hash_of(stack, other)
    assert log_in_while(stack, login, PASSWORD, f"UPDATE credentials SET password_hash = '{made}' WHERE user_id = %s") == 201
    assert hash_of(stack, login) == made
    log_in(stack, login[1])
    assert hash_of(stack, login).startswith("scrypt$15$8$1$")


# ---- the token ----


@pytest.mark.parametrize("spoil", [
    lambda token: token[:-2] + ("AA" if token[-2:] != "AA" else "BB"), lambda token: token.rsplit(".", 1)[0] + ".",
    lambda token: "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0." + token.split(".")[1] + ".AA", lambda token: "a.b.c"])
def test_a_forged_token_opens_nothing(stack, login, spoil):
    token = spoil(log_in(stack, login[1]).json()["accessToken"])
    stack.client().get("/api/v1/company", 401, headers={"Authorization": "Bearer " + token})


def test_a_token_is_no_api_key(stack, login):
    stack.client().get("/api/v1/company", 401, headers={"X-API-Key": log_in(stack, login[1]).json()["accessToken"]})


def test_a_token_ends_after_ten_minutes(stack, company, login, clock):
    clock(START)
    headers = bearer(log_in(stack, login[1]))
    clock(at(9, 59))
    stack.client().get("/api/v1/company", headers=headers)
    clock(at(10))
    stack.client().get("/api/v1/company", 401, headers=headers)


def test_another_role_counts_at_the_next_request(company):
    person = company.person("admin")
    person.get("/api/v1/webhooks")
    company.patch(f"/api/v1/users/{person.id}", {"role": "professional"})
    person.get("/api/v1/webhooks", 403)
    person.get("/api/v1/company")


def test_inactive_and_removed_people_are_out_at_the_next_request(company):
    person, other = company.person("coach"), company.person("coach")
    company.patch(f"/api/v1/users/{person.id}", {"active": False})
    company.delete(f"/api/v1/users/{other.id}")
    person.get("/api/v1/company", 401)
    other.get("/api/v1/company", 401)


def test_who_is_put_to_rest_and_comes_back_logs_in_anew(stack, company):
    person = company.person("coach")
    cookie = cookie_of(log_in(stack, person.email))
    for active in (False, True):
        company.patch(f"/api/v1/users/{person.id}", {"active": active})
    person.get("/api/v1/company", 401)
    refresh(stack, cookie, 401)
    log_in(stack, person.email)
    told = [entry["action"] for entry in company.get("/api/v1/audit", params={"subject": person.id}).json()["data"]]
    assert told[:2] == ["user.activated", "user.deactivated"]


def test_a_person_takes_only_their_own_company_s_header(stack, company):
    person = company.person("admin")
    person.get("/api/v1/company", headers={"company-id": company.id})
    for wrong in (Company(stack).id, "nonsense", company.id.replace("cli_", "key_")):
        refused = person.get("/api/v1/company", 403, headers={"company-id": wrong}).json()["error"]
        assert "company-id" in refused["details"]


def test_what_a_person_repeats_is_replayed(stack, company):
    person = company.person("admin")
    body = {"name": "Once", "role": "lead"}
    first = person.post("/api/v1/users", body, headers={"Idempotency-Key": "one"})
    again = Person(stack, person.email).post("/api/v1/users", body, headers={"Idempotency-Key": "one"})
    assert again.json() == first.json() and again.headers["Idempotent-Replayed"] == "true"
    other = company.person("admin").post("/api/v1/users", body, headers={"Idempotency-Key": "one"})
    assert other.json()["id"] != first.json()["id"]


def test_what_was_answered_under_another_secret_is_not_repeated(stack, company, login):
    def cgi(secret, path, body, **more):
        text = json.dumps(body)
        answer = stack.program("slotwire-api", "--config", str(stack.config), input=text, environment={
            "REQUEST_METHOD": "POST", "REQUEST_URI": path, "CONTENT_TYPE": "application/json", "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_LENGTH": str(len(text)), "SLOTWIRE_SESSION_SECRET": secret * 32, **more})
        head, _, text = answer.stdout.replace("\r\n", "\n").partition("\n\n")
        return int(head.split()[1]), json.loads(text)
    codes = []
    for secret in "aab":
        token = cgi(secret, "/api/v1/sessions", {"email": login[1], "password": PASSWORD})[1]["accessToken"]
        codes.append(cgi(secret, "/api/v1/users", {"name": "Once", "role": "lead"}, HTTP_IDEMPOTENCY_KEY="k",
                         HTTP_AUTHORIZATION="Bearer " + token))
    assert [status for status, _ in codes] == [201, 201, 422] and codes[0] == codes[1]
    assert codes[2][1]["error"]["code"] == "IDEMPOTENCY_MISMATCH"
    assert len(company.get("/api/v1/users", params={"role": "lead"}).json()["data"]) == 1


# ---- refreshing ----


def test_a_refresh_gives_a_new_token_and_a_new_cookie(stack, login, clock):
    clock(START)
    first = log_in(stack, login[1])
    clock(at(20))
    second = refresh(stack, cookie_of(first))
    assert cookie_of(second) != cookie_of(first) and second.json()["user"] == first.json()["user"]
    stack.client().get("/api/v1/company", headers=bearer(second))
    clock(at(40))
    refresh(stack, cookie_of(second))


def test_a_replaced_cookie_that_comes_back_ends_the_session(stack, login, clock):
    clock(START)
    first = log_in(stack, login[1])
    second = refresh(stack, cookie_of(first))
    clock(at(1))
    answer = refresh(stack, cookie_of(first), 401)
    assert cookie_of(answer) == "" and ended(stack, login[0]) == 1
    stack.client().get("/api/v1/company", 401, headers=bearer(second))
    refresh(stack, cookie_of(second), 401)
    entry = stack.sql.one("SELECT details FROM audit_log WHERE user_id = %s AND action = 'session.ended'", id_bytes(login[0]))
    assert "cookie" in entry["details"]


def test_a_cookie_of_long_ago_ends_the_session_too(stack, login, clock):
    clock(START)
    first = cookie_of(log_in(stack, login[1]))
    third = cookie_of(refresh(stack, cookie_of(refresh(stack, first))))
    refresh(stack, first, 401)
    refresh(stack, third, 401)
    assert ended(stack, login[0]) == 1


def test_two_tabs_that_race_do_not_end_the_session(stack, login, clock):
    clock(START)
    first = log_in(stack, login[1])
    second = refresh(stack, cookie_of(first))
    clock(at(0, 9))
    answer = refresh(stack, cookie_of(first), 401)
    assert "Set-Cookie" not in answer.headers and ended(stack, login[0]) == 0
    refresh(stack, cookie_of(second))


def test_a_session_ends_thirty_days_after_its_last_use(stack, login, clock):
    clock("2031-05-01T10:00:00Z")
    cookie = cookie_of(log_in(stack, login[1]))
    clock("2031-05-30T10:00:00Z")
    cookie = cookie_of(refresh(stack, cookie))
    clock("2031-06-29T10:00:01Z")
    refresh(stack, cookie, 401)


def test_a_refresh_needs_the_cookie(stack):
    refresh(stack, None, 401)


@pytest.mark.parametrize("spoil", [lambda cookie: cookie[:-1] + ("A" if cookie[-1] != "A" else "E"), lambda cookie: "x",
                                   lambda cookie: cookie.split(".")[0] + "..", lambda cookie: "A" * 5000])
def test_a_forged_cookie_ends_nothing(stack, login, spoil):
    cookie = cookie_of(log_in(stack, login[1]))
    refresh(stack, spoil(cookie), 401)
    refresh(stack, cookie)


@pytest.mark.parametrize("headers", [
    {"X-Requested-With": None}, {"Origin": "https://evil.example.com"}, {"Origin": "null"},
    {"X-Requested-With": None, "Content-Type": "text/plain"},
])
def test_another_page_cannot_refresh(stack, login, headers):
    cookie = cookie_of(log_in(stack, login[1]))
    assert refresh(stack, cookie, 403, headers).json()["error"]["code"] == "FORBIDDEN"
    refresh(stack, cookie)


@pytest.mark.parametrize("headers", ["json", "origin"])
def test_our_own_page_can(stack, login, headers):
    cookie = cookie_of(log_in(stack, login[1]))
    refresh(stack, cookie, 200, {"Origin": stack.url} if headers == "origin"
            else {"X-Requested-With": None, "Content-Type": "application/json"})


def test_who_is_gone_cannot_refresh(stack, login):
    cookie = cookie_of(log_in(stack, login[1]))
    stack.sql.run("UPDATE users SET active = FALSE WHERE id = %s", id_bytes(login[0]))
    refresh(stack, cookie, 401)


STALE = {"Authorization": "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.AAAA"}


def test_who_comes_with_a_token_that_ran_out_is_let_in(stack, login):
    """A page sends its old token along on every request, and above all on the one that renews it."""
    cookie = cookie_of(log_in(stack, login[1], headers=STALE))
    refresh(stack, cookie, headers=STALE)
    refresh(stack, None, 401, headers=bearer(log_in(stack, login[1])))


# ---- out ----


def test_logging_out_counts_at_once(stack, company):
    person = company.person("admin")
    answer = person.delete("/api/v1/sessions/current")
    assert cookie_of(answer) == "" and "Max-Age=0" in answer.headers["Set-Cookie"]
    person.get("/api/v1/company", 401)


def test_my_sessions_are_listed_and_can_be_ended(stack, company):
    here = company.person("admin")
    there = Person(stack, here.email)
    company.person("admin")
    sessions = here.get("/api/v1/sessions").json()["data"]
    assert [session["current"] for session in sessions] == [False, True]
    assert sessions[0]["address"] == "127.0.0.1" and "python" in sessions[0]["userAgent"]
    here.delete(f"/api/v1/sessions/{sessions[0]['id']}")
    there.get("/api/v1/company", 401)
    here.delete(f"/api/v1/sessions/{sessions[0]['id']}", 404)
    assert len(here.get("/api/v1/sessions").json()["data"]) == 1


def test_nobody_ends_a_colleague_s_session(company):
    one, other = company.person("admin"), company.person("admin")
    session = one.get("/api/v1/sessions").json()["data"][0]["id"]
    other.delete(f"/api/v1/sessions/{session}", 404)
    one.get("/api/v1/company")


def test_an_agent_that_is_no_text_is_not_kept(stack, login):
    for agent in ("bad\xff".encode("latin-1"), ("é" * 150).encode()):
        log_in(stack, login[1], headers={"User-Agent": agent})
    kept = [row["user_agent"] for row in stack.sql.all("SELECT user_agent FROM sessions WHERE user_id = %s ORDER BY id",
                                                       id_bytes(login[0]))]
    assert kept == [None, "é" * 100]


# ---- slowing down ----


def fail(stack, email, times, expect=401):
    for _ in range(times):
        answer = log_in(stack, email, "wrong wrong wrong", expect)
    return answer


@pytest.mark.parametrize("known", [True, False])
def test_failures_are_slowed_down_and_locked(stack, login, clock, known):
    email = login[1] if known else "nobody-" + login[1]
    minute = 0
    clock(START)
    stack.sql.run("DELETE FROM login_failures")
    fail(stack, email, 4)
    for seconds in (1, 2, 4, 8, 16, 32):
        answer = fail(stack, email, 1, 429)
        assert answer.json()["error"]["code"] == "RATE_LIMITED" and answer.headers["Retry-After"] == str(seconds)
        minute += 1
        clock(at(minute))
        fail(stack, email, 1)
    assert fail(stack, email.upper(), 1, 429).headers["Retry-After"] == "900"
    log_in(stack, email, expect=429)
    locked = stack.sql.all("SELECT user_id, key_id FROM audit_log WHERE action = 'login.locked' AND subject = %s", login[0])
    assert len(locked) == (1 if known else 0)
    clock(at(minute + 15))
    log_in(stack, email, expect=201 if known else 401)


def at_once(work, times):
    """The status codes of the same request sent by many at one moment."""
    with concurrent.futures.ThreadPoolExecutor(times) as crowd:
        return sorted(future.result().status_code for future in [crowd.submit(work) for _ in range(times)])


def test_many_tries_at_once_are_not_one(stack, login, clock):
    clock(START)
    stack.sql.run("DELETE FROM login_failures")
    codes = at_once(lambda: log_in(stack, login[1], "wrong wrong wrong", None), 16)
    assert codes == [401] * 4 + [429] * 12


def test_many_refreshes_at_once_give_one_cookie(stack, login, clock):
    clock(START)
    cookie = cookie_of(log_in(stack, login[1]))
    assert at_once(lambda: refresh(stack, cookie, None), 8) == [200] + [401] * 7
    assert ended(stack, login[0]) == 0


def test_success_forgets_the_failures(stack, login):
    stack.sql.run("DELETE FROM login_failures")
    fail(stack, login[1], 3)
    log_in(stack, login[1])
    fail(stack, login[1], 3)
    log_in(stack, login[1])


def from_elsewhere(client, address="127.0.0.2"):
    """The client, but from another network address."""
    adapter = requests.adapters.HTTPAdapter()
    adapter.init_poolmanager(1, 1, source_address=(address, 0))
    client.session.mount("http://", adapter)
    return client


def guess(client, email, times):
    for _ in range(times):
        client.post("/api/v1/sessions", {"email": email, "password": "wrong wrong wrong"}, 401)
    client.post("/api/v1/sessions", {"email": email, "password": PASSWORD}, 429)


def test_a_stranger_s_guesses_do_not_lock_out_the_owner(stack, login, clock):
    clock(START)  # the first block is a second long
    stack.sql.run("DELETE FROM login_failures")
    log_in(stack, login[1])
    stranger = from_elsewhere(stack.client())
    guess(stranger, login[1], 4)
    log_in(stack, login[1].upper())
    stranger.post("/api/v1/sessions", {"email": login[1], "password": PASSWORD}, 429)  # and gains nothing by it


def test_guesses_from_the_owner_s_own_network_are_slowed_down_too(stack, login, clock):
    clock(START)  # the first block is a second long
    stack.sql.run("DELETE FROM login_failures")
    log_in(stack, login[1])
    guess(stack.client(), login[1], 4)
    elsewhere = from_elsewhere(stack.client())
    elsewhere.post("/api/v1/sessions", {"email": login[1], "password": PASSWORD})


def test_a_stranger_s_addresses_count_together(stack, login, clock):
    clock(START)  # the first block is a second long
    stack.sql.run("DELETE FROM login_failures")
    for last in (2, 3, 4, 5):
        body = {"email": login[1], "password": "wrong wrong wrong"}
        from_elsewhere(stack.client(), f"127.0.0.{last}").post("/api/v1/sessions", body, 401)
    from_elsewhere(stack.client(), "127.0.0.6").post("/api/v1/sessions", body, 429)


def log_in_from(stack, address, email, password="wrong wrong wrong", **settings):
    """The status of a log-in as the web server hands it on, from any address."""
    body = json.dumps({"email": email, "password": password})
    answer = stack.program("slotwire-api", "--config", str(stack.config), input=body, environment={
        "REQUEST_METHOD": "POST", "REQUEST_URI": "/api/v1/sessions", "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)), "REMOTE_ADDR": address, **settings})
    return int(answer.stdout.split()[1])


def test_clients_of_a_listener_for_both_families_are_counted_each_by_itself(stack, login, clock):
    clock(START)
    stack.sql.run("DELETE FROM login_failures")
    assert log_in_from(stack, "::ffff:203.0.113.7", login[1]) == 401
    stack.sql.run("UPDATE login_failures SET failures = 49")
    assert log_in_from(stack, "203.0.113.7", "another-" + login[1]) == 401
    assert log_in_from(stack, "::ffff:203.0.113.7", "third-" + login[1]) == 429
    stack.sql.run("UPDATE login_failures SET blocked_until = NULL WHERE failures < 50")
    assert log_in_from(stack, "::ffff:198.51.100.9", "third-" + login[1]) == 401
    stack.sql.run("DELETE FROM login_failures")
    assert log_in_from(stack, "::ffff:198.51.100.9", login[1], PASSWORD) == 201
    assert stack.sql.number("SELECT COUNT(*) FROM sessions WHERE address = '198.51.100.9'") == 1


def test_a_stranger_s_many_networks_are_one_site(stack, login, clock):
    """A site is usually given a /48 of IPv6: 65,536 networks of 2^64 addresses."""
    clock(START)
    stack.sql.run("DELETE FROM login_failures")
    assert log_in_from(stack, "2001:db8:7:1::1", login[1]) == 401
    assert sorted(row["failures"] for row in stack.sql.all("SELECT failures FROM login_failures")) == [1, 1, 1]
    stack.sql.run("UPDATE login_failures SET failures = 499, updated_at = %s", START[:-1])
    stack.sql.run("DELETE FROM login_failures WHERE subject = %s", network_of("2001:db8:7:1"))
    assert log_in_from(stack, "2001:db8:7:2::1", "another-" + login[1]) == 401
    assert log_in_from(stack, "2001:db8:7:3::1", "third-" + login[1]) == 429
    assert log_in_from(stack, "2001:db8:8::1", "third-" + login[1]) == 401
    stack.sql.run("DELETE FROM login_failures")


def network_of(prefix):
    """The subject of the /64."""
    return hashlib.sha256(b"address " + ipaddress.ip_address(prefix + "::").packed[:8].hex().encode()).digest()


def test_a_site_gets_back_what_was_no_failure(stack, login):
    stack.sql.run("DELETE FROM login_failures")
    assert log_in_from(stack, "2001:db8:7:1::1", login[1], PASSWORD) == 201
    assert stack.sql.all("SELECT failures FROM login_failures") == [{"failures": 0}] * 2


def test_right_passwords_are_limited_too(stack, login, clock):
    """Each costs a worker as much as a wrong one."""
    clock(at(0, 18))
    for _ in range(20):
        log_in(stack, login[1])
    assert log_in(stack, login[1].upper(), expect=429).headers["Retry-After"] == "42"
    elsewhere = from_elsewhere(stack.client())
    elsewhere.post("/api/v1/sessions", {"email": login[1], "password": PASSWORD}, 429)
    log_in(stack, "another-" + login[1], expect=401)
    clock(at(1))
    log_in(stack, login[1])


def test_what_is_refused_for_its_number_is_no_failure(stack, login, clock):
    clock(START)
    stack.sql.run("DELETE FROM login_failures")
    for _ in range(20):
        log_in(stack, login[1])
    fail(stack, login[1], 12, 429)
    clock(at(1))
    log_in(stack, login[1])


def test_guesses_of_strangers_do_not_use_up_what_the_owner_may(stack, login, clock):
    clock(START)
    log_in(stack, login[1])
    stranger, body = from_elsewhere(stack.client()), {"email": login[1], "password": PASSWORD}
    guess(stranger, login[1], 4)
    for _ in range(40):
        stranger.post("/api/v1/sessions", body, 429)
    log_in(stack, login[1])


def test_a_day_forgets_them_too(stack, login, clock):
    clock(START)
    stack.sql.run("DELETE FROM login_failures")
    fail(stack, login[1], 3)
    clock("2031-05-02T10:00:00Z")
    fail(stack, login[1], 3)
    log_in(stack, login[1])


def test_an_address_that_tries_many_names_is_locked(stack, login, clock):
    clock(START)
    stack.sql.run("DELETE FROM login_failures")
    fail(stack, login[1], 1)
    stack.sql.run("UPDATE login_failures SET failures = 49 WHERE failures = 1")
    log_in(stack, "another-" + login[1], expect=401)
    answer = log_in(stack, "third-" + login[1], expect=429)
    assert answer.headers["Retry-After"] == "900"
    stack.sql.run("DELETE FROM login_failures")


def test_an_address_gets_back_what_was_no_failure(stack, login):
    stack.sql.run("DELETE FROM login_failures")
    for _ in range(3):
        log_in(stack, login[1])
    assert stack.sql.all("SELECT failures FROM login_failures") == [{"failures": 0}]


def test_a_failure_is_counted_though_the_request_is_refused(stack, login):
    stack.sql.run("DELETE FROM login_failures")
    fail(stack, login[1], 2)
    assert sorted(row["failures"] for row in stack.sql.all("SELECT failures FROM login_failures")) == [2, 2]


def test_housekeeping_sweeps_what_is_old(stack, login):
    log_in(stack, login[1])
    user = id_bytes(login[0])
    stack.sql.run("INSERT INTO login_failures VALUES (REPEAT('x', 32), 1, NULL, '2020-01-01')")
    stack.sql.run("UPDATE sessions SET expires_at = '2020-01-01' WHERE user_id = %s", user)
    stack.sql.run("INSERT INTO password_resets SELECT REPEAT('y', 32), company_id, user_id, email, created_at, '2020-01-01',"
                  " NULL FROM credentials WHERE user_id = %s", user)
    stack.dispatch()
    assert not stack.sql.one("SELECT 1 FROM login_failures WHERE subject = REPEAT('x', 32)")
    assert not stack.sql.one("SELECT 1 FROM sessions WHERE user_id = %s", user)
    assert not stack.sql.one("SELECT 1 FROM password_resets WHERE user_id = %s", user)


@pytest.mark.parametrize("change", ["UPDATE users SET active = FALSE WHERE id = %s", "UPDATE users SET deleted_at = NOW() WHERE id = %s",
                                    "UPDATE sessions SET expires_at = '2020-01-01' WHERE user_id = %s"])
def test_each_request_asks_for_the_person_and_the_session(stack, company, change):
    person = company.person("coach")
    person.get("/api/v1/company")
    stack.sql.run(change, id_bytes(person.id))
    person.get("/api/v1/company", 401)
