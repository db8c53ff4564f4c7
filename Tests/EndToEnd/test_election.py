"""The election service as stubs see it; etcdctl's elect uses only KV: see `test_etcdctl_running.py`."""

import grpc

from support.coordination import UNKNOWN, Observer, campaign, contenders, has_joined, leadership, lease
from support.process import eventually
from support.protocol import refused


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
