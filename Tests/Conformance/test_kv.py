"""KV: every option of every call, and every error with its sentence."""

from suite.comparison import Comparison
from suite.recorder import Recorder
from suite.revisions import At

ALL = {"key": b"k", "range_end": b"\0"}


def fill(recorder: Recorder) -> None:
    """Keys whose version, create and mod revision and value sort in different orders."""
    for key, value in [(b"kc", b"3"), (b"ka", b"1"), (b"kd", b"0"), (b"kb", b"2")]:
        recorder.call("KV.Put", key=key, value=value)
    for key in (b"ka", b"kc", b"ka"):
        recorder.call("KV.Put", key=key, value=b"new " + key)


def test_ranges(servers: Comparison) -> None:
    def script(recorder: Recorder) -> None:
        fill(recorder)
        for key, end in [
            (b"ka", b""), (b"kz", b""), (b"ka", b"kc"), (b"ka", b"ka"), (b"kb", b"ka"), (b"ka", b"ka\0"),
            (b"kb", b"\0"), (b"k", b"l"), (b"kd", b"\0\0"),
        ]:  # fmt: skip
            recorder.call("KV.Range", key=key, range_end=end)
        for order in range(3):
            for target in range(5):
                recorder.call("KV.Range", **ALL, sort_order=order, sort_target=target)
                for limit in (1, 3):
                    recorder.call("KV.Range", **ALL, sort_order=order, sort_target=target, limit=limit)
        for name in ("min_mod_revision", "max_mod_revision", "min_create_revision", "max_create_revision"):
            for bound in (At(1), At(3), At(6), At(99), -1):
                recorder.call("KV.Range", **ALL, **{name: bound})
                recorder.call("KV.Range", key=b"ka", limit=1, **{name: bound})
        for fields in [
            {"keys_only": True}, {"count_only": True}, {"keys_only": True, "count_only": True},
            {"limit": 2}, {"limit": 4}, {"limit": -1}, {"serializable": True},
            {"count_only": True, "limit": 1},
        ]:  # fmt: skip
            recorder.call("KV.Range", **ALL, **fields)
        recorder.call("KV.Range", range_end=b"\0")
        recorder.call("KV.Range", key=b"", limit=1)

    servers.check(script)


def test_reading_the_past(servers: Comparison) -> None:
    def script(recorder: Recorder) -> None:
        fill(recorder)
        recorder.call("KV.DeleteRange", key=b"ka")
        recorder.call("KV.Put", key=b"ka", value=b"again")
        for revision in [At(-1), *map(At, range(11)), -1]:
            recorder.call("KV.Range", **ALL, revision=revision)
            recorder.call("KV.Range", key=b"ka", revision=revision, serializable=True)
        for physical, revision in [(False, 8), (True, 8), (False, 3), (False, 50), (True, 9)]:
            recorder.call("KV.Compact", revision=At(revision), physical=physical)
            for read in map(At, range(5, 11)):
                recorder.call("KV.Range", **ALL, revision=read)
        for revision in (0, -1, -(1 << 63)):
            recorder.call("KV.Compact", revision=revision)

    servers.check(script)


def test_sort_options_that_do_not_exist(servers: Comparison) -> None:
    def script(recorder: Recorder) -> None:
        recorder.call("KV.Range", key=b"k", sort_order=3)
        recorder.call("KV.Range", key=b"k", sort_order=-1)

    servers.check(script)


def test_puts(servers: Comparison) -> None:
    def script(recorder: Recorder) -> None:
        recorder.call("Lease.LeaseGrant", ID=71, TTL=1000)
        for fields in [
            {"prev_kv": True}, {"value": b"1", "prev_kv": True},
            {"value": b"2", "lease": 71, "prev_kv": True},
            {"ignore_value": True, "prev_kv": True}, {"value": b"3", "lease": 71},
            {"value": b"4", "ignore_lease": True}, {"ignore_value": True, "ignore_lease": True},
            {"ignore_value": True, "value": b"5"}, {"ignore_lease": True, "lease": 71},
            {"ignore_value": True, "lease": 72}, {"lease": 72}, {"lease": -1}, {"value": b"\0\xff"},
        ]:  # fmt: skip
            recorder.call("KV.Put", key=b"k", **fields)
            recorder.call("KV.Range", key=b"k")
        for fields in [
            {"ignore_value": True}, {"ignore_lease": True}, {"ignore_value": True, "lease": 72},
            {"ignore_value": True, "value": b"1"},
        ]:  # fmt: skip
            recorder.call("KV.Put", key=b"absent", **fields)
        recorder.call("KV.Put")
        recorder.call("KV.Put", value=b"1", ignore_value=True)
        recorder.call("KV.Put", key=b"\0", value=b"a key of one zero byte")
        recorder.call("KV.Range", key=b"\0")
        recorder.call("KV.DeleteRange", key=b"\0")
        for size in (1_572_700, 1_572_850, 1_573_000):
            recorder.call("KV.Put", key=b"k", value=b"x" * size)

    servers.check(script)


def test_deletes(servers: Comparison) -> None:
    def script(recorder: Recorder) -> None:
        fill(recorder)
        for fields in [
            {"key": b"absent"}, {"key": b"absent", "prev_kv": True}, {"key": b"ka"},
            {"key": b"ka", "prev_kv": True}, {"key": b"kb", "range_end": b"kb"},
            {"key": b"kc", "range_end": b"kb"}, {"key": b"kb", "range_end": b"kd", "prev_kv": True},
            {"key": b"k", "range_end": b"\0", "prev_kv": True}, {"key": b"k", "range_end": b"\0"}, {},
            {"range_end": b"k"},
        ]:  # fmt: skip
            recorder.call("KV.DeleteRange", **fields)
        recorder.call("KV.Put", key=b"ka")
        recorder.call("KV.Range", **ALL)

    servers.check(script)
