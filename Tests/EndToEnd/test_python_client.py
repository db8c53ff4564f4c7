"""The published Python client etcd3, as its users write programs with it."""

import queue
import threading

import etcd3
import pytest

from support.process import eventually

BOTH = ["plain", "secure"]

# Its watching thread does not expect that the client is closed.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


@pytest.fixture(params=BOTH)
def etcd(request):
    """A client without TLS, and one with the administrator's certificate."""
    if request.param == "plain":
        server = request.getfixturevalue("server")
        client = etcd3.client(host="127.0.0.1", port=server.port, timeout=15)
    else:
        server = request.getfixturevalue("secure_server")
        admin = server.identity("admin")
        client = etcd3.client(
            host="127.0.0.1",
            port=server.port,
            ca_cert=str(admin.ca),
            cert_cert=str(admin.certificate),
            cert_key=str(admin.key),
            timeout=15,
        )
    yield client
    client.close()


@pytest.fixture
def prefix(request):
    return f"{request.module.__name__}/{request.node.name}/"


def listed(found, prefix):
    return [(metadata.key.decode()[len(prefix) :], value) for value, metadata in found]


def test_put_get_and_delete(etcd, prefix):
    etcd.put(prefix, "first")
    value, metadata = etcd.get(prefix)
    assert (value, metadata.key, metadata.version) == (b"first", prefix.encode(), 1)
    assert etcd.put(prefix, "second", prev_kv=True).prev_kv.value == b"first"
    assert etcd.get(prefix, serializable=True)[0] == b"second"
    assert etcd.delete(prefix) is True
    assert etcd.delete(prefix) is False
    assert etcd.get(prefix) == (None, None)


def test_get_by_prefix_range_and_in_order(etcd, prefix):
    for name, value in [("a", "3"), ("b", "1"), ("c", "2")]:
        etcd.put(prefix + name, value)
    assert listed(etcd.get_prefix(prefix), prefix) == [("a", b"3"), ("b", b"1"), ("c", b"2")]
    assert listed(etcd.get_range(prefix + "a", prefix + "c"), prefix) == [("a", b"3"), ("b", b"1")]
    backwards = etcd.get_prefix(prefix, sort_order="descend", sort_target="key")
    assert [name for name, _ in listed(backwards, prefix)] == ["c", "b", "a"]
    by_value = etcd.get_prefix(prefix, sort_order="ascend", sort_target="value")
    assert [name for name, _ in listed(by_value, prefix)] == ["b", "c", "a"]
    assert [value for value, _ in etcd.get_prefix(prefix, keys_only=True)] == [b"", b"", b""]
    assert etcd.delete_prefix(prefix).deleted == 3
    assert list(etcd.get_prefix(prefix)) == []


def test_put_if_absent_and_replace(etcd, prefix):
    assert etcd.put_if_not_exists(prefix, "1") is True
    assert etcd.put_if_not_exists(prefix, "2") is False
    assert etcd.replace(prefix, "1", "3") is True
    assert etcd.replace(prefix, "1", "4") is False
    assert etcd.get(prefix)[0] == b"3"


def test_transactions(etcd, prefix):
    etcd.put(prefix + "a", "1")
    compare, actions = etcd.transactions, etcd.transactions
    succeeded, responses = etcd.transaction(
        compare=[compare.value(prefix + "a") == "1", compare.version(prefix + "a") > 0],
        success=[actions.put(prefix + "a", "2"), actions.get(prefix + "a"), actions.delete(prefix + "b")],
        failure=[actions.get(prefix + "a")],
    )
    assert succeeded and responses[1][0][0] == b"2"
    succeeded, responses = etcd.transaction(
        compare=[compare.create(prefix + "a") == "0"],
        success=[],
        failure=[actions.txn(compare=[], success=[actions.get(prefix + "a")], failure=[])],
    )
    assert not succeeded and len(responses) == 1


def test_watching_by_iterator(etcd, prefix):
    events, cancel = etcd.watch_prefix(prefix)
    etcd.put(prefix + "a", "1")
    etcd.delete(prefix + "a")
    first, second = next(events), next(events)
    assert isinstance(first, etcd3.events.PutEvent) and first.value == b"1"
    assert isinstance(second, etcd3.events.DeleteEvent) and second.key == (prefix + "a").encode()
    cancel()
    assert list(events) == []


def test_watching_by_callback_and_response(etcd, prefix):
    received = queue.Queue()
    identifier = etcd.add_watch_callback(prefix, received.put)
    responses, cancel = etcd.watch_response(prefix)
    etcd.put(prefix, "1")
    response = received.get(timeout=10)
    assert [event.value for event in response.events] == [b"1"]
    assert response.header.revision == next(responses).header.revision
    cancel()
    etcd.cancel_watch(identifier)


def test_watching_once_and_from_the_past(etcd, prefix):
    etcd.put(prefix, "1")
    revision = etcd.get(prefix)[1].mod_revision
    etcd.put(prefix, "2")
    events, cancel = etcd.watch(prefix, start_revision=revision)
    assert [next(events).value, next(events).value] == [b"1", b"2"]
    cancel()
    timer = threading.Timer(0.3, etcd.put, (prefix, "3"))
    timer.start()
    assert etcd.watch_once(prefix, timeout=10).value == b"3"
    timer.join()
    with pytest.raises(etcd3.exceptions.WatchTimedOut):
        etcd.watch_once(prefix, timeout=0.2)


def test_a_watch_of_the_compacted_past_raises_with_the_horizon(etcd, prefix):
    for value in "123":
        etcd.put(prefix, value)
    head = etcd.get(prefix)[1].mod_revision
    etcd.compact(head)
    with pytest.raises(etcd3.exceptions.RevisionCompactedError) as caught:
        events, _ = etcd.watch(prefix, start_revision=head - 2)
        next(events)
    assert caught.value.compacted_revision == head


def test_leases(etcd, prefix):
    lease = etcd.lease(600)
    etcd.put(prefix, "1", lease=lease)
    assert lease.granted_ttl == 600 and 590 <= lease.remaining_ttl <= 600
    assert lease.keys == [prefix.encode()]
    assert [answer.TTL for answer in lease.refresh()] == [600]
    lease.revoke()
    assert etcd.get(prefix)[0] is None
    chosen = etcd.lease(600, lease_id=abs(hash(prefix)) % 2**40 + 1)
    with pytest.raises(etcd3.exceptions.PreconditionFailedError):
        etcd.lease(600, lease_id=chosen.id)


def test_a_lock_is_held_by_one(etcd, prefix):
    with etcd.lock(prefix, ttl=10) as lock:
        assert lock.is_acquired()
        other = etcd.lock(prefix, ttl=10)
        assert other.acquire(timeout=0.3) is False
    assert eventually(lambda: other.acquire(timeout=2))
    assert other.release()


def test_status_members_and_alarms(etcd):
    status = etcd.status()
    assert tuple(int(part) for part in status.version.split(".")[:2]) >= (3, 4)
    assert status.leader is not None and status.db_size > 0 and status.raft_index > 0
    (member,) = list(etcd.members)
    assert member.name and member.client_urls
    assert list(etcd.list_alarms()) == []
    assert list(etcd.disarm_alarm()) == []
    assert etcd.hash() is not None
    etcd.defragment()
