"""Streams of the JSON gateway: lines of `{"result":…}`, and bodies of several objects."""

import json
import re
import signal
import time

import pytest

from support.frames import DATA, END_HEADERS, END_STREAM, HEADERS, RawConnection, frame, literal
from support.gateway import HTTP1, HTTP2_PLAIN, HTTP2_TLS, Stream, call, post, text
from support.process import eventually
from support.protocol import Client, prefix_end


@pytest.fixture(params=["http1", "http2"])
def version(request, server):
    if request.param == "http2" and server.is_etcd:
        pytest.skip("real etcd takes every HTTP/2 connection without TLS for gRPC")
    return {"http1": HTTP1, "http2": HTTP2_PLAIN}[request.param]


def watch(key, **fields):
    return {"create_request": {"key": text(key), "range_end": text(prefix_end(key)), **fields}}


def test_a_watch_is_a_line_for_each_message(server, client, key, version):
    revision = client.KV.Put(key=key, value=b"1").header.revision
    with Stream(server, "watch", watch(key, start_revision=str(revision)), version=version) as stream:
        created = stream.next()
        assert created["created"] is True and "watch_id" not in created
        (event,) = stream.events(1)
        assert event == {
            "kv": {
                "key": text(key), "create_revision": str(revision), "mod_revision": str(revision),
                "version": "1", "value": text(b"1"),
            }
        }  # fmt: skip
        deleted = client.KV.DeleteRange(key=key).header.revision
        assert stream.events(1) == [
            {"type": "DELETE", "kv": {"key": text(key), "mod_revision": str(deleted)}}
        ]


def test_a_body_may_hold_several_requests(server, client, key, version):
    requests = [
        watch(key + b"a"), watch(key + b"b", watch_id="7", prev_kv=True), {"cancel_request": {"watch_id": 0}},
        {"progress_request": {}},
    ]  # fmt: skip
    with Stream(server, "watch", *requests, version=version) as stream:
        assert stream.next()["created"] is True
        second = stream.next()
        assert (second["watch_id"], second["created"]) == ("7", True)
        assert stream.next()["canceled"] is True
        if server.level >= 35:
            # Not of any one watch.
            assert stream.next()["watch_id"] == "-1"
        client.KV.Put(key=key + b"a", value=b"1")
        client.KV.Put(key=key + b"b", value=b"2")
        assert stream.events(1)[0]["kv"]["value"] == text(b"2")


class OpenBody:
    """A watch whose body stays open, which curl cannot do: it does not listen while it waits for more."""

    def __init__(self, server, is_http2):
        self.raw = RawConnection(server)
        self.is_http2 = is_http2
        self.text = b""
        if is_http2:
            fields = [(b":method", b"POST"), (b":scheme", b"http"), (b":path", b"/v3/watch")]
            block = b"".join(literal(name, value) for name, value in fields)
            self.raw.greet()
            self.raw.send(frame(HEADERS, block, END_HEADERS, 1))
        else:
            self.raw.send(b"POST /v3/watch HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n")

    def send(self, text):
        bytes = text.encode()
        self.raw.send(frame(DATA, bytes, 0, 1) if self.is_http2 else b"%x\r\n%s\r\n" % (len(bytes), bytes))

    def end(self):
        self.raw.send(frame(DATA, b"", END_STREAM, 1) if self.is_http2 else b"0\r\n\r\n")

    def next(self):
        """Returns the next result."""
        while not (found := re.search(rb'({"result":.*})\n', self.text)):
            received = self.raw.find(DATA)[3] if self.is_http2 else self.raw.socket.recv(65_536)
            assert received, self.text
            self.text += received
        self.text = self.text[found.end() :]
        return json.loads(found[1])["result"]


@pytest.mark.isthmus_only
@pytest.mark.parametrize("is_http2", [False, True])
def test_a_request_is_taken_while_the_body_is_still_open(server, client, key, is_http2):
    body = OpenBody(server, is_http2)
    with body.raw:
        first = json.dumps(watch(key + b"a"))
        body.send(first[:20])
        body.send(first[20:])
        assert body.next()["created"] is True
        client.KV.Put(key=key + b"a", value=b"1")
        assert body.next()["events"][0]["kv"]["value"] == text(b"1")
        body.send(json.dumps(watch(key + b"b")))
        assert body.next()["watch_id"] == "1"
        body.end()
        client.KV.Put(key=key + b"b", value=b"2")
        assert body.next()["events"][0]["kv"]["value"] == text(b"2")


def test_large_events_stay_in_order(server, client, key, version):
    with Stream(server, "watch", watch(key), version=version) as stream:
        assert stream.next()["created"] is True
        values = [b"x" * size for size in (10, 400_000, 1, 70_000, 5)]
        for value in values:
            client.KV.Put(key=key, value=value)
        assert [event["kv"]["value"] for event in stream.events(5)] == [text(value) for value in values]


def test_a_watch_that_is_too_old_is_cancelled(server, client, key):
    first = client.KV.Put(key=key, value=b"1").header.revision
    client.KV.Compact(revision=client.KV.Put(key=key, value=b"2").header.revision)
    with Stream(server, "watch", watch(key, start_revision=first)) as stream:
        assert stream.next()["created"] is True
        cancelled = stream.next()
        assert (cancelled["canceled"], int(cancelled["compact_revision"])) == (True, first + 1)


def test_each_renewal_is_answered_and_the_stream_ends_with_its_body(server, version):
    lease = call(server, "lease/grant", {"TTL": "60"}, version=version)["ID"]
    with Stream(server, "lease/keepalive", {"ID": lease}, {"ID": "9"}, version=version) as stream:
        renewed = stream.next()
        assert (renewed["ID"], renewed["TTL"]) == (lease, "60")
        # A lease that does not exist has no time left.
        gone = stream.next()
        assert gone["ID"] == "9" and "TTL" not in gone
        assert stream.line() is None
        assert stream.process.wait(10) == 0
    call(server, "lease/revoke", {"ID": lease})


def test_an_empty_stream_of_renewals_is_answered_with_nothing(server):
    assert post(server, "/v3/lease/keepalive", "") == (200, "")


@pytest.mark.parametrize("body", ["nonsense", '{"create_request":', '{"create_request":{"key":5}}'])
def test_a_stream_that_begins_with_something_else_is_refused(server, body):
    code, answer = post(server, "/v3/watch", body)
    assert code == (500 if server.level < 36 else 400)
    assert '"error":"' in answer


@pytest.mark.isthmus_only
def test_a_stream_ends_at_something_else(server, key, version):
    with Stream(server, "watch", watch(key), "nonsense", version=version) as stream:
        assert stream.next()["created"] is True
        error = stream.line()["error"]
        assert (error["grpc_code"], error["http_code"], error["code"]) == (3, 400, 3)
        assert stream.line() is None


@pytest.mark.isthmus_only
def test_a_client_that_goes_away_leaves_nothing_behind(server, key, version):
    open_streams = "isthmus_data_streams"

    def count():
        return server.metrics()[open_streams]

    eventually(lambda: count() == 0, what="the end of earlier tests' streams")
    with Stream(server, "watch", watch(key), version=version) as stream:
        assert stream.next()["created"] is True
        assert count() == 1
    eventually(lambda: count() == 0, what="the end of the stream")


def test_a_client_that_stops_reading_goes_on_where_it_was(server, client, key, version):
    with Stream(server, "watch", watch(key), version=version) as stream:
        assert stream.next()["created"] is True
        stream.process.send_signal(signal.SIGSTOP)
        # More than the buffers of both sockets hold.
        for number in range(20):
            client.KV.Put(key=key, value=bytes([number]) * 900_000)
        stream.process.send_signal(signal.SIGCONT)
        versions = [event["kv"]["version"] for event in stream.events(20)]
        assert versions == [str(number + 1) for number in range(20)]


@pytest.mark.isthmus_only
def test_streams_are_sent_away_when_the_server_stops(make_server, version):
    server = make_server().start()
    with Stream(server, "watch", watch(b"a"), version=version) as stream:
        assert stream.next()["created"] is True
        begin = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - begin < 10
        assert stream.line()["error"]["grpc_code"] == 14
        assert stream.line() is None


def test_tls_carries_both_versions_of_http_and_grpc_beside_them(make_server):
    server = make_server(tls=True).start()
    with Client(server) as client:
        for flags in (HTTP1, HTTP2_TLS):
            call(server, "kv/put", {"key": text(b"a"), "value": text(b"1")}, version=flags)
            assert client.get(b"a") == b"1"
            with Stream(server, "watch", watch(b"a"), version=flags) as stream:
                assert stream.next()["created"] is True
                client.KV.Put(key=b"a", value=b"2")
                assert stream.events(1)[0]["kv"]["value"] == text(b"2")


@pytest.mark.isthmus_only
@pytest.mark.parametrize("flags", [HTTP1, HTTP2_TLS])
def test_a_call_speaks_for_the_certificate_of_its_connection(secure_server, flags):
    body = {"key": text(b"cilium/state/a"), "value": text(b"1")}
    call(secure_server, "kv/put", body, version=flags)
    read = {"key": body["key"]}
    found = call(secure_server, "kv/range", read, version=flags, identity="remote")
    assert found["kvs"][0]["value"] == body["value"]
    code, answer = post(secure_server, "/v3/kv/put", body, version=flags, identity="remote")
    assert code == 403 and '"etcdserver: permission denied"' in answer
    refused = watch(b"cilium/cache/")
    with Stream(secure_server, "watch", refused, version=flags, identity="remote") as stream:
        answer = stream.next()
        assert (answer["created"], answer["canceled"]) == (True, True)
        assert answer["cancel_reason"].endswith("permission denied")
    # Refused before the first answer, so with a status of its own.
    lease = {"ID": "1"}
    code, answer = post(secure_server, "/v3/lease/keepalive", lease, version=flags, identity="remote")
    assert code == 403 and '"code":7' in answer
