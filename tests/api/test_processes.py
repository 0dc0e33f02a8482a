"""Workers as processes: they end politely, are replaced, and outlive their database."""

import concurrent.futures
import contextlib
import os
import signal

import pytest
import requests

from stack import WAITING, Stack, id_bytes, wait_until
from world import Company, future, shop


def test_sigterm_lets_the_request_in_hand_finish(spare):
    company, [ada], service = shop(spare)
    old = spare.children("pool-booking")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        with spare.sql.locked("SELECT id FROM resources WHERE id = %s FOR UPDATE", id_bytes(ada["id"])):
            answer = pool.submit(company.book, service, future(), ada)
            wait_until(lambda: spare.sql.one(WAITING), 10, "the request to be in hand")
            for worker in old:
                os.kill(worker, signal.SIGTERM)
        assert answer.result()["status"] == "pending"
    wait_until(lambda: set(spare.children("pool-booking")).isdisjoint(old), 20, "the old worker to end")
    company.get("/api/v1/bookings")


@pytest.mark.parametrize("pool, path", [("pool-admin", "/api/v1/company"), ("pool-booking", "/api/v1/bookings")])
def test_a_killed_worker_is_replaced(spare, pool, path):
    company = Company(spare)
    old = spare.children(pool)
    for worker in old:
        os.kill(worker, signal.SIGKILL)
    wait_until(lambda: spare.children(pool) and set(spare.children(pool)).isdisjoint(old), 20, "a new worker")
    company.get(path)


def test_passwords_being_checked_keep_no_other_request_waiting(spare):
    """Each takes a good part of a second: as many as come at once must not stand before everything else."""
    company = Company(spare)
    login = {"email": "nobody@example.com", "password": "wrong all the same"}
    busy = spare.children("pool-logins")
    for worker in busy:
        os.kill(worker, signal.SIGSTOP)
    try:
        with concurrent.futures.ThreadPoolExecutor() as pool:
            answers = [pool.submit(spare.client().post, "/api/v1/sessions", login, None) for _ in range(8)]
            for path in ("/api/v1/company", "/api/v1/bookings", "/healthz"):
                company.get(path)
            assert not any(answer.done() for answer in answers)
            for worker in busy:
                os.kill(worker, signal.SIGCONT)
            assert {answer.result().status_code for answer in answers} <= {401, 429}
    finally:
        for worker in busy:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGCONT)


@contextlib.contextmanager
def nobody_checks_passwords(stack):
    busy = stack.children("pool-logins")
    for worker in busy:
        os.kill(worker, signal.SIGSTOP)
    try:
        yield
    finally:
        for worker in busy:
            os.kill(worker, signal.SIGCONT)


class From(requests.adapters.HTTPAdapter):
    """Comes from another address of this machine; from 127.0.0.1 nothing is counted."""

    def __init__(self, address):
        self.address = address
        super().__init__()

    def init_poolmanager(self, *words, **options):
        super().init_poolmanager(*words, source_address=(self.address, 0), **options)


def guess(stack, address, email="crowd@example.com"):
    with requests.Session() as session:
        session.trust_env = False
        session.mount("http://", From(address))
        return session.post(stack.url + "/api/v1/sessions", json={"email": email, "password": "wrong"}, timeout=60)


def test_of_one_address_only_three_passwords_are_checked_at_once(spare):
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        with nobody_checks_passwords(spare):
            crowd = [pool.submit(guess, spare, "127.0.0.2") for _ in range(8)]
            wait_until(lambda: sum(answer.done() for answer in crowd) == 5, 20, "five refusals")
            refused = [answer.result() for answer in crowd if answer.done()]
            assert {answer.status_code for answer in refused} == {429}
            assert all(answer.json()["error"]["code"] == "RATE_LIMITED" and answer.headers["Retry-After"] for answer in refused)
            other = pool.submit(guess, spare, "127.0.0.3", "other@example.com")
        assert other.result().status_code == 401
        assert sorted(answer.result().status_code for answer in crowd) == [401] * 3 + [429] * 5


def test_who_is_logged_in_goes_on_beside_passwords_being_checked(spare):
    person = Company(spare).person("admin")
    with nobody_checks_passwords(spare):
        person.get("/api/v1/sessions")
        person.post("/api/v1/sessions/refresh", None, 200, headers={"X-Requested-With": "fetch"})
        person.delete("/api/v1/sessions/current")


def test_healthz_answers_by_itself_while_the_database_hangs(spare):
    """It says that workers are alive. Those of the API wait for a database that has stopped; what the database does is readyz's."""
    company = Company(spare)
    company.get("/api/v1/company")
    database = spare.pid("mariadb")
    os.kill(database, signal.SIGSTOP)
    try:
        with concurrent.futures.ThreadPoolExecutor() as pool:
            stuck = [pool.submit(company.get, path, None) for path in ("/api/v1/company", "/api/v1/bookings", "/readyz")]
            for key in (None, company.key, None):
                assert spare.client(key).get("/healthz").json() == {"status": "ok"}
            assert not any(answer.done() for answer in stuck)
            os.kill(database, signal.SIGCONT)
            assert [answer.result().status_code for answer in stuck[:2]] == [200, 200]
    finally:
        os.kill(database, signal.SIGCONT)


def test_where_the_pool_of_healthz_does_not_run_another_answers(spare):
    """As after an update that brought the new file of nginx, while nobody has started its pool yet."""
    socket = spare.state / "run/health.sock"
    socket.rename(socket.with_suffix(".away"))
    try:
        for _ in range(3):
            assert spare.client().get("/healthz").json() == {"status": "ok"}
    finally:
        socket.with_suffix(".away").rename(socket)


def test_a_worker_retires_after_its_number_of_requests_and_nobody_notices(spare):
    company = Company(spare)
    seen = set()
    for _ in range(80):
        company.get("/api/v1/company")
        seen.update(spare.children("pool-admin"))
    assert len(seen) >= 3


def test_without_the_database_the_answer_is_503_and_it_heals(spare):
    company, [ada], service = shop(spare)
    spare.document.raw
    os.kill(spare.pid("mariadb"), signal.SIGKILL)
    try:
        answer = company.get("/api/v1/company", 503)
        assert answer.json()["error"]["code"] == "UNAVAILABLE" and int(answer.headers["Retry-After"]) > 0
        assert company.book(service, future(), ada, expect=503)["error"]["code"] == "UNAVAILABLE"
        assert spare.client().get("/readyz", 503).json()["checks"]["database"]["ok"] is False
        spare.client().get("/healthz")
    finally:
        spare.dev("stack", "start")
    assert company.get("/api/v1/company").json()["id"] == company.id
    assert company.book(service, future(), ada)["status"] == "pending"


def test_a_reconnect_in_the_middle_of_the_day_is_not_noticed(spare):
    company = Company(spare)
    company.get("/api/v1/company")
    for row in spare.sql.all("SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID()"
                             " AND user <> 'system user'"):
        spare.sql.run(f"KILL {row['id']}")
    assert company.get("/api/v1/company", None).status_code in (200, 503)
    company.get("/api/v1/company")


def test_a_second_start_changes_nothing(spare):
    before = {name: spare.pid(name) for name in ("mariadb", "nginx", "pool-booking", "pool-admin", "pool-calendar",
                                                     "pool-logins", "pool-waiting", "pool-health")}
    spare.dev("stack", "start")
    assert {name: spare.pid(name) for name in before} == before


def test_an_idle_worker_lets_go_of_its_connection():
    """Hosts allow 15 connections or so: those of workers with nothing to do are none for the dispatcher."""
    stack = Stack(settings="db_idle_seconds = 1", workers=2)
    try:
        company = Company(stack.start())
        held = "SELECT COUNT(*) AS n FROM information_schema.processlist WHERE db = 'slotwire' AND id <> CONNECTION_ID()"
        for _ in range(3):
            company.get("/api/v1/company")
            wait_until(lambda: stack.sql.number(held) == 0, 20, "the connections to be let go")
        company.get("/api/v1/company")
        assert "closed by the server" not in stack.log("worker")
    finally:
        stack.stop()
