"""A webhook receiver on 127.0.0.1 that keeps what came, byte for byte, and answers as it is told."""

import http.server
import json
import threading
import time


class Delivery:
    def __init__(self, path, headers, body):
        self.path = path
        self.headers = headers  # the last of each name
        self.body = body  # bytes
        self.at = time.monotonic()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def id(self):
        return self.headers["webhook-id"]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes, and the second would wait for the sender's acknowledgement

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        receiver = self.server.receiver
        with receiver.lock:
            number = len(receiver.deliveries)
            receiver.deliveries.append(Delivery(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        status, headers, text = receiver.answer(number)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, request, client_address):
        pass  # a sender that was killed or gave up


class Receiver:
    def __init__(self):
        self.lock = threading.Lock()
        self.deliveries = []
        self.script = {}  # number of the request → (status, headers, body)
        self.default = (200, {}, b"ok")
        self.hold = None  # an Event: answers wait for it
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.receiver = self
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def answer(self, number):
        if self.hold is not None:
            self.hold.wait(120)
        return self.script.get(number, self.default)

    def of(self, event_type):
        """Deliveries whose body names this event, in whatever format."""
        with self.lock:
            return [d for d in self.deliveries if event_type in (d.json.get("type"), d.json.get("event"))]

    def close(self):
        if self.hold is not None:
            self.hold.set()
        self.server.shutdown()
        self.server.server_close()
