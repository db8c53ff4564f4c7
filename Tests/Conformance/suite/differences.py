"""The table of intended differences: the only ones that do not fail the suite.

A row names the servers, the method, the fields and both values as narrowly as it can; patterns match whole
texts. A row that matches nothing in a full run fails it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

ABSENT = "absent"
BOTH = ("etcd34", "etcd35")
ONLY_34 = ("etcd34",)
ONLY_35 = ("etcd35",)
ANY = r"(?s).*"


def always(request: dict[str, Any]) -> bool:
    return True


@dataclass(frozen=True)
class Difference:
    reason: str
    servers: tuple[str, ...]
    method: str
    path: str
    ours: str
    theirs: str
    when: Callable[[dict[str, Any]], bool] = always

    def matches(
        self, server: str, method: str, request: dict[str, Any], path: str, ours: str, theirs: str
    ) -> bool:
        return (
            server in self.servers
            and re.fullmatch(self.method, method) is not None
            and re.fullmatch(self.path, path) is not None
            and re.fullmatch(self.ours, ours) is not None
            and re.fullmatch(self.theirs, theirs) is not None
            and self.when(request)
        )


def operations(txn: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the operations of both branches of a transaction, nested ones too."""
    found: list[dict[str, Any]] = []
    for operation in [*txn.get("success", ()), *txn.get("failure", ())]:
        found.append(operation)
        found += operations(operation.get("request_txn", {}))
    return found


def reads_the_past_and_puts(txn: dict[str, Any]) -> bool:
    kinds = operations(txn)
    reads = any("revision" in operation.get("request_range", {}) for operation in kinds)
    return reads and any("request_put" in operation for operation in kinds)


DIFFERENCES: list[Difference] = [
    Difference(
        "etcd 3.6 says which revision it hashed", BOTH, "Maintenance.HashKV", "hash_revision", r"\+\d+", ABSENT
    ),
    Difference(
        "etcd 3.6 checks the operations of a transaction in order, older ones the puts before the ranges",
        BOTH, "KV.Txn", "code", "OUT_OF_RANGE", "NOT_FOUND|INVALID_ARGUMENT", reads_the_past_and_puts,
    ),
    Difference(
        "the same: of two errors another one is told",
        BOTH, "KV.Txn", "message",
        "etcdserver: mvcc: required revision (is a future revision|has been compacted)",
        "etcdserver: (requested lease|key) not found", reads_the_past_and_puts,
    ),
]
