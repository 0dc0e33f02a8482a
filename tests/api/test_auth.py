"""API keys: the ways to send one, and everything that makes one useless."""

import zlib

import pytest

from world import Company

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def spell(number):
    return "".join(BASE62[number // 62 ** place % 62] for place in range(5, -1, -1))


def unknown_key(company):
    """A key with a right checksum, in the alphabet order that the server's own keys use, that nobody has."""
    body, check = company.key[:-6], company.key[-6:]
    number = zlib.crc32(body.encode())
    orders = [BASE62, BASE62[:10] + BASE62[36:] + BASE62[10:36], BASE62[10:] + BASE62[:10],
              BASE62[36:] + BASE62[10:36] + BASE62[:10]]
    order = next(order for order in orders
                 if spell(number).translate(str.maketrans(BASE62, order)) == check)
    other = body[:-1] + ("A" if body[-1] != "A" else "B")
    return other + spell(zlib.crc32(other.encode())).translate(str.maketrans(BASE62, order))


@pytest.mark.parametrize("header, form", [
    ("Authorization", "Bearer {}"), ("Authorization", "{}"), ("API-KEY", "{}"), ("X-API-Key", "{}"),
])
def test_every_way_to_send_a_key_works(company, header, form):
    company.get("/api/v1/company", key=None, headers={header: form.format(company.key)})


def test_credentials_for_somebody_on_the_way_do_not_hide_the_key(company):
    company.get("/api/v1/company", key=None, headers={"Authorization": "Basic c3RhZ2luZzpkb29y", "API-KEY": company.key})


def refused(company, headers):
    answer = company.get("/api/v1/company", 401, key=None, headers=headers)
    assert answer.json()["error"]["code"] == "UNAUTHORIZED"
    return answer


def test_no_key_is_refused_and_told_how(company):
    assert "WWW-Authenticate" in refused(company, {}).headers


def test_a_mistyped_key_is_refused(company):
    wrong = company.key[:12] + ("x" if company.key[12] != "x" else "y") + company.key[13:]
    refused(company, {"X-API-Key": wrong})


def test_a_well_formed_key_that_nobody_has_is_refused(company):
    refused(company, {"X-API-Key": unknown_key(company)})


@pytest.mark.parametrize("text", ["Basic dXNlcjpwYXNz", "Bearer", "Bearer ", "sk_live_", "x" * 4000, "Bearer a b"])
def test_nonsense_is_refused(company, text):
    refused(company, {"Authorization": text})


def test_a_revoked_key_is_refused_at_the_next_request(stack, company):
    company.get("/api/v1/company")
    stack.sql.run("UPDATE api_keys SET revoked_at = created_at WHERE company_id = %s", company.bytes)
    refused(company, {"X-API-Key": company.key})


def test_an_expired_key_is_refused(stack, company):
    stack.sql.run("UPDATE api_keys SET expires_at = created_at WHERE company_id = %s", company.bytes)
    refused(company, {"X-API-Key": company.key})


def test_a_key_that_has_not_expired_yet_is_taken(stack, company):
    stack.sql.run("UPDATE api_keys SET expires_at = created_at + INTERVAL 1 DAY WHERE company_id = %s", company.bytes)
    company.get("/api/v1/company")


SCOPED = [
    ("GET", "/api/v1/company", "company:read"), ("PATCH", "/api/v1/company", "company:write"),
    ("GET", "/api/v1/users", "users:read"), ("POST", "/api/v1/users", "users:write"),
    ("GET", "/api/v1/services", "services:read"), ("POST", "/api/v1/services", "services:write"),
    ("GET", "/api/v1/bookings", "bookings:read"), ("POST", "/api/v1/bookings", "bookings:write"),
    ("GET", "/api/v1/slots", "bookings:read"),
    ("GET", "/api/v1/webhooks", "webhooks:read"), ("POST", "/api/v1/webhooks", "webhooks:write"),
]
SCOPES = sorted({scope for _, _, scope in SCOPED})


@pytest.fixture(scope="module")
def scoped(stack):
    """One client for each scope, all of one company."""
    company = Company(stack)
    return {scope: company.with_scopes(scope) for scope in SCOPES}


def opens(scope, wanted):
    return scope == wanted or scope == wanted.replace(":read", ":write")


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("method, path, wanted", SCOPED, ids=[f"{method} {path}" for method, path, _ in SCOPED])
def test_a_scope_opens_its_own_doors_and_no_others(scoped, scope, method, path, wanted):
    answer = scoped[scope].api(method, path, json={"unknown": 1} if method != "GET" else None)
    if opens(scope, wanted):
        assert answer.status_code in (200, 422)
    else:
        assert answer.status_code == 403 and answer.json()["error"]["code"] == "FORBIDDEN"


def test_the_last_use_is_noted(stack, company):
    company.get("/api/v1/company")
    row = stack.sql.one("SELECT last_used_at FROM api_keys WHERE company_id = %s", company.bytes)
    assert row["last_used_at"]


def test_the_last_use_is_written_at_most_once_a_minute(stack, clock):
    clock("2031-05-01T10:00:00Z")
    company = Company(stack)
    times = []
    for moment in ("10:00:01", "10:00:31", "10:02:00"):
        clock(f"2031-05-01T{moment}Z")
        company.get("/api/v1/company")
        times.append(stack.sql.one("SELECT last_used_at FROM api_keys WHERE company_id = %s",
                                   company.bytes)["last_used_at"])
    assert times[0] == times[1] < times[2]


def test_a_bad_key_is_refused_on_a_public_route_too(stack):
    answer = stack.client().api("POST", "/api/v1/companies", 401, headers={"X-API-Key": "sk_live_wrong"},
                                json={"name": "x", "timeZone": "UTC", "currency": "USD"})
    assert answer.json()["error"]["code"] == "UNAUTHORIZED"
