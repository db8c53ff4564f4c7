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


def refused(
    reason: str,
    servers: tuple[str, ...],
    method: str,
    code: str,
    sentence: str,
    when: Callable[[dict[str, Any]], bool],
) -> list[Difference]:
    """Rows for a request that we refuse and an older server carries out."""
    return [
        Difference(reason, servers, method, "code", code, ABSENT, when),
        Difference(reason, servers, method, "message", re.escape(sentence), ABSENT, when),
        Difference(reason, servers, method, ANY, ABSENT, ANY, when),
    ]


DIFFERENCES: list[Difference] = [
    Difference(
        "etcd 3.6 says which revision it hashed",
        BOTH, "Maintenance.HashKV", "hash_revision", r"\+\d+", ABSENT,
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
    *refused(
        "etcd 3.6 refuses a sort order that it does not know", BOTH, "KV.Range",
        "INVALID_ARGUMENT", "etcdserver: invalid sort option",
        lambda request: request.get("sort_order") in (-1, 3),
    ),
    *(
        Difference(
            "our limit is for the request, etcd's for its log entry, some 20 bytes longer",
            BOTH, "KV.Put", path, ours, theirs, lambda request: len(request.get("value", b"")) == 1_572_850,
        )
        for path, ours, theirs in [
            (r"header\..*", ANY, ABSENT), ("code", ABSENT, "INVALID_ARGUMENT"),
            ("message", ABSENT, "etcdserver: request is too large"),
        ]
    ),
    *(
        Difference("we are the newer version", BOTH, "Maintenance.Status", path, ours, theirs)
        for path, ours, theirs in [
            ("version", r"3\.6\.\d+", r"3\.[45]\.\d+"), ("storageVersion", r"3\.6\.0", ABSENT),
            ("dbSizeQuota", "<set>", ABSENT),
        ]
    ),
    Difference(
        "mesh clients drop the connection when an answer has no header",
        BOTH, "Maintenance.Defragment", r"header\..*", ANY, ABSENT,
    ),
    Difference("newer servers send a header", ONLY_34, "Maintenance.Alarm", r"header\..*", ANY, ABSENT),
    *(
        Difference(
            "etcd 3.6 still hashes at the compacted revision", BOTH, "Maintenance.HashKV", path, ours, theirs,
            lambda request: request.get("revision") == 1,
        )
        for path, ours, theirs in [
            (r"header\..*|hash|compact_revision", ANY, ABSENT), ("code", ABSENT, "OUT_OF_RANGE"),
            ("message", ABSENT, "etcdserver: mvcc: required revision has been compacted"),
        ]
    ),
    Difference(
        "since 3.5.16 the delete at the compacted revision is kept for watches that begin there",
        BOTH, "Watch.events", r"0\..*", ANY, ABSENT, lambda request: request.get("key") == b"horizon",
    ),
    *(
        Difference(
            "newer servers refuse a negative start, older ones create the watch and cancel it then", BOTH,
            "Watch.Watch", path, ours, theirs, lambda request: request.get("start_revision") == -1,
        )
        for path, ours, theirs in [
            ("watch_id", "-1", ABSENT), ("canceled", "True", ABSENT),
            ("cancel_reason", "etcdserver: mvcc: required revision has been compacted", ABSENT),
        ]
    ),
    *refused(
        "a full store takes no puts of nested transactions either; etcd does not count them", BOTH, "KV.Txn",
        "RESOURCE_EXHAUSTED", "etcdserver: mvcc: database space exceeded",
        lambda request: any("request_txn" in operation for operation in request.get("success", ())),
    ),
    Difference(
        "newer servers show what the role root may do, older ones what was granted to it", ONLY_35,
        "Auth.RoleGet", r"perm\.\d+(\..*)?", ANY, ANY,
        lambda request: request.get("role") == "root",
    ),
    *refused(
        "who has no name gets nothing from us, not even the answer to an empty transaction",
        ONLY_35, "KV.Txn", "INVALID_ARGUMENT", "etcdserver: user name is empty", lambda request: not request,
    ),
]
