"""What Prometheus reads: its text format to the letter, who may read it, and figures that hold together."""

import re

import pytest

from test_cgi import run_cgi

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)?\}})? ((?:[0-9]+(?:\.[0-9]+)?)|\+Inf)")
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("",), "gauge": ("",)}


def parse(text):
    """The text format 0.0.4, strictly: {name: {labels: value}}. Each family in one piece, HELP and TYPE before its samples."""
    assert text.endswith("\n") and "\r" not in text
    families, values, family, kind = set(), {}, None, None
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            family, help_text = re.fullmatch(rf"# HELP ({NAME}) (\S.*)", line).groups()
            assert family not in families and help_text, line
            families.add(family)
            kind = None
        elif line.startswith("# TYPE "):
            name, kind = re.fullmatch(rf"# TYPE ({NAME}) (counter|gauge|histogram)", line).groups()
            assert name == family, line
            assert kind != "counter" or name.endswith("_total"), line
        else:
            match = SAMPLE.fullmatch(line)
            assert match, line
            name, labels, value = match.groups()
            assert kind and name in [family + suffix for suffix in SUFFIXES[kind]], line
            labels = tuple(sorted(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels or "")))
            assert labels not in values.setdefault(name, {}), line
            values[name][labels] = float(value)
    check_histograms(values)
    return values


def check_histograms(values):
    """Buckets only grow, and the last is the count."""
    for name, rows in values.items():
        if not name.endswith("_bucket"):
            continue
        series = {}
        for labels, value in rows.items():
            rest = tuple(pair for pair in labels if pair[0] != "le")
            series.setdefault(rest, []).append((float(dict(labels)["le"]), value))
        for labels, buckets in series.items():
            assert [value for _, value in sorted(buckets)] == sorted(value for _, value in buckets)
            assert max(buckets) == (float("inf"), values[name[:-7] + "_count"][labels])
            assert labels in values[name[:-7] + "_sum"]


def read(stack, **options):
    answer = stack.client().api("GET", "/metrics", 200, **options)
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return parse(answer.text)


def requests_of(values, method, route, status):
    return values.get("slotwire_requests_total", {}).get((("method", method), ("route", route), ("status", str(status))), 0)


def one(values, figure, **labels):
    return values[figure][tuple(sorted(labels.items()))]


def test_requests_are_counted_by_route_and_status_over_all_workers(stack, company):
    before = read(stack)
    for number in range(20):
        company.get("/api/v1/company")
        company.get(f"/api/v1/bookings/bk_{number:026d}", 404)
    company.get("/api/v1/nothing", 404)
    company.api("GET", "/nothing/" + "x" * 100, 404)
    after = read(stack)

    def grown(*row):
        return requests_of(after, *row) - requests_of(before, *row)

    assert grown("GET", "/api/v1/company", 200) == 20
    assert grown("GET", "/api/v1/bookings/{id}", 404) == 20
    assert grown("GET", "other", 404) == 2
    assert not [labels for labels in after["slotwire_requests_total"] if "/nothing" in str(labels)]
    counts = after["slotwire_request_seconds_count"]
    assert counts[(("method", "GET"), ("route", "/api/v1/company"))] >= 20
    total = sum(value for labels, value in after["slotwire_requests_total"].items())
    assert total == sum(counts.values())
    buckets = {dict(labels)["le"] for labels in after["slotwire_request_seconds_bucket"]}
    assert buckets == {"0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "+Inf"}


def test_a_method_that_nobody_knows_makes_no_row_of_its_own(stack):
    for method in ("BREW", "PROPFIND"):
        stack.client().api(method, "/api/v1/company", 405)
    methods = {dict(labels)["method"] for labels in read(stack)["slotwire_requests_total"]}
    assert "other" in methods and methods <= {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"}


def test_the_outbox_shows(stack, company, receiver):
    stack.sql.run("DELETE FROM deliveries")
    hook = company.webhook(receiver.url, ["user.created"])
    for number in range(3):
        company.user(f"U{number}")
    stack.sql.run("UPDATE deliveries SET due_at = due_at - INTERVAL 400 SECOND ORDER BY id LIMIT 1")
    values = read(stack)
    assert one(values, "slotwire_deliveries_due") == 3 and one(values, "slotwire_deliveries_overdue") == 1
    assert 400 <= one(values, "slotwire_delivery_oldest_due_age_seconds") < 460
    resting = ("breaker_until = NOW(3) + INTERVAL 1 HOUR", "active = FALSE",
               "rate_limit = 5, rate_used = 5, rate_window_at = NOW(3)")
    for change in resting:
        stack.sql.run(f"UPDATE webhook_endpoints SET {change} WHERE company_id = %s", company.bytes)
        values = read(stack)
        assert one(values, "slotwire_deliveries_due") == 0 and one(values, "slotwire_delivery_oldest_due_age_seconds") == 0, change
        stack.sql.run("UPDATE webhook_endpoints SET breaker_until = NULL, active = TRUE, rate_limit = NULL WHERE company_id = %s",
                      company.bytes)
    stack.sql.run("UPDATE deliveries SET state = 'retrying' ORDER BY id LIMIT 2")
    assert one(read(stack), "slotwire_deliveries_due") == 3
    stack.sql.run("UPDATE deliveries SET state = 'pending'")
    stack.dispatch()
    values = read(stack)
    assert one(values, "slotwire_deliveries_due") == 0 and hook["id"]
    assert one(values, "slotwire_dispatcher_last_seen_age_seconds") < 60
    assert one(values, "slotwire_database_up") == 1 and one(values, "slotwire_schema_version") >= 2
    assert 1e6 < one(values, "process_resident_memory_bytes") < 4e9


def test_a_long_lane_is_counted_only_so_far_and_soon(stack, company, figure):
    stack.sql.run("DELETE FROM deliveries")
    company.webhook("https://example.com/hook", ["user.created"])
    company.user("Mia")
    for _ in range(16):
        stack.sql.run("INSERT INTO deliveries (id, company_id, endpoint_id, event_id, state, due_at, created_at) SELECT"
                      " RANDOM_BYTES(16), company_id, endpoint_id, event_id, state, due_at, created_at FROM deliveries")
    seconds = stack.client().api("GET", "/metrics", 200).elapsed.total_seconds()
    assert one(read(stack), "slotwire_deliveries_due") == 10000
    rows = stack.sql.number("SELECT COUNT(*) AS n FROM deliveries")
    stack.sql.run("DELETE FROM deliveries")
    figure(f"/metrics beside a lane of {rows} rows: {1000 * seconds:.0f} ms")


def test_mails_that_wait_show(stack):
    stack.sql.run("DELETE FROM messages")
    for wait in (-60, 3600):
        stack.sql.run("INSERT INTO messages (id, channel, recipient, subject, body, state, due_at, created_at) VALUES (RANDOM_BYTES(16),"
                      " 'email', 'ada@example.com', 's', 'b', 'pending', UTC_TIMESTAMP(3) + INTERVAL %s SECOND, UTC_TIMESTAMP(3))", wait)
    values = read(stack)
    assert one(values, "slotwire_messages_waiting") == 2 and one(values, "slotwire_messages_due") == 1
    assert 60 <= one(values, "slotwire_message_oldest_due_age_seconds") < 120
    stack.sql.run("DELETE FROM messages")


def test_counters_and_alarms_of_the_dispatcher_show(stack):
    stack.sql.run("REPLACE INTO counters (name, value) VALUES ('attempts_delivered', 7), ('reminders_sent', 3), ('mails_sent', 2),"
                  " ('attempts_odd\"}', 1)")
    stack.sql.run("REPLACE INTO alarms (name, raised_at) VALUES ('lag', '2031-01-01'), ('mail', NULL)")
    values = read(stack)
    assert one(values, "slotwire_attempts_total", outcome="delivered") == 7
    assert one(values, "slotwire_reminders_total", outcome="sent") == 3
    assert one(values, "slotwire_mails_total", outcome="sent") == 2
    assert one(values, "slotwire_alarm", name="lag") == 1 and one(values, "slotwire_alarm", name="mail") == 0
    assert "odd" not in str(values)
    stack.sql.run("DELETE FROM alarms")
    stack.sql.run("DELETE FROM counters")


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded"])
def test_through_a_proxy_nobody_is_local(stack, name):
    answer = stack.client().api("GET", "/metrics", 403, headers={name: "203.0.113.9"})
    assert answer.json()["error"]["code"] == "FORBIDDEN" and "slotwire_" not in answer.text


def test_from_elsewhere_the_token_opens(stack):
    def ask(token, address="203.0.113.9", setting="t0ken", **more):
        sent = {"HTTP_AUTHORIZATION": token} if token else {}
        return run_cgi(stack, "GET", "/metrics", REMOTE_ADDR=address, SLOTWIRE_METRICS_TOKEN=setting, **sent, **more)

    status, headers, text = ask("Bearer t0ken")
    assert status == 200 and parse(text)["slotwire_database_up"]
    for wrong in (None, "Bearer t0ke", "Bearer t0ken2", "Bearer ", "t0ken", "Basic t0ken", "Bearer sk_live_x"):
        status, headers, text = ask(wrong)
        assert status == 401 and headers["WWW-Authenticate"] == "Bearer" and "UNAUTHORIZED" in text, wrong
    assert ask("Bearer ", setting="")[0] == 403
    for local in ("127.0.0.1", "127.8.9.1", "::1", "unix:"):
        assert ask(None, local)[0] == 200
    assert ask(None, "127.0.0.1", HTTP_X_FORWARDED_FOR="203.0.113.9")[0] == 401
    for close in ("1.127.0.1", "::2", "", "10.0.0.1"):
        assert ask(None, close)[0] == 401, close


def test_without_a_database_the_workers_figures_are_still_there(stack):
    status, _, text = run_cgi(stack, "GET", "/metrics", SLOTWIRE_DB_SOCKET="/nowhere/mariadb.sock")
    values = parse(text)
    assert status == 200 and one(values, "slotwire_database_up") == 0 and "slotwire_deliveries_due" not in values


def cgi_counts(stack, path):
    status, _, text = run_cgi(stack, "GET", "/metrics", SLOTWIRE_METRICS_FILE=str(path))
    assert status == 200
    return requests_of(parse(text), "GET", "/metrics", 200)


def test_the_file_outlives_its_workers(stack, tmp_path):
    path = tmp_path / "metrics"
    assert [cgi_counts(stack, path) for _ in range(3)] == [0, 1, 2]
    assert path.stat().st_mode & 0o007 == 0


@pytest.mark.parametrize("damage", [b"", b"short", b"x" * 100000, None], ids=["empty", "short", "foreign", "cut"])
def test_a_damaged_file_is_left_alone(stack, tmp_path, damage):
    path = tmp_path / "metrics"
    cgi_counts(stack, path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-8] if damage is None else damage)
    before = path.read_bytes()
    assert [cgi_counts(stack, path) for _ in range(2)] == [0, 0] and path.read_bytes() == before
    result = stack.program("slotwire-api", "--config", str(stack.config), environment={
        "SLOTWIRE_METRICS_FILE": str(path), "REQUEST_METHOD": "GET", "REQUEST_URI": "/healthz", "SCRIPT_NAME": ""}, input="")
    assert "metrics_file is damaged" in result.stderr


def test_another_layout_starts_the_file_anew(stack, tmp_path):
    path = tmp_path / "metrics"
    assert [cgi_counts(stack, path) for _ in range(2)] == [0, 1]
    data = bytearray(path.read_bytes())
    data[8] ^= 1  # the hash of the routes
    path.write_bytes(data)
    assert [cgi_counts(stack, path) for _ in range(2)] == [0, 1]


def test_a_file_that_cannot_be_made_costs_only_the_sum(stack, tmp_path):
    assert cgi_counts(stack, tmp_path / "nowhere" / "metrics") == 0
    (tmp_path / "link").symlink_to("/etc/passwd")
    assert cgi_counts(stack, tmp_path / "link") == 0
