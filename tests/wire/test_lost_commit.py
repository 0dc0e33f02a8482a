"""The database writes a transaction down, and its answer is lost on the way: nothing is lost, nothing counts twice."""

import contextlib
import socket
import threading

import pytest

from health_scene import Scene


class LosesAnswer:
    """Between a program and the database: closes the connection instead of passing on the answer to one COMMIT."""

    def __init__(self, path, database, which):
        self.path, self.database, self.left = str(path), database, which
        self.lock = threading.Lock()
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(self.path)
        self.server.listen()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):  # closed: the test is over
            while True:
                client, _ = self.server.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self.database)
                over = threading.Event()
                threading.Thread(target=self.questions, args=(client, server, over), daemon=True).start()
                threading.Thread(target=self.answers, args=(server, client, over), daemon=True).start()

    def is_it(self, data):
        if b"COMMIT" not in data:
            return False
        with self.lock:
            self.left -= 1
            return self.left == 0

    def questions(self, client, server, over):
        with contextlib.suppress(OSError):
            while data := client.recv(1 << 20):
                if self.is_it(data):
                    over.set()
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)

    def answers(self, server, client, over):
        with contextlib.suppress(OSError):
            while data := server.recv(1 << 20):
                if over.is_set():
                    break
                client.sendall(data)
        for end in (client, server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.server.close()


@pytest.fixture
def scene(stack, receiver, clock):
    return Scene(stack, receiver, clock)


@pytest.mark.parametrize("which", range(1, 5))
def test_whichever_answer_is_lost_each_attempt_counts_once(scene, tmp_path, which):
    scene.receiver.script = {0: (500, {}, b"")}
    scene.make(3)
    between = LosesAnswer(tmp_path / "database", scene.stack.settings["db_socket"], which)
    try:
        scene.stack.dispatch(SLOTWIRE_DB_SOCKET=between.path)
    finally:
        between.close()
    assert between.left <= 0
    # Where it was the claim's, nothing was sent; the next claim cannot know that and logs what may have been.
    left = sum(row["fence"] is not None for row in scene.rows())
    assert left == 3 - len(scene.receiver.deliveries)
    for _ in range(2):  # the lease is over, and then the time of what failed has come
        scene.later(3600)
    endpoint = scene.endpoint()
    assert scene.states() == ["delivered"] * 3 and len(scene.receiver.deliveries) == 4
    assert (endpoint["success_count"], endpoint["failure_count"], endpoint["breaker_failures"]) == (3, 1, 0)
    log = scene.stack.sql.all("SELECT a.status, a.error FROM attempts a JOIN deliveries d ON d.id = a.delivery_id"
                              " WHERE d.endpoint_id = %s", scene.key)
    assert sorted(row["status"] for row in log if row["status"]) == [200, 200, 200, 500]
    assert ["may have been received" in row["error"] for row in log if not row["status"]] == [True] * left
    assert sum(row["requests"] for row in scene.rows()) == 4 + left
