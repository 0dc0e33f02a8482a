"""One dispatcher after the other, as cron starts them, and never a moment without one."""

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


def test_the_old_one_leaves_when_the_new_one_comes_and_no_event_waits(stack, receiver):
    company = Company(stack)
    company.webhook(receiver.url, ["user.created"])
    sent = 0

    def send():
        nonlocal sent
        sent += 1
        company.user(f"U{sent}")
        wait_until(lambda: len(receiver.deliveries) == sent, 3, "the webhook")

    with stack.dispatcher(window=600) as first:
        running = [first]
        for _ in range(3):
            send()
            running.append(stack.start_dispatcher(window=600))
            while running[-2].poll() is None:
                send()
            send()
        assert running[-1].poll() is None
        running[-1].terminate()
        running[-1].wait(30)


def test_it_prints_nothing_unless_something_is_wrong(stack, receiver, tmp_path):
    """cron mails whatever it prints, each minute."""
    def run(config, *words, status=0):
        done = stack.program("slotwire-dispatcher", "--config", str(config), *words, status=status)
        return done.stdout + done.stderr

    usual, logging, gone = tmp_path / "usual.conf", tmp_path / "logging.conf", tmp_path / "gone.conf"
    lines = [line for line in stack.config.read_text().splitlines() if not line.startswith("dispatcher_log_level")]
    usual.write_text("\n".join(lines) + "\n")
    logging.write_text(usual.read_text() + f"log_file = {tmp_path / 'log'}\n")
    gone.write_text(usual.read_text() + "db_socket = /nowhere.sock\n")
    company = Company(stack)
    company.webhook(receiver.url, ["user.created"])
    company.user("A")
    with stack.dispatcher(window=600) as first:
        assert run(usual, "--window", "1") == ""  # it takes over, works and leaves
        assert first.wait(30) == 0
    company.user("B")
    assert run(usual, "--once") == "" and len(receiver.deliveries) == 2
    company.user("C")
    assert run(logging, "--once") == "" and " info " in (tmp_path / "log").read_text()
    assert "database not reachable" in run(gone, "--once", status=75)
