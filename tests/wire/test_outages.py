"""When names do not resolve or no network leads there: neighbours do not wait, and no attempt is used up at first."""

import datetime
import pathlib
import subprocess
import time
from unittest.mock import patch

import pytest

from health_scene import Scene
from stack import wait_until
from world import Company, instant, rfc

START = instant("2031-05-01T10:00:00Z")


@pytest.fixture(scope="session")
def shim(tmp_path_factory):
    """Environment of a dispatcher whose resolver and network do what tests/wire/shim.c says."""
    library = tmp_path_factory.mktemp("shim") / "shim.so"
    source = pathlib.Path(__file__).with_name("shim.c")
    subprocess.run(["cc", "-D_GNU_SOURCE", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return {"LD_PRELOAD": str(library), "ASAN_OPTIONS": "verify_asan_link_order=0"}


@pytest.fixture(autouse=True)
def nothing_old(stack):
    """As the clock goes on, what others left would become due and wait for its receivers."""
    stack.sql.run("DELETE FROM deliveries")


def log_of(company, hook):
    [delivery] = company.get(f"/api/v1/webhooks/{hook['id']}/deliveries").json()["data"]
    return delivery


def test_a_name_that_hangs_in_the_resolver_stalls_nobody(stack, receiver, shim, figure):
    """The look-up takes 30 s, and giving it up must not take any: no neighbour's webhook waits for it."""
    sick, company = Company(stack), Company(stack)
    hook = sick.webhook("https://slow.example.com/hook", ["user.created"])
    company.webhook(receiver.url, ["user.created"])
    worst, count = 0, 0
    with patch.dict(stack.environment, shim), stack.dispatcher() as process:
        sick.user("S")
        while not log_of(sick, hook)["attemptLog"]:
            start, count = time.monotonic(), count + 1
            company.user(f"U{count}")
            wait_until(lambda: len(receiver.deliveries) == count, 8, "the healthy endpoint's webhook")
            worst = max(worst, time.monotonic() - start)
        company.user("Last")
        wait_until(lambda: len(receiver.deliveries) == count + 1, 8, "the webhook after the look-up was given up")
        process.terminate()
        process.wait(25)
    figure(f"beside a name that hangs: worst {1000 * worst:.0f} ms of {count} events")


@pytest.mark.parametrize("url", ["https://gone.example.com/hook", "https://slow.example.com/hook", "https://93.184.216.34/hook"],
                         ids=["unknown", "hanging", "unreachable"])
def test_what_may_be_our_own_fault_uses_up_no_attempt_for_a_day(stack, clock, shim, url):
    clock(rfc(START))
    company = Company(stack)
    hook = company.webhook(url, ["user.created"])
    company.user("Mia")
    stack.dispatch(**shim)
    delivery = log_of(company, hook)
    assert (delivery["state"], delivery["attempts"]) == ("retrying", 0) and delivery["attemptLog"][0]["error"]
    read = company.get(f"/api/v1/webhooks/{hook['id']}").json()
    assert (read["failureCount"], read["lastAttemptAt"]) == (0, None)
    clock(rfc(START + datetime.timedelta(days=1, seconds=1)))
    stack.dispatch(**shim)
    delivery = log_of(company, hook)
    assert (delivery["state"], delivery["attempts"]) == ("retrying", 1)
    assert [attempt["number"] for attempt in delivery["attemptLog"]] == [1, 2]


def test_a_name_that_resolves_again_is_soon_sent_to(stack, clock, receiver, shim):
    clock(rfc(START))
    company = Company(stack)
    hook = company.webhook("https://gone.example.com/hook", ["user.created"])
    company.user("Mia")
    stack.dispatch(**shim)
    assert (instant(log_of(company, hook)["dueAt"]) - START).total_seconds() <= 10
    company.patch(f"/api/v1/webhooks/{hook['id']}", {"url": receiver.url})
    clock(rfc(START + datetime.timedelta(seconds=10)))
    stack.dispatch()
    assert len(receiver.deliveries) == 1


def test_a_database_that_takes_only_small_packets_is_written_to_in_small_batches(stack, clock, receiver):
    scene = Scene(stack, receiver, clock)
    before = stack.sql.number("SELECT @@GLOBAL.max_allowed_packet")
    stack.sql.run("SET GLOBAL max_allowed_packet = 8192")
    try:
        scene.many(400)
        scene.later(1)
    finally:
        stack.sql.run("SET GLOBAL max_allowed_packet = %s", before)
    assert len(receiver.deliveries) == 401 and scene.states() == ["delivered"] * 401
