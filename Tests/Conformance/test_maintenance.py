"""Maintenance and Cluster: what operators ask."""

from suite.comparison import Comparison
from suite.recorder import Recorder
from suite.revisions import At


def test_what_a_server_says_of_itself(servers: Comparison) -> None:
    def script(recorder: Recorder) -> None:
        recorder.call("Maintenance.Status")
        recorder.call("Cluster.MemberList")
        recorder.call("Maintenance.Defragment")
        recorder.call("Maintenance.Hash")

    servers.check(script)


def test_alarms(servers: Comparison) -> None:
    def script(recorder: Recorder) -> None:
        member = recorder.client.Maintenance.Status().leader

        def alarm(action: str) -> None:
            answer = recorder.client.Maintenance.Alarm(action=action, alarm="NOSPACE", memberID=member)
            recorder.note(action, recorder.names.tree(answer), "Maintenance.Alarm")

        try:
            recorder.call("Maintenance.Alarm")
            recorder.call("KV.Put", key=b"ka")
            recorder.call("Lease.LeaseGrant", ID=11, TTL=600)
            alarm("ACTIVATE")
            alarm("ACTIVATE")
            recorder.call("Maintenance.Alarm")
            recorder.call("Maintenance.Alarm", alarm="CORRUPT")
            put = {"request_put": {"key": b"kb"}}
            for method, fields in [
                ("KV.Put", {"key": b"ka"}), ("KV.Txn", {"success": [put]}), ("KV.Txn", {"failure": [put]}),
                ("KV.Txn", {"success": [{"request_delete_range": {"key": b"kb"}}]}),
                ("KV.Range", {"key": b"ka"}),
                ("Lease.LeaseGrant", {"ID": 12, "TTL": 600}), ("Lease.LeaseRevoke", {"ID": 11}),
                ("KV.DeleteRange", {"key": b"ka"}), ("KV.Compact", {"revision": At(1)}), ("KV.Put", {}),
                ("KV.Txn", {"success": [{"request_txn": {"success": [put]}}]}),
            ]:  # fmt: skip
                recorder.call(method, **fields)
        finally:
            # Its revision is not compared: the last transaction was carried out by real servers only.
            recorder.client.Maintenance.Alarm(action="DEACTIVATE", alarm="NOSPACE", memberID=member)
        assert not recorder.client.Maintenance.Alarm().alarms

    servers.check(script)


def test_disarming(servers: Comparison) -> None:
    def script(recorder: Recorder) -> None:
        member = recorder.client.Maintenance.Status().leader
        for action in ("DEACTIVATE", "ACTIVATE", "DEACTIVATE", "DEACTIVATE"):
            answer = recorder.client.Maintenance.Alarm(action=action, alarm="NOSPACE", memberID=member)
            recorder.note(action, recorder.names.tree(answer), "Maintenance.Alarm")
        recorder.call("KV.Put", key=b"ka")

    servers.check(script)


def test_hashes(servers: Comparison) -> None:
    def script(recorder: Recorder) -> None:
        recorder.call("Lease.LeaseGrant", ID=11, TTL=600)
        for key, fields in [(b"ka", {"value": b"1"}), (b"kb", {"lease": 11}), (b"ka", {"value": b"2"})]:
            recorder.call("KV.Put", key=key, **fields)
            recorder.call("Maintenance.HashKV")
        recorder.call("KV.DeleteRange", key=b"k", range_end=b"l")
        recorder.call("KV.Put", key=b"kc")
        for horizon in (None, 2, 3, 4):
            if horizon:
                recorder.call("KV.Compact", revision=At(horizon), physical=True)
            for revision in range(-1, 8):
                if revision != (horizon or 0):
                    recorder.call("Maintenance.HashKV", revision=At(revision))
            recorder.call("Maintenance.HashKV")

    servers.check(script)


def test_the_hash_of_the_compacted_revision(servers: Comparison) -> None:
    def script(recorder: Recorder) -> None:
        recorder.call("KV.Put", key=b"ka")
        recorder.call("KV.Compact", revision=At(1), physical=True)
        recorder.call("Maintenance.HashKV", revision=At(1))

    servers.check(script)


def test_members_that_do_not_exist(servers: Comparison) -> None:
    def script(recorder: Recorder) -> None:
        recorder.call("Cluster.MemberRemove", ID=7)
        recorder.call("Cluster.MemberUpdate", ID=7, peerURLs=["http://127.0.0.1:9"])
        recorder.call("Cluster.MemberPromote", ID=7)
        recorder.call("Maintenance.MoveLeader", targetID=7)

    servers.check(script)
