"""An endpoint that fails again and again is cut off for a while, and asked by one probe whether it is well again."""

import datetime

import pytest

from health_scene import Scene
from stack import wait_until
from world import Company


@pytest.fixture
def scene(stack, receiver, clock):
    return Scene(stack, receiver, clock)


def seconds_open(scene):
    until = scene.endpoint()["breaker_until"]
    return until and (until.replace(tzinfo=datetime.timezone.utc) - scene.now).total_seconds()


def cut_off(scene, deliveries=12):
    scene.receiver.default = (500, {}, b"")
    scene.many(deliveries - 1)
    return scene.later(0)


def test_ten_failures_in_a_row_open_it_and_nothing_is_sent(scene):
    sent = cut_off(scene, 200)
    assert 10 <= sent <= 30 and seconds_open(scene) == 10 and scene.endpoint()["breaker_failures"] == 10
    assert scene.later(9) == sent


def test_nine_failures_do_not(scene):
    assert cut_off(scene, 9) == 9 and scene.endpoint()["breaker_until"] is None


def test_a_success_in_between_begins_the_count_again(scene):
    scene.receiver.script = {9: (200, {}, b"")}
    scene.receiver.default = (500, {}, b"")
    for _ in range(17):  # the clock stands still, so that none is tried again
        scene.make()
        scene.later(0)
    assert scene.endpoint()["breaker_until"] is None and scene.endpoint()["breaker_failures"] == 7


def test_each_probe_is_one_and_each_failure_doubles_the_pause(scene):
    sent = cut_off(scene, 100)
    for pause in (10, 20, 40, 80, 160, 300, 300):
        assert seconds_open(scene) == pause
        assert scene.later(pause - 1) == sent
        scene.due_now()
        sent += 1
        assert scene.later(1) == sent


def test_the_probe_is_what_has_waited_longest(scene):
    cut_off(scene)
    scene.stack.sql.run("DELETE FROM deliveries WHERE endpoint_id = %s", scene.key)
    scene.make()
    scene.many(1, "retrying", age=3600)
    [old] = [row for row in scene.rows() if row["state"] == "retrying"]
    scene.later(10)
    attempts = scene.stack.sql.all("SELECT a.delivery_id FROM attempts a WHERE a.delivery_id = %s", old["id"])
    assert len(attempts) == 1


def test_waiting_uses_up_no_attempt_and_the_schedule_goes_on(scene):
    sent = cut_off(scene, 40)
    waiting = [row for row in scene.rows() if row["state"] == "pending"]
    assert waiting and all(row["attempts"] == row["requests"] == 0 for row in waiting)
    scene.receiver.default = (200, {}, b"")
    for _ in range(3):
        scene.later(3600)
    assert set(scene.states()) == {"delivered"} and scene.endpoint()["breaker_until"] is None
    assert len(scene.receiver.deliveries) == sent + 40


def test_a_success_closes_it_and_the_start_is_slow(scene):
    cut_off(scene, 60)
    scene.receiver.default = (200, {}, b"")
    before = len(scene.receiver.deliveries)
    assert scene.later(10) > before + 1
    endpoint = scene.endpoint()
    assert (endpoint["breaker_failures"], endpoint["breaker_until"], endpoint["failing_since"]) == (0, None, None)


def test_the_next_process_knows(scene):
    sent = cut_off(scene)
    for _ in range(3):
        assert scene.later(1) == sent


def test_it_costs_a_neighbour_nothing(scene, stack):
    cut_off(scene, 50)
    other = Company(stack)
    other.webhook(scene.receiver.url + "/well", ["user.created"])
    other.user("Mia")
    scene.later(1)
    assert [d.path for d in scene.receiver.deliveries].count("/hook/well") == 1


def test_429_and_faults_of_ours_never_open_it(scene):
    scene.receiver.default = (429, {}, b"")
    scene.many(39)
    for _ in range(12):
        scene.later(60)
        scene.due_now()
    endpoint = scene.endpoint()
    assert endpoint["breaker_until"] is None and scene.states().count("retrying") + scene.states().count("pending") == 40


def test_a_test_send_passes_it(scene):
    sent = cut_off(scene)
    answer = scene.company.post(f"/api/v1/webhooks/{scene.hook['id']}/test", {}, 202).json()
    assert scene.later(1) == sent + 1
    assert scene.receiver.deliveries[-1].id == answer["eventId"]


def test_it_closes_while_one_dispatcher_stays(scene):
    """By the real clock: opened, probed and closed within one process."""
    scene.clock(None)
    scene.receiver.default = (500, {}, b"")
    with scene.stack.dispatcher():
        scene.make(11)
        wait_until(lambda: scene.endpoint()["breaker_until"], 10, "the breaker to open")
        scene.receiver.default = (200, {}, b"")
        wait_until(lambda: not scene.endpoint()["breaker_until"], 20, "the probe to close it")
        wait_until(lambda: set(scene.states()) == {"delivered"}, 20, "all that waited")
