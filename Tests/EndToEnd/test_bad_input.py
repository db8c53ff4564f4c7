"""What no good client sends: every connection gets its due, and nobody else notices."""

import contextlib
import os
import socket
import struct
import time

import grpc
import pytest

from support import process
from support.frames import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PING,
    PREFACE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    RawConnection,
    frame,
    header_block,
    literal,
    request,
)
from support.protocol import Client

RANGE = b"/etcdserverpb.KV/Range"
KEY_A = b"\x0a\x01a"


@pytest.fixture(autouse=True)
def others_are_unharmed(server, client, key):
    """A normal client works before, during and after."""
    client.KV.Put(key=key, value=b"before")
    yield
    assert server.is_alive(), server.tail()
    assert client.get(key) == b"before"
    with Client(server) as newcomer:
        newcomer.KV.Put(key=key, value=b"after")


GARBAGE = {
    "random bytes": bytes(range(256)) * 20,
    "zeros": b"\0" * 5000,
    "a TLS greeting": bytes.fromhex("16030100a5010000a10303") + b"x" * 200,
    "half a preface": PREFACE[:10] + b"\0" * 200,
    "a preface and then garbage": PREFACE + b"\xff" * 500,
    "nonsense in HTTP/1.1": b"NONSENSE\r\n\r\n",
    "an HTTP/1.1 request without end": b"GET / HTTP/1.1\r\n" + b"X: " + b"a" * 200_000,
    "ten thousand header lines": b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 10_000 + b"\r\n",
    "a negative length": b"POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
    "two lengths": b"POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "another version": b"GET /version HTTP/9.9\r\n\r\n",
}


@pytest.mark.parametrize("name", sorted(GARBAGE))
def test_garbage_ends_the_connection_or_is_refused(server, name):
    with RawConnection(server) as raw:
        raw.send(GARBAGE[name])
        with contextlib.suppress(OSError):
            # It may have hung up already.
            raw.socket.shutdown(socket.SHUT_WR)
        assert raw.is_closed()


BAD_FRAMES = {
    "a frame before the settings": frame(PING, b"12345678"),
    "a frame that is too large": frame(SETTINGS) + frame(DATA, b"x" * 100, stream=1, length=0xFFFFFF),
    "data on stream zero": frame(SETTINGS) + frame(DATA, b"x", END_STREAM, 0),
    "an even stream": frame(SETTINGS) + frame(HEADERS, header_block(RANGE), END_HEADERS, 2),
    "settings of a wrong size": frame(SETTINGS, b"12345"),
    "a ping of a wrong size": frame(SETTINGS) + frame(PING, b"123"),
    "a continuation of nothing": frame(SETTINGS) + frame(CONTINUATION, b"", END_HEADERS, 1),
    "a window of zero": frame(SETTINGS) + frame(WINDOW_UPDATE, struct.pack(">I", 0)),
    "headers that do not decode": frame(SETTINGS) + frame(HEADERS, b"\xff\xff\xff\xff\xff", END_HEADERS, 1),
}


@pytest.mark.parametrize("name", sorted(BAD_FRAMES))
def test_a_frame_against_the_rules_is_answered_by_goaway(server, name):
    with RawConnection(server) as raw:
        raw.send(PREFACE, BAD_FRAMES[name])
        found = raw.find(GOAWAY)
        # A server may also just hang up; what it must not do is go on.
        assert found is None or struct.unpack(">I", found[3][4:8])[0] != 0
        assert raw.is_closed()


def outcome(raw, stream=1):
    """Returns how a call ended: its trailers as bytes, or the kind of frame that ended it."""
    trailers = b""
    while (found := raw.next_frame()) is not None:
        kind, flags, identifier, payload = found
        if identifier != stream and kind != GOAWAY:
            continue
        if kind == HEADERS:
            trailers += payload
        if kind in (RST_STREAM, GOAWAY) or kind in (HEADERS, DATA) and flags & END_STREAM:
            return kind, trailers
    return None, trailers


def test_the_hand_made_client_can_make_a_good_call(server):
    with RawConnection(server) as raw:
        raw.greet()
        raw.send(request(1, RANGE, KEY_A))
        assert outcome(raw)[0] == HEADERS


@pytest.mark.parametrize(
    "authority", [b"127.0.0.1:2379", b"http://127.0.0.1:2379", b"#initially=[127.0.0.1:2379;[::1]:2379]"]
)
def test_every_authority_that_real_clients_send_is_accepted(server, authority):
    """The Go clients of 3.4 and 3.5.0 put their whole endpoint there."""
    with RawConnection(server) as raw:
        raw.greet()
        raw.send(frame(HEADERS, header_block(RANGE, authority=authority), END_HEADERS, 1))
        raw.send(frame(DATA, b"\0\0\0\0\3" + KEY_A, END_STREAM, 1))
        assert outcome(raw)[0] == HEADERS


def head(*fields):
    """Returns the frame of a call with exactly these header fields, and no body."""
    block = b"".join(literal(name, value) for name, value in fields)
    return frame(HEADERS, block, END_HEADERS | END_STREAM, 1)


METHOD, SCHEME, PATH = (b":method", b"POST"), (b":scheme", b"http"), (b":path", RANGE)
CONTENT = (b"content-type", b"application/grpc")

BAD_CALLS = {
    "no headers at all": head(),
    "no path": head(METHOD, SCHEME, CONTENT),
    "no method": head(SCHEME, PATH, CONTENT),
    "two paths": head(METHOD, SCHEME, PATH, PATH, CONTENT),
    "a pseudo-header that is none": head(METHOD, SCHEME, PATH, (b":mystery", b"1"), CONTENT),
    "a pseudo-header after the others": head(METHOD, SCHEME, CONTENT, PATH),
    "a name in capitals": head(METHOD, SCHEME, PATH, CONTENT, (b"X-Upper", b"1")),
    "a line break in a value": head(METHOD, SCHEME, PATH, CONTENT, (b"x-lines", b"a\r\nb")),
    "another content type": head(METHOD, SCHEME, PATH, (b"content-type", b"text/html")),
    "a GET of a method": head((b":method", b"GET"), SCHEME, PATH, CONTENT),
    "no message": frame(HEADERS, header_block(RANGE), END_HEADERS | END_STREAM, 1),
    "half a message": request(1, RANGE) + frame(DATA, b"\0\0\0\0\x64abc", END_STREAM, 1),
    "half a prefix": request(1, RANGE) + frame(DATA, b"\0\0", END_STREAM, 1),
    "a message of four gigabytes": request(1, RANGE) + frame(DATA, b"\0\xff\xff\xff\xff" + b"x" * 100, 0, 1),
    "two messages": request(1, RANGE, KEY_A, end=False) + frame(DATA, b"\0\0\0\0\3" + KEY_A, END_STREAM, 1),
    "a compressed message": request(1, RANGE, extra=[(b"grpc-encoding", b"gzip")])
    + frame(DATA, b"\1\0\0\0\5hello", END_STREAM, 1),
    "compressed without saying how": request(1, RANGE) + frame(DATA, b"\1\0\0\0\5hello", END_STREAM, 1),
    "an unknown compression": request(1, RANGE, extra=[(b"grpc-encoding", b"mystery")])
    + frame(DATA, b"\1\0\0\0\5hello", END_STREAM, 1),
    "a method that does not exist": request(1, b"/etcdserverpb.KV/Nothing", KEY_A),
    "a path without a service": request(1, b"/", KEY_A),
    "a timeout that is no number": request(1, RANGE, KEY_A, extra=[(b"grpc-timeout", b"soon")]),
}


OPEN_IN_ETCD = {"no message", "no method", "a GET of a method"}


@pytest.mark.parametrize("name", sorted(BAD_CALLS))
def test_a_bad_call_ends_alone(server, name):
    if server.is_etcd and name in OPEN_IN_ETCD:
        pytest.skip("real etcd leaves such a call open")
    with RawConnection(server) as raw:
        raw.greet()
        raw.send(BAD_CALLS[name])
        ending, _ = outcome(raw)
        assert ending is not None, "the call was never answered"
        if ending != GOAWAY:
            raw.send(request(3, RANGE, KEY_A))
            assert outcome(raw, 3)[0] == HEADERS, "the connection did not survive a bad call"


@pytest.mark.parametrize("cut", [1, 9, 30, 60, 100])
def test_a_connection_that_ends_within_a_frame_takes_nothing_with_it(server, cut):
    whole = PREFACE + frame(SETTINGS) + request(1, RANGE, KEY_A)
    for _ in range(20):
        with RawConnection(server) as raw:
            raw.send(whole[:-cut])


@pytest.mark.isthmus_only  # old etcd reads them without end
def test_headers_that_never_end_are_cut_off(server):
    with RawConnection(server) as raw:
        raw.greet()
        raw.send(frame(HEADERS, header_block(RANGE), 0, 1))
        filler = literal(b"x-filler", b"y" * 100) * 100
        taken = 0
        while taken < 3000 and raw.send(frame(CONTINUATION, filler, 0, 1)):
            taken += 1
        assert taken < 3000 or raw.is_closed()


def test_a_flood_of_pings_delays_nobody(server, client, key):
    with RawConnection(server) as raw:
        raw.greet()
        flood = frame(PING, b"12345678") * 1000
        raw.socket.setblocking(False)
        deadline, slowest, calls = time.monotonic() + 3, 0, 0
        while time.monotonic() < deadline:
            for _ in range(20):
                try:
                    raw.socket.send(flood)
                except BlockingIOError:
                    try:
                        raw.socket.recv(1 << 20)
                    except BlockingIOError:
                        pass
                except ConnectionError:
                    break
            begin = time.monotonic()
            assert client.get(key) == b"before"
            slowest, calls = max(slowest, time.monotonic() - begin), calls + 1
        assert calls > 20 and slowest < 2


def test_a_flood_of_streams_that_are_reset_at_once_delays_nobody(server, client, key):
    block = header_block(b"/etcdserverpb.Watch/Watch")
    with RawConnection(server) as raw:
        raw.greet()
        stream, slowest = 1, 0
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            burst = b""
            for _ in range(200):
                burst += frame(HEADERS, block, END_HEADERS, stream)
                burst += frame(RST_STREAM, struct.pack(">I", 8), 0, stream)
                stream += 2
            if not raw.send(burst):
                break
            begin = time.monotonic()
            assert client.get(key) == b"before"
            slowest = max(slowest, time.monotonic() - begin)
        assert slowest < 2


def test_settings_that_are_never_acknowledged_do_no_harm(server):
    with RawConnection(server) as raw:
        raw.greet()
        for _ in range(50):
            raw.send(frame(SETTINGS, struct.pack(">HI", 4, 65_535)))
        raw.send(frame(SETTINGS, b"", ACK))
        raw.send(request(1, RANGE, KEY_A))
        assert outcome(raw)[0] in (HEADERS, GOAWAY)


def test_a_reader_that_never_opens_its_window_holds_only_itself(server, client, key):
    client.KV.Put(key=key + b"large", value=b"v" * 1_000_000)
    wanted = key + b"large"
    with RawConnection(server) as raw:
        # An initial window of zero: nothing may be sent on any stream.
        raw.send(PREFACE, frame(SETTINGS, struct.pack(">HI", 4, 0)))
        for stream in range(1, 60, 2):
            raw.send(request(stream, RANGE, b"\x0a" + bytes([len(wanted)]) + wanted))
        for _ in range(20):
            assert client.get(key) == b"before"


def test_an_oversized_message_is_refused_by_name(client, key):
    with pytest.raises(grpc.RpcError) as caught:
        client.KV.Put(key=key, value=os.urandom(5_000_000))
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "larger than max" in caught.value.details()


def test_ten_thousand_silent_connections(server, client, key):
    count = 10_000
    if not process.allow_open_files(count + 2000):
        pytest.skip("this many open files are not allowed here")
    silent = []
    try:
        for number in range(count):
            connection = socket.socket()
            # Loopback has room for one address's ports only; each block takes another.
            connection.bind((f"127.0.0.{2 + number % 4}", 0))
            connection.settimeout(10)
            connection.connect(("127.0.0.1", server.port))
            silent.append(connection)
        assert client.get(key) == b"before"
        with Client(server) as newcomer:
            assert newcomer.get(key) == b"before"
    finally:
        for connection in silent:
            connection.close()
