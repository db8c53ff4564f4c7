"""Transactions: compares, branches, nesting, and what is refused."""

from typing import Any

import pytest
from suite.comparison import Comparison
from suite.recorder import Recorder
from suite.revisions import At

NAMES = ["version", "create_revision", "mod_revision", "value", "lease"]


def put(key: bytes, **fields: Any) -> dict[str, Any]:
    return {"request_put": {"key": key, **fields}}


def read(key: bytes, **fields: Any) -> dict[str, Any]:
    return {"request_range": {"key": key, **fields}}


def delete(key: bytes, **fields: Any) -> dict[str, Any]:
    return {"request_delete_range": {"key": key, **fields}}


def nested(*success: Any, otherwise: Any = (), compare: Any = ()) -> dict[str, Any]:
    return {"request_txn": {"success": [*success], "failure": [*otherwise], "compare": [*compare]}}


@pytest.mark.parametrize("target", range(5))
def test_compares(servers: Comparison, target: int) -> None:
    def script(recorder: Recorder) -> None:
        recorder.call("Lease.LeaseGrant", ID=7, TTL=1000)
        recorder.call("KV.Put", key=b"ka", value=b"1")
        recorder.call("KV.Put", key=b"ka", value=b"2", lease=7)
        recorder.call("KV.Put", key=b"kb", value=b"3")
        operands = {
            0: [0, 1, 2, 3], 1: [0, At(1), At(3), At(4)], 2: [0, At(2), At(3)],
            3: [b"", b"2", b"3"], 4: [0, 7, 8],
        }[target]  # fmt: skip
        for result in range(4):
            for span in [(b"ka", b""), (b"kc", b""), (b"ka", b"kc"), (b"kc", b"\0"), (b"ka", b"\0")]:
                for operand in operands:
                    compare = {"key": span[0], "range_end": span[1], "result": result, "target": target}
                    recorder.call("KV.Txn", compare=[{**compare, NAMES[target]: operand}])
                recorder.call("KV.Txn", compare=[compare])

    servers.check(script)


def test_compares_that_make_no_sense(servers: Comparison) -> None:
    def script(recorder: Recorder) -> None:
        recorder.call("KV.Put", key=b"ka", value=b"1")
        recorder.call("KV.Txn", compare=[{"key": b"", "target": 0}])
        recorder.call("KV.Txn", compare=[{"key": b"ka", "target": 0, "value": b"1"}])
        recorder.call("KV.Txn", compare=[{"key": b"ka", "target": 3, "version": 1}])
        recorder.call("KV.Txn", compare=[{"key": b"ka", "target": 9, "version": 1}])
        recorder.call("KV.Txn", compare=[{"key": b"ka", "result": 9, "version": 1}])

    servers.check(script)


def test_operations_see_what_came_before(servers: Comparison) -> None:
    def script(recorder: Recorder) -> None:
        recorder.call("KV.Put", key=b"ka", value=b"1")
        span = {"key": b"k", "range_end": b"\0"}
        recorder.call(
            "KV.Txn",
            success=[
                read(**span), put(b"kb", value=b"2", prev_kv=True), read(**span), delete(b"ka", prev_kv=True),
                read(**span), read(**span, revision=At(1)), nested(put(b"kc"), read(**span)), read(**span),
            ],
        )  # fmt: skip
        recorder.call("KV.Txn", success=[read(**span, revision=At(3))])
        recorder.call("KV.Txn", success=[put(b"kd"), read(**span, revision=At(3))])
        recorder.call("KV.Txn", success=[read(**span, revision=-1)])
        recorder.call("KV.Txn", success=[read(**span, revision=At(-1))])
        recorder.call("KV.Txn", success=[delete(b"absent"), read(**span)])
        recorder.call("KV.Txn")
        recorder.call("KV.Txn", success=[nested()])
        # All compares of the tree are decided before anything happens.
        seen = {"key": b"kx", "target": 0, "result": 1, "version": 0}
        inner = nested(put(b"ky"), otherwise=[put(b"kz")], compare=[seen])
        recorder.call("KV.Txn", success=[put(b"kx"), inner])
        recorder.call("KV.Range", **span)

    servers.check(script)


def test_transactions_that_are_refused(servers: Comparison) -> None:
    def script(recorder: Recorder) -> None:
        recorder.call("KV.Put", key=b"ka", value=b"1")
        for branch in [
            [put(b"k"), put(b"k")], [put(b"k"), nested(put(b"k"))], [nested(put(b"k")), nested(put(b"k"))],
            [nested(put(b"k"), otherwise=[put(b"k")])], [put(b"kb"), delete(b"ka", range_end=b"kc")],
            [delete(b"ka", range_end=b"kc"), put(b"kb")], [nested(delete(b"kb")), put(b"kb")],
            [nested(put(b"kb")), delete(b"kb")], [nested(put(b"kb")), nested(delete(b"kb"))],
            [nested(delete(b"kb")), nested(put(b"kb"))], [delete(b"kb"), delete(b"kb", range_end=b"kc")],
            [{}], [nested({})],
            [put(b""), {}], [{}, put(b"")], [read(b""), {}], [delete(b""), {}],
            [put(b"")], [delete(b"")], [read(b"")], [nested(read(b""))],
            [put(b"k", ignore_value=True)], [put(b"k", ignore_value=True, value=b"1")],
            [put(b"k", lease=9)], [put(b"k", ignore_lease=True, lease=9)], [put(b"new"), put(b"k", lease=9)],
            [put(b"%d" % number) for number in range(129)], [nested(*[put(b"%d" % n) for n in range(128)])],
            [nested(*[put(b"%d" % n) for n in range(127)])],
        ]:  # fmt: skip
            recorder.call("KV.Txn", success=branch)
            recorder.call("KV.Txn", failure=branch)
        recorder.call("KV.Txn", compare=[{"key": b"k"}] * 129)
        recorder.call("KV.Range", key=b"k", range_end=b"\0")

    servers.check(script)


def test_a_key_may_change_twice_where_the_delete_has_no_end(servers: Comparison) -> None:
    def script(recorder: Recorder) -> None:
        stream = recorder.watch()
        stream.create(key=b"k", range_end=b"\0", prev_kv=True)
        for branch in [
            [put(b"kb", value=b"1"), delete(b"k", range_end=b"\0", prev_kv=True)],
            [delete(b"k", range_end=b"\0", prev_kv=True), put(b"kb", value=b"2", prev_kv=True)],
            [put(b"kb", value=b"3", prev_kv=True), nested(delete(b"ka", range_end=b"\0"))],
            [delete(b"k", range_end=b"\0"), put(b"kb", value=b"4"), put(b"kc")],
        ]:
            recorder.call("KV.Txn", success=branch)
            stream.take()
            recorder.call("Maintenance.HashKV")
        for revision in range(5):
            recorder.call("KV.Range", key=b"k", range_end=b"\0", revision=At(revision))
            recorder.call("KV.Range", key=b"k", range_end=b"\0", revision=At(revision), count_only=True)
        recorder.call("KV.Compact", revision=At(3), physical=True)
        recorder.call("KV.Range", key=b"k", range_end=b"\0", revision=At(3))
        recorder.call("Maintenance.HashKV")

    servers.check(script)


def test_the_order_in_which_operations_are_checked(servers: Comparison) -> None:
    def script(recorder: Recorder) -> None:
        recorder.call("KV.Txn", success=[read(b"k", revision=At(9)), put(b"k", lease=9)])
        recorder.call("KV.Txn", success=[put(b"k", lease=9), read(b"k", revision=At(9))])
        recorder.call("KV.Txn", success=[put(b"k", lease=9, ignore_value=True)])

    servers.check(script)
