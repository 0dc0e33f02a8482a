"""No more than the agreed number an hour: what is over it waits, is not lost and uses up no attempt."""

import pytest

from health_scene import Scene
from stack import wait_until


@pytest.fixture
def scene(stack, receiver, clock):
    scene = Scene(stack, receiver, clock)
    scene.set(rate_limit=5)
    return scene


def test_over_the_limit_they_wait_until_the_window_ends(scene):
    scene.many(11)
    assert scene.later(0) == 5 and scene.states() == ["delivered"] * 5 + ["pending"] * 7
    assert scene.later(3599) == 5
    assert scene.later(1) == 10
    assert all(row["attempts"] == row["requests"] == 0 for row in scene.rows() if row["state"] == "pending")
    assert scene.later(3600) == 12 and set(scene.states()) == {"delivered"}


def test_a_window_begins_with_what_is_sent_first(scene):
    scene.make()
    assert scene.later(1000) == 1
    scene.many(9)
    assert scene.later(3599) == 5
    assert scene.later(1) == 10


def test_retries_are_counted_too(scene):
    scene.receiver.default = (500, {}, b"")
    scene.many(2)
    assert scene.later(0) == 3
    scene.due_now()
    assert scene.later(1) == 5


def test_a_test_send_is_not_counted_and_does_not_wait(scene):
    scene.many(5)
    assert scene.later(0) == 5
    scene.company.post(f"/api/v1/webhooks/{scene.hook['id']}/test", {}, 202)
    assert scene.later(1) == 6 and scene.endpoint()["rate_used"] == 5


def test_a_raised_limit_is_used_at_once_by_the_next_process(scene):
    scene.many(9)
    assert scene.later(0) == 5
    scene.set(rate_limit=8)
    assert scene.later(1) == 8
    scene.set(rate_limit=None)
    assert scene.later(1) == 10


def test_two_dispatchers_together_keep_to_it(scene):
    scene.many(200)
    scene.set(rate_limit=50)
    first, second = scene.stack.start_dispatcher(), scene.stack.start_dispatcher()
    try:
        scene.stack.dispatch(), scene.stack.dispatch()
        wait_until(lambda: scene.states().count("delivered") == 50, 10, "the allowed number")
    finally:
        for process in (first, second):
            process.terminate()
            process.wait(30)
    assert len(scene.receiver.deliveries) == 50 and scene.endpoint()["rate_used"] == 50


def test_a_clock_that_was_turned_back_does_not_lock_it(scene):
    scene.set(rate_used=5, rate_window_at=scene.now.replace(year=2040))
    scene.make()
    assert scene.later(0) == 1


def test_an_endpoint_that_somebody_changes_just_now_keeps_nobody_waiting(scene):
    scene.make()
    with scene.stack.sql.locked("SELECT 1 FROM webhook_endpoints WHERE id = %s FOR UPDATE", scene.key):
        with scene.stack.dispatcher():
            other = Scene(scene.stack, scene.receiver, scene.clock)
            other.make()
            wait_until(lambda: other.states() == ["delivered"], 10, "the neighbour's webhook")
            assert scene.states() == ["pending"]
