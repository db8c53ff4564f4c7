"""Killing the server under load: what was acknowledged stays, and a watcher misses and repeats nothing."""

import threading
import time

import grpc
import pytest

from support.protocol import Client, prefix_end
from support.watching import watching

KILLS = 4
SECONDS_OF_LOAD = 1.5
WRITERS = 3


class Writer(threading.Thread):
    """Writes new keys and overwrites one counter, as fast as it may; remembers what was acknowledged."""

    def __init__(self, server, key, number):
        super().__init__(daemon=True)
        self.server, self.key, self.number = server, key, number
        self.acknowledged = {}
        self.stop = threading.Event()
        self.count = 0

    def run(self):
        while not self.stop.is_set():
            with Client(self.server) as client:
                try:
                    self.write(client)
                except grpc.RpcError:
                    # Whether this write happened is unknown; the next one uses another key.
                    self.stop.wait(0.05)

    def write(self, client):
        while not self.stop.is_set():
            self.count += 1
            name = self.key + b"%d/%06d" % (self.number, self.count)
            value = b"value %d" % self.count
            operations = [
                {"request_put": {"key": name, "value": value}},
                {"request_put": {"key": self.key + b"counter/%d" % self.number, "value": value}},
            ]
            revision = client.KV.Txn(success=operations, timeout=3).header.revision
            assert revision not in self.acknowledged, "a revision was given out twice"
            self.acknowledged[revision] = (name, value)


class Follower(threading.Thread):
    """Watches everything below a prefix through every crash, resuming after the last event it saw."""

    def __init__(self, server, key):
        super().__init__(daemon=True)
        self.server, self.key = server, key
        self.events = []
        self.stop = threading.Event()
        self.failure = None
        self.next = 1

    def run(self):
        while not self.stop.is_set():
            with Client(self.server) as client, watching(client) as stream:
                try:
                    stream.create(self.key, range_end=prefix_end(self.key), start_revision=self.next)
                    self.follow(stream)
                except AssertionError as error:
                    if not stream.status and not self.stop.is_set():
                        self.failure = error
                        return
                    self.stop.wait(0.05)

    def follow(self, stream):
        while not self.stop.is_set():
            if stream.responses.empty() and not stream.status:
                time.sleep(0.005)
                continue
            message = stream.next()
            assert not message.canceled, f"the watch was cancelled: {message}"
            for event in message.events:
                self.events.append((event.kv.mod_revision, event.kv.key, event.kv.value))
                self.next = event.kv.mod_revision + 1


def durabilities():
    return [
        pytest.param([], id="default"),
        pytest.param(["--store-durability", "relaxed"], id="relaxed", marks=pytest.mark.isthmus_only),
        pytest.param(["--store-durability", "strict"], id="strict", marks=pytest.mark.isthmus_only),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("options", durabilities()[1:] + durabilities()[:1])
def test_nothing_acknowledged_is_lost_when_the_server_is_killed(target, make_server, key, options):
    if target == "isthmus" and not options:
        pytest.skip("the default is one of the other two")
    server = make_server(options=options).start()
    writers = [Writer(server, key, number) for number in range(WRITERS)]
    follower = Follower(server, key)
    for thread in [*writers, follower]:
        thread.start()
    for _ in range(KILLS):
        time.sleep(SECONDS_OF_LOAD)
        server.kill()
        server.start()
    time.sleep(0.5)
    for writer in writers:
        writer.stop.set()
    for writer in writers:
        writer.join(20)
    check(server, key, writers, follower)


def check(server, key, writers, follower):
    everything = {"key": key, "range_end": prefix_end(key)}
    acknowledged = {}
    for writer in writers:
        assert writer.acknowledged.keys().isdisjoint(acknowledged), "two writers were given one revision"
        acknowledged.update(writer.acknowledged)
    assert len(acknowledged) > 50
    with Client(server) as client:
        stored = {kv.key: (kv.mod_revision, kv.value) for kv in client.KV.Range(**everything).kvs}
        for revision, (name, value) in acknowledged.items():
            assert stored.get(name) == (revision, value), f"acknowledged at {revision} and lost"
        head = client.revision()
        replayed = history(client, everything, head)
    wait_until_caught_up(follower, replayed[-1][0])
    follower.stop.set()
    follower.join(20)
    assert follower.events == replayed, "the watcher that resumed did not see exactly what happened"
    assert all(before[0] <= after[0] for before, after in zip(replayed, replayed[1:]))


def wait_until_caught_up(follower, last):
    """Waits as long as events keep coming: how fast is a matter of the machine, that they come is not."""
    seen, since = len(follower.events), time.monotonic()
    while not follower.events or follower.events[-1][0] < last:
        assert follower.failure is None, follower.failure
        if len(follower.events) > seen:
            seen, since = len(follower.events), time.monotonic()
        assert time.monotonic() - since < 30, f"stuck after {seen} events, before {follower.next} of {last}"
        time.sleep(0.05)


def history(client, everything, head):
    """Returns all events from the first revision to the head, as one fresh watch sees them."""
    events = []
    client.KV.Put(key=everything["key"] + b"end")
    with watching(client) as stream:
        stream.create(**everything, start_revision=1)
        while not events or events[-1][0] <= head:
            for event in stream.next().events:
                events.append((event.kv.mod_revision, event.kv.key, event.kv.value))
    return events


def test_leases_outlive_a_kill(make_server, key):
    server = make_server().start()
    with Client(server) as client:
        lease = client.Lease.LeaseGrant(TTL=600).ID
        client.KV.Put(key=key, value=b"1", lease=lease)
    server.kill()
    server.start()
    with Client(server) as client:
        (kv,) = client.KV.Range(key=key).kvs
        assert kv.lease == lease
        assert client.Lease.LeaseTimeToLive(ID=lease).grantedTTL == 600
        client.Lease.LeaseRevoke(ID=lease)
        assert client.get(key) is None
