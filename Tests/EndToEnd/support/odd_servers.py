"""HTTP servers that do wrong things, to see what a client makes of them."""

import json
import socket
import threading
import time
from contextlib import closing


class OddServer:
    """Answers each request with what `answer` yields: bytes are sent, numbers are seconds to wait.

    An answer that ends closes the connection. `requests` has the heads and bodies that came.
    """

    def __init__(self, answer, port=0):
        self.answer = answer
        self.requests = []
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.converse, args=(connection,), daemon=True).start()

    def converse(self, connection):
        with closing(connection):
            try:
                self.requests.append(read_request(connection))
                for step in self.answer(self.requests[-1]):
                    if isinstance(step, bytes):
                        connection.sendall(step)
                    else:
                        time.sleep(step)
            except OSError:
                pass


def read_request(connection):
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65536)
        if not piece:
            return received.decode()
        received += piece
    head, body = received.split(b"\r\n\r\n", 1)
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    length = int(lengths[0].split(b":")[1]) if lengths else 0
    while len(body) < length:
        body += connection.recv(65536)
    return (head + b"\r\n\r\n" + body).decode(errors="replace")


def response(status, body, media_type="application/json", headers=()):
    """Returns a whole response as bytes."""
    if not isinstance(body, (bytes, str)):
        body = json.dumps(body)
    body = body.encode() if isinstance(body, str) else body
    lines = [
        f"HTTP/1.1 {status} Odd", f"Content-Type: {media_type}", f"Content-Length: {len(body)}",
        "Connection: close", *headers,
    ]  # fmt: skip
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def problem(status, slug, **members):
    """Returns a problem as a response."""
    document = {"type": f"/problems/{slug}", "title": slug, "status": status, "detail": "so it is"}
    return response(status, {**document, **members}, "application/problem+json")
