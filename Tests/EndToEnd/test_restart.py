"""Stopping, starting again, and a state that is lost."""

import shutil
import signal
import sqlite3
import struct
import time

import grpc
import pytest

from support import process
from support.frames import GOAWAY, PREFACE, SETTINGS, RawConnection, frame
from support.protocol import Client, prefix_end
from support.watching import watching


def test_a_restart_loses_nothing_and_goes_on_where_it_was(make_server, key):
    server = make_server().start()
    with Client(server) as client:
        first = client.KV.Put(key=key + b"a", value=b"1").header
        client.KV.Put(key=key + b"a", value=b"2")
        client.KV.Put(key=key + b"b", value=b"3")
        last = client.KV.DeleteRange(key=key + b"b").header
    server.restart()
    with Client(server) as client:
        header = client.KV.Range(key=key).header
        assert (header.cluster_id, header.member_id) == (first.cluster_id, first.member_id)
        assert header.revision >= last.revision
        (kv,) = client.KV.Range(key=key, range_end=prefix_end(key)).kvs
        assert (kv.key, kv.value, kv.create_revision, kv.version) == (key + b"a", b"2", first.revision, 2)
        assert client.get(key + b"a", revision=first.revision) == b"1"
        assert client.get(key + b"b", revision=last.revision - 1) == b"3"
        assert client.KV.Put(key=key).header.revision > last.revision


def test_a_watch_resumes_by_revision_over_a_restart(make_server, key):
    server = make_server().start()
    with Client(server) as client:
        first = client.KV.Put(key=key, value=b"1").header.revision
        client.KV.Put(key=key, value=b"2")
        client.KV.DeleteRange(key=key)
    server.restart()
    with Client(server) as client, watching(client) as stream:
        stream.create(key, start_revision=first, prev_kv=True)
        client.KV.Put(key=key, value=b"3")
        assert stream.events(4) == [
            ("PUT", key, b"1"),
            ("PUT", key, b"2"),
            ("DELETE", key, b""),
            ("PUT", key, b"3"),
        ]


def test_a_client_that_stays_finds_the_server_again(make_server, key):
    server = make_server().start()
    settings = [("grpc.max_reconnect_backoff_ms", 500), ("grpc.initial_reconnect_backoff_ms", 100)]
    with Client(server, options=settings) as client:
        client.KV.Put(key=key, value=b"1")
        server.restart()

        def answered():
            try:
                return client.get(key, timeout=2) == b"1"
            except grpc.RpcError as error:
                assert error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
                return False

        process.eventually(answered, within=15, what="an answer after the restart")


@pytest.mark.isthmus_only
def test_a_wiped_state_is_another_cluster(make_server, key):
    server = make_server().start()
    with Client(server) as client:
        before = client.KV.Put(key=key, value=b"1").header
    server.stop()
    for file in server.directory.glob("store.db*"):
        file.unlink()
    server.start()
    with Client(server) as client:
        answer = client.KV.Range(key=key)
        assert answer.header.cluster_id not in (0, before.cluster_id)
        assert answer.count == 0


@pytest.mark.isthmus_only
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_in_order(make_server, key, how):
    server = make_server().start()
    with Client(server) as client:
        client.KV.Put(key=key, value=b"1")
    with RawConnection(server) as raw:
        raw.send(PREFACE, frame(SETTINGS))
        raw.find(SETTINGS)
        server.process.send_signal(how)
        found = raw.find(GOAWAY)
        assert found is not None, "the connection was cut without a GOAWAY"
        assert struct.unpack(">I", found[3][4:8])[0] == 0
        assert raw.is_closed()
    assert server.process.wait(35) == 0


@pytest.mark.isthmus_only
def test_a_signal_as_soon_as_the_server_is_ready_ends_it_in_order(make_server):
    for attempt in range(4):
        server = make_server(f"attempt-{attempt}").start()
        assert server.stop() == 0


@pytest.mark.isthmus_only
def test_a_stop_does_not_wait_for_watches_for_ever(make_server, key):
    server = make_server().start()
    with Client(server) as client, watching(client) as stream:
        stream.create(key)
        client.KV.Put(key=key, value=b"1")
        assert stream.events(1)
        begin = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - begin < 35
        stream.reader.join(10)
        assert stream.status is None or stream.status[0] in (
            grpc.StatusCode.UNAVAILABLE,
            grpc.StatusCode.CANCELLED,
        )


@pytest.mark.isthmus_only
def test_certificates_survive_a_restart(make_server):
    server = make_server(tls=True).start()
    before = {file.name: file.read_bytes() for file in (server.directory / "pki").glob("*.crt")}
    server.restart()
    after = {file.name: file.read_bytes() for file in (server.directory / "pki").glob("*.crt")}
    assert before and after == before


@pytest.mark.isthmus_only
def test_two_servers_do_not_share_a_state(make_server, key):
    first = make_server("shared").start()
    second = make_server("shared")
    second.spawn()
    assert second.process.wait(20) != 0
    assert second.tail().strip()
    with Client(first) as client:
        client.KV.Put(key=key, value=b"1")


@pytest.fixture
def stored(make_server, key):
    """A server that stopped in order, with something in its store."""
    server = make_server().start()
    with Client(server) as client:
        for number in range(200):
            client.KV.Put(key=key + b"%d" % number, value=b"v" * 500)
    server.stop()
    for file in server.directory.glob("store.db-*"):
        file.unlink()
    return server


def refuses_to_start(server):
    """Starts the server, which must end with an error; returns what it said."""
    server.log.unlink()
    server.spawn()
    try:
        code = server.process.wait(20)
    except Exception:
        server.kill()
        raise
    assert code not in (0, -11, -6, -4, -5), f"exit code {code}"
    assert server.tail().strip(), "the server ended without a word"
    return server.tail()


def damage(kind, content):
    page = b"\xa5" * 4096
    return {
        "another program's": b"SQLite format 3\0" + b"\0" * 4080,
        "text": b"these are somebody's notes\n" * 200,
        "its head lost": b"\0" * 100 + content[100:],
        "a page in the middle lost": content[:8192] + page * 4 + content[8192 + 4 * 4096 :],
        "cut short": content[: len(content) // 3],
    }[kind]


@pytest.mark.isthmus_only
@pytest.mark.parametrize(
    "kind", ["another program's", "text", "its head lost", "a page in the middle lost", "cut short"]
)
def test_a_store_that_cannot_be_read_is_left_as_it_is(stored, kind):
    file = stored.directory / "store.db"
    damaged = damage(kind, file.read_bytes())
    file.write_bytes(damaged)
    said = refuses_to_start(stored)
    assert "store.db" in said
    assert file.read_bytes() == damaged


@pytest.mark.isthmus_only
def test_a_database_of_another_application_is_refused(stored, tmp_path):
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE people (name TEXT)")
        connection.execute("INSERT INTO people VALUES ('Ada')")
    connection.close()
    file = stored.directory / "store.db"
    shutil.copy(other, file)
    content = file.read_bytes()
    assert "store.db" in refuses_to_start(stored)
    assert file.read_bytes() == content
