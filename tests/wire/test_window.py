"""One dispatcher after the other, as cron starts them, and never a moment without one."""

import time

from stack import wait_until
from world import Company


def test_the_window_outlasts_the_minute_from_one_start_to_the_next(stack, tmp_path):
    empty = tmp_path / "empty.conf"
    empty.write_text("")
    lines = stack.program("slotwire", "--config", str(empty), "config").stdout.splitlines()
    [window] = [line.split("=")[1] for line in lines if line.startswith("dispatcher_window")]
    assert int(window.split()[0]) >= 70


def test_a_lease_is_never_shorter_than_a_transfer(stack, tmp_path):
    short = tmp_path / "short.conf"
    short.write_text(stack.config.read_text() + "dispatcher_lease = 39\n")
    stack.program("slotwire-dispatcher", "--config", str(short), "--once", status=78)
    short.write_text(stack.config.read_text() + "dispatcher_lease = 40\n")
    stack.program("slotwire-dispatcher", "--config", str(short), "--once")


def test_the_old_one_leaves_when_the_new_one_comes_and_no_event_waits(stack, receiver, figure):
    company = Company(stack)
    company.webhook(receiver.url, ["user.created"])
    sent, worst, leaving = 0, 0, []

    def send_for(seconds):
        nonlocal sent, worst
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            start, sent = time.monotonic(), sent + 1
            company.user(f"U{sent}")
            wait_until(lambda: len(receiver.deliveries) == sent, 5, "the webhook")
            worst = max(worst, time.monotonic() - start)

    with stack.dispatcher(window=5) as first:
        running = [first]
        for _ in range(3):  # every 3 seconds a new one, whose window is 5
            send_for(3)
            start = time.monotonic()
            running.append(stack.start_dispatcher(window=5))
            wait_until(lambda: running[-2].poll() is not None, 3, "the old one to leave")
            leaving.append(time.monotonic() - start)
        send_for(1)
        assert running[-1].poll() is None
        running[-1].terminate()
        running[-1].wait(30)
    figure(f"hand-over: worst of {sent} events {1000 * worst:.0f} ms, the old one left within {max(leaving):.1f} s")
    assert worst < 1.5
