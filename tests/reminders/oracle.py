"""What the reminders should be, in as few words as possible; and a day of random bookings to ask it about."""

import datetime
import random

KINDS = {"24h": datetime.timedelta(hours=24), "1h": datetime.timedelta(hours=1), "15m": datetime.timedelta(minutes=15)}


class Oracle:
    def __init__(self):
        self.plans = {}  # booking → (start, {kind: moment} not settled yet)
        self.sent = []  # (booking, kind, start), in no particular order

    def plan(self, booking, start, now):
        moments = {kind: start - before for kind, before in KINDS.items()}
        self.plans[booking] = start, {kind: moment for kind, moment in moments.items() if moment > now}

    def cancel(self, booking):
        self.plans.pop(booking, None)

    def run(self, now):
        """A run of the dispatcher: of each booking the latest kind that came due, unless it has started."""
        for booking, (start, open_kinds) in self.plans.items():
            due = [kind for kind, moment in open_kinds.items() if moment <= now]
            if due and now < start:
                self.sent.append((booking, max(due, key=open_kinds.get), start))
            for kind in due:
                del open_kinds[kind]


class Day:
    """Random acts, each at its own second, and outages of the dispatcher."""

    def __init__(self, seed, begin, hours):
        self.random = random.Random(seed)
        self.begin = begin
        self.end = begin + datetime.timedelta(hours=hours)
        self.outages = [self.stretch() for _ in range(4)]
        self.taken = set()

    def stretch(self):
        start = self.begin + (self.end - self.begin) * self.random.random()
        return start, start + datetime.timedelta(minutes=self.random.choice([10, 45, 90, 240]))

    def is_down(self, moment):
        return any(start <= moment < end for start, end in self.outages)

    def new_start(self, now):
        """A quarter of an hour that nobody had before, between minutes and thirty hours ahead."""
        while True:
            ahead = self.random.choice([0.2, 0.5, 1, 2, 6, 23, 24, 25, 30]) * self.random.uniform(0.6, 1.1)
            start = now + datetime.timedelta(hours=ahead)
            start = start.replace(minute=start.minute // 15 * 15, second=0, microsecond=0) + datetime.timedelta(minutes=15)
            if start not in self.taken:
                self.taken.add(start)
                return start
