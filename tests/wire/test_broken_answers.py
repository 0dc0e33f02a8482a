"""Answers that are not whole HTTP: one that ends before its header does is none, and the endpoint's own fault."""

import contextlib
import socket
import threading

import pytest

from health_scene import Scene


@contextlib.contextmanager
def answering(answer):
    """The URL of somebody who takes each request and writes these bytes, whatever they are, and hangs up."""
    door = socket.create_server(("127.0.0.1", 0))

    def serve():
        with contextlib.suppress(OSError):
            while True:
                guest, _ = door.accept()
                with guest, guest.makefile("rb") as asked, contextlib.suppress(OSError):
                    length = 0
                    while (line := asked.readline().lower()) not in (b"\r\n", b""):
                        if line.startswith(b"content-length:"):
                            length = int(line.split(b":")[1])
                    asked.read(length)
                    guest.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    yield f"http://127.0.0.1:{door.getsockname()[1]}/hook"
    door.close()


def answered(stack, receiver, clock, answer):
    """The delivery and its endpoint after one attempt."""
    scene = Scene(stack, receiver, clock)
    with answering(answer) as url:
        scene.set(url=url)
        scene.make()
        scene.later(0)
    [delivery] = scene.company.get(f"/api/v1/webhooks/{scene.hook['id']}/deliveries").json()["data"]
    return delivery, scene.endpoint()


LONG = b"\r\nX-Long: " + b"a" * 200_000 + b"\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize("answer, words", [
    (b"HTTP/1.1 200 OK\r\nConte", "The answer ended within its header."),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", "The answer ended within its header."),
    (b"HTTP/1.1 200 OK" + LONG, "A line of the answer's header is too long."),
    (b"HTTP/1.1 500 Broken" + LONG, "A line of the answer's header is too long."),
    (b"HTTP/1.1 100 Continue\r\n\r\n", None),
    (b"", None),
    (b"no HTTP at all\r\n\r\n", None),
], ids=["200, cut off", "200, one line short", "200, too long", "500, too long", "100 alone", "nothing", "noise"])
def test_no_whole_header_is_no_answer_and_counts(stack, receiver, clock, answer, words):
    delivery, endpoint = answered(stack, receiver, clock, answer)
    assert (delivery["state"], delivery["attempts"]) == ("retrying", 1)
    [attempt] = delivery["attemptLog"]
    assert attempt["error"] == words if words else attempt["error"]
    assert endpoint["failure_count"] == 1 and endpoint["failing_since"] and endpoint["breaker_failures"] == 1


@pytest.mark.parametrize("answer", [
    b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nonly so much",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    b"HTTP/1.0 200 OK\n\nhello",
], ids=["body cut off", "100 before", "chunks without end", "old and bare"])
def test_a_whole_header_is_an_answer(stack, receiver, clock, answer):
    delivery, endpoint = answered(stack, receiver, clock, answer)
    assert delivery["state"] == "delivered" and delivery["attemptLog"][0]["error"] is None
    assert endpoint["success_count"] == 1 and endpoint["failing_since"] is None
