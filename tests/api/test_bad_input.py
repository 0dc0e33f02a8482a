"""Bad input over all routes: a clear 4xx in the envelope that names the member, and nothing stored."""

import json

import pytest

from world import ALWAYS, Company, fault_fields, future, rfc

GHOST = "0" * 25 + "1"
START = rfc(future(days=30))


class Case:
    def __init__(self, name, method, path, status, field=None, body=None, raw=None, headers=None, params=None):
        self.name, self.method, self.path, self.status = name, method, path, status
        self.field, self.body, self.raw, self.headers, self.params = field, body, raw, headers, params


CASES = []


def bad(name, method, path, status, field=None, **what):
    CASES.append(Case(name, method, path, status, field, **what))


# ---- one good body per route that takes one; each member is then spoilt in turn ----

GOOD = {
    ("POST", "/api/v1/companies"): {"name": "N", "timeZone": "UTC", "currency": "USD"},
    ("PATCH", "/api/v1/company"): {"name": "N"},
    ("POST", "/api/v1/users"): {"name": "N", "role": "lead"},
    ("PATCH", "/api/v1/users/{user}"): {"name": "N"},
    ("PUT", "/api/v1/users/{user}/schedule"): {"timeZone": "UTC", "weekly": ALWAYS, "overrides": []},
    ("POST", "/api/v1/services"): {"name": "N", "duration": 30, "price": {"amount": 10}},
    ("PATCH", "/api/v1/services/{service}"): {"name": "N"},
    ("POST", "/api/v1/bookings"): {"serviceId": "{service}", "startsAt": START,
                                   "customer": {"name": "G", "email": "g@example.com"}},
    ("PATCH", "/api/v1/bookings/{booking}"): {"notes": "N"},
    ("POST", "/api/v1/bookings/{booking}/cancel"): {"reason": "R"},
    ("POST", "/api/v1/bookings/{booking}/reschedule"): {"startsAt": START},
    ("POST", "/api/v1/webhooks"): {"url": "https://example.com/", "events": ["*"]},
    ("PATCH", "/api/v1/webhooks/{webhook}"): {"description": "N"},
    ("POST", "/api/v1/webhooks/{webhook}/test"): {"event": "user.created"},
}


def short(path):
    return path.replace("/api/v1/", "").replace("{", "").replace("}", "")


def spoil(method, path, member, value, why, field=None):
    """The good body of the route with one member set to a wrong value."""
    body = json.loads(json.dumps(GOOD[method, path]))
    inside, *names = member.split(".")[::-1]
    target = body
    for name in reversed(names):
        target = target.setdefault(name, {})
    target[inside] = value
    bad(f"{method} {short(path)} {member} {why}", method, path, 422, field or member, body=body)


def leave_out(method, path, member):
    body = json.loads(json.dumps(GOOD[method, path]))
    *names, inside = member.split(".")
    target = body
    for name in names:
        target = target[name]
    del target[inside]
    bad(f"{method} {short(path)} without {member}", method, path, 422, member, body=body)


for method, path in GOOD:
    bad(f"{method} {short(path)} malformed JSON", method, path, 400, raw=b'{"name": ')
    bad(f"{method} {short(path)} a list for a body", method, path, {400, 422}, raw=b"[]")
    bad(f"{method} {short(path)} an unknown member", method, path, 422, "noSuchMember",
        body={**GOOD[method, path], "noSuchMember": 1})
    bad(f"{method} {short(path)} wrong content type", method, path, 415, raw=b"name=N",
        headers={"Content-Type": "application/x-www-form-urlencoded"})

NAMED = [("POST", "/api/v1/companies"), ("PATCH", "/api/v1/company"), ("POST", "/api/v1/users"),
         ("PATCH", "/api/v1/users/{user}"), ("POST", "/api/v1/services"), ("PATCH", "/api/v1/services/{service}")]
for method, path in NAMED:
    spoil(method, path, "name", 7, "is a number")
    spoil(method, path, "name", "", "is empty")
    spoil(method, path, "name", "x" * 201, "is too long")
    spoil(method, path, "name", None, "is null")
    spoil(method, path, "name", "a\u0007b", "has a control character")
    spoil(method, path, "name", "two\nlines", "has a line break")

for member in ("name", "timeZone", "currency"):
    leave_out("POST", "/api/v1/companies", member)
for value, why in (("Mars/Olympus", "unknown"), ("../../etc/passwd", "a path"), (5, "a number"), ("", "empty")):
    spoil("POST", "/api/v1/companies", "timeZone", value, why)
    spoil("PATCH", "/api/v1/company", "timeZone", value, why)
for value, why in (("usd", "lower case"), ("EURO", "too long"), ("ZZZ", "unknown"), (978, "a number")):
    spoil("POST", "/api/v1/companies", "currency", value, why)
for value, why in (("Has Space", "with a space"), ("-x", "hyphen first"), ("x" * 65, "too long"), ("ä", "not ASCII")):
    spoil("POST", "/api/v1/companies", "slug", value, why)
    spoil("POST", "/api/v1/services", "slug", value, why)
spoil("POST", "/api/v1/companies", "owner", "Sarah", "is text")
spoil("POST", "/api/v1/companies", "owner", {"email": "s@example.com"}, "has no name", "owner.name")
spoil("POST", "/api/v1/companies", "owner", {"name": "S", "email": "s"}, "has a bad email", "owner.email")

for member in ("name", "role"):
    leave_out("POST", "/api/v1/users", member)
for value, why in (("boss", "unknown"), ("Coach", "in another case"), (1, "a number"), ("", "empty")):
    spoil("POST", "/api/v1/users", "role", value, why)
    spoil("PATCH", "/api/v1/users/{user}", "role", value, why)
for value, why in (("no at sign", "no address"), ("a@b@c", "two at signs"), ("a" * 250 + "@example.com", "too long"),
                   ("@example.com", "no name"), (5, "a number"), ("a@exa mple.com", "a space")):
    spoil("POST", "/api/v1/users", "email", value, why)
for value, why in (("call me", "words"), ("1", "too short"), ("+" * 50, "only signs"), (5551234, "a number")):
    spoil("POST", "/api/v1/users", "phone", value, why)
spoil("POST", "/api/v1/users", "notes", "x" * 10001, "is too long")
spoil("POST", "/api/v1/users", "timeZone", "Mars/Olympus", "unknown")
spoil("PATCH", "/api/v1/users/{user}", "active", "yes", "is text")
spoil("PATCH", "/api/v1/users/{user}", "active", 1, "is a number")

SCHEDULE = ("PUT", "/api/v1/users/{user}/schedule")
leave_out(*SCHEDULE, "weekly")
spoil(*SCHEDULE, "weekly.funday", [], "is no day")
for value, why in (("09:60", "minute 60"), ("25:00", "hour 25"), ("9:00", "one digit"), ("09:00:00", "seconds"),
                   (540, "a number"), ("24:01", "past midnight")):
    spoil(*SCHEDULE, "weekly.monday", [{"start": value, "end": "23:00"}], f"start {why}", "weekly.monday[0].start")
spoil(*SCHEDULE, "weekly.monday", [{"start": "09:00"}], "without end", "weekly.monday[0].end")
spoil(*SCHEDULE, "weekly.monday", {"start": "09:00", "end": "10:00"}, "is no list")
for value, why in (("2031-02-29", "no such day"), ("2031-13-01", "month 13"), ("2031-1-1", "short"), ("tomorrow", "a word"),
                   ("2031-04-31", "April 31")):
    spoil(*SCHEDULE, "overrides", [{"date": value, "hours": []}], f"date {why}", "overrides[0].date")

for member in ("name", "duration", "price", "price.amount"):
    leave_out("POST", "/api/v1/services", member)
for value, why in ((0, "zero"), (-30, "negative"), (1441, "longer than a day"), (30.5, "not whole"), ("30", "text"),
                   (1e18, "huge")):
    spoil("POST", "/api/v1/services", "duration", value, why)
for value, why in ((-1, "negative"), ("75", "text"), (75.555, "finer than a cent"), (1e15, "huge"), (True, "a boolean")):
    spoil("POST", "/api/v1/services", "price.amount", value, why)
spoil("POST", "/api/v1/services", "price.type", "free", "unknown")
spoil("POST", "/api/v1/services", "price.currency", "XXZ", "unknown")
spoil("POST", "/api/v1/services", "price.tax", 1, "unknown member")
spoil("POST", "/api/v1/services", "bufferBefore", -1, "negative")
spoil("POST", "/api/v1/services", "bufferAfter", 100000, "huge")
spoil("POST", "/api/v1/services", "slotInterval", 0, "zero")
spoil("POST", "/api/v1/services", "staffIds", "usr_" + GHOST, "is no list")
spoil("POST", "/api/v1/services", "staffIds", ["bk_" + GHOST], "has a wrong prefix", "staffIds[0]")
spoil("POST", "/api/v1/services", "availability",
      {"days": ["funday"], "hours": {"start": "09:00", "end": "10:00"}, "timezone": "UTC"}, "has no such day",
      "availability.days[0]")
spoil("POST", "/api/v1/services", "availability",
      {"days": ["monday"], "hours": {"start": "09:00", "end": "10:00"}, "timezone": "Nowhere"}, "has no such zone",
      "availability.timezone")

BOOK = ("POST", "/api/v1/bookings")
for member in ("serviceId", "startsAt", "customer.name"):
    leave_out(*BOOK, member)
for value, why in (("2031-02-30T10:00:00Z", "an impossible date"), ("2031-05-01T10:00:00", "no offset"),
                   ("2031-05-01", "no time"), ("2031-05-01T25:00:00Z", "hour 25"), ("2031-05-01T10:60:00Z", "minute 60"),
                   (1735689600, "a number"), ("now", "a word"), ("2031-05-01T10:00:00+25:00", "offset 25"), ("", "empty"),
                   ("99999-01-01T00:00:00Z", "a five-digit year")):
    spoil(*BOOK, "startsAt", value, why)
    spoil("POST", "/api/v1/bookings/{booking}/reschedule", "startsAt", value, why)
spoil(*BOOK, "staffId", "srv_" + GHOST, "has a wrong prefix")
spoil(*BOOK, "staffId", "everyone", "is a wrong word")
spoil(*BOOK, "serviceId", "srv_" + GHOST[:-1], "is too short")
spoil(*BOOK, "serviceId", 12, "is a number")
spoil(*BOOK, "customer", "Mia", "is text")
spoil(*BOOK, "customer.email", "mia", "is no address")
spoil(*BOOK, "customer.age", 30, "unknown member")
spoil(*BOOK, "notes", "x" * 10001, "too long")
spoil(*BOOK, "notes", ["a"], "is a list")
spoil(*BOOK, "timeZone", "Atlantis/Deep", "unknown")
spoil("PATCH", "/api/v1/bookings/{booking}", "status", "confirmed", "cannot be patched")
spoil("PATCH", "/api/v1/bookings/{booking}", "notes", 5, "is a number")
spoil("POST", "/api/v1/bookings/{booking}/cancel", "cancelledBy", "fate", "unknown")
spoil("POST", "/api/v1/bookings/{booking}/cancel", "reason", "x" * 501, "too long")
leave_out("POST", "/api/v1/bookings/{booking}/reschedule", "startsAt")

HOOK = ("POST", "/api/v1/webhooks")
for member in ("url", "events"):
    leave_out(*HOOK, member)
spoil(*HOOK, "events", [], "is empty")
spoil(*HOOK, "events", "*", "is no list")
spoil(*HOOK, "events", ["booking.exploded"], "unknown", "events[0]")
spoil(*HOOK, "format", "morse", "unknown")
spoil(*HOOK, "format", "null", "for tests only")
spoil(*HOOK, "url", "https://example.com/" + "x" * 2100, "too long")
spoil(*HOOK, "url", "javascript:alert(1)", "another scheme")
spoil(*HOOK, "secret", "has space", "with a space")
spoil(*HOOK, "secret", "whsec_short", "too short")
spoil("PATCH", "/api/v1/webhooks/{webhook}", "active", "no", "is text")
spoil("POST", "/api/v1/webhooks/{webhook}/test", "event", "nothing.happened", "unknown")

# ---- JSON that is not ----

bad("body: empty", "POST", "/api/v1/users", 422, "name", raw=b"")
for name, raw in (("a word", b"hello"), ("a comment", b'{"name":"N"/*x*/,"role":"lead"}'),
                  ("single quotes", b"{'name':'N','role':'lead'}"), ("a trailing comma", b'{"name":"N","role":"lead",}'),
                  ("NaN", b'{"name":NaN,"role":"lead"}'), ("two texts", b'{"name":"N","role":"lead"}{}'),
                  ("a lone surrogate", b'{"name":"\\ud800","role":"lead"}'),
                  ("an escaped NUL", b'{"name":"a\\u0000b","role":"lead"}'),
                  ("a raw NUL", b'{"name":"a\x00b","role":"lead"}'),
                  ("a NUL at the end", b'{"name":"N","role":"lead"}\x00'),
                  ("invalid UTF-8", b'{"name":"\xff\xfe","role":"lead"}'),
                  ("overlong UTF-8", b'{"name":"\xc0\xaf","role":"lead"}'),
                  ("a surrogate in UTF-8", b'{"name":"\xed\xa0\x80","role":"lead"}'),
                  ("the same member twice", b'{"name":"N","name":"M","role":"lead"}'),
                  ("a raw line break in text", b'{"name":"a\nb","role":"lead"}'),
                  ("a leading zero", b'{"name":01,"role":"lead"}'),
                  ("deep nesting of lists", b'{"name":' + b"[" * 5000 + b"]" * 5000 + b"}"),
                  ("deep nesting of objects", b'{"a":' * 200 + b"1" + b"}" * 200),
                  ("UTF-16", '{"name":"N","role":"lead"}'.encode("utf-16"))):
    bad(f"body: {name}", "POST", "/api/v1/users", 400, raw=raw)
bad("body: 10 MB", "POST", "/api/v1/users", 413, raw=b'{"name":"' + b"x" * 10_000_000 + b'","role":"lead"}')
bad("body: a number beyond doubles", "POST", "/api/v1/services", {400, 422},
    raw=b'{"name":"N","duration":1e999,"price":{"amount":1}}')
bad("body: an integer beyond 2^53", "POST", "/api/v1/services", {400, 422},
    raw=b'{"name":"N","duration":99999999999999999999,"price":{"amount":1}}')

# ---- ids in paths ----

for kind, prefix in (("users", "usr"), ("services", "srv"), ("bookings", "bk"), ("webhooks", "whk")):
    for name, text in (("unknown", f"{prefix}_{GHOST}"), ("of a wrong kind", f"evt_{GHOST}"),
                       ("too short", f"{prefix}_{GHOST[1:]}"), ("too long", f"{prefix}_{GHOST}0"),
                       ("with a wrong letter", f"{prefix}_{GHOST[1:]}u"), ("over 128 bits", f"{prefix}_" + "z" * 26),
                       ("a number", "1"), ("with a NUL", f"{prefix}_{GHOST[1:]}%00"), ("with a quote", "'%20OR%201=1--")):
        bad(f"{kind} id {name}", "GET", f"/api/v1/{kind}/{text}", {400, 404} if "%00" in text else 404)
bad("path with a bad escape", "GET", "/api/v1/users/%zz", {400, 404})
bad("path with invalid UTF-8", "GET", "/api/v1/users/%ff%fe", {400, 404})
bad("path traversal, escaped", "GET", "/api/v1/%2e%2e/%2e%2e/etc/passwd", {400, 404})
bad("path traversal, slash escaped", "GET", "/api/v1/users/..%2f..%2fetc%2fpasswd", {400, 404})

# ---- queries ----

for path in ("users", "services", "bookings", "webhooks", "webhooks/{webhook}/deliveries"):
    for value in ("0", "101", "abc", "-1", "", "1.5"):
        bad(f"{short(path)} limit={value}", "GET", f"/api/v1/{path}", 422, "limit", params=[("limit", value)])
    for value in ("nonsense", "%", "W10", "bnVsbA", "x" * 600):
        bad(f"{short(path)} cursor={value[:8]}", "GET", f"/api/v1/{path}", 422, "cursor", params=[("cursor", value)])
    bad(f"{short(path)} limit twice", "GET", f"/api/v1/{path}", 422, "limit", params=[("limit", "1"), ("limit", "2")])
    bad(f"{short(path)} an unknown parameter", "GET", f"/api/v1/{path}", 422, "page", params=[("page", "1")])
for name, value in (("status", "lost"), ("staffId", "bk_" + GHOST), ("serviceId", "x"), ("customerId", "1"),
                    ("from", "yesterday"), ("to", "2031-02-30T00:00:00Z")):
    bad(f"bookings {name}={value[:9]}", "GET", "/api/v1/bookings", 422, name, params=[(name, value)])
bad("users role=boss", "GET", "/api/v1/users", 422, "role", params=[("role", "boss")])
bad("query with a bad escape", "GET", "/api/v1/users?email=%zz", {400, 422})
bad("query with invalid UTF-8", "GET", "/api/v1/users?email=%ff", {400, 422})
bad("query with a NUL", "GET", "/api/v1/users?email=a%00b", {400, 422})


def slots(name, field, **changes):
    query = {"serviceId": "{service}", "from": "2031-05-01", "to": "2031-05-02", **changes}
    bad(f"slots {name}", "GET", "/api/v1/slots", 422, field,
        params=[(key, value) for key, value in query.items() if value is not None])


for member in ("serviceId", "from", "to"):
    slots(f"without {member}", member, **{member: None})
slots("to before from", "to", to="2031-04-30")
slots("over 62 days", "to", to="2031-07-02")
slots("from no such day", "from", **{"from": "2031-02-29"})
slots("from with a time", "from", **{"from": "2031-05-01T00:00:00Z"})
slots("of an unknown zone", "timeZone", timeZone="Mars/Olympus")
slots("of a zone by path", "timeZone", timeZone="../etc/passwd")
slots("of a malformed person", "staffId", staffId="nobody")

# ---- headers ----

for name, value in (("too long", "k" * 256), ("not ASCII", "\xe4")):
    bad(f"Idempotency-Key {name}", "POST", "/api/v1/users", {400, 422}, body={"name": "N", "role": "lead"},
        headers={"Idempotency-Key": value})
bad("a body where none belongs", "POST", "/api/v1/bookings/{booking}/confirm", {400, 422}, body={"why": "not"})
bad("no content type", "POST", "/api/v1/users", 415, raw=b'{"name":"N","role":"lead"}', headers={"Content-Type": ""})


@pytest.fixture(scope="module")
def scene(stack):
    company = Company(stack)
    ada = company.staff("Ada")
    service = company.service([ada])
    ids = {"user": ada["id"], "service": service["id"], "webhook": company.webhook("https://example.com/")["id"],
           "booking": company.book(service, future(), ada)["id"]}
    return company, ids


def fill(value, ids):
    """Puts real ids where a case says {service} and the like."""
    if isinstance(value, str):
        return ids[value[1:-1]] if value.startswith("{") and value[1:-1] in ids else value
    if isinstance(value, dict):
        return {key: fill(item, ids) for key, item in value.items()}
    return value


def send(stack, scene, case):
    company, ids = scene
    client = stack.platform if case.path == "/api/v1/companies" else company
    path = case.path
    for name, text in ids.items():
        path = path.replace("{" + name + "}", text)
    headers = dict(case.headers or {})
    options = {"params": [(key, fill(value, ids)) for key, value in case.params]} if case.params else {}
    if case.raw is not None:
        headers.setdefault("Content-Type", "application/json")
        options["data"] = case.raw
    elif case.body is not None:
        options["json"] = fill(case.body, ids)
    return client.api(case.method, path, headers=headers, **options)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_bad_input_is_refused_by_name_and_stores_nothing(stack, scene, case):
    before = stack.sql.counts()
    answer = send(stack, scene, case)
    wanted = case.status if isinstance(case.status, set) else {case.status}
    assert answer.status_code in wanted, answer.text[:1000]
    if case.field:
        assert case.field in fault_fields(answer.json()), answer.text[:1000]
    assert stack.sql.counts() == before


def test_there_are_at_least_a_hundred_and_fifty_cases_over_all_routes():
    assert len(CASES) >= 150 and len({case.name for case in CASES}) == len(CASES)


def test_one_answer_names_every_fault(company):
    answer = company.post("/api/v1/services", {"name": "", "duration": 0, "price": {"amount": -1}, "x": 1}, 422).json()
    assert set(fault_fields(answer)) == {"name", "duration", "price.amount", "x"}


# ---- requests that no client library would send ----


def refused(stack, data, statuses):
    before = stack.sql.counts()
    status, _, _ = stack.raw(data)
    assert status in statuses and stack.sql.counts() == before


def test_a_huge_header_is_refused(stack):
    refused(stack, b"GET /api/v1/users HTTP/1.1\r\nHost: x\r\nX-Junk: " + b"x" * 70000 + b"\r\n\r\n", {400, 414, 431, 494})


def test_a_very_long_path_is_refused(stack):
    refused(stack, b"GET /api/v1/users/" + b"x" * 6000 + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            {400, 401, 404, 414})


@pytest.mark.parametrize("target", [b"/api/v1/../../etc/passwd", b"/docs/../../../etc/passwd", b"/docs/%2e%2e/%2e%2e/etc/passwd",
                                    b"/docs/..%2f..%2fetc/passwd"])
def test_no_path_leads_out_of_the_house(stack, target):
    status, _, body = stack.raw(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert status in (400, 401, 404) and b"root:" not in body


def test_a_body_shorter_than_it_says_is_refused(stack, company):
    import socket

    before = stack.sql.counts()
    head = (f"POST /api/v1/users HTTP/1.1\r\nHost: x\r\nX-API-Key: {company.key}\r\nContent-Type: application/json\r\n"
            "Content-Length: 500\r\nConnection: close\r\n\r\n")
    with socket.create_connection(("127.0.0.1", stack.port), 30) as connection:
        connection.sendall(head.encode() + b'{"name":"N","role":"lead"}')
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(4096)
    assert not answer or b" 4" in answer.splitlines()[0]
    assert stack.sql.counts() == before


def test_two_keys_in_two_headers_are_not_a_way_in(stack, company):
    answer = company.api("GET", "/api/v1/company", headers={"X-API-Key": "sk_live_x", "Authorization": "Bearer nonsense"})
    assert answer.status_code == 401


@pytest.mark.parametrize("raw", [b"null", b"[]", b"true", b"1", b'"{}"'])
def test_a_body_that_is_no_object_is_told_so(company, raw):
    answer = company.api("POST", "/api/v1/users", 400, data=raw, headers={"Content-Type": "application/json"})
    assert answer.json()["error"]["details"] == {"body": "must be a JSON object"}


JSON = {"Content-Type": "application/json"}


def test_null_is_no_body_where_a_partner_style_takes_none(company):
    """`axios.patch(url, null)` sends these four bytes as JSON."""
    hook = company.webhook("https://example.com/hook", format="pushpress")
    key = company.post("/v3/keys", {"name": "App"}).json()["keyUuid"]
    for method, path, status in (("PATCH", f"/v3/webhooks/{hook['id']}/deactivate", 204),
                                 ("PATCH", f"/v3/webhooks/{hook['id']}/activate", 204),
                                 ("POST", f"/v3/webhooks/{hook['id']}/rotate-signing-secret", 200),
                                 ("PATCH", f"/v3/keys/{key}/revoke", 200), ("DELETE", f"/v3/keys/{key}", 200)):
        company.api(method, path, status, data=b"null", headers=JSON)
        if method != "DELETE":
            company.api(method, path, 400, data=b"true", headers=JSON)
            company.api(method, path, 415, data=b"null", headers={"Content-Type": "text/plain"})


def test_null_stays_no_object_where_one_is_wanted_and_on_the_native_face(company):
    hook = company.webhook("https://example.com/hook", format="pushpress")
    for method, path in (("PATCH", f"/v3/webhooks/{hook['id']}"), ("POST", "/v3/webhooks"), ("POST", "/api/webhooks/keys"),
                         ("PATCH", f"/api/v1/keys/{company.post('/v3/keys', {'name': 'A'}).json()['keyUuid']}/revoke")):
        answer = company.api(method, path, 400, data=b"null", headers=JSON)
        assert answer.json()["error"]["details"] == {"body": "must be a JSON object"}
