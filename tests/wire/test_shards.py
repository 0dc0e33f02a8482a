"""Several dispatchers beside each other: lanes move with their shards, and nothing is lost or settled twice."""

import contextlib
import datetime
import pathlib
import signal
import subprocess

import pytest

from stack import Stack, id_bytes, wait_until
from world import UTC, Company

LEASE = 5  # the shortest that the setting takes


@pytest.fixture(scope="module")
def shared():
    stack = Stack(settings=f"dispatcher_shard_lease = {LEASE}")
    try:
        yield stack.start()
    finally:
        stack.stop()


@pytest.fixture
def start(shared):
    """Starts dispatchers by name (None: the host's own); they are gone after the test."""
    running = []

    def run(name=None, environment=None):
        words = ["--name", name] if name else []
        with open(shared.state / "log" / "dispatcher-test.log", "ab") as log:
            process = subprocess.Popen([str(shared.build / "slotwire-dispatcher"), "--config", str(shared.config),
                                        "--window", "600", *words], env=dict(shared.environment, **(environment or {})),
                                       stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        running.append(process)
        return process

    yield run
    for process in running:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
            process.kill()
        process.wait()
    shared.sql.run("UPDATE dispatcher_shards SET holder = NULL, leased_until = NULL")
    shared.sql.run("DELETE FROM dispatchers")


def held(stack):
    """Shards under a lease that runs, by the name of their holder."""
    rows = stack.sql.all("SELECT d.name, COUNT(*) AS n FROM dispatcher_shards s JOIN dispatchers d ON d.id = s.holder"
                         " WHERE s.leased_until > UTC_TIMESTAMP(3) GROUP BY d.name")
    return {row["name"]: int(row["n"]) for row in rows}


def held_by(stack, name):
    return held(stack).get(name, 0)


def even(stack):
    wait_until(lambda: sorted(held(stack).values()) == [16, 16], 3 * LEASE, "shards that are evened out")


def lanes(company, receiver, count=24):
    """Endpoints in many shards, each with a path of its own."""
    return [company.webhook(f"{receiver.url}/{number}", ["user.created"]) for number in range(count)]


def check_each_once(stack, company, receiver, events, count=24):
    """Every endpoint got each event once, and every delivery has one settled attempt."""
    wait_until(lambda: len(receiver.deliveries) >= events * count, 30, "all webhooks")
    wait_until(lambda: stack.sql.number("SELECT COUNT(*) FROM deliveries WHERE company_id = %s AND state = 'delivered'",
                                        company.bytes) == events * count, 10, "all settled")
    seen = [(delivery.path, delivery.id) for delivery in receiver.deliveries]
    assert len(set(seen)) == len(seen) == events * count
    assert stack.sql.number("SELECT COUNT(*) FROM attempts WHERE company_id = %s", company.bytes) == events * count


def test_one_alone_works_all_lanes_at_once(shared, start, receiver):
    company = Company(shared)
    lanes(company, receiver)
    start("alone")
    company.user("Mia")
    check_each_once(shared, company, receiver, 1)
    assert held(shared) == {"alone": 32}


def test_two_share_the_lanes_and_each_delivers_what_is_its_own(shared, start, receiver):
    company = Company(shared)
    hooks = lanes(company, receiver)
    first = start("one")
    wait_until(lambda: held_by(shared, "one") == 32, 10, "the first")
    start("two")
    even(shared)
    for number in range(10):
        company.user(f"U{number}")
    check_each_once(shared, company, receiver, 10)
    # Where one of them stands still, only its own lanes wait.
    first.send_signal(signal.SIGSTOP)
    stopped = {row["shard"] for row in shared.sql.all(
        "SELECT shard FROM dispatcher_shards s JOIN dispatchers d ON d.id = s.holder WHERE d.name = 'one'")}
    quick = [hook for hook in hooks if id_bytes(hook["id"])[15] & 31 not in stopped]
    assert 0 < len(quick) < len(hooks)
    # A lease that cannot end during the test.
    shared.sql.run("UPDATE dispatcher_shards SET leased_until = UTC_TIMESTAMP(3) + INTERVAL 1 HOUR"
                   " WHERE holder = (SELECT id FROM dispatchers WHERE name = 'one')")
    company.user("Late")
    wait_until(lambda: len(receiver.deliveries) >= 240 + len(quick), 10, "the lanes of the other")
    assert len(receiver.deliveries) == 240 + len(quick)


def test_three_share_and_two_again_when_one_stops(shared, start):
    start("one")
    start("two")
    third = start("three")
    wait_until(lambda: len(held(shared)) == 3 and sum(held(shared).values()) == 32, 4 * LEASE, "three that share")
    assert min(held(shared).values()) >= 10
    third.terminate()
    assert third.wait(20) == 0
    assert shared.sql.one("SELECT 1 FROM dispatchers WHERE name = 'three'") is None
    even(shared)


def test_a_clean_stop_gives_the_lanes_back_at_once(shared, start):
    first = start("one")
    start("two")
    even(shared)
    first.terminate()
    assert first.wait(20) == 0
    assert shared.sql.number("SELECT COUNT(*) FROM dispatcher_shards WHERE holder IS NULL"
                             " OR holder = (SELECT id FROM dispatchers WHERE name = 'two')") == 32
    wait_until(lambda: held(shared) == {"two": 32}, LEASE, "all shards at the one that is left")


def test_the_lanes_of_a_killed_one_move_when_its_lease_ends_and_nothing_is_lost(shared, start, receiver):
    company = Company(shared)
    lanes(company, receiver)
    first = start("one")
    start("two")
    even(shared)
    first.kill()
    first.wait()
    company.user("Mia")
    check_each_once(shared, company, receiver, 1)
    wait_until(lambda: held(shared) == {"two": 32}, 3 * LEASE, "all shards at the one that is left")


def test_one_of_the_same_name_takes_a_killed_ones_place_without_waiting(shared, start):
    first = start("one")
    start("two")
    even(shared)
    # A lease that cannot end during the test: only the name gives the newcomer these shards.
    first.kill()
    first.wait()
    shared.sql.run("UPDATE dispatcher_shards SET leased_until = UTC_TIMESTAMP(3) + INTERVAL 1 HOUR"
                   " WHERE holder = (SELECT id FROM dispatchers WHERE name = 'one')")
    old = shared.sql.one("SELECT id FROM dispatchers WHERE name = 'one'")["id"]
    start("one")
    wait_until(lambda: shared.sql.one("SELECT 1 FROM dispatchers WHERE name = 'one' AND id <> %s", old), 10, "the newcomer")
    wait_until(lambda: held_by(shared, "one") == 16, 10, "the newcomer with the shards")
    assert shared.sql.one("SELECT 1 FROM dispatcher_shards WHERE holder = %s", old) is None


@pytest.mark.parametrize("name", [None, "beside"], ids=["host", "named"])
def test_a_hand_over_passes_the_shards_on_while_another_works(shared, start, receiver, name):
    company = Company(shared)
    lanes(company, receiver)
    first = start(name)
    start("other")
    even(shared)
    mine = shared.sql.one("SELECT name FROM dispatchers WHERE name <> 'other'")["name"]
    for turn in range(2):
        old = shared.sql.one("SELECT id FROM dispatchers WHERE name = %s", mine)["id"]
        second = start(name)
        assert first.wait(20) == 0
        wait_until(lambda: shared.sql.one("SELECT 1 FROM dispatchers WHERE name = %s AND id <> %s", mine, old), 10,
                   "the newcomer")
        assert shared.sql.one("SELECT 1 FROM dispatcher_shards WHERE holder = %s", old) is None
        company.user(f"U{turn}")
        check_each_once(shared, company, receiver, turn + 1)
        first = second
    even(shared)


def test_one_that_slept_longer_than_its_lease_settles_nothing_twice_and_comes_back(shared, start, receiver):
    company = Company(shared)
    lanes(company, receiver)
    first = start("one")
    wait_until(lambda: held_by(shared, "one") == 32, 10, "the first")
    first.send_signal(signal.SIGSTOP)
    start("two")
    wait_until(lambda: held(shared) == {"two": 32}, 4 * LEASE, "the other with all the shards")
    company.user("Mia")
    first.send_signal(signal.SIGCONT)
    check_each_once(shared, company, receiver, 1)
    even(shared)


def test_one_that_hangs_loses_its_name_too_and_leaves_the_next_ones_socket_alone(shared, start, receiver):
    """A process that is stopped keeps its connection, and with it the lock of its name."""
    company = Company(shared)
    lanes(company, receiver)
    path = pathlib.Path(shared.settings["dispatcher_socket"] + ".one")
    first = start("one")
    wait_until(lambda: held_by(shared, "one") == 32, 10, "the first")
    old, place = shared.sql.one("SELECT id FROM dispatchers WHERE name = 'one'")["id"], path.stat().st_ino
    first.send_signal(signal.SIGSTOP)
    second = start("one")
    wait_until(lambda: shared.sql.one("SELECT 1 FROM dispatchers WHERE name = 'one' AND id <> %s", old), 30, "the next one")
    wait_until(lambda: held_by(shared, "one") == 32, 10, "the next one with all the shards")
    company.user("Mia")
    first.send_signal(signal.SIGCONT)
    assert first.wait(30) == 0 and second.poll() is None and path.stat().st_ino != place
    check_each_once(shared, company, receiver, 1)


def test_a_single_run_works_all_lanes_beside_those_that_share(shared, start, receiver):
    company = Company(shared)
    shared.sql.run("UPDATE dispatcher_shards SET holder = REPEAT('x', 16), leased_until = UTC_TIMESTAMP(3) + INTERVAL 1 HOUR")
    lanes(company, receiver)
    company.user("Mia")
    shared.dispatch()
    check_each_once(shared, company, receiver, 1)
    assert shared.sql.number("SELECT COUNT(*) FROM dispatcher_shards WHERE holder = REPEAT('x', 16)") == 32
    assert shared.sql.one("SELECT 1 FROM dispatchers") is None


@pytest.mark.parametrize("name", ["", "a/b", "a" * 65, "ä"])
def test_a_name_that_fits_no_path_is_refused(shared, name):
    words = ["--config", str(shared.config), "--once"]
    shared.program("slotwire-dispatcher", *words, "--name", name, status=64)
    if name:
        shared.program("slotwire-dispatcher", *words, environment={"SLOTWIRE_DISPATCHER_NAME": name}, status=78)


# ---- clocks ----

@pytest.fixture(scope="module")
def skew(tmp_path_factory):
    """The environment of a program on a machine whose clock is so many milliseconds wrong."""
    library = tmp_path_factory.mktemp("skew") / "skew.so"
    source = pathlib.Path(__file__).with_name("skew.c")
    subprocess.run(["cc", "-D_GNU_SOURCE", "-shared", "-fPIC", "-o", library, source], check=True)
    return lambda wrong: {"LD_PRELOAD": str(library), "ASAN_OPTIONS": "verify_asan_link_order=0", "SKEW_MS": str(wrong)}


@pytest.mark.parametrize("wrong", [-3600_000, 3600_000], ids=["behind", "ahead"])
def test_a_machine_with_a_wrong_clock_follows_the_databases(shared, receiver, skew, wrong):
    company = Company(shared)
    company.webhook(receiver.url, ["user.created"])
    company.user("Mia")
    result = shared.dispatch(**skew(wrong))
    assert len(receiver.deliveries) == 1  # an hour behind, nothing would be due
    row = shared.sql.one("SELECT id, started_at FROM attempts WHERE company_id = %s", company.bytes)
    now = datetime.datetime.now(UTC)
    assert abs((row["started_at"].replace(tzinfo=UTC) - now).total_seconds()) < 60
    assert abs(int.from_bytes(row["id"][:6], "big") / 1000 - now.timestamp()) < 60
    assert (result.stdout + result.stderr).count("clock is not the database's") == 1


def test_a_clock_that_is_right_is_left_alone(shared):
    result = shared.dispatch()
    assert "clock" not in result.stdout + result.stderr


def test_doctor_warns_of_a_wrong_clock(shared, skew):
    shared.dispatch()
    assert "clocks agree" in shared.slotwire("doctor", status=None).stdout
    printed = shared.slotwire("doctor", status=None, environment=skew(-5000)).stdout
    [line] = [line for line in printed.splitlines() if "clock is" in line]
    assert line.startswith("warn") and "behind" in line
