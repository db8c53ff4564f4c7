"""HTTP/2 by hand, to say what no well-behaved client says. Header blocks are literals without a table."""

import socket
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS = range(5)
PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(5, 10)
END_STREAM, ACK, END_HEADERS = 1, 1, 4


def frame(kind, payload=b"", flags=0, stream=0, length=None):
    """Returns a frame; a `length` that differs from the payload's makes it a lie."""
    size = len(payload) if length is None else length
    return struct.pack(">I", size)[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(name, value):
    """Returns one header field, as a literal that is never indexed and not compressed."""
    return b"\x10" + bytes([len(name)]) + name + bytes([len(value)]) + value


def header_block(path, extra=(), authority=b"localhost"):
    fields = [
        (b":method", b"POST"),
        (b":scheme", b"http"),
        (b":path", path),
        (b":authority", authority),
        (b"te", b"trailers"),
        (b"content-type", b"application/grpc"),
        *extra,
    ]
    return b"".join(literal(name, value) for name, value in fields)


def request(stream, path, body=None, extra=(), end=True):
    """Returns the frames of a call with one message, which is prefixed as gRPC does."""
    frames = frame(HEADERS, header_block(path, extra), END_HEADERS, stream)
    if body is not None:
        message = b"\0" + struct.pack(">I", len(body)) + body
        for start in range(0, len(message), 16_384):
            frames += frame(DATA, message[start : start + 16_384], 0, stream)
        if end:
            frames += frame(DATA, b"", END_STREAM, stream)
    return frames


class RawConnection:
    """A TCP connection that sends bytes as they are given."""

    def __init__(self, server, timeout=10):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=timeout)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, *parts):
        """Sends, and tells whether the server still took it."""
        try:
            self.socket.sendall(b"".join(parts))
            return True
        except (ConnectionError, socket.timeout):
            return False

    def greet(self):
        return self.send(PREFACE, frame(SETTINGS))

    def next_frame(self):
        """Returns (kind, flags, stream, payload) of the next frame, or nothing when the connection ends."""
        try:
            while len(self.buffer) < 9 or len(self.buffer) < 9 + self._length():
                received = self.socket.recv(65_536)
                if not received:
                    return None
                self.buffer += received
        except (ConnectionError, socket.timeout):
            return None
        size = 9 + self._length()
        whole, self.buffer = self.buffer[:size], self.buffer[size:]
        return whole[3], whole[4], struct.unpack(">I", whole[5:9])[0] & 0x7FFF_FFFF, whole[9:]

    def _length(self):
        return int.from_bytes(self.buffer[:3], "big")

    def find(self, *kinds):
        """Returns the next frame of one of these kinds, or nothing when the connection ends before."""
        while (found := self.next_frame()) is not None:
            if found[0] in kinds:
                return found
        return None

    def is_closed(self):
        """Reads to the end and tells whether the server closed the connection."""
        self.socket.settimeout(5)
        try:
            while self.socket.recv(65_536):
                pass
            return True
        except socket.timeout:
            return False
        except ConnectionError:
            return True
