"""Cron has died, and the workers start the dispatcher: webhooks go out as long as anybody uses the site."""

import contextlib
import os
import pathlib
import signal

import pytest

from stack import Stack, wait_until
from world import future, shop


@pytest.fixture(scope="module")
def unattended():
    """A stack without timer whose workers may start the dispatcher; each request has a worker of its own."""
    program = pathlib.Path(os.environ["SLOTWIRE_BUILD"]).resolve() / "slotwire-dispatcher"
    stack = Stack(settings=f"dispatcher_program = {program}\nworker_requests = 1", workers=1)
    try:
        yield stack.start()
    finally:
        pid = started(stack)
        stack.stop()
        assert pid is None or not pathlib.Path(f"/proc/{pid}").exists()  # `dev stack stop` ends that too


def started(stack):
    """The process that last gave a sign of life as dispatcher, where it still lives."""
    row = stack.sql.one("SELECT holder FROM heartbeats WHERE name = 'dispatcher'")
    pid = int(row["holder"].rpartition(":")[2]) if row else 0
    with contextlib.suppress(OSError):
        if pid and str(stack.config).encode() in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
            return pid
    return None


def stop_started(stack, kill=signal.SIGKILL):
    pid = started(stack)
    if pid:
        os.kill(pid, kill)
        wait_until(lambda: started(stack) is None, 20, "the dispatcher's end")


def test_a_bookings_webhook_arrives_although_cron_is_dead(unattended, receiver):
    stack = unattended
    company, [ada], service = shop(stack)
    company.webhook(receiver.url, ["booking.created"])
    pid = wait_until(lambda: company.get("/api/v1/company") and started(stack), 30, "a dispatcher that a worker started")
    company.book(service, future(), ada)
    wait_until(lambda: receiver.of("booking.created"), 20, "the webhook")
    stat = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    workers = {worker for name in ("pool-booking", "pool-admin", "pool-calendar") for worker in stack.children(name)}
    assert int(stat[1]) not in workers and int(stat[3]) != os.getsid(stack.pid("pool-admin"))  # parent; session
    files = {os.readlink(path) for path in pathlib.Path(f"/proc/{pid}/fd").iterdir()}
    assert os.readlink(f"/proc/{pid}/fd/0") == os.readlink(f"/proc/{pid}/fd/1") == "/dev/null" and files
    names = {entry.split(b"=")[0] for entry in pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")}
    assert not {name for name in names if name.startswith((b"HTTP_", b"FCGI", b"REQUEST", b"QUERY"))}
    blocked = next(line for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("SigBlk"))
    assert int(blocked.split()[1], 16) == 0  # it can be told to stop
    stop_started(stack, signal.SIGTERM)


def be_late(stack, seconds=240):
    stack.sql.run("UPDATE heartbeats SET seen_at = seen_at - INTERVAL %s SECOND", seconds)


def revive(stack):
    """A dispatcher that a worker started, and no other beside it."""
    stop_started(stack)
    be_late(stack)
    return wait_until(lambda: stack.client().get("/readyz", None) and started(stack), 30, "a dispatcher that a worker started")


def test_it_is_started_again_when_it_dies_but_only_when_it_is_late(unattended):
    stack = unattended
    client = stack.client()
    revive(stack)
    stop_started(stack)
    before = stack.log("worker").count("started the dispatcher")
    for _ in range(5):
        client.get("/readyz", None)
    assert stack.log("worker").count("started the dispatcher") == before
    revive(stack)
    assert stack.log("worker").count("started the dispatcher") == before + 1
    assert "no dispatcher was seen, does cron still start it? minutes=4" in stack.log("worker")


def test_a_sign_of_life_from_the_future_says_nothing(unattended):
    """The clock went wrong for a while: what was written then would hide a dead dispatcher until that time comes."""
    stack = unattended
    revive(stack)
    stop_started(stack)
    stack.sql.run("UPDATE heartbeats SET seen_at = seen_at + INTERVAL 1 DAY")
    wait_until(lambda: stack.client().get("/readyz", None) and started(stack), 30, "a dispatcher that a worker started")


def test_it_is_started_once_a_minute_at_most(unattended):
    stack = unattended
    client = stack.client()
    revive(stack)
    stop_started(stack)
    be_late(stack)
    stack.sql.run("UPDATE heartbeats SET seen_at = UTC_TIMESTAMP(3) WHERE name = 'watch'")  # another worker's turn
    before = stack.log("worker").count("started the dispatcher")
    for _ in range(5):
        client.get("/readyz", None)
    assert stack.log("worker").count("started the dispatcher") == before and started(stack) is None


def test_readyz_and_doctor_say_who_starts_it(unattended, stack):
    check = unattended.client().get("/readyz", None).json()["checks"]["dispatcher"]
    assert check["startedByWorkers"] is True
    assert "workers start" in unattended.slotwire("doctor", status=None).stdout
    assert stack.client().get("/readyz", None).json()["checks"]["dispatcher"]["startedByWorkers"] is False
    assert "do not start the dispatcher" in stack.slotwire("doctor", status=None).stdout
    wrong = stack.slotwire("doctor", status=1, environment={"SLOTWIRE_DISPATCHER_PROGRAM": "/nowhere/dispatcher"}).stdout
    assert "cannot be run" in wrong


def test_without_the_setting_it_is_only_logged(stack):
    stack.sql.run("DELETE FROM heartbeats")
    run = {"REQUEST_METHOD": "GET", "REQUEST_URI": "/readyz", "SCRIPT_NAME": ""}
    result = stack.program("slotwire-api", "--config", str(stack.config), environment=run, input="")
    assert "no dispatcher was ever seen" in result.stderr and '"database":{"ok":true}' in result.stdout
    stack.sql.run("DELETE FROM heartbeats")
    run["SLOTWIRE_DISPATCHER_PROGRAM"] = "/nowhere/dispatcher"
    result = stack.program("slotwire-api", "--config", str(stack.config), environment=run, input="")
    assert "cannot be started" in result.stderr and '"database":{"ok":true}' in result.stdout


def test_a_database_that_is_away_disturbs_no_answer(stack):
    for path, status in (("/healthz", "200"), ("/readyz", "503")):
        run = {"REQUEST_METHOD": "GET", "REQUEST_URI": path, "SCRIPT_NAME": "", "SLOTWIRE_DB_SOCKET": "/nowhere/mariadb.sock"}
        result = stack.program("slotwire-api", "--config", str(stack.config), environment=run, input="")
        assert f"Status: {status}" in result.stdout
        assert ("not reachable" in result.stderr) == (path == "/readyz")
