"""The one place that says what may vary between two servers that behave alike, and writes it out of answers.

| what varies | what is left of it |
|---|---|
| revisions | the distance to the script's start, `+3`; zero stays absent |
| identifiers of cluster, member and leases that the server chose | a name, the same for the same number |
| raft terms and indexes, sizes of the database | that there is one |
| the order of a lease's keys, which etcd takes from a hash table | sorted |
| what is left of a lease | `nearly all`, when at most two seconds have passed |
| tokens, hashes of the whole file, addresses | that there is one |
| how many revisions of a burst share a watch response | see `watches.py` |

Anything else that differs is a difference.
"""

from typing import Any

# Fields that hold a revision of the key space, in any message.
REVISIONS = {"revision", "create_revision", "mod_revision", "compact_revision", "hash_revision"}

# Fields of which only the presence is compared, by message.
PRESENCE = {
    "ResponseHeader": {"raft_term"},
    "StatusResponse": {
        "dbSize", "dbSizeInUse", "dbSizeQuota", "raftIndex", "raftAppliedIndex", "raftTerm",
    },
    "Member": {"name", "peerURLs", "clientURLs"},
    "AuthenticateResponse": {"token"},
    "HashResponse": {"hash"},
}  # fmt: skip

Tree = Any


class Normalizer:
    """Turns the messages of one server into values that can be compared with another server's."""

    def __init__(self, base: int, cluster_id: int, member_id: int, compares_hashes: bool) -> None:
        self.base = base
        self.names: dict[int, str] = {cluster_id: "<cluster>", member_id: "<member>"}
        self.compares_hashes = compares_hashes
        self.auth_base: int | None = None

    def name_lease(self, identifier: int) -> None:
        """Gives an identifier that the server chose a name."""
        self.names.setdefault(identifier, f"<lease {len(self.names) - 1}>")

    def tree(self, message: Any) -> dict[str, Tree]:
        """Returns the fields of a message that are set, by name."""
        kind = message.DESCRIPTOR.name
        fields: dict[str, Tree] = {}
        for field, value in message.ListFields():
            if field.name in PRESENCE.get(kind, ()):
                fields[field.name] = "<set>"
            elif field.label == field.LABEL_REPEATED:
                fields[field.name] = [self.value(kind, field, each, message) for each in value]
            else:
                fields[field.name] = self.value(kind, field, value, message)
            if kind == "LeaseTimeToLiveResponse" and field.name == "keys":
                fields[field.name].sort()
        return fields

    def value(self, kind: str, field: Any, value: Any, message: Any) -> Tree:
        if field.message_type is not None:
            # An empty message that is present is not an absent one.
            return self.tree(value) or "<empty>"
        if field.enum_type is not None:
            known = field.enum_type.values_by_number.get(value)
            return known.name if known else value
        if field.name in REVISIONS:
            return f"{value - self.base:+d}"
        if field.name == "authRevision" and self.auth_base is not None:
            return f"{value - self.auth_base:+d}"
        if kind == "HashKVResponse" and field.name == "hash" and not self.compares_hashes:
            return "<set>"
        if kind == "LeaseTimeToLiveResponse" and field.name == "TTL" and value > 0:
            return "nearly all" if message.grantedTTL - 2 <= value <= message.grantedTTL else value
        if isinstance(value, int) and not isinstance(value, bool) and value in self.names:
            return self.names[value]
        return repr(value)[1:] if isinstance(value, bytes) else value


def flatten(tree: Tree, path: str = "") -> dict[str, Any]:
    """Returns the leaves of a tree by their paths, such as `kvs.0.value`."""
    if isinstance(tree, dict):
        items = [(str(name), each) for name, each in tree.items()]
    elif isinstance(tree, list):
        items = [(str(index), each) for index, each in enumerate(tree)]
    else:
        return {path: tree}
    leaves: dict[str, Any] = {}
    for name, each in items:
        leaves.update(flatten(each, f"{path}.{name}" if path else name))
    return leaves
