"""The lock and election services as stubs see them, beside etcdctl's lock and elect, which use only KV."""

import queue
import threading

import grpc
import pytest

from support.frames import RawConnection, request
from support.process import eventually
from support.protocol import Client, message, refused
from support.servers import TARGETS

UNKNOWN = grpc.StatusCode.UNKNOWN
PACKAGES = {"Lock": "v3lockpb", "Election": "v3electionpb"}


class Call:
    """A unary call that may wait."""

    def __init__(self, client, service, method, request, metadata=None):
        package = PACKAGES[service]
        name = f"{package}.{method}"
        response = message(name + "Response")
        self.call = client.channel.unary_unary(
            f"/{package}.{service}/{method}",
            request_serializer=lambda body: body.SerializeToString(),
            response_deserializer=response.FromString,
        ).future(message(name + "Request")(**request), timeout=30, metadata=metadata)

    def result(self):
        return self.call.result(timeout=15)

    def error(self):
        try:
            self.call.result(timeout=15)
        except grpc.RpcError as error:
            return error.code(), error.details()
        except grpc.FutureCancelledError:
            return grpc.StatusCode.CANCELLED, ""
        raise AssertionError("the call succeeded")


def lease(client, ttl=60, **options):
    return client.Lease.LeaseGrant(TTL=ttl, **options).ID


def lock(client, name, lease_id, metadata=None):
    return Call(client, "Lock", "Lock", {"name": name, "lease": lease_id}, metadata)


def campaign(client, name, lease_id, value, metadata=None):
    request = {"name": name, "lease": lease_id, "value": value}
    return Call(client, "Election", "Campaign", request, metadata)


def contenders(client, name, **options):
    """Returns the keys of a queue, oldest first."""
    found = client.KV.Range(
        key=name + b"/", range_end=name + b"0", sort_target="CREATE", sort_order="ASCEND", **options
    )
    return [kv.key for kv in found.kvs]


def has_joined(client, name, lease_id, **options):
    key = b"%s/%x" % (name, lease_id)
    eventually(lambda: key in contenders(client, name, **options), what="a place in the queue")


def test_a_free_lock_is_held_at_once(client, key):
    own = lease(client)
    answer = client.Lock.Lock(name=key, lease=own)
    assert answer.key == b"%s/%x" % (key, own)
    (kv,) = client.KV.Range(key=answer.key).kvs
    assert (kv.value, kv.lease, kv.create_revision) == (b"", own, answer.header.revision)
    assert answer.header.cluster_id and answer.header.member_id and answer.header.raft_term


def test_a_lock_without_a_lease_gets_one_of_a_minute(client, key):
    answer = client.Lock.Lock(name=key)
    (kv,) = client.KV.Range(key=answer.key).kvs
    assert kv.lease != 0 and answer.key == b"%s/%x" % (key, kv.lease)
    status = client.Lease.LeaseTimeToLive(ID=kv.lease)
    assert status.grantedTTL == 60 and 50 < status.TTL <= 60


def test_a_name_may_be_empty(client):
    own = lease(client)
    answer = client.Lock.Lock(name=b"", lease=own)
    assert answer.key == b"/%x" % own
    client.Lock.Unlock(key=answer.key)


@pytest.mark.parametrize("unknown", [12345, -5])
def test_a_lease_has_to_exist(client, key, unknown):
    with refused(UNKNOWN, "etcdserver: requested lease not found"):
        client.Lock.Lock(name=key, lease=unknown)
    with refused(UNKNOWN, "etcdserver: requested lease not found"):
        client.Election.Campaign(name=key, lease=unknown, value=b"v")


def test_locking_again_with_the_same_lease_changes_nothing(client, key):
    own = lease(client)
    first = client.Lock.Lock(name=key, lease=own)
    again = client.Lock.Lock(name=key, lease=own)
    assert again.key == first.key and again.header.revision == client.revision()
    assert len(contenders(client, key)) == 1


def test_locks_are_given_in_the_order_in_which_they_were_asked_for(client, key):
    leases = [lease(client) for _ in range(4)]
    first = client.Lock.Lock(name=key, lease=leases[0])
    waiting = []
    for each in leases[1:]:
        waiting.append(lock(client, key, each))
        has_joined(client, key, each)
    held = first.key
    while waiting:
        assert not any(call.call.done() for call in waiting)
        call = waiting.pop(0)
        unlocked = client.Lock.Unlock(key=held)
        answer = call.result()
        # As of when it was seen to be free, which is not before the unlocking.
        assert answer.header.revision >= unlocked.header.revision
        held = answer.key
    assert contenders(client, key) == [held]


def test_a_lock_is_free_when_its_lease_ends(client, key):
    holder, waiter = lease(client), lease(client)
    client.Lock.Lock(name=key, lease=holder)
    call = lock(client, key, waiter)
    has_joined(client, key, waiter)
    client.Lease.LeaseRevoke(ID=holder)
    assert call.result().key == b"%s/%x" % (key, waiter)


def test_a_waiter_that_is_cancelled_leaves_the_queue_and_is_skipped(client, key):
    leases = [lease(client) for _ in range(3)]
    first = client.Lock.Lock(name=key, lease=leases[0])
    middle = lock(client, key, leases[1])
    has_joined(client, key, leases[1])
    last = lock(client, key, leases[2])
    has_joined(client, key, leases[2])
    middle.call.cancel()
    gone = b"%s/%x" % (key, leases[1])
    eventually(lambda: gone not in contenders(client, key), what="the cancelled waiter's leaving")
    assert not last.call.done()
    client.Lock.Unlock(key=first.key)
    assert last.result().key == b"%s/%x" % (key, leases[2])


def test_a_waiter_whose_deadline_passes_leaves_the_queue(client, key):
    holder, waiter = lease(client), lease(client)
    client.Lock.Lock(name=key, lease=holder)
    with pytest.raises(grpc.RpcError) as error:
        client.Lock.Lock(name=key, lease=waiter, timeout=0.5)
    assert error.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    eventually(lambda: contenders(client, key) == [b"%s/%x" % (key, holder)], what="an empty queue")


def test_a_waiter_whose_connection_is_lost_leaves_the_queue(server, client, key):
    holder, waiter = lease(client), lease(client)
    client.Lock.Lock(name=key, lease=holder)
    body = message("v3lockpb.LockRequest")(name=key, lease=waiter).SerializeToString()
    with RawConnection(server) as connection:
        connection.greet()
        connection.send(request(1, b"/v3lockpb.Lock/Lock", body))
        has_joined(client, key, waiter)
    eventually(lambda: contenders(client, key) == [b"%s/%x" % (key, holder)], what="a queue of one")


@pytest.mark.since(35, "older servers give the lock to a waiter that has lost its key")
def test_a_waiter_whose_lease_ended_does_not_get_the_lock(client, key):
    holder, waiter = lease(client), lease(client)
    first = client.Lock.Lock(name=key, lease=holder)
    call = lock(client, key, waiter)
    has_joined(client, key, waiter)
    client.Lease.LeaseRevoke(ID=waiter)
    assert not call.call.done()
    client.Lock.Unlock(key=first.key)
    assert call.error() == (UNKNOWN, "mutex: session is expired")


def test_unlocking_deletes_the_key_and_nothing_else(client, key):
    held = client.Lock.Lock(name=key, lease=lease(client))
    answer = client.Lock.Unlock(key=held.key)
    assert answer.header.revision == held.header.revision + 1
    assert contenders(client, key) == []
    assert client.Lock.Unlock(key=held.key).header.revision == answer.header.revision
    with refused(UNKNOWN, "etcdserver: key is not provided"):
        client.Lock.Unlock(key=b"")


def leadership(answer, **changes):
    leader = answer.leader
    return {"name": leader.name, "key": leader.key, "rev": leader.rev, "lease": leader.lease, **changes}


def test_the_first_campaigner_leads(client, key):
    own = lease(client)
    answer = client.Election.Campaign(name=key, lease=own, value=b"v")
    assert leadership(answer) == {
        "name": key, "key": b"%s/%x" % (key, own), "rev": answer.header.revision, "lease": own,
    }  # fmt: skip
    leader = client.Election.Leader(name=key)
    assert (leader.kv.key, leader.kv.value, leader.kv.create_revision) == (
        answer.leader.key, b"v", answer.leader.rev,
    )  # fmt: skip
    assert leader.kv.lease == own and leader.header.revision == client.revision()


def test_nobody_leads_an_election_without_candidates(client, key):
    with refused(UNKNOWN, "election: no leader"):
        client.Election.Leader(name=key)


def test_campaigning_again_publishes_another_value(client, key):
    own = lease(client)
    first = client.Election.Campaign(name=key, lease=own, value=b"v")
    same = client.Election.Campaign(name=key, lease=own, value=b"v")
    assert same.leader == first.leader and client.revision() == first.header.revision
    other = client.Election.Campaign(name=key, lease=own, value=b"w")
    assert other.leader == first.leader
    # The header is of the attempt to join, before the value was published.
    assert other.header.revision == first.header.revision == client.revision() - 1
    assert client.Election.Leader(name=key).kv.value == b"w"


def test_leadership_passes_on_when_the_leader_resigns(client, key):
    leases = [lease(client) for _ in range(2)]
    first = client.Election.Campaign(name=key, lease=leases[0], value=b"1")
    call = campaign(client, key, leases[1], b"2")
    has_joined(client, key, leases[1])
    assert client.Election.Leader(name=key).kv.value == b"1"
    resigned = client.Election.Resign(leader=leadership(first))
    second = call.result()
    # The header is of the attempt to join, even though that was long ago.
    assert second.leader.rev == second.header.revision == resigned.header.revision - 1
    assert client.Election.Leader(name=key).kv.value == b"2"


def test_leadership_passes_on_when_the_lease_ends(client, key):
    leases = [lease(client) for _ in range(2)]
    client.Election.Campaign(name=key, lease=leases[0], value=b"1")
    call = campaign(client, key, leases[1], b"2")
    has_joined(client, key, leases[1])
    client.Lease.LeaseRevoke(ID=leases[0])
    assert call.result().leader.lease == leases[1]


def test_a_campaigner_that_is_cancelled_leaves_the_queue(client, key):
    leases = [lease(client) for _ in range(2)]
    first = client.Election.Campaign(name=key, lease=leases[0], value=b"1")
    call = campaign(client, key, leases[1], b"2")
    has_joined(client, key, leases[1])
    call.call.cancel()
    eventually(lambda: contenders(client, key) == [first.leader.key], what="a queue of one")


def test_a_campaigner_whose_lease_ended_learns_it_by_proclaiming(client, key):
    leases = [lease(client) for _ in range(2)]
    first = client.Election.Campaign(name=key, lease=leases[0], value=b"1")
    call = campaign(client, key, leases[1], b"2")
    has_joined(client, key, leases[1])
    client.Lease.LeaseRevoke(ID=leases[1])
    client.Election.Resign(leader=leadership(first))
    answer = call.result()
    assert answer.leader.lease == leases[1] and contenders(client, key) == []
    with refused(UNKNOWN, "election: not leader"):
        client.Election.Proclaim(leader=leadership(answer), value=b"3")


def test_only_the_leader_can_proclaim(client, key):
    own = lease(client)
    answer = client.Election.Campaign(name=key, lease=own, value=b"1")
    proclaimed = client.Election.Proclaim(leader=leadership(answer), value=b"2")
    assert proclaimed.header.revision == answer.header.revision + 1
    kv = client.Election.Leader(name=key).kv
    assert (kv.value, kv.version, kv.lease) == (b"2", 2, own)
    with refused(UNKNOWN, "election: not leader"):
        client.Election.Proclaim(leader=leadership(answer, rev=answer.leader.rev + 1), value=b"3")
    with refused(UNKNOWN, "etcdserver: requested lease not found"):
        client.Election.Proclaim(leader=leadership(answer, lease=77), value=b"3")
    with refused(UNKNOWN, "etcdserver: key is not provided"):
        client.Election.Proclaim(leader=leadership(answer, key=b""), value=b"3")
    with refused(UNKNOWN, '"leader" field must be provided'):
        client.Election.Proclaim(value=b"3")
    assert client.Election.Leader(name=key).kv.value == b"2"
    client.Election.Resign(leader=leadership(answer))
    with refused(UNKNOWN, "election: not leader"):
        client.Election.Proclaim(leader=leadership(answer), value=b"3")


def test_proclaiming_without_a_lease_moves_the_key_to_a_new_one(client, key):
    answer = client.Election.Campaign(name=key, lease=lease(client), value=b"1")
    client.Election.Proclaim(leader=leadership(answer, lease=0), value=b"2")
    moved = client.Election.Leader(name=key).kv.lease
    assert moved not in (0, answer.leader.lease)
    assert client.Lease.LeaseTimeToLive(ID=moved).grantedTTL == 60


def test_resigning_from_what_one_does_not_lead_changes_nothing(client, key):
    answer = client.Election.Campaign(name=key, lease=lease(client), value=b"1")
    client.Election.Resign(leader=leadership(answer, rev=answer.leader.rev + 1))
    assert contenders(client, key) == [answer.leader.key]
    resigned = client.Election.Resign(leader=leadership(answer))
    assert contenders(client, key) == []
    again = client.Election.Resign(leader=leadership(answer))
    assert again.header.revision == resigned.header.revision
    with refused(UNKNOWN, '"leader" field must be provided'):
        client.Election.Resign()
    with refused(UNKNOWN, "etcdserver: key is not provided"):
        client.Election.Resign(leader=leadership(answer, key=b""))


class Observer:
    """An Observe stream, message by message."""

    def __init__(self, client, name, metadata=None):
        self.call = client.Election.Observe(name=name, timeout=60, metadata=metadata)
        self.messages = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        try:
            for answer in self.call:
                self.messages.put(answer)
            self.messages.put((grpc.StatusCode.OK, ""))
        except grpc.RpcError as error:
            self.messages.put((error.code(), error.details()))

    def next(self):
        return self.messages.get(timeout=15)

    def expect(self, value, revision=None):
        answer = self.next()
        assert answer.kv.value == value and answer.header.cluster_id
        if revision is not None:
            assert answer.header.revision == revision
        return answer


def test_observing_shows_each_leader_and_what_it_says(client, key):
    leases = [lease(client) for _ in range(3)]
    first = client.Election.Campaign(name=key, lease=leases[0], value=b"1")
    observer = Observer(client, key)
    observer.expect(b"1", first.header.revision)
    second = campaign(client, key, leases[1], b"2")
    has_joined(client, key, leases[1])
    proclaimed = client.Election.Proclaim(leader=leadership(first), value=b"1b")
    observer.expect(b"1b", proclaimed.header.revision)
    resigned = client.Election.Resign(leader=leadership(first))
    observer.expect(b"2", resigned.header.revision)
    client.Election.Resign(leader=leadership(second.result()))
    third = client.Election.Campaign(name=key, lease=leases[2], value=b"3")
    assert observer.expect(b"3", third.header.revision).kv.create_revision == third.leader.rev
    observer.call.cancel()
    assert observer.next()[0] == grpc.StatusCode.CANCELLED


def test_observing_waits_for_a_first_leader(client, key):
    observer = Observer(client, key)
    first = client.Election.Campaign(name=key, lease=lease(client), value=b"1")
    answer = observer.expect(b"1", first.header.revision)
    assert answer.kv.key == first.leader.key
    observer.call.cancel()


def test_observing_and_locking_survive_compaction(client, key):
    holder, waiter = lease(client), lease(client)
    first = client.Election.Campaign(name=key, lease=holder, value=b"1")
    observer = Observer(client, key)
    observer.expect(b"1")
    call = campaign(client, key, waiter, b"2")
    has_joined(client, key, waiter)
    client.KV.Compact(revision=client.revision())
    client.Election.Resign(leader=leadership(first))
    call.result()
    observer.expect(b"2")
    observer.call.cancel()


# etcd 3.5 leaves places behind when so many waiters are cancelled at once.
@pytest.mark.isthmus_only
def test_a_thousand_waiting_locks_are_served_one_by_one(server, client, key):
    leases = [lease(client) for _ in range(1000)]
    held = client.Lock.Lock(name=key, lease=lease(client)).key

    def count():
        return client.KV.Range(key=key + b"/", range_end=key + b"0", count_only=True).count

    with Client(server) as first, Client(server) as second:
        by_key = {b"%s/%x" % (key, each): lock(first, key, each) for each in leases[:500]}
        by_key |= {b"%s/%x" % (key, each): lock(second, key, each) for each in leases[500:]}
        eventually(lambda: count() == 1001, within=60, what="a thousand waiters")
        for following in contenders(client, key)[1:21]:
            client.Lock.Unlock(key=held)
            held = by_key[following].result().key
            assert held == following
        for call in by_key.values():
            call.call.cancel()
        eventually(lambda: count() == 1, within=60, what="an empty queue")
    assert contenders(client, key) == [held]


@pytest.mark.isthmus_only
def test_waiting_calls_end_when_the_server_stops(make_server, key):
    server = make_server().start()
    with Client(server) as client:
        client.Lock.Lock(name=key, lease=lease(client))
        waiter = lease(client)
        call = lock(client, key, waiter)
        has_joined(client, key, waiter)
        server.stop()
        assert call.error()[0] == grpc.StatusCode.UNAVAILABLE


@pytest.fixture(scope="module")
def users(target, module_directory):
    """A server with a user who may use what is below `x/`, and the tokens of root and of that user."""
    running = TARGETS[target](module_directory / "users").start()
    with Client(running) as client:
        auth = client.Auth
        auth.UserAdd(name="root", password="root")
        auth.UserGrantRole(user="root", role="root")
        auth.UserAdd(name="user", password="user")
        auth.RoleAdd(name="role")
        x = {"permType": "READWRITE", "key": b"x/", "range_end": b"x0"}
        auth.RoleGrantPermission(name="role", perm=x)
        auth.UserGrantRole(user="user", role="role")
        auth.AuthEnable()

        def token(name):
            return [("token", auth.Authenticate(name=name, password=name).token)]

        yield client, token("root"), token("user")
    running.stop()


def test_calls_need_a_user(users):
    client, root, _ = users
    empty = UNKNOWN, "etcdserver: user name is empty"
    with refused(*empty):
        client.Lock.Lock(name=b"x/1", lease=lease(client, metadata=root))
    with refused(*empty):
        client.Lock.Unlock(key=b"x/1")
    with refused(*empty):
        client.Election.Leader(name=b"x/1")
    with refused(UNKNOWN, "etcdserver: invalid auth token"):
        client.Lock.Lock(name=b"x/1", lease=5, metadata=[("token", "none.1")])


def test_calls_are_allowed_what_the_caller_is_allowed(users):
    client, root, user = users
    own = lease(client, metadata=root)
    held = client.Lock.Lock(name=b"x/2", lease=own, metadata=user)
    client.Lock.Unlock(key=held.key, metadata=user)
    denied = UNKNOWN, "etcdserver: permission denied"
    with refused(*denied):
        client.Lock.Lock(name=b"y", lease=own, metadata=user)
    with refused(*denied):
        client.Lock.Unlock(key=b"y/1", metadata=user)
    with refused(*denied):
        client.Election.Campaign(name=b"y", lease=own, value=b"v", metadata=user)
    with refused(*denied):
        client.Election.Leader(name=b"y", metadata=user)
    for method in ("Proclaim", "Resign"):
        with refused(*denied):
            leader = {"name": b"y", "key": b"y/1", "rev": 1, "lease": own}
            getattr(client.Election, method)(leader=leader, metadata=user)


@pytest.mark.isthmus_only
def test_an_observer_without_rights_is_told_so(users):
    client, _, user = users
    # etcd ends the stream as if it had succeeded.
    observer = Observer(client, b"y", metadata=user)
    assert observer.next() == (UNKNOWN, "etcdserver: permission denied")


@pytest.mark.isthmus_only
def test_waiting_calls_end_when_their_rights_are_withdrawn(users):
    client, root, user = users
    name = b"x/3"
    holder, waiter, candidate = (lease(client, metadata=root) for _ in range(3))
    client.Lock.Lock(name=name, lease=holder, metadata=root)
    call = lock(client, name, waiter, metadata=user)
    has_joined(client, name, waiter, metadata=root)
    running = campaign(client, name, candidate, b"v", metadata=user)
    has_joined(client, name, candidate, metadata=root)
    observer = Observer(client, name, metadata=user)
    observer.expect(b"")
    client.Auth.UserRevokeRole(name="user", role="role", metadata=root)
    try:
        denied = UNKNOWN, "etcdserver: permission denied"
        assert call.error() == running.error() == observer.next() == denied
        left = [b"%s/%x" % (name, holder)]
        eventually(lambda: contenders(client, name, metadata=root) == left, what="a queue of one")
    finally:
        client.Auth.UserGrantRole(user="user", role="role", metadata=root)


@pytest.mark.since(35, "older servers do not have the method")
def test_there_is_nothing_to_downgrade_to(client):
    argument = grpc.StatusCode.INVALID_ARGUMENT
    for action in ("VALIDATE", "ENABLE"):
        for version in ("", "abc", "v3.4.0", "3"):
            with refused(argument, "etcdserver: wrong downgrade target version format"):
                client.Maintenance.Downgrade(action=action, version=version)
        for version in ("3.3.0", "3.6.0", "3.6"):
            with refused(argument, "etcdserver: invalid downgrade target version"):
                client.Maintenance.Downgrade(action=action, version=version)
    with refused(UNKNOWN, "etcdserver: unknown method"):
        client.Maintenance.Downgrade(action=3)


@pytest.mark.since(36, "older servers say that there is none")
def test_cancelling_no_downgrade_succeeds(client):
    answer = client.Maintenance.Downgrade(action="CANCEL")
    assert answer.version == "3.6.0" and answer.header.revision == client.revision()
