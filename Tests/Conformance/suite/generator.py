"""Random scripts over a few keys: lists of steps, so that a script that fails can be made smaller.

A step is a name and its arguments; `perform` runs a list of steps with a recorder.
"""

import random
from typing import Any

from .recorder import Recorder
from .revisions import At

Step = tuple[str, dict[str, Any]]

KEYS = [b"k", b"ka", b"kaa", b"kb", b"kb\0", b"kc", b"kd"]
ENDS = [b"kb", b"kc", b"kd", b"l", b"\0", b"ka\0", b"k"]
VALUES = [b"", b"0", b"1", b"2"]
LEASES = [1001, 1002, 1003]
MAXIMUM_STEPS = 60


class Generator:
    """Makes one script from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        # About how many revisions the script has written so far.
        self.head = 0
        self.horizon = 0
        self.horizons: set[int] = {0}
        self.watches: list[tuple[int, int]] = []

    def script(self) -> list[Step]:
        steps: list[Step] = [("burst", {}), ("burst", {})]
        for _ in range(self.random.randint(20, MAXIMUM_STEPS)):
            steps += self.step()
        return [*steps, ("barrier", {}), *self.final_looks()]

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def step(self) -> list[Step]:
        makers = [
            (24, self.range), (24, self.put), (8, self.delete), (20, self.txn), (3, self.compact),
            (4, self.grant), (2, self.revoke), (4, self.look_at_leases), (7, self.watch),
            (2, self.cancel), (2, self.barrier), (2, self.hash), (1, self.keep_alive),
        ]  # fmt: skip
        weights = [weight for weight, _ in makers]
        maker = self.random.choices([maker for _, maker in makers], weights)[0]
        made = maker()
        return made if isinstance(made, list) else [made]

    def final_looks(self) -> list[Step]:
        everything = {"key": b"k", "range_end": b"\0"}
        return [
            ("KV.Range", everything),
            ("Lease.LeaseLeases", {}),
            *(("Lease.LeaseTimeToLive", {"ID": lease, "keys": True}) for lease in LEASES),
            ("Maintenance.HashKV", {}),
        ]

    # Parts of requests

    def span(self) -> dict[str, bytes]:
        key = b"" if self.chance(0.01) else self.random.choice(KEYS)
        return {"key": key, "range_end": self.random.choice(ENDS)} if self.chance(0.55) else {"key": key}

    def past(self) -> At:
        """A revision that can mostly be read."""
        return At(self.random.randint(self.horizon, max(self.head, self.horizon)))

    def some_revision(self) -> At | int:
        if self.chance(0.08):
            return self.random.choice([At(self.head + 50), At(-1), -1, At(self.horizon - 1)])
        return self.past()

    def read(self, inside: bool = False) -> dict[str, Any]:
        fields: dict[str, Any] = self.span()
        options: list[tuple[float, str, Any]] = [
            (0.3, "limit", lambda: self.random.choice([-1, 1, 2, 3, 100])),
            (0.3, "revision", self.past if inside else self.some_revision),
            (0.3, "sort_order", lambda: self.random.randint(0, 2)),
            (0.3, "sort_target", lambda: self.random.randint(0, 4)),
            (0.3, "serializable", lambda: True),
            (0.15, "keys_only", lambda: True),
            (0.15, "count_only", lambda: True),
            (0.1, "min_mod_revision", self.past),
            (0.1, "max_mod_revision", self.past),
            (0.1, "min_create_revision", self.past),
            (0.1, "max_create_revision", self.past),
        ]
        for probability, name, make in options:
            if self.chance(probability):
                fields[name] = make()
        return fields

    def write(self) -> dict[str, Any]:
        fields: dict[str, Any] = {"key": self.random.choice(KEYS), "value": self.random.choice(VALUES)}
        if self.chance(0.3):
            fields["lease"] = self.random.choice(LEASES)
        if self.chance(0.3):
            fields["prev_kv"] = True
        if self.chance(0.12):
            fields["ignore_value"] = True
            if self.chance(0.9):
                del fields["value"]
        if self.chance(0.1):
            fields["ignore_lease"] = True
            if self.chance(0.9):
                fields.pop("lease", None)
        if self.chance(0.01):
            fields["key"] = b""
        return fields

    def removal(self) -> dict[str, Any]:
        return {**self.span(), **({"prev_kv": True} if self.chance(0.5) else {})}

    def compare(self) -> dict[str, Any]:
        unions: dict[int, tuple[str, Any]] = {
            0: ("version", lambda: self.random.randint(0, 3)),
            1: ("create_revision", lambda: self.random.choice([0, self.past()])),
            2: ("mod_revision", lambda: self.random.choice([0, self.past()])),
            3: ("value", lambda: self.random.choice(VALUES)),
            4: ("lease", lambda: self.random.choice([0, *LEASES])),
        }
        target = self.random.randint(0, 4)
        fields: dict[str, Any] = {
            "key": self.random.choice(KEYS),
            "target": target,
            "result": self.random.randint(0, 3),
        }
        name, make = unions[target]
        if self.chance(0.95):
            fields[name] = make()
        if self.chance(0.3):
            fields["range_end"] = self.random.choice(ENDS)
        return fields

    def operation(self, depth: int) -> dict[str, Any]:
        kind = self.random.choices(["range", "put", "delete_range", "txn"], [6, 8, 4, 3])[0]
        if self.chance(0.01):
            return {}
        if kind == "txn" and depth < 3:
            return {"request_txn": self.branches(depth + 1)}
        if kind == "range":
            return {"request_range": self.read(inside=True)}
        if kind == "delete_range":
            return {"request_delete_range": self.removal()}
        return {"request_put": self.write()}

    def branches(self, depth: int = 0) -> dict[str, Any]:
        def some(make: Any, most: int) -> list[Any]:
            return [make() for _ in range(self.random.randint(0, most))]

        return {
            "compare": some(self.compare, 2),
            "success": some(lambda: self.operation(depth), 3),
            "failure": some(lambda: self.operation(depth), 2),
        }

    # Steps

    def range(self) -> Step:
        return "KV.Range", self.read()

    def put(self) -> Step:
        self.head += 1
        return "KV.Put", self.write()

    def delete(self) -> Step:
        self.head += 1
        return "KV.DeleteRange", self.removal()

    def txn(self) -> Step:
        self.head += 1
        return "KV.Txn", self.branches()

    def compact(self) -> list[Step]:
        revision = self.some_revision()
        if isinstance(revision, At) and self.horizon < revision <= self.head:
            self.horizon = int(revision)
            self.horizons.add(self.horizon)
        self.head += 1
        # Whether a watcher was quick enough to see what is compacted is not part of what is compared.
        fields = {"revision": revision, "physical": True}
        return [("barrier", {}), ("KV.Compact", fields), ("Maintenance.HashKV", {})]

    def grant(self) -> Step:
        lease = self.random.choice(LEASES)
        ttl = self.random.choice([1000 + lease, 9_000_000_001 if self.chance(0.2) else 5000 + lease])
        return "Lease.LeaseGrant", {"ID": lease, "TTL": ttl}

    def revoke(self) -> Step:
        self.head += 1
        return "Lease.LeaseRevoke", {"ID": self.random.choice(LEASES)}

    def look_at_leases(self) -> Step:
        if self.chance(0.3):
            return "Lease.LeaseLeases", {}
        return "Lease.LeaseTimeToLive", {"ID": self.random.choice(LEASES), "keys": self.chance(0.7)}

    def keep_alive(self) -> Step:
        return "keep_alive", {"IDs": self.random.choices(LEASES, k=2)}

    def hash(self) -> Step:
        revision = self.past()
        # At the compacted revision servers differ.
        return "Maintenance.HashKV", {} if revision in self.horizons else {"revision": revision}

    def watch(self) -> Step:
        stream = self.random.randint(0, 1)
        fields: dict[str, Any] = self.span()
        if self.chance(0.5):
            start = self.random.randint(self.horizon, self.head + 3)
            # Whether a delete at the compacted revision is seen differs, and is a script of its own.
            while start in self.horizons:
                start += 1
            fields["start_revision"] = At(start)
        if self.chance(0.25):
            fields["filters"] = self.random.choice([[0], [1], [0, 1]])
        for name, probability in [("prev_kv", 0.4), ("fragment", 0.2), ("progress_notify", 0.2)]:
            if self.chance(probability):
                fields[name] = True
        if self.chance(0.3):
            fields["watch_id"] = self.random.randint(1, 4)
        return "watch", {"stream": stream, **fields}

    def cancel(self) -> Step:
        return "cancel", {"stream": self.random.randint(0, 1), "watch_id": self.random.randint(0, 4)}

    def barrier(self) -> Step:
        self.head += 1
        return "barrier", {}


def perform(steps: list[Step], recorder: Recorder) -> None:
    """Runs a list of steps; a step that refers to what an earlier one would have made does nothing."""
    for name, fields in steps:
        if name == "burst":
            recorder.burst()
        elif name == "barrier":
            recorder.barrier()
        elif name == "keep_alive":
            recorder.keep_alive(*fields["IDs"])
        elif name in ("watch", "cancel"):
            rest = {key: value for key, value in fields.items() if key != "stream"}
            if fields["stream"] < len(recorder.bursts):
                burst = recorder.bursts[fields["stream"]]
                burst.create(**rest) if name == "watch" else burst.cancel(**rest)
        else:
            recorder.call(name, **fields)
