"""Clients that book while the house falls down around them, and never give up on a booking they began."""

import contextlib
import random
import threading
import time
import uuid

import requests

from world import future, minutes


class Load:
    """Each thread books its own staff's times; an attempt without an answer is sent again with the same key."""

    def __init__(self, company, service, team):
        self.company, self.service, self.team = company, service, team
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.booked = {}  # booking id → the last status that was acknowledged
        self.asked = 0
        self.faults = 0  # answers 5xx and broken connections
        self.wrong = []  # answers that should never be
        self.threads = [threading.Thread(target=self.work, args=(index,), daemon=True) for index in range(len(team))]

    def start(self):
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(120)
            assert not thread.is_alive()

    def work(self, index):
        dice, number = random.Random(index), 0
        session = requests.Session()
        session.trust_env = False
        while not self.stopping.is_set():
            start = future(days=3) + minutes(15 * number)
            number += 1
            body = self.company.order(self.service, start, self.team[index])
            answer = self.insist(session, "/api/v1/bookings", body)
            if answer is None:
                return
            if answer.status_code != 201:
                self.wrong.append((body, answer.status_code, answer.text))
                continue
            self.note(answer)
            act = dice.choice([None, None, "confirm", "cancel"])
            if act:
                self.act(session, answer.json()["id"], act)

    def act(self, session, booking, act):
        answer = self.insist(session, f"/api/v1/bookings/{booking}/{act}", None)
        if answer is not None and answer.status_code == 200:
            self.note(answer)
        elif answer is not None:
            self.wrong.append((act, answer.status_code, answer.text))

    def note(self, answer):
        body = answer.json()
        with self.lock:
            self.booked[body["id"]] = body["status"]

    def insist(self, session, path, body):
        """Sends until there is an answer below 500; None when told to stop before that."""
        headers = {"X-API-Key": self.company.key, "Idempotency-Key": uuid.uuid4().hex}
        end = time.monotonic() + 120
        while time.monotonic() < end:
            self.asked += 1
            with contextlib.suppress(requests.RequestException):
                answer = session.post(self.company.stack.url + path, json=body, headers=headers, timeout=30)
                if answer.status_code < 500 and not is_running(answer):
                    return answer
            self.faults += 1
            if self.stopping.wait(0.05):
                return None
        raise AssertionError(f"no answer for two minutes: {path}")


def is_running(answer):
    return answer.status_code == 409 and answer.json()["error"]["code"] == "IDEMPOTENCY_RUNNING"
