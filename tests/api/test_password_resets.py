"""Passwords by mailed links: resets, invitations, and the page that both lead to."""

import concurrent.futures
import json
import re

import pytest

from stack import id_bytes
from world import PASSWORD, Company, Person

NEW = "a brand new passphrase"


@pytest.fixture
def admin(company):
    """(id, e-mail address) of a login, with nothing counted against this address yet."""
    company.stack.sql.run("DELETE FROM login_failures")
    return company.add_login("admin")


def ask(stack, email, expect=202):
    return stack.client().post("/api/v1/password-resets", {"email": email}, expect)


def confirm(stack, token, password=NEW, expect=204):
    return stack.client().post("/api/v1/password-resets/confirm", {"token": token, "password": password}, expect)


def mails(stack, email):
    return stack.sql.all("SELECT subject, body, company_id FROM messages WHERE recipient = %s ORDER BY id", email)


def token_of(stack, email):
    return re.search(re.escape(stack.url) + r"/reset#([\w-]{43})\n", mails(stack, email)[-1]["body"])[1]


def test_a_mailed_link_sets_the_password_once(stack, company, admin):
    before = Person(stack, admin[1])
    ask(stack, admin[1])
    token = token_of(stack, admin[1])
    confirm(stack, token)
    before.get("/api/v1/company", 401)
    stack.client().post("/api/v1/sessions", {"email": admin[1], "password": PASSWORD}, 401)
    Person(stack, admin[1], NEW).get("/api/v1/company")
    fault = confirm(stack, token, "and another passphrase", 422).json()["error"]["details"]["fields"][0]
    assert fault["field"] == "token"
    assert mails(stack, admin[1])[-1]["subject"] == "Your password was changed"
    entry = stack.sql.one("SELECT user_id, address FROM audit_log WHERE action = 'password.changed' AND subject = %s", admin[0])
    assert entry == {"user_id": id_bytes(admin[0]), "address": "127.0.0.1"}


def test_only_the_hash_of_a_link_is_stored(stack, admin):
    ask(stack, admin[1])
    row = stack.sql.one("SELECT token_hash FROM password_resets WHERE user_id = %s", id_bytes(admin[0]))
    token = token_of(stack, admin[1])
    assert len(row["token_hash"]) == 32 and token.encode() not in row["token_hash"] and token not in stack.log("worker")


def test_an_unknown_address_gets_the_same_answer_and_no_mail(stack, admin):
    known, unknown = ask(stack, admin[1]), ask(stack, "nobody-" + admin[1])
    assert known.json() == unknown.json() and not mails(stack, "nobody-" + admin[1])
    assert set(known.headers) == set(unknown.headers)


def test_somebody_inactive_gets_none(stack, company, admin):
    company.patch(f"/api/v1/users/{admin[0]}", {"active": False})
    ask(stack, admin[1])
    assert not mails(stack, admin[1])


def test_a_link_is_good_for_an_hour(stack, admin, clock):
    clock("2031-05-01T10:00:00Z")
    ask(stack, admin[1])
    token = token_of(stack, admin[1])
    clock("2031-05-01T11:00:00Z")
    confirm(stack, token, expect=422)


def test_links_come_five_minutes_apart_and_three_at_most(stack, admin, clock):
    for moment, count in (("10:00:00", 1), ("10:04:59", 1), ("10:05:00", 2), ("10:10:00", 3), ("10:30:00", 3), ("11:00:01", 4)):
        clock(f"2031-05-01T{moment}Z")
        ask(stack, admin[1])
        assert len(mails(stack, admin[1])) == count, moment


def test_a_link_that_is_used_twice_at_once_works_once(stack, admin):
    ask(stack, admin[1])
    token = token_of(stack, admin[1])
    words = [f"passphrase number {number}" for number in range(8)]
    with concurrent.futures.ThreadPoolExecutor(8) as crowd:
        answers = list(crowd.map(lambda word: confirm(stack, token, word, None).status_code, words))
    assert sorted(answers) == [204] + [422] * 7
    Person(stack, admin[1], words[answers.index(204)])


def test_a_used_link_makes_the_others_useless(stack, admin, clock):
    clock("2031-05-01T10:00:00Z")
    ask(stack, admin[1])
    first = token_of(stack, admin[1])
    clock("2031-05-01T10:05:00Z")
    ask(stack, admin[1])
    confirm(stack, token_of(stack, admin[1]))
    confirm(stack, first, expect=422)


def test_a_new_password_unlocks(stack, admin, clock):
    clock("2031-05-01T10:00:00Z")
    for _ in range(4):
        stack.client().post("/api/v1/sessions", {"email": admin[1], "password": "wrong wrong"}, 401)
    stack.client().post("/api/v1/sessions", {"email": admin[1], "password": PASSWORD}, 429)
    ask(stack, admin[1])
    confirm(stack, token_of(stack, admin[1]))
    Person(stack, admin[1], NEW)


def test_a_new_password_unlocks_where_its_owner_logged_in_before(stack, admin, clock):
    Person(stack, admin[1])
    test_a_new_password_unlocks(stack, admin, clock)


def test_a_token_that_ran_out_does_not_stand_in_the_way(stack, admin):
    stale = {"Authorization": "Bearer a.b.c"}
    stack.client().post("/api/v1/password-resets", {"email": admin[1]}, 202, headers=stale)
    body = {"token": token_of(stack, admin[1]), "password": NEW}
    stack.client().post("/api/v1/password-resets/confirm", body, 204, headers=stale)


@pytest.mark.parametrize("host", [{"Host": "evil.example"}, {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher"}])
def test_the_link_leads_home_whatever_the_request_says(stack, admin, host):
    stack.client().post("/api/v1/password-resets", {"email": admin[1]}, 202, headers=host)
    assert token_of(stack, admin[1]) and "evil" not in mails(stack, admin[1])[-1]["body"]


@pytest.mark.parametrize("password", ["", "short", "ninechars", "          ", "x" * 201, "line\nbreak and more", 12345678901, None])
def test_bad_passwords_are_refused_and_leave_the_link_good(stack, admin, password):
    ask(stack, admin[1])
    token = token_of(stack, admin[1])
    confirm(stack, token, password, 422)
    confirm(stack, token, "ten chars!")


@pytest.mark.parametrize("token", ["x", "A" * 43, "é", "A" * 200])
def test_unknown_links_are_refused(stack, token):
    confirm(stack, token, expect=422)


def test_one_address_cannot_ask_without_end(stack, admin):
    ask(stack, admin[1])
    stack.sql.run("UPDATE login_failures SET failures = 19")
    ask(stack, "a-" + admin[1])
    answer = ask(stack, "b-" + admin[1], 429)
    assert 0 < int(answer.headers["Retry-After"]) <= 900
    stack.sql.run("DELETE FROM login_failures")


def ask_from(stack, address, email):
    body = json.dumps({"email": email})
    answer = stack.program("slotwire-api", "--config", str(stack.config), input=body, environment={
        "REQUEST_METHOD": "POST", "REQUEST_URI": "/api/v1/password-resets", "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)), "REMOTE_ADDR": address})
    return int(answer.stdout.split()[1])


def test_nor_can_all_networks_of_one_site(stack, admin):
    assert ask_from(stack, "2001:db8:7:1::1", admin[1]) == 202
    stack.sql.run("UPDATE login_failures SET failures = 199")
    assert ask_from(stack, "2001:db8:7:2::1", "a-" + admin[1]) == 202
    assert ask_from(stack, "2001:db8:7:3::1", "b-" + admin[1]) == 429
    assert ask_from(stack, "2001:db8:8::1", "b-" + admin[1]) == 202
    stack.sql.run("DELETE FROM login_failures")


def test_a_person_who_was_removed_cannot_use_their_link(stack, company, admin):
    ask(stack, admin[1])
    token = token_of(stack, admin[1])
    company.delete(f"/api/v1/users/{admin[0]}")
    confirm(stack, token, expect=422)


def test_somebody_inactive_cannot_use_theirs(stack, company, admin):
    ask(stack, admin[1])
    company.patch(f"/api/v1/users/{admin[0]}", {"active": False})
    confirm(stack, token_of(stack, admin[1]), expect=422)


# ---- invitations ----


def invite(client, person, expect=202):
    return client.post(f"/api/v1/users/{person['id']}/invitation", None, expect)


def test_an_invitation_makes_a_login(stack, company):
    coach = company.staff("Cleo", role="coach")
    answer = invite(company, coach).json()
    assert answer["email"] == coach["email"] and answer["expiresAt"]
    mail = mails(stack, coach["email"])[-1]
    assert company.made["name"] in mail["subject"] and mail["company_id"] == company.bytes
    confirm(stack, token_of(stack, coach["email"]))
    assert Person(stack, coach["email"], NEW).login["user"]["role"] == "coach"
    actions = [row["action"] for row in stack.sql.all("SELECT action FROM audit_log WHERE subject = %s ORDER BY id", coach["id"])]
    assert actions == ["user.role_changed", "user.invited", "login.created"]
    invite(company, coach, 409)


def test_an_invitation_lasts_three_days_and_the_newest_counts(stack, company, clock):
    clock("2031-05-01T10:00:00Z")
    coach = company.staff("Cleo", role="coach")
    invite(company, coach)
    first = token_of(stack, coach["email"])
    assert invite(company, coach, 429).headers["Retry-After"] == "300"
    clock("2031-05-02T10:00:00Z")
    invite(company, coach)
    confirm(stack, first, expect=422)
    clock("2031-05-05T09:59:59Z")
    confirm(stack, token_of(stack, coach["email"]))


def test_a_mailbox_gets_three_invitations_an_hour_whoever_sends_them(stack, company, clock):
    clock("2031-05-01T10:00:00Z")
    email = company.id + "@example.com"

    def add(where, spelling=email):
        return where.user("Ida", "coach", email=spelling)

    first = add(company)
    invite(company, first)
    invite(company, first, 429)  # too soon, and not counted
    invite(company, add(company, email.upper()))
    clock("2031-05-01T10:20:00Z")
    other = Company(stack)
    invite(other, add(other))
    refused = add(company)
    for client, person in ((company, refused), (other, add(other))):
        answer = invite(client, person, 429)
        assert answer.json()["error"]["code"] == "RATE_LIMITED" and answer.headers["Retry-After"] == "3600"
    invite(company, add(company, "an-" + email))
    assert len(mails(stack, email)) == 3  # the database takes both spellings for one
    clock("2031-05-01T11:20:00Z")
    for person in (refused, add(company), add(company)):
        invite(company, person)
    invite(company, add(company), 429)


def test_who_cannot_be_invited(stack, company):
    for person in (company.user("Mia", "member", email="m@example.com"), company.user("Ada", "coach")):
        assert invite(company, person, 409).json()["error"]["details"]["reason"]
    _, taken = company.add_login("admin")
    invite(company, company.user("Eve", "coach", email=taken), 409)


def test_an_address_that_was_taken_meanwhile_is_refused(stack, company):
    coach = company.staff("Cleo", role="coach")
    invite(company, coach)
    Company(stack).add_login("admin", email=coach["email"])
    assert confirm(stack, token_of(stack, coach["email"]), expect=409).json()["error"]["code"] == "CONFLICT"


def test_an_invitation_to_the_address_before_is_useless(stack, company):
    coach = company.staff("Cleo", role="coach")
    invite(company, coach)
    company.patch(f"/api/v1/users/{coach['id']}", {"email": "new-" + coach["email"]})
    confirm(stack, token_of(stack, coach["email"]), expect=422)
    invite(company, coach)
    confirm(stack, token_of(stack, "new-" + coach["email"]))


def test_an_invitation_does_not_outlive_the_role_that_it_was_for(stack, company):
    """Who could read a coach's mail must not find an admin's login there."""
    coach = company.user("Ida", "coach", email=company.id.replace("cli_", "ida-") + "@example.com")
    invite(company, coach)
    token = token_of(stack, coach["email"])
    company.patch(f"/api/v1/users/{coach['id']}", {"role": "admin"})
    confirm(stack, token, expect=422)


@pytest.mark.parametrize("bound", [{"allowedAddresses": ["127.0.0.0/8"]}, {"expiresAt": "2090-01-01T00:00:00Z"},
                                   {"bookingLimit": 5}, {"calendarLimit": 5}])
def test_a_bound_key_invites_nobody(stack, company, bound):
    """Else it would invite a mailbox of its own, and the login there would be bound by nothing."""
    made = company.post("/api/v1/keys", {"name": "Bound", "scopes": ["*"], **bound}).json()
    client, coach = stack.client(made["key"]), company.staff("Cleo", role="coach")
    refused = invite(client, coach, 403).json()["error"]
    assert "bound" in refused["details"]["reason"] and not mails(stack, coach["email"])
    company.patch(f"/api/v1/keys/{made['id']}", {name: [] if name == "allowedAddresses" else None for name in bound})
    invite(client, coach)


def answer_while(stack, user, ask, change, *values):
    """The answer to a request that waits for the person, whom somebody changes meanwhile."""
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        with stack.sql.locked("SELECT id FROM users WHERE id = %s FOR UPDATE", id_bytes(user)) as other:
            answer = thread.submit(ask)
            stack.sql.wait_for_waiter()
            other.execute(f"UPDATE users SET {change} WHERE id = %s", (*values, id_bytes(user)))
            other.connection.commit()
        return answer.result()


def test_an_invitation_is_for_who_the_person_is_once_it_is_mailed(stack, company):
    coach = company.user("Ida", "coach", email=company.id + "@example.com")
    new = "new-" + coach["email"]
    answer = answer_while(stack, coach["id"], lambda: invite(company, coach), "role = 'admin', email = %s", new)
    assert answer.json()["email"] == new and not mails(stack, coach["email"]) and token_of(stack, new)


@pytest.mark.parametrize("change", ["role = 'member'", "active = FALSE", "role = 'admin'", "email = NULL"])
def test_who_may_be_invited_no_longer_is_not(stack, company, change):
    desk, coach = company.person("frontdesk"), company.user("Ida", "coach", email=company.id + "@example.com")
    answer = answer_while(stack, coach["id"], lambda: invite(desk, coach, None), change)
    assert answer.status_code == (403 if "admin" in change else 409) and not mails(stack, coach["email"])


def test_nobody_invites_those_who_may_more(company):
    desk = company.person("frontdesk")
    invite(desk, company.user("Ann", "admin", email="ann@example.com"), 403)
    invite(desk, company.user("Cleo", "coach", email="cleo-x@example.com"))


# ---- another e-mail address ----


@pytest.fixture
def moved(stack, company, admin):
    """(id, e-mail address of the login, that of the person): the login is where it was."""
    new = "new-" + admin[1]
    company.patch(f"/api/v1/users/{admin[0]}", {"email": new})
    return admin[0], admin[1], new


def log_in(stack, email, password, expect=201):
    return stack.client().post("/api/v1/sessions", {"email": email, "password": password}, expect)


def test_the_mailbox_of_before_sets_no_password(stack, moved):
    user, old, new = moved
    for email in (old, new):
        ask(stack, email)
        assert not mails(stack, email)
    log_in(stack, old, PASSWORD)
    log_in(stack, new, PASSWORD, 401)


def test_an_invitation_moves_the_login_to_the_new_mailbox(stack, company, moved):
    user, old, new = moved
    before = Person(stack, old)
    assert company.post(f"/api/v1/users/{user}/invitation", None, 202).json()["email"] == new
    before.get("/api/v1/company")
    confirm(stack, token_of(stack, new))
    before.get("/api/v1/company", 401)
    log_in(stack, old, NEW, 401)
    assert Person(stack, new, NEW).login["user"]["id"] == user
    assert [mail["subject"] for mail in mails(stack, old)] == ["Your login was moved"]
    assert new not in mails(stack, old)[0]["body"] and "/reset#" not in mails(stack, old)[0]["body"]
    told = [row["action"] for row in stack.sql.all("SELECT action FROM audit_log WHERE subject = %s ORDER BY id", user)]
    assert told[-2:] == ["user.invited", "login.moved"]
    for email, count in ((old, 1), (new, 2)):
        ask(stack, email)
        assert len(mails(stack, email)) == count
    company.post(f"/api/v1/users/{user}/invitation", None, 409)


def test_a_login_is_moved_to_no_address_of_another(stack, company, moved):
    user, old, new = moved
    company.post(f"/api/v1/users/{user}/invitation", None, 202)
    Company(stack).add_login("admin", email=new)
    assert confirm(stack, token_of(stack, new), expect=409).json()["error"]["code"] == "CONFLICT"
    log_in(stack, old, PASSWORD)
    stack.sql.run("UPDATE password_resets SET created_at = '2020-01-01' WHERE user_id = %s", id_bytes(user))
    company.post(f"/api/v1/users/{user}/invitation", None, 409)


def test_a_mailbox_in_another_case_is_the_same(stack, company, admin):
    company.patch(f"/api/v1/users/{admin[0]}", {"email": admin[1].upper()})
    company.post(f"/api/v1/users/{admin[0]}/invitation", None, 409)
    ask(stack, admin[1])
    confirm(stack, token_of(stack, admin[1]))
    assert mails(stack, admin[1])[-1]["subject"] == "Your password was changed"


def test_a_link_is_asked_for_by_who_has_the_mailbox_in_the_end(stack, admin):
    answer_while(stack, admin[0], lambda: ask(stack, admin[1]), "email = %s", "new-" + admin[1])
    assert not mails(stack, admin[1])


def test_a_link_is_good_while_its_mailbox_is_the_person_s(stack, admin):
    ask(stack, admin[1])
    token = token_of(stack, admin[1])
    stack.sql.run("UPDATE users SET email = 'another@example.com' WHERE id = %s", id_bytes(admin[0]))
    confirm(stack, token, expect=422)


# ---- the page ----


@pytest.mark.parametrize("path, kind", [("/reset", "text/html"), ("/reset/reset.css", "text/css"),
                                        ("/reset/reset.js", "text/javascript")])
def test_the_page_is_served_and_runs_nothing_of_others(stack, path, kind):
    answer = stack.client().get(path)
    assert answer.headers["Content-Type"].startswith(kind)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src 'self'" in policy and "unsafe" not in policy
    assert answer.headers["Referrer-Policy"] == "no-referrer" and answer.headers["X-Frame-Options"] == "DENY"


def test_the_page_has_no_inline_code(stack):
    page = stack.client().get("/reset").text
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\son\w+=|\sstyle=|https?://(?!www\.w3\.org)", page)


def test_another_spelling_leads_to_the_page(stack):
    assert stack.client().get("/reset/", 301).headers["Location"] == "/reset"
