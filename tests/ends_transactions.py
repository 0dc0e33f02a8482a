"""A database server that ends its clients' transactions: a proxy that knows the packets of the MariaDB protocol."""

import contextlib
import random
import select
import socket
import struct
import threading

COM_QUERY, COM_EXECUTE, COM_BULK = 0x03, 0x17, 0xFA
STEPS = (COM_QUERY, COM_EXECUTE, COM_BULK)
BEGIN, COMMIT, ROLLBACK = b"START TRANSACTION", b"COMMIT", b"ROLLBACK"
DEADLOCK = b"\xff" + struct.pack("<H", 1213) + b"#40001Deadlock found when trying to get lock; try restarting transaction"


def packet(payload, number):
    return struct.pack("<I", len(payload))[:3] + bytes([number]) + payload


def packets(data):
    """The whole packets at the front of `data` as (number, payload), and what is left."""
    found = []
    while len(data) >= 4:
        length = int.from_bytes(data[:3], "little")
        if len(data) < 4 + length:
            break
        found.append((data[3], data[4:4 + length]))
        data = data[4 + length:]
    return found, data


def is_end(payload):
    return payload[:1] == b"\xfe" and len(payload) < 9


class Wire:
    """One client's connection: bytes go as they come, but for a command that is harmed, and its answer."""

    def __init__(self, client, server, plan):
        self.client, self.server, self.plan = client, server, plan
        self.step = 0  # of the transaction; 0: none is open
        self.left = {client: b"", server: b""}

    def read(self, end):
        """The next packets of one side."""
        while True:
            found, self.left[end] = packets(self.left[end])
            if found:
                return found
            data = end.recv(1 << 20)
            if not data:
                raise ConnectionError("closed")
            self.left[end] += data

    def answer(self):
        """The whole answer of the server to a command: one packet, or columns and rows with an end behind each."""
        got = self.read(self.server)
        while got[0][1][0] not in (0x00, 0xFF) and sum(is_end(payload) for _, payload in got) < 2:
            got += self.read(self.server)
        return got

    def roll_back(self):
        """What the server does of itself, and says nothing of."""
        self.server.sendall(packet(b"\x03ROLLBACK", 0))
        self.answer()
        self.plan.done()

    def harm_of(self, payload):
        """What is to be done to this command of a transaction. What the client itself rolls back is left alone."""
        if BEGIN in payload:
            self.step = 1
            return None
        if payload[0] not in STEPS or self.step == 0:
            return None
        if ROLLBACK in payload or COMMIT in payload:
            last, self.step = self.step + 1, 0
            return self.plan.harm(last) if COMMIT in payload else None
        self.step += 1
        return self.plan.harm(self.step)

    def carry(self, number, payload):
        harm = self.harm_of(payload) if number == 0 else None  # else it logs in
        if harm == "ended":
            self.roll_back()
        if harm == "refused":
            self.roll_back()
            self.client.sendall(packet(DEADLOCK, 1))
            return
        self.server.sendall(packet(payload, number))
        if harm == "behind rows" and payload[0] == COM_EXECUTE:
            answer = self.answer()
            if is_end(answer[-1][1]):
                self.roll_back()
                answer[-1] = (answer[-1][0], DEADLOCK)
            self.client.sendall(b"".join(packet(payload, number) for number, payload in answer))

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                ready, _, _ = select.select([self.client, self.server], [], [])
                if self.server in ready:
                    data = self.server.recv(1 << 20)
                    if not data:
                        break
                    self.client.sendall(data)
                if self.client in ready:
                    for number, payload in self.read(self.client):
                        self.carry(number, payload)
        for end in (self.client, self.server):
            end.close()


class Never:
    """Does no harm."""

    def harm(self, step):
        return None

    def done(self):
        pass


class Once(Never):
    """Does it at one step of the first transaction that has so many."""

    def __init__(self, harm, step):
        self.what, self.at, self.struck, self.longest = harm, step, 0, 0

    def harm(self, step):
        self.longest = max(self.longest, step)
        return self.what if step == self.at and not self.struck else None

    def done(self):
        self.struck += 1


class AtRandom(Never):
    """Does one of them at a random step of one transaction in `seldom`."""

    def __init__(self, seed, seldom):
        self.dice, self.seldom, self.struck, self.lock = random.Random(seed), seldom, 0, threading.Lock()

    def harm(self, step):
        with self.lock:
            return self.dice.choice(("ended", "refused", "behind rows")) if self.dice.random() < 1 / self.seldom else None

    def done(self):
        with self.lock:
            self.struck += 1


class EndsTransactions:
    """
    Listens at `path` and carries what comes to the server behind it. `plan` says at which step of which transaction (2: its first
    statement, the last one is COMMIT) what is done: `ended` rolls back and says nothing; `refused` rolls back and answers the
    statement with a deadlock; `behind rows` does so behind the rows of a statement that has some.
    """

    def __init__(self, path, database):
        self.path, self.database, self.plan = str(path), str(database), Never()
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(self.path)
        self.server.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):  # closed: the test is over
            while True:
                client, _ = self.server.accept()
                server = socket.socket(socket.AF_UNIX)
                try:
                    server.connect(self.database)
                except OSError:
                    client.close()
                    continue
                threading.Thread(target=Wire(client, server, self).run, daemon=True).start()

    def harm(self, step):
        return self.plan.harm(step)

    def done(self):
        self.plan.done()

    def close(self):
        self.server.close()
