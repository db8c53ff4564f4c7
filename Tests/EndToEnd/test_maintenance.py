"""Maintenance, Cluster, Auth and Health as stubs see them, and methods that do not exist."""

import hashlib

import grpc
import pytest

from support.protocol import Client, refused


def version_of(text):
    return tuple(int(part) for part in text.split("."))


def test_the_status_says_what_clients_decide_by(client):
    status = client.Maintenance.Status()
    assert status.leader == status.header.member_id != 0
    assert status.raftTerm == status.header.raft_term != 0
    assert status.raftIndex > 0 and status.raftAppliedIndex > 0
    assert status.dbSize > 0 and status.dbSizeInUse > 0
    assert not status.isLearner and list(status.errors) == []
    assert status.header.revision == client.revision()


@pytest.mark.since(36, "the version is the contract with clients, and ours must be new enough")
def test_the_version_is_new_enough_for_current_clients(client):
    assert (3, 5, 13) <= version_of(client.Maintenance.Status().version) < (3, 7)


def test_alarms_can_be_asked_for(client):
    assert list(client.Maintenance.Alarm(action="GET").alarms) == []
    assert list(client.Maintenance.Alarm(action="DEACTIVATE", alarm="NOSPACE").alarms) == []


@pytest.mark.since(35, "older servers end themselves when asked for this")
def test_an_alarm_of_no_kind_is_not_raised(client):
    assert list(client.Maintenance.Alarm(action="ACTIVATE", alarm="NONE").alarms) == []


def test_a_store_without_space_refuses_writes_until_it_is_disarmed(make_server, key):
    server = make_server().start()
    with Client(server) as client:
        client.KV.Put(key=key, value=b"1")
        member = client.Maintenance.Status().header.member_id
        raised = client.Maintenance.Alarm(action="ACTIVATE", alarm="NOSPACE", memberID=member).alarms
        assert [(alarm.memberID, alarm.alarm) for alarm in raised] == [(member, 1)]
        full = grpc.StatusCode.RESOURCE_EXHAUSTED, "etcdserver: mvcc: database space exceeded"
        with refused(*full):
            client.KV.Put(key=key, value=b"2")
        with refused(*full):
            client.KV.Txn(success=[{"request_put": {"key": key, "value": b"2"}}])
        with refused(*full):
            client.Lease.LeaseGrant(TTL=600)
        assert client.get(key) == b"1"
        client.KV.Txn(success=[{"request_range": {"key": key}}])
        assert client.KV.DeleteRange(key=key).deleted == 1
        assert list(client.Maintenance.Status().errors) != []
        assert [alarm.alarm for alarm in client.Maintenance.Alarm(action="GET").alarms] == [1]
        disarmed = client.Maintenance.Alarm(action="DEACTIVATE", alarm="NOSPACE", memberID=member)
        assert [alarm.alarm for alarm in disarmed.alarms] == [1]
        client.KV.Put(key=key, value=b"3")


def test_the_hash_depends_on_the_history(client, key):
    client.KV.Put(key=key, value=b"1")
    revision = client.revision()
    first = client.Maintenance.HashKV(revision=revision)
    assert first.hash != 0 and first.header.revision == revision
    client.KV.Put(key=key, value=b"2")
    assert client.Maintenance.HashKV(revision=revision).hash == first.hash
    assert client.Maintenance.HashKV(revision=0).hash != first.hash
    with refused(grpc.StatusCode.OUT_OF_RANGE, "etcdserver: mvcc: required revision is a future revision"):
        client.Maintenance.HashKV(revision=revision + 1000)
    assert client.Maintenance.Hash().hash == client.Maintenance.Hash().hash


def test_equal_histories_have_equal_hashes(make_server, key):
    if make_server().is_etcd is False:
        pytest.skip("our server writes keys of its own at start")
    hashes = set()
    for name in ("one", "two"):
        server = make_server(name).start()
        with Client(server) as client:
            for number in range(20):
                client.KV.Put(key=key + b"%d" % (number % 5), value=b"%d" % number)
            client.KV.DeleteRange(key=key + b"3")
            hashes.add(client.Maintenance.HashKV().hash)
    assert len(hashes) == 1


def test_defragmenting_loses_nothing(client, key):
    client.KV.Put(key=key, value=b"1")
    client.Maintenance.Defragment()
    assert client.get(key) == b"1"


def test_a_snapshot_ends_with_its_own_checksum(client, key):
    client.KV.Put(key=key, value=b"1")
    try:
        parts = list(client.Maintenance.Snapshot())
    except grpc.RpcError as error:
        # Refusing is allowed, silence is not.
        assert error.code() == grpc.StatusCode.UNIMPLEMENTED and error.details()
        return
    blob = b"".join(part.blob for part in parts)
    assert len(blob) % 512 == 32
    assert hashlib.sha256(blob[:-32]).digest() == blob[-32:]


def test_leadership_cannot_be_moved_elsewhere(client):
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "etcdserver: bad leader transferee"):
        client.Maintenance.MoveLeader(targetID=12345)


def test_there_is_one_member(server, client):
    answer = client.Cluster.MemberList()
    (member,) = answer.members
    assert member.ID == answer.header.member_id != 0
    assert member.name and not member.isLearner
    assert any(url.endswith(server.address) for url in member.clientURLs)
    assert client.Maintenance.Status().header.cluster_id == answer.header.cluster_id


def test_members_that_do_not_exist_are_not_found(client):
    not_found = grpc.StatusCode.NOT_FOUND, "etcdserver: member not found"
    with refused(*not_found):
        client.Cluster.MemberRemove(ID=12345)
    with refused(*not_found):
        client.Cluster.MemberUpdate(ID=12345, peerURLs=["http://127.0.0.1:1"])
    with refused(*not_found):
        client.Cluster.MemberPromote(ID=12345)


def test_passwords_are_not_asked_for(client):
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "etcdserver: authentication is not enabled"):
        client.Auth.Authenticate(name="root", password="secret")


@pytest.mark.since(35, "older servers do not know the method")
def test_authentication_is_said_to_be_off_without_tls(client):
    assert not client.Auth.AuthStatus().enabled


def test_the_health_service_serves(client):
    assert client.Health.Check(service="").status == 1
    with pytest.raises(grpc.RpcError) as caught:
        client.Health.Check(service="no.such.Service")
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize("path", ["/etcdserverpb.KV/NoSuchMethod", "/no.such.Service/Method"])
def test_an_unknown_method_is_unimplemented(client, path):
    call = client.channel.unary_unary(path)
    with pytest.raises(grpc.RpcError) as caught:
        call(b"", timeout=10)
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert client.revision() > 0


def test_a_body_that_is_no_message_is_refused(client, key):
    call = client.channel.unary_unary("/etcdserverpb.KV/Range")
    for body in (b"\xff" * 40, b"\x0a\x7fshort"):
        with pytest.raises(grpc.RpcError) as caught:
            call(body, timeout=10)
        assert caught.value.code() in (grpc.StatusCode.INTERNAL, grpc.StatusCode.INVALID_ARGUMENT)
    client.KV.Put(key=key, value=b"1")


def test_unknown_fields_are_ignored(client, key):
    client.KV.Put(key=key, value=b"1")
    call = client.channel.unary_unary("/etcdserverpb.KV/Range")
    # Field 1 is the key; field 999 is nobody's.
    body = b"\x0a" + bytes([len(key)]) + key + b"\xba\x3e\x03new"
    assert b"1" in call(body, timeout=10)


def test_metadata_of_real_clients_is_accepted(client, key):
    metadata = [("hasleader", "true"), ("client-api-version", "3.5"), ("token", "")]
    client.KV.Put(key=key, value=b"1", metadata=metadata[:2])
    assert client.KV.Range(key=key, metadata=metadata[:2]).count == 1


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
    with refused(grpc.StatusCode.UNKNOWN, "etcdserver: unknown method"):
        client.Maintenance.Downgrade(action=3)


@pytest.mark.since(36, "older servers say that there is none")
def test_cancelling_no_downgrade_succeeds(client):
    answer = client.Maintenance.Downgrade(action="CANCEL")
    assert answer.version == "3.6.0" and answer.header.revision == client.revision()
