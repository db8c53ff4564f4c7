"""Watching, message by message: creating, events, the past, filters."""

import pytest

from support.protocol import Client, prefix_end
from support.watching import plain, watching

NOPUT, NODELETE = 0, 1


@pytest.fixture
def stream(client):
    with watching(client) as opened:
        yield opened


def everything(key):
    return {"key": key, "range_end": prefix_end(key)}


def test_created_comes_first_and_the_events_follow_in_order(client, stream, key):
    head = client.revision()
    created = stream.create(**everything(key))
    assert created.created and not created.canceled and not created.events
    assert (created.watch_id, created.header.revision) == (0, head)
    client.KV.Put(key=key + b"a", value=b"1")
    client.KV.Put(key=key + b"a", value=b"2")
    client.KV.DeleteRange(key=key + b"a")
    client.KV.DeleteRange(key=key + b"a")
    client.KV.Put(key=key + b"b", value=b"3")
    assert stream.events(4) == [
        ("PUT", key + b"a", b"1"),
        ("PUT", key + b"a", b"2"),
        ("DELETE", key + b"a", b""),
        ("PUT", key + b"b", b"3"),
    ]


def test_an_event_carries_the_whole_record_and_its_revision(client, stream, key):
    stream.create(key)
    lease = client.Lease.LeaseGrant(TTL=600).ID
    created = client.KV.Put(key=key, value=b"1").header.revision
    changed = client.KV.Put(key=key, value=b"2", lease=lease).header.revision
    deleted = client.KV.DeleteRange(key=key).header.revision
    events = []
    while len(events) < 3:
        message = stream.next()
        assert message.header.revision >= message.events[-1].kv.mod_revision
        events += message.events
    first, second, third = events
    assert (first.kv.create_revision, first.kv.mod_revision, first.kv.version) == (created, created, 1)
    assert (second.kv.create_revision, second.kv.mod_revision, second.kv.version) == (created, changed, 2)
    assert second.kv.lease == lease
    assert (third.type, third.kv.key, third.kv.mod_revision) == (1, key, deleted)
    assert (third.kv.create_revision, third.kv.version, third.kv.value) == (0, 0, b"")
    assert not any(event.HasField("prev_kv") for event in events)


def test_only_the_keys_of_the_range_are_seen(client, stream, key):
    stream.create(key=key + b"b", range_end=key + b"d")
    for name in (b"a", b"b", b"c", b"d", b"bb"):
        client.KV.Put(key=key + name, value=name)
    assert [event[1] for event in stream.events(3)] == [key + b"b", key + b"c", key + b"bb"]


def test_a_watch_from_a_key_on_and_of_everything(client, stream, key):
    tail = stream.create(key=key + b"m", range_end=b"\0").watch_id
    all_keys = stream.create(range_end=b"\0").watch_id
    client.KV.Put(key=key + b"a")
    client.KV.Put(key=key + b"z")
    seen = {tail: [], all_keys: []}
    while len(seen[tail]) < 1 or len(seen[all_keys]) < 2:
        message = stream.next()
        seen[message.watch_id] += [event.kv.key for event in message.events]
    assert seen == {tail: [key + b"z"], all_keys: [key + b"a", key + b"z"]}


def test_all_events_of_a_transaction_come_in_one_message(client, stream, key):
    client.KV.Put(key=key + b"old")
    stream.create(**everything(key), prev_kv=True)
    operations = [
        {"request_put": {"key": key + b"z", "value": b"1"}},
        {"request_delete_range": {"key": key + b"old"}},
        {"request_put": {"key": key + b"a", "value": b"2"}},
    ]
    revision = client.KV.Txn(success=operations).header.revision
    message = stream.next()
    assert message.header.revision == revision
    assert [plain(event) for event in message.events] == [
        ("PUT", key + b"z", b"1"),
        ("DELETE", key + b"old", b""),
        ("PUT", key + b"a", b"2"),
    ]
    assert {event.kv.mod_revision for event in message.events} == {revision}


def test_a_watch_from_the_past_replays_and_goes_on(client, stream, key):
    first = client.KV.Put(key=key, value=b"1").header.revision
    for value in (b"2", b"3"):
        client.KV.Put(key=key, value=value)
    created = stream.create(key, start_revision=first + 1)
    assert created.created and not created.events
    client.KV.Put(key=key, value=b"4")
    assert [value for _, _, value in stream.events(3)] == [b"2", b"3", b"4"]


def test_a_watch_from_the_next_revision_misses_and_repeats_nothing(client, stream, key):
    listed = client.KV.Put(key=key, value=b"1").header.revision
    assert stream.create(key, start_revision=listed + 1).created
    client.KV.Put(key=key, value=b"2")
    assert stream.events(1) == [("PUT", key, b"2")]


def test_a_watch_from_the_future_sees_nothing_earlier(client, stream, key):
    head = client.revision()
    created = stream.create(key, start_revision=head + 3)
    assert created.created and created.header.revision == head
    for value in (b"1", b"2", b"3", b"4"):
        client.KV.Put(key=key, value=value)
    message = stream.next()
    assert message.events[0].kv.mod_revision == head + 3
    values = [event.kv.value for event in message.events]
    while len(values) < 2:
        values += [event.kv.value for event in stream.next().events]
    assert values == [b"3", b"4"]


def test_previous_values_come_with_all_but_creations(client, stream, key):
    first = client.KV.Put(key=key, value=b"1").header.revision
    client.KV.Put(key=key, value=b"2")
    stream.create(key, start_revision=first, prev_kv=True)
    client.KV.DeleteRange(key=key)
    client.KV.Put(key=key, value=b"3")
    events = []
    while len(events) < 4:
        events += stream.next().events
    assert not events[0].HasField("prev_kv")
    assert (events[1].prev_kv.value, events[1].prev_kv.mod_revision) == (b"1", first)
    assert (events[2].prev_kv.value, events[2].prev_kv.version) == (b"2", 2)
    assert not events[3].HasField("prev_kv")


def test_filters_drop_one_kind_of_event(client, stream, key):
    puts = stream.create(key, filters=[NODELETE]).watch_id
    deletes = stream.create(key, filters=[NOPUT]).watch_id
    nothing = stream.create(key, filters=[NOPUT, NODELETE]).watch_id
    client.KV.Put(key=key, value=b"1")
    client.KV.DeleteRange(key=key)
    client.KV.Put(key=key, value=b"2")
    client.KV.DeleteRange(key=key)
    seen = {puts: [], deletes: [], nothing: []}
    while len(seen[puts]) + len(seen[deletes]) < 4:
        message = stream.next()
        assert message.events, "a message that the filters emptied must not be sent"
        seen[message.watch_id] += [plain(event)[0] for event in message.events]
    assert seen == {puts: ["PUT", "PUT"], deletes: ["DELETE", "DELETE"], nothing: []}


def test_ten_thousand_events_of_the_past_arrive_once_and_in_order(client, stream, key):
    first = client.revision() + 1
    for start in range(0, 10_000, 100):
        operations = [
            {"request_put": {"key": key + b"%05d" % number, "value": b"x" * 50}}
            for number in range(start, start + 100)
        ]
        client.KV.Txn(success=operations)
    stream.create(**everything(key), start_revision=first)
    seen, revisions = [], []
    while len(seen) < 10_000:
        message = stream.next()
        seen += [event.kv.key for event in message.events]
        revisions.append((message.events[0].kv.mod_revision, message.events[-1].kv.mod_revision))
    assert seen == [key + b"%05d" % number for number in range(10_000)]
    # A revision is never split between two messages.
    assert all(before[1] < after[0] for before, after in zip(revisions, revisions[1:]))


def test_a_large_event_is_split_only_when_asked(client, key):
    first = client.revision() + 1
    for name in (b"a", b"b", b"c"):
        client.KV.Put(key=key + name, value=name * 1_000_000)
    with watching(client) as whole:
        whole.create(**everything(key), start_revision=first)
        events = []
        while len(events) < 3:
            message = whole.next()
            assert not message.fragment
            events += message.events
        assert [event.kv.value[:1] for event in events] == [b"a", b"b", b"c"]


def test_the_watchers_of_a_stream_share_its_events(client, stream, key):
    ids = [stream.create(**everything(key)).watch_id for _ in range(20)]
    assert ids == list(range(20))
    client.KV.Put(key=key, value=b"1")
    got = [stream.next() for _ in range(20)]
    assert sorted(message.watch_id for message in got) == ids
    assert len({message.header.revision for message in got}) == 1


def test_a_thousand_watches_on_one_stream(client, stream, key):
    ids = []
    for number in range(1000):
        stream.ask(key + b"%d" % number)
    for _ in range(1000):
        message = stream.next()
        assert message.created and not message.canceled
        ids.append(message.watch_id)
    assert ids == list(range(1000))
    for number in range(0, 1000, 50):
        client.KV.Put(key=key + b"%d" % number)
        message = stream.next()
        assert (message.watch_id, message.events[0].kv.key) == (number, key + b"%d" % number)


def test_streams_of_different_connections_all_see_an_event(server, client, key):
    others = [Client(server) for _ in range(5)]
    try:
        streams = []
        for other in others:
            with_context = watching(other)
            streams.append((with_context, with_context.__enter__()))
            streams[-1][1].create(key)
        client.KV.Put(key=key, value=b"1")
        for context, opened in streams:
            assert opened.events(1) == [("PUT", key, b"1")]
            context.__exit__(None, None, None)
    finally:
        for other in others:
            other.close()
