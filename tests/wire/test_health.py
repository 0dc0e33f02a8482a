"""What an endpoint that fails for days comes to: warnings, the end, and the word that all is well again."""

import datetime
import threading

import pytest

from health_scene import Scene
from stack import id_bytes, wait_until
from world import Company

DAY = 86400


@pytest.fixture
def scene(stack, receiver, clock):
    return Scene(stack, receiver, clock)


@pytest.fixture
def witness(stack, scene):
    """Another endpoint of the company, which hears of the first one's fate."""
    hook = scene.company.webhook(scene.receiver.url + "/witness", ["business.updated"])
    for event in ("webhook.disabled", "webhook.failing", "webhook.recovered"):
        scene.stack.sql.run("INSERT INTO webhook_subscriptions (company_id, event_type, endpoint_id) VALUES (%s, %s, %s)",
                            scene.company.bytes, event, id_bytes(hook["id"]))


def fail(scene, seconds=0):
    scene.receiver.default = (500, {}, b"")
    scene.make()
    scene.later(seconds)


def fail_for(scene, days):
    """First a failure now, then one so many days later."""
    fail(scene)
    fail(scene, days * DAY)


def witnessed(scene):
    return [d.json for d in scene.receiver.deliveries if d.path.endswith("/witness")]


def test_failing_is_noted_from_the_first_failure_until_a_success(scene):
    fail(scene)
    fail(scene, 60)
    assert scene.endpoint()["failing_since"] == datetime.datetime(2031, 5, 1, 10, 0)
    scene.receiver.default = (200, {}, b"")
    scene.make()
    scene.later(1)
    assert scene.endpoint()["failing_since"] is None and not scene.told("webhook.recovered")


@pytest.mark.parametrize("days, percent", [(2.5, 50), (3.5, 70), (4.5, 90)])
def test_a_warning_is_an_event_for_the_others_and_a_mail(scene, witness, days, percent):
    fail_for(scene, days)
    [event] = scene.told("webhook.failing")
    scene.later(1)
    [body] = witnessed(scene)
    data = body["data"]
    assert body["type"] == "webhook.failing" and data["percent"] == percent and data["lastStatus"] == 500
    assert data["endpoint"] == {"id": scene.hook["id"], "url": scene.receiver.url.removesuffix("/hook"), "format": "standard", "name": None}
    assert data["company"]["id"] == scene.company.id and data["failingSince"] == "2031-05-01T10:00:00.000Z"
    [mail] = scene.mails()
    assert mail["recipient"] == "owner@example.com" and scene.hook["id"] in mail["body"] and "\n" not in mail["subject"]
    told = scene.stack.sql.all("SELECT endpoint_id FROM deliveries WHERE event_id = %s", event["id"])
    assert scene.key not in [row["endpoint_id"] for row in told]  # not the sick one itself


def test_each_warning_comes_once(scene):
    fail(scene)
    for hours in range(8):
        fail(scene, DAY / 2)
        fail(scene, 1)
    assert len(scene.told("webhook.failing")) == len(scene.mails()) == 2  # 50 and 70


def test_the_mail_does_not_show_what_may_be_a_secret(scene):
    scene.set(url=scene.receiver.url + "?token=s3cret", name="Zap")
    fail_for(scene, 3)
    [mail] = scene.mails()
    assert "s3cret" not in mail["body"] and "Zap" in mail["body"]


def test_without_a_company_address_the_owner_is_written_to(scene):
    owner = scene.company.user("Olga", "admin", email="olga@example.com")
    scene.stack.sql.run("UPDATE companies SET email = NULL, owner_id = (SELECT id FROM users WHERE email = %s AND company_id = %s)"
                        " WHERE id = %s", owner["email"], scene.company.bytes, scene.company.bytes)
    fail_for(scene, 3)
    assert [mail["recipient"] for mail in scene.mails()] == ["olga@example.com"]


def test_without_any_address_the_event_is_enough(scene):
    scene.stack.sql.run("UPDATE companies SET email = NULL, owner_id = NULL WHERE id = %s", scene.company.bytes)
    fail_for(scene, 3)
    assert scene.told("webhook.failing") and not scene.mails()


def test_after_five_days_it_is_switched_off_and_all_is_held(scene, witness):
    fail_for(scene, 3)
    fail(scene, 2 * DAY)
    endpoint = scene.endpoint()
    assert not endpoint["active"] and endpoint["disabled_reason"] == "No success for 5 days."
    assert set(scene.states()) == {"held"}
    [disabled] = scene.told("webhook.disabled")
    assert [mail["subject"] for mail in scene.mails()][-1] == "A webhook endpoint was switched off"
    scene.receiver.default = (200, {}, b"")
    scene.later(60)
    assert [body["type"] for body in witnessed(scene)][-1] == "webhook.disabled"


def test_switched_on_again_it_has_the_whole_way_before_it(scene):
    fail_for(scene, 3)
    fail(scene, 2 * DAY)
    scene.company.patch(f"/api/v1/webhooks/{scene.hook['id']}", {"active": True})
    scene.later(1)
    endpoint = scene.endpoint()
    assert endpoint["active"] and endpoint["failing_warned"] == 100  # no warning: that it was told of being switched off
    assert endpoint["failing_since"] == scene.now.replace(tzinfo=None)


def test_nobody_is_switched_off_without_a_warning(scene):
    fail_for(scene, 30)
    [warning] = scene.told("webhook.failing")
    assert scene.endpoint()["active"] and "2031-05-01T10:00:00" in warning["payload"]
    fail(scene, DAY / 2 - 60)
    assert scene.endpoint()["active"]
    fail(scene, 60)
    assert not scene.endpoint()["active"]


def test_the_days_are_a_setting(scene):
    scene.stack.environment["SLOTWIRE_WEBHOOK_DISABLE_DAYS"] = "1"
    try:
        fail_for(scene, 0.6)
        fail(scene, 0.4 * DAY)
    finally:
        del scene.stack.environment["SLOTWIRE_WEBHOOK_DISABLE_DAYS"]
    assert scene.endpoint()["disabled_reason"] == "No success for 1 day."


def test_nobody_is_told_of_its_own_fate(scene):
    """It would only fail once more."""
    scene.stack.sql.run("INSERT INTO webhook_subscriptions (company_id, event_type, endpoint_id) VALUES (%s, 'webhook.failing', %s)",
                        scene.company.bytes, scene.key)
    fail_for(scene, 2.5)
    [event] = scene.told("webhook.failing")
    assert event["id"] not in [row["event_id"] for row in scene.rows()]


@pytest.mark.parametrize("answer", [(410, {}, b"gone"), (200, {"webhook-delivery": "disable"}, b"")], ids=["410", "header"])
def test_what_the_endpoint_asks_for_is_told_as_well(scene, witness, answer):
    scene.receiver.script = dict.fromkeys(range(3), answer)  # the news to the witness comes after them
    scene.make(3)
    scene.later(0)
    [disabled] = scene.told("webhook.disabled")
    assert len(scene.mails()) == 1 and not scene.endpoint()["active"]
    scene.later(60)
    assert witnessed(scene)[-1]["data"]["reason"] == scene.endpoint()["disabled_reason"]
    [entry] = scene.company.get(f"/api/v1/audit?subject={scene.hook['id']}&action=webhook.disabled").json()["data"]
    assert entry["actor"] == {"type": "system", "id": None, "name": None} and entry["address"] is None
    assert entry["details"] == {"reason": scene.endpoint()["disabled_reason"]}


@pytest.mark.parametrize("answer", [(410, {}, b"gone"), (500, {}, b"")], ids=["at its wish", "after five days"])
def test_recovery_is_told_and_mailed_after_it_was_switched_off(scene, answer):
    scene.receiver.default = answer
    for days in (0, 3, 3):
        scene.make()
        scene.later(days * DAY)
        if not scene.endpoint()["active"]:
            break
    assert scene.told("webhook.disabled") and not scene.told("webhook.recovered")
    scene.receiver.default = (200, {}, b"")
    scene.company.patch(f"/api/v1/webhooks/{scene.hook['id']}", {"active": True})
    scene.make()
    for _ in range(3):
        scene.later(60)
    assert len(scene.told("webhook.recovered")) == 1
    assert [mail["subject"] for mail in scene.mails()][-1] == "A webhook endpoint works again"


@pytest.mark.parametrize("word", ["abort", "abort-message", "Abort"])
def test_a_delivery_may_be_given_up_by_the_endpoint(scene, word):
    scene.receiver.script = {0: (500, {"webhook-delivery": word}, b"")}
    scene.make(2)
    scene.later(0)
    assert scene.states() == ["delivered", "failed"] and scene.endpoint()["active"]
    assert scene.later(DAY) == 2


def test_recovery_is_told_and_mailed_after_a_warning(scene, witness):
    fail_for(scene, 3)
    scene.receiver.default = (200, {}, b"")
    scene.make()
    scene.later(60)
    scene.later(60)
    assert [body["type"] for body in witnessed(scene)][-1] == "webhook.recovered"
    assert [mail["subject"] for mail in scene.mails()] == ["A webhook endpoint does not take what is sent",
                                                           "A webhook endpoint works again"]
    scene.make()
    scene.later(1)
    assert len(scene.told("webhook.recovered")) == 1


def test_recovery_from_a_long_cut_off_is_told_but_not_mailed(scene):
    scene.receiver.default = (500, {}, b"")
    scene.many(40)
    scene.later(0)
    for pause in (10, 20, 40, 80, 160):
        scene.later(pause)
        scene.due_now()
    scene.receiver.default = (200, {}, b"")
    scene.later(300)
    assert len(scene.told("webhook.recovered")) == 1 and not scene.mails()


def test_what_fails_and_succeeds_in_one_batch_ends_as_it_ended(scene):
    """Failures and a success that are written down together are counted in the order in which they came."""
    fail_for(scene, 3)
    other, receiver = Company(scene.stack), scene.receiver
    other.webhook(receiver.url + "/other", ["user.created"])
    other.user("Ada")
    scene.make(6)

    def before(number):
        return sum(not delivery.path.endswith("/other") for delivery in receiver.deliveries[:number])

    def answer(number):
        """Three times well, then not. The other endpoint waits for that: nothing is written down while none is in flight."""
        if receiver.deliveries[number].path.endswith("/other"):
            wait_until(lambda: before(len(receiver.deliveries)) >= 8, 10, "failures and successes")
            return (200, {}, b"")
        return (200 if 3 <= before(number) < 6 else 500, {}, b"")

    receiver.answer = answer
    scene.later(60, SLOTWIRE_DISPATCHER_LANE_PARALLEL="1")
    assert len(scene.told("webhook.recovered")) == 1
    assert scene.endpoint()["failing_since"] == scene.now.replace(tzinfo=None)


def test_only_what_the_endpoint_did_counts(scene):
    scene.receiver.default = (429, {"Retry-After": "1"}, b"")
    scene.make(3)
    for _ in range(4):
        scene.later(DAY / 2)
    endpoint = scene.endpoint()
    assert endpoint["failing_since"] is None and endpoint["breaker_failures"] == 0 and not scene.told("webhook.failing")


def test_stopping_the_dispatcher_counts_for_nobody(scene):
    scene.receiver.hold = threading.Event()
    scene.make()
    with scene.stack.dispatcher():
        wait_until(lambda: scene.receiver.deliveries, 10, "the attempt")
    endpoint = scene.endpoint()
    assert endpoint["failing_since"] is None and endpoint["failure_count"] == 0
    [row] = scene.rows()
    assert (row["state"], row["attempts"], row["requests"]) == ("retrying", 0, 1)


# ---- test sends ----


def send_test(scene):
    return scene.company.post(f"/api/v1/webhooks/{scene.hook['id']}/test", {}, 202).json()


def test_a_test_reaches_an_endpoint_that_is_off(scene):
    send_test(scene)
    scene.make()
    scene.set(active=False)
    assert scene.later(0) == 1 and scene.states() == ["delivered", "held"]
    assert scene.endpoint()["last_status"] == 200 and scene.endpoint()["success_count"] == 0


@pytest.mark.parametrize("status", [500, 410, 429])
def test_a_test_is_tried_once_and_counts_for_nothing(scene, status):
    scene.receiver.default = (status, {}, b"")
    send_test(scene)
    assert scene.later(0) == 1 and scene.states() == ["failed"]
    endpoint = scene.endpoint()
    assert endpoint["active"] and endpoint["failure_count"] == 0 and endpoint["failing_since"] is None
    assert endpoint["last_status"] == status and scene.later(DAY) == 1


def test_a_test_that_works_heals_nothing(scene):
    fail_for(scene, 3)
    scene.receiver.default = (200, {}, b"")
    send_test(scene)
    scene.later(1)
    assert scene.endpoint()["failing_since"] is not None and not scene.told("webhook.recovered")


def test_a_test_that_people_send_again_goes_out_like_the_first(scene):
    send_test(scene)
    scene.later(0)
    scene.set(active=False)
    scene.stack.sql.run("UPDATE deliveries SET state = 'retrying', due_at = %s, settled_at = NULL WHERE endpoint_id = %s",
                        scene.now.replace(tzinfo=None), scene.key)
    assert scene.later(1) == 2 and scene.states() == ["delivered"]


def test_a_test_of_an_endpoint_that_is_gone_is_given_up(scene):
    send_test(scene)
    scene.stack.sql.run("DELETE FROM webhook_endpoints WHERE id = %s", scene.key)
    assert scene.later(0) == 0 and scene.states() == ["failed"]


def test_a_test_overtakes_a_long_queue(scene):
    scene.many(500, age=3600)
    answer = send_test(scene)
    scene.later(0)
    assert answer["eventId"] in [d.id for d in scene.receiver.deliveries[:40]]


def test_a_test_that_nobody_sent_for_a_day_is_given_up_where_the_endpoint_is_off(scene):
    send_test(scene)
    scene.stack.sql.run("UPDATE deliveries SET id = CONCAT(UNHEX('0180'), SUBSTR(id, 3)) WHERE endpoint_id = %s", scene.key)
    scene.set(active=False)
    assert scene.later(DAY + 1) == 0 and scene.states() == ["failed"]


# ---- totals ----


def test_attempts_are_counted_by_their_outcome(scene):
    def totals():
        return {row["name"]: row["value"] for row in scene.stack.sql.all("SELECT name, value FROM counters")}

    before = totals()
    scene.receiver.script = {0: (500, {}, b""), 1: (429, {"webhook-delivery": "abort"}, b"")}
    scene.make(3)
    scene.later(0)
    after = totals()
    grown = {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)}
    assert grown == {"attempts_delivered": 1, "attempts_failed": 2, "deliveries_failed": 1}
