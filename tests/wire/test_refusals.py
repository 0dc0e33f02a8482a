"""A database that answers and takes no writes, or not those for one endpoint: no spinning, and nothing waits for a lease."""

import contextlib
import signal
import threading

import pytest

from stack import Stack, id_bytes, wait_until
from world import Company

PAUSES = 4  # so many tries in vain are seen: 0.1, 0.2, 0.4 and 0.8 s at least
LINES = 100  # far more than those tries write, and far less than a loop without pauses


@pytest.fixture(scope="module")
def refusing():
    """A stack of its own: read_only is the whole server's."""
    stack = Stack()
    try:
        stack.start()
        # Not the server's owner, who may write all the same.
        stack.sql.run("CREATE USER 'plain'@'localhost' IDENTIFIED BY 'plain'")
        stack.sql.run("GRANT ALL ON slotwire.* TO 'plain'@'localhost'")
        stack.environment.update(SLOTWIRE_DB_USER="plain", SLOTWIRE_DB_PASSWORD="plain")
        yield stack
    finally:
        stack.stop()


@contextlib.contextmanager
def read_only(stack):
    stack.sql.run("SET GLOBAL read_only = 1")
    try:
        yield
    finally:
        stack.sql.run("SET GLOBAL read_only = 0")


@contextlib.contextmanager
def killed_at_last(process):
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def refused(stack):
    return stack.log("dispatcher-test").count("error=1290")


def wait_for_refusals(stack, count):
    before = refused(stack)
    wait_until(lambda: refused(stack) >= before + count, 30, "writes that are refused")


def test_one_that_starts_while_writes_are_refused_can_be_told_to_stop(refusing):
    before = refusing.log("dispatcher-test").count("\n")
    with read_only(refusing), killed_at_last(refusing.start_dispatcher()) as process:
        wait_for_refusals(refusing, PAUSES)
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 75
    assert refusing.log("dispatcher-test").count("\n") - before < LINES


def test_one_that_starts_while_writes_are_refused_leaves_when_its_window_is_over(refusing):
    with read_only(refusing), killed_at_last(refusing.start_dispatcher(window=1)) as process:
        assert process.wait(15) == 75


def test_a_single_run_says_that_writes_are_refused(refusing):
    with read_only(refusing):
        refusing.program("slotwire-dispatcher", "--config", str(refusing.config), "--once", status=75)


def test_what_was_answered_while_writes_are_refused_is_settled_once_they_work(refusing, receiver):
    company = Company(refusing)
    company.webhook(receiver.url, ["user.created"])
    receiver.hold = threading.Event()
    with refusing.dispatcher():
        company.user("Mia")
        wait_until(lambda: receiver.deliveries, 10, "the webhook")
        with read_only(refusing):
            before = refusing.log("dispatcher-test").count("\n")
            receiver.hold.set()
            wait_for_refusals(refusing, PAUSES)
            written = refusing.log("dispatcher-test").count("\n") - before
        wait_until(lambda: refusing.sql.one("SELECT 1 FROM deliveries WHERE company_id = %s AND state = 'delivered'",
                                            company.bytes), 15, "the settling")
    assert written < LINES and len(receiver.deliveries) == 1


def test_one_that_started_while_writes_were_refused_hands_over_at_once(refusing, receiver):
    """The lock, taken in each of its tries, is free although it still has a transfer in flight."""
    company = Company(refusing)
    company.webhook(receiver.url, ["user.created"])
    receiver.hold = threading.Event()
    with contextlib.ExitStack() as running:
        with read_only(refusing):
            old = running.enter_context(killed_at_last(refusing.start_dispatcher()))
            wait_for_refusals(refusing, 2)
        company.user("Mia")
        wait_until(lambda: receiver.deliveries, 15, "the webhook")
        at_work = refusing.log("dispatcher-test").count("at work")
        running.enter_context(killed_at_last(refusing.start_dispatcher()))
        wait_until(lambda: refusing.log("dispatcher-test").count("at work") > at_work, 10, "the successor")
        assert old.poll() is None


@contextlib.contextmanager
def no_leases(stack, hook):
    """Nothing of this endpoint can be claimed: each look fails at it, after the tests of others were leased."""
    stack.sql.run("CREATE TRIGGER no_leases BEFORE UPDATE ON deliveries FOR EACH ROW"
                  f" IF NEW.endpoint_id = X'{id_bytes(hook['id']).hex()}' AND NEW.fence IS NOT NULL THEN"
                  " SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no lease'; END IF")
    try:
        yield
    finally:
        stack.sql.run("DROP TRIGGER no_leases")


def test_a_test_send_arrives_beside_an_endpoint_whose_rows_cannot_be_claimed(refusing, receiver):
    sick, well = Company(refusing), Company(refusing)
    refused_hook = sick.webhook(receiver.url + "/sick", ["user.created"])
    hook = well.webhook(receiver.url + "/well", ["user.created"])
    with no_leases(refusing, refused_hook), refusing.dispatcher():
        sick.user("Mia")
        wait_until(lambda: "no lease" in refusing.log("dispatcher-test"), 10, "a look that fails")
        well.post(f"/api/v1/webhooks/{hook['id']}/test", {}, 202)
        wait_until(lambda: receiver.deliveries, 10, "the test")
        wait_until(lambda: refusing.sql.one("SELECT 1 FROM deliveries WHERE test AND state = 'delivered'"), 10, "its settling")
    assert [one.path for one in receiver.deliveries] == ["/hook/well"]
