"""What stands beside the resources: health, readiness, the document, its page, methods and paths."""

import http.client
import json

import pytest

import openapi_check


def test_healthz_says_it_is_alive(stack):
    assert stack.client().get("/healthz").json() == {"status": "ok"}


def test_readyz_is_ready_while_a_dispatcher_runs(stack):
    with stack.dispatcher():
        body = stack.client().get("/readyz").json()
    assert body["checks"]["database"]["ok"] and body["checks"]["schema"]["ok"] and body["checks"]["dispatcher"]["ok"]
    assert body["checks"]["schema"]["version"] == body["checks"]["schema"]["expected"]


def test_readyz_tells_how_old_the_last_dispatcher_is(stack):
    stack.dispatch()
    stack.sql.run("UPDATE heartbeats SET seen_at = seen_at - INTERVAL 1 HOUR WHERE name = 'dispatcher'")
    check = stack.client().get("/readyz", None).json()["checks"]["dispatcher"]
    assert check["ok"] is False and check["ageSeconds"] >= 3599


def test_readyz_knows_when_no_dispatcher_ever_ran(stack):
    stack.sql.run("DELETE FROM heartbeats")
    check = stack.client().get("/readyz", None).json()["checks"]["dispatcher"]
    assert check["ok"] is False and check["ageSeconds"] is None


def test_the_document_is_openapi_and_names_every_error(stack):
    document = stack.client().get("/openapi.json").json()
    assert document["openapi"].startswith("3.1") and document["info"]["title"]
    assert {"BOOKING_CONFLICT", "INTERNAL", "UNAVAILABLE"} <= openapi_check.error_codes(document)


def test_the_document_is_what_the_program_prints(stack):
    printed = stack.program("slotwire-api", "--config", str(stack.config), "--openapi").stdout
    assert printed.strip() == stack.client().get("/openapi.json").text.strip()


def test_the_routes_of_the_program_are_those_of_the_document(stack):
    lines = stack.program("slotwire-api", "--config", str(stack.config), "--routes").stdout.splitlines()
    assert {tuple(line.split()[:2]) for line in lines} == openapi_check.operations(stack.document.raw)


def test_the_docs_page_is_served_without_any_foreign_address(stack):
    page = stack.client().session.get(stack.url + "/docs", timeout=30)
    assert page.status_code == 200 and "text/html" in page.headers["Content-Type"]
    assert "src=\"http" not in page.text and "href=\"http" not in page.text


def test_a_known_path_with_another_method_is_405_with_allow(stack):
    document = stack.document.raw
    for path, item in document["paths"].items():
        has = {method.upper() for method in item if method in openapi_check.METHODS}
        answer = stack.client().api("OPTIONS", path.replace("{id}", "usr_" + "0" * 26), 405)
        assert answer.json()["error"]["code"] == "METHOD_NOT_ALLOWED"
        allowed = [word.strip() for word in answer.headers["Allow"].split(",")]
        assert has <= set(allowed) and len(allowed) == len(set(allowed))


def test_a_method_that_no_worker_sees_is_405_with_those_of_the_api(stack):
    answer = stack.client().session.request("TRACE", stack.url + "/api/v1/keys", timeout=30)
    assert answer.status_code == 405 and {"GET", "POST", "DELETE"} <= set(answer.headers["Allow"].split(", "))


@pytest.mark.parametrize("path, told", [("/api/webhooks/keys", True), ("/api/webhooks?x=1", True), ("/api/v1/keys", False)])
def test_nginx_tells_success_where_the_workers_do(stack, path, told):
    answer = stack.client().session.request("TRACE", stack.url + path, timeout=30)
    assert answer.json().get("success") == (False if told else None) and answer.json()["error"]["code"] == "METHOD_NOT_ALLOWED"


@pytest.mark.parametrize("path", ["/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v1/bookings/", "/api/v2/bookings",
                                  "/api/v1//bookings", "/api/v1/users/x/y/z"])
def test_an_unknown_path_is_404_in_the_envelope(company, path):
    assert company.get(path, 404).json()["error"]["code"] == "NOT_FOUND"


@pytest.mark.parametrize("path", ["/api/v1/company", "/api/v1/users", "/healthz", "/openapi.json"])
def test_head_has_the_headers_of_get_and_no_body(company, path):
    head, get = company.api("HEAD", path, 200), company.get(path)
    assert head.content == b"" and head.headers["Content-Type"] == get.headers["Content-Type"]


def test_every_answer_has_a_request_id(company):
    seen = {company.get("/api/v1/company").headers["X-Request-Id"] for _ in range(3)}
    assert len(seen) == 3


def test_the_request_id_of_an_error_is_that_of_its_header(company):
    answer = company.get("/api/v1/users/usr_" + "0" * 26, 404)
    assert answer.json()["error"]["requestId"] == answer.headers["X-Request-Id"]


def test_answers_cannot_be_sniffed(company):
    headers = company.get("/api/v1/company").headers
    assert headers["Content-Type"].startswith("application/json") and headers["X-Content-Type-Options"] == "nosniff"


def test_json_is_written_as_javascript_would(company):
    name = "Zoë / \"Z\" \\ 💈 \u2028 end"
    user = company.user(name)
    text = company.get(f"/api/v1/users/{user['id']}").content.decode()
    assert '"name":"Zoë / \\"Z\\" \\\\ 💈 \u2028 end"' in text and ": " not in text.replace(name, "")


def hurried(stack, count):
    """Sends as one client that is not this machine's own address, and gives the first answer that is a 429."""
    connection = http.client.HTTPConnection("127.0.0.1", stack.port, source_address=("127.0.0.2", 0))
    for _ in range(count):
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        body = answer.read()
        if answer.status == 429:
            return answer, body
    raise AssertionError(f"{count} requests at once were all let through")


def test_one_address_cannot_send_without_end(stack):
    answer, body = hurried(stack, 1000)
    error = json.loads(body)["error"]
    assert error["code"] == "RATE_LIMITED" and error["requestId"] == answer.headers["X-Request-Id"]
    assert int(answer.headers["Retry-After"]) >= 1
    openapi_check.codes_seen.add(error["code"])


def test_a_file_takes_no_other_method_than_get(stack):
    answer = stack.client().session.post(stack.url + "/docs/index.html", timeout=30)
    assert answer.status_code == 405 and answer.headers["Allow"] == "GET, HEAD"
    assert answer.json()["error"]["code"] == "METHOD_NOT_ALLOWED"


def test_answers_are_not_kept_by_caches(stack, company):
    assert company.get("/api/v1/company").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("head", [
    "POST /api/v1/users HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n",
    "GET /api/v1/users HTTP/3.0\r\nHost: x\r\n",
    "GET /docs/docs.css HTTP/1.1\r\nHost: x\r\nIf-Unmodified-Since: Sat, 01 Jan 2000 00:00:00 GMT\r\n",
    "GET /docs/docs.css HTTP/1.1\r\nHost: x\r\nRange: bytes=99999999-\r\n",
], ids=["501", "505", "412", "416"])
def test_what_nginx_itself_cannot_read_has_the_envelope(stack, head):
    status, headers, body = stack.raw((head + "Connection: close\r\n\r\n").encode())
    assert status == 400 and headers["Content-Type"] == "application/json"
    assert json.loads(body)["error"]["code"] == "BAD_REQUEST" and json.loads(body)["error"]["requestId"]
