"""Leases, on servers whose shortest lease is one second."""

from suite.comparison import Comparison
from suite.recorder import Recorder
from support.process import eventually


def test_granting(servers: Comparison) -> None:
    def script(recorder: Recorder) -> None:
        for fields in [
            {"ID": 11, "TTL": 600}, {"ID": 11, "TTL": 600}, {"TTL": 500}, {"ID": 12, "TTL": 9_000_000_000},
            {"ID": 13, "TTL": 9_000_000_001}, {"ID": 14, "TTL": 700},
        ]:  # fmt: skip
            recorder.call("Lease.LeaseGrant", **fields)
            recorder.call("Lease.LeaseLeases")
        recorder.call("Lease.LeaseGrant", ID=-5, TTL=900)
        recorder.call("Lease.LeaseTimeToLive", ID=-5)

    servers.check(script)


def test_a_time_to_live_that_is_too_short_is_the_shortest(servers: Comparison) -> None:
    def script(recorder: Recorder) -> None:
        for identifier, ttl in [(11, 0), (12, -1), (13, 1), (14, -(1 << 63))]:
            recorder.call("Lease.LeaseGrant", ID=identifier, TTL=ttl)

    servers.check(script)


def test_keys_of_a_lease(servers: Comparison) -> None:
    def script(recorder: Recorder) -> None:
        for identifier in (11, 12):
            recorder.call("Lease.LeaseGrant", ID=identifier, TTL=600 + identifier)
        for key, lease in [(b"kb", 11), (b"ka", 11), (b"kc", 12), (b"ka", 12), (b"kc", 0), (b"kd", 11)]:
            recorder.call("KV.Put", key=key, lease=lease)
            for identifier in (11, 12):
                recorder.call("Lease.LeaseTimeToLive", ID=identifier, keys=True)
                recorder.call("Lease.LeaseTimeToLive", ID=identifier)
        recorder.call("KV.DeleteRange", key=b"kd")
        recorder.call("Lease.LeaseTimeToLive", ID=11, keys=True)
        recorder.call("KV.Range", key=b"k", range_end=b"l")
        for identifier in (11, 11, 12, 13, 0):
            recorder.call("Lease.LeaseRevoke", ID=identifier)
            recorder.call("KV.Range", key=b"k", range_end=b"l")
        recorder.call("Lease.LeaseTimeToLive", ID=11, keys=True)
        recorder.call("Lease.LeaseTimeToLive")
        recorder.call("Lease.LeaseLeases")

    servers.check(script)


def test_revoking_deletes_in_one_revision_in_the_order_of_keys(servers: Comparison) -> None:
    def script(recorder: Recorder) -> None:
        stream = recorder.watch()
        stream.create(key=b"k", range_end=b"l", prev_kv=True)
        recorder.call("Lease.LeaseGrant", ID=11, TTL=600)
        for key in (b"kc", b"ka", b"kb"):
            recorder.call("KV.Put", key=key, lease=11)
            stream.take()
        recorder.call("Lease.LeaseRevoke", ID=11)
        stream.take()
        recorder.call("Maintenance.HashKV")

    servers.check(script)


def test_keeping_alive(servers: Comparison) -> None:
    def script(recorder: Recorder) -> None:
        recorder.call("Lease.LeaseGrant", ID=11, TTL=600)
        recorder.call("Lease.LeaseGrant", ID=12, TTL=601)
        recorder.keep_alive(11, 12, 13, 11, 0)
        recorder.keep_alive()
        recorder.call("Lease.LeaseLeases")

    servers.check(script)


def test_expiry_is_a_delete(servers: Comparison) -> None:
    def script(recorder: Recorder) -> None:
        stream = recorder.watch()
        stream.create(key=b"k", range_end=b"l", prev_kv=True)
        recorder.call("Lease.LeaseGrant", ID=11, TTL=2)
        recorder.call("Lease.LeaseGrant", ID=12, TTL=600)
        for key, lease in [(b"kb", 11), (b"ka", 11), (b"kc", 12)]:
            recorder.call("KV.Put", key=key, lease=lease)
            stream.take()
        recorder.keep_alive(11)
        stream.take("the expiry")
        recorder.call("Lease.LeaseTimeToLive", ID=11, keys=True)
        recorder.keep_alive(11)
        recorder.call("Lease.LeaseRevoke", ID=11)
        recorder.call("Lease.LeaseLeases")
        recorder.call("KV.Range", key=b"k", range_end=b"l")
        recorder.call("KV.Put", key=b"ka", lease=11)
        recorder.call("Lease.LeaseGrant", ID=11, TTL=600)

    servers.check(script)


def test_a_lease_without_keys_expires_without_a_revision(servers: Comparison) -> None:
    def script(recorder: Recorder) -> None:
        recorder.call("Lease.LeaseGrant", ID=11, TTL=1)
        eventually(lambda: not recorder.client.Lease.LeaseLeases().leases, what="the expiry")
        recorder.call("Lease.LeaseLeases")
        recorder.call("KV.Range", key=b"k")

    servers.check(script)
