"""Watch streams, message by message."""

from suite.comparison import Comparison
from suite.recorder import Recorder
from suite.revisions import At


def test_events_one_by_one(servers: Comparison) -> None:
    def script(recorder: Recorder) -> None:
        stream = recorder.watch()
        stream.create(key=b"ka")
        stream.create(key=b"k", range_end=b"l", prev_kv=True)
        stream.cancel(0)
        stream.take()
        recorder.call("Lease.LeaseGrant", ID=7, TTL=1000)
        for method, fields in [
            ("KV.Put", {"key": b"ka", "value": b"1"}), ("KV.Put", {"key": b"ka", "value": b"2", "lease": 7}),
            ("KV.DeleteRange", {"key": b"ka"}), ("KV.Put", {"key": b"kb", "lease": 7}),
            ("KV.Put", {"key": b"kc", "lease": 7}), ("Lease.LeaseRevoke", {"ID": 7}),
        ]:  # fmt: skip
            recorder.call(method, **fields)
            stream.take()
        recorder.call("KV.DeleteRange", key=b"absent")
        branch = [{"request_put": {"key": key}} for key in (b"kc", b"ka", b"kb")]
        recorder.call("KV.Txn", success=branch)
        stream.take()
        recorder.call("KV.DeleteRange", key=b"k", range_end=b"l")
        stream.take()

    servers.check(script)


def test_filters(servers: Comparison) -> None:
    def script(recorder: Recorder) -> None:
        for filters in ([0], [1], [0, 1], [1, 1], [7]):
            stream = recorder.burst()
            stream.create(key=b"ka", filters=filters, prev_kv=True)
        recorder.call("KV.Put", key=b"ka", value=b"1")
        recorder.call("KV.DeleteRange", key=b"ka")
        put, delete = {"request_put": {"key": b"ka"}}, {"request_delete_range": {"key": b"ka"}}
        recorder.call("KV.Txn", success=[put])
        recorder.call("KV.Txn", success=[delete])
        recorder.barrier()

    servers.check(script)


def test_identifiers(servers: Comparison) -> None:
    def script(recorder: Recorder) -> None:
        stream = recorder.watch()
        for identifier in (0, 1, 1, 0, 5, 5, 0, 9, -3):
            stream.create(key=b"k", watch_id=identifier)
        stream.cancel(5)
        stream.take()
        stream.create(key=b"k", watch_id=5)
        stream.cancel(44)
        stream.stream.send()
        stream.create(key=b"k")

    servers.check(script)


def test_ranges_that_are_refused(servers: Comparison) -> None:
    def script(recorder: Recorder) -> None:
        stream = recorder.watch()
        for key, end in [
            (b"k", b"k"), (b"kb", b"ka"), (b"", b""), (b"", b"\0"), (b"", b"a"), (b"k", b"\0\0"),
        ]:  # fmt: skip
            stream.create(key=key, range_end=end)
        stream.create(key=b"kb", range_end=b"ka", watch_id=4)

    servers.check(script)


def test_beginning_in_the_past(servers: Comparison) -> None:
    def script(recorder: Recorder) -> None:
        for number in range(4):
            recorder.call("KV.Put", key=b"ka", value=b"%d" % number)
        recorder.call("KV.DeleteRange", key=b"ka")
        for start in range(1, 8):
            stream = recorder.burst()
            stream.create(key=b"ka", start_revision=At(start), prev_kv=True)
        recorder.call("KV.Put", key=b"ka", value=b"after")
        recorder.call("KV.Put", key=b"ka", value=b"after that")
        recorder.barrier()

    servers.check(script)


def test_a_start_that_was_compacted(servers: Comparison) -> None:
    def script(recorder: Recorder) -> None:
        for number in range(4):
            recorder.call("KV.Put", key=b"ka", value=b"%d" % number)
        recorder.call("KV.Compact", revision=At(3), physical=True)
        stream = recorder.watch()
        for start in (At(1), At(2), At(-1)):
            stream.create(key=b"ka", start_revision=start, prev_kv=True)
            stream.take()
        stream.create(key=b"ka", start_revision=At(3), prev_kv=True)
        stream.take()

    servers.check(script)


def test_a_compacted_watch_can_be_cancelled(servers: Comparison) -> None:
    def script(recorder: Recorder) -> None:
        recorder.call("KV.Put", key=b"ka")
        recorder.call("KV.Put", key=b"ka")
        recorder.call("KV.Compact", revision=At(2), physical=True)
        stream = recorder.watch()
        stream.create(key=b"ka", start_revision=At(1))
        stream.take()
        stream.cancel(0)
        stream.take()

    servers.check(script)


def test_the_delete_at_the_compacted_revision(servers: Comparison) -> None:
    def script(recorder: Recorder) -> None:
        recorder.call("KV.Put", key=b"horizon")
        recorder.call("KV.DeleteRange", key=b"horizon")
        recorder.call("KV.Compact", revision=At(2), physical=True)
        recorder.call("KV.Put", key=b"ka")
        recorder.burst().create(key=b"horizon", start_revision=At(2))
        recorder.barrier()

    servers.check(script)


def test_a_negative_start(servers: Comparison) -> None:
    def script(recorder: Recorder) -> None:
        recorder.watch().create(key=b"ka", start_revision=-1)

    servers.check(script)


def test_progress(servers: Comparison) -> None:
    def script(recorder: Recorder) -> None:
        stream = recorder.watch()
        stream.create(key=b"ka")
        stream.ask_progress()
        stream.take()
        recorder.call("KV.Put", key=b"ka")
        stream.take()
        stream.ask_progress()
        stream.take()
        stream.create(key=b"ka", progress_notify=True)

    servers.check(script)


def test_a_client_that_has_nothing_more_to_ask_still_gets_events(servers: Comparison) -> None:
    def script(recorder: Recorder) -> None:
        stream = recorder.watch()
        stream.create(key=b"ka")
        stream.end_requests()
        recorder.call("KV.Put", key=b"ka")
        stream.take()

    servers.check(script)


def test_fragments(servers: Comparison) -> None:
    def script(recorder: Recorder) -> None:
        for fragment in (False, True):
            stream = recorder.watch()
            stream.create(key=b"k", range_end=b"l", prev_kv=True, fragment=fragment)
        operations = [
            {"request_put": {"key": key, "value": key * 200_000}} for key in (b"ka", b"kb", b"kc")
        ]
        recorder.call("KV.Txn", success=operations)
        for stream in recorder.streams:
            stream.take()
        recorder.call("KV.Txn", success=operations)
        recorder.streams[0].take()
        while recorder.streams[1].take().fragment:
            pass

    servers.check(script)
