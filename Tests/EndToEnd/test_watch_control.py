"""Watching: identifiers, cancelling, progress, compaction and what is refused."""

import queue

import pytest

from support.protocol import Client, message, prefix_end
from support.process import eventually
from support.watching import watching


@pytest.fixture
def stream(client):
    with watching(client) as opened:
        yield opened


def everything(key):
    return {"key": key, "range_end": prefix_end(key)}


def test_a_cancelled_watch_is_confirmed_and_stays_silent(client, stream, key):
    first, second = stream.create(key).watch_id, stream.create(key).watch_id
    stream.cancel(first)
    message = stream.next()
    assert (message.watch_id, message.canceled, message.created) == (first, True, False)
    assert message.compact_revision == 0 and not message.events
    client.KV.Put(key=key, value=b"1")
    message = stream.next()
    assert (message.watch_id, len(message.events)) == (second, 1)


def test_cancelling_an_unknown_watch_is_not_answered(client, stream, key):
    stream.cancel(77)
    assert stream.create(key).created
    stream.cancel(77)
    client.KV.Put(key=key, value=b"1")
    assert stream.events(1) == [("PUT", key, b"1")]


def test_a_client_may_choose_the_identifier(client, stream, key):
    chosen = stream.create(key, watch_id=7)
    assert (chosen.created, chosen.watch_id) == (True, 7)
    assert stream.create(key).watch_id == 0
    twice = stream.create(key, watch_id=7)
    assert (twice.watch_id, twice.created, twice.canceled) == (-1, True, True)
    assert twice.cancel_reason == "mvcc: duplicate watch ID provided on the WatchStream"
    stream.cancel(7)
    assert stream.next().canceled
    again = stream.create(key, watch_id=7)
    assert (again.created, again.canceled, again.watch_id) == (True, False, 7)


def test_identifiers_that_are_taken_are_skipped(stream, key):
    assert stream.create(key, watch_id=1).watch_id == 1
    assert [stream.create(key).watch_id for _ in range(3)] == [0, 2, 3]


@pytest.mark.parametrize("begin, end", [(b"b", b"a"), (b"b", b"b")])
def test_an_empty_range_is_refused_and_the_stream_lives(client, stream, key, begin, end):
    message = stream.create(key + begin, range_end=key + end)
    assert (message.watch_id, message.created, message.canceled) == (-1, True, True)
    assert message.cancel_reason == "mvcc: watcher range is empty"
    assert stream.create(key).created
    client.KV.Put(key=key)
    assert stream.events(1) == [("PUT", key, b"")]


@pytest.mark.since(36, "older servers create the watch and cancel it then")
def test_a_negative_start_is_refused(stream, key):
    message = stream.create(key, start_revision=-1)
    assert (message.watch_id, message.created, message.canceled) == (-1, True, True)
    assert message.cancel_reason == "etcdserver: mvcc: required revision has been compacted"


def test_a_request_that_says_nothing_is_ignored(client, stream, key):
    stream.send()
    assert stream.create(key).created


def test_progress_is_reported_when_asked(client, stream, key):
    stream.create(key)
    head = client.KV.Put(key=key + b"elsewhere").header.revision

    def reported():
        stream.ask_progress()
        message = stream.next()
        assert (message.watch_id, message.created, message.canceled) == (-1, False, False)
        assert not message.events
        return message.header.revision >= head

    eventually(reported, what="progress at the head")


@pytest.mark.since(36, "before 3.5.8 progress could overtake events")
def test_progress_never_overtakes_events(client, stream, key):
    stream.create(key)
    first = client.revision() + 1
    for number in range(200):
        last = client.KV.Put(key=key, value=b"%d" % number).header.revision
        stream.ask_progress()
    seen = first - 1
    while seen < last:
        message = stream.next()
        if message.events:
            assert message.events[0].kv.mod_revision == seen + 1
            seen = message.events[-1].kv.mod_revision
        else:
            assert message.header.revision <= max(seen, first - 1)


@pytest.mark.since(36, "before 3.5.8 a stream without watchers had progress")
def test_a_stream_without_watchers_has_no_progress(stream, key):
    stream.ask_progress()
    assert stream.create(key).created
    stream.cancel(0)
    assert stream.next().canceled
    stream.ask_progress()
    assert stream.create(key).created


@pytest.mark.since(36, "before 3.5.13 a watch of the future was told of the present")
def test_a_watch_of_the_future_is_told_of_no_progress_before_its_start(client, key):
    with watching(client) as stream:
        head = client.revision()
        stream.create(key, start_revision=head + 2)
        stream.ask_progress()
        client.KV.Put(key=key, value=b"1")
        stream.ask_progress()
        client.KV.Put(key=key, value=b"2")
        assert stream.events(1) == [("PUT", key, b"2")]


def test_progress_is_reported_by_itself_when_the_watch_asked_for_it(target, make_server, key):
    if target == "isthmus":
        pytest.skip("its interval is etcd's ten minutes, and no flag changes it")
    server = make_server(options=["--experimental-watch-progress-notify-interval", "1s"]).start()
    with Client(server) as client, watching(client) as stream:
        asked = stream.create(key, progress_notify=True).watch_id
        stream.create(key)
        head = client.KV.Put(key=key + b"elsewhere").header.revision
        message = stream.next()
        while message.header.revision < head:
            message = stream.next()
        assert (message.watch_id, message.header.revision) == (asked, head)
        assert not (message.events or message.created or message.canceled)
        client.KV.Put(key=key, value=b"1")
        received = [stream.next()]
        while len({message.watch_id for message in received if message.events}) < 2 or received[-1].events:
            received.append(stream.next())
        assert {message.watch_id for message in received if not message.events} == {asked}


def test_a_start_that_was_compacted_is_cancelled_with_the_horizon(client, key):
    first = client.KV.Put(key=key, value=b"1").header.revision
    second = client.KV.Put(key=key, value=b"2").header.revision
    client.KV.Put(key=key, value=b"3")
    client.KV.Compact(revision=second, physical=True)
    with watching(client) as stream:
        assert stream.create(key, start_revision=first).created
        message = stream.next()
        assert (message.watch_id, message.canceled, message.created) == (0, True, False)
        assert message.compact_revision == second
        assert not message.events
        # The stream lives, and the horizon itself can still be watched.
        again = stream.create(key, start_revision=second)
        assert again.created and not again.canceled
        assert stream.events(2) == [("PUT", key, b"2"), ("PUT", key, b"3")]


def test_a_compaction_leaves_a_watch_that_is_up_to_date_alone(client, stream, key):
    stream.create(key)
    client.KV.Put(key=key, value=b"1")
    revision = client.KV.Put(key=key, value=b"2").header.revision
    assert len(stream.events(2)) == 2
    client.KV.Compact(revision=revision)
    client.KV.Put(key=key, value=b"3")
    assert stream.events(1) == [("PUT", key, b"3")]


@pytest.mark.since(36, "before 3.5.16 the delete at the compaction revision was lost")
def test_a_delete_at_the_horizon_is_still_seen(client, key):
    client.KV.Put(key=key, value=b"1")
    deleted = client.KV.DeleteRange(key=key).header.revision
    client.KV.Compact(revision=deleted, physical=True)
    with watching(client) as stream:
        stream.create(key, start_revision=deleted)
        client.KV.Put(key=key, value=b"2")
        assert stream.events(2) == [("DELETE", key, b""), ("PUT", key, b"2")]


def test_a_revision_that_is_too_large_for_a_message_is_split_only_when_asked(client, key):
    for _ in range(2):
        # The values before and after are 2.4 MB together, more than a message may have.
        operations = [
            {"request_put": {"key": key + name, "value": name * 400_000}} for name in (b"a", b"b", b"c")
        ]
        revision = client.KV.Txn(success=operations).header.revision
    with watching(client) as stream:
        stream.create(**everything(key), start_revision=revision, prev_kv=True, fragment=True)
        parts = [stream.next()]
        while parts[-1].fragment:
            parts.append(stream.next())
        assert len(parts) > 1
        assert all(part.ByteSize() <= 2 * 1024 * 1024 for part in parts)
        assert {part.header.revision for part in parts} == {parts[0].header.revision}
        events = [event for part in parts for event in part.events]
        assert [event.kv.value[:1] + event.prev_kv.value[:1] for event in events] == [b"aa", b"bb", b"cc"]
    with watching(client) as stream:
        stream.create(**everything(key), start_revision=revision, prev_kv=True)
        message = stream.next()
        assert len(message.events) == 3 and not message.fragment


def test_a_stream_that_is_cut_leaves_the_connection_alone(client, key):
    for _ in range(50):
        with watching(client) as stream:
            stream.create(key)
    client.KV.Put(key=key, value=b"1")
    assert client.get(key) == b"1"


def test_a_reader_that_stalls_loses_nothing_and_delays_nobody(server, client, key):
    """A stream that is not read fills its window; the others go on, and later it has every event."""
    value = b"v" * 20_000
    with Client(server) as slow, Client(server) as quick, watching(quick) as fast:
        stalled = StalledWatch(slow, key)
        fast.create(key)
        for number in range(300):
            client.KV.Put(key=key, value=b"%05d" % number + value)
        assert [event[2][:5] for event in fast.events(300)] == [b"%05d" % number for number in range(300)]
        assert stalled.read(300) == [b"%05d" % number for number in range(300)]


class StalledWatch:
    """A watch whose answers are read only when `read` is called."""

    def __init__(self, client, key):
        requests = queue.Queue()
        create = message("WatchCreateRequest")(key=key)
        requests.put(message("WatchRequest")(create_request=create))
        self.call = client.Watch.Watch(iter(requests.get, None))
        assert next(self.call).created

    def read(self, count):
        values = []
        while len(values) < count:
            values += [event.kv.value[:5] for event in next(self.call).events]
        self.call.cancel()
        return values


@pytest.mark.isthmus_only
def test_a_connection_has_a_limited_number_of_watches(client, key):
    """8,192 over all streams; one that ends makes room for another, and the others go on."""
    with watching(client) as first, watching(client) as second:
        for number in range(8192):
            (first, second)[number % 2].ask(key)
        for number in range(8192):
            assert not (first, second)[number % 2].next().canceled
        refused = first.create(key)
        assert (refused.watch_id, refused.created, refused.canceled) == (-1, True, True)
        assert "8192 watches" in refused.cancel_reason
        second.cancel(0)
        assert second.next().canceled
        assert not first.create(key).canceled


def test_a_watch_goes_on_when_the_client_has_nothing_more_to_ask(client, stream, key):
    stream.create(key)
    stream.requests.put(None)
    # Answered after the end of the requests has arrived, on the same connection.
    client.KV.Range(key=key)
    client.KV.Put(key=key, value=b"1")
    assert stream.events(1) == [("PUT", key, b"1")]
