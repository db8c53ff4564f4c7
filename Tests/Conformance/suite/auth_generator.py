"""Random scripts of users, roles and permissions, and of users at work while they are changed."""

import contextlib
import random
from typing import Any

import grpc

from .recorder import Recorder

Step = tuple[str, dict[str, Any]]

USERS = ["root", "ann", "bob"]
ROLES = ["root", "reader", "writer"]
KEYS = [b"k", b"ka", b"kb", b"kc"]
ENDS = [b"", b"", b"kb", b"kc", b"l", b"\0"]
ROOT_SETUP: list[Step] = [
    ("Auth.UserAdd", {"name": "root", "password": "root"}),
    ("Auth.RoleAdd", {"name": "root"}),
    ("Auth.UserGrantRole", {"user": "root", "role": "root"}),
]


class AuthGenerator:
    """Makes one script from one seed. `sender` in a step's arguments is who sends it."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def script(self) -> list[Step]:
        steps: list[Step] = [] if self.random.random() < 0.1 else list(ROOT_SETUP)
        for role in ROLES[1:]:
            steps.append(("Auth.RoleAdd", {"name": role}))
        for user in USERS[1:]:
            steps.append(("Auth.UserAdd", {"name": user, "password": user}))
        steps += [self.change(None) for _ in range(self.random.randint(2, 8))]
        steps += [("Auth.AuthEnable", {}), *(("login", {"name": user}) for user in USERS)]
        for _ in range(self.random.randint(20, 50)):
            steps.append(self.step())
        steps += [("Auth.AuthDisable", {"sender": "root"}), ("Auth.AuthStatus", {}), ("Auth.UserList", {})]
        return steps

    def step(self) -> Step:
        kind = self.random.choices(["work", "change", "look"], [24, 12, 8])[0]
        if kind == "work":
            return self.work(self.random.choice([*USERS, "ann", "bob"]))
        if kind == "look":
            return self.look("root" if self.random.random() < 0.6 else self.random.choice(USERS))
        if self.random.random() < 0.15:
            return "login", {"name": self.random.choice(USERS)}
        return self.change("root" if self.random.random() < 0.8 else self.random.choice(USERS))

    def span(self) -> dict[str, bytes]:
        """A key or a range that is not empty; older servers take permissions on empty ones."""
        key, end = self.random.choice(KEYS), self.random.choice(ENDS)
        return {"key": key, "range_end": end} if end == b"\0" or end > key else {"key": key}

    def work(self, user: str) -> Step:
        """What an ordinary user does; see the table for what older servers do not check."""
        key = self.random.choice(KEYS)
        name, fields = self.random.choice(
            [
                ("KV.Range", self.span()),
                ("KV.Range", self.span()),
                ("KV.Put", {"key": key, "value": b"1"}),
                ("KV.DeleteRange", {**self.span(), "prev_kv": self.random.random() < 0.5}),
                ("KV.Txn", self.transaction()),
            ]
        )
        return name, {"sender": user, **fields}

    def transaction(self) -> dict[str, Any]:
        def operation() -> dict[str, Any]:
            return self.random.choice(
                [
                    {"request_range": self.span()},
                    {"request_put": {"key": self.random.choice(KEYS)}},
                    {"request_delete_range": self.span()},
                ]
            )

        compare = {"key": self.random.choice(KEYS), "target": 0, "result": 1, "version": 0}
        return {"compare": [compare], "success": [operation()], "failure": [operation()]}

    def change(self, user: str | None) -> Step:
        name, role = self.random.choice([*USERS, "new", ""]), self.random.choice([*ROLES, "other", ""])
        permission = {"permType": self.random.randint(0, 2), **self.span()}
        kind, fields = self.random.choice(
            [
                ("Auth.UserAdd", {"name": name, "password": name}),
                ("Auth.UserAdd", {"name": name, "options": {"no_password": True}}),
                ("Auth.UserDelete", {"name": self.random.choice(["ann", "new", "root"])}),
                ("Auth.UserChangePassword", {"name": name, "password": name}),
                ("Auth.UserGrantRole", {"user": name, "role": role}),
                ("Auth.UserGrantRole", {"user": name, "role": role}),
                ("Auth.UserRevokeRole", {"name": name, "role": role}),
                ("Auth.RoleAdd", {"name": role}),
                ("Auth.RoleDelete", {"role": role}),
                ("Auth.RoleGrantPermission", {"name": role, "perm": permission}),
                ("Auth.RoleGrantPermission", {"name": role, "perm": permission}),
                ("Auth.RoleRevokePermission", {"role": role, **self.span()}),
            ]
        )
        return kind, {"sender": user, **fields}

    def look(self, user: str) -> Step:
        kind, fields = self.random.choice(
            [
                ("Auth.UserGet", {"name": self.random.choice([*USERS, "new"])}),
                ("Auth.RoleGet", {"role": self.random.choice([*ROLES, "other"])}),
                ("Auth.UserList", {}),
                ("Auth.RoleList", {}),
                ("Auth.AuthStatus", {}),
            ]
        )
        return kind, {"sender": user, **fields}


def perform(steps: list[Step], recorder: Recorder) -> None:
    """Runs a list of steps, and leaves the server without users."""
    recorder.count_auth_revisions()
    try:
        for name, fields in steps:
            if name == "login":
                recorder.login(fields["name"], fields["name"])
            else:
                recorder.call(name, **fields)
    finally:
        remove_users(recorder)


def remove_users(recorder: Recorder) -> None:
    """Disables authentication and removes every user and role, without writing it down."""
    auth = recorder.client.Auth
    with contextlib.suppress(grpc.RpcError):
        token = auth.Authenticate(name="root", password="root").token
        auth.AuthDisable(metadata=[("token", token)])
    for user in auth.UserList().users:
        auth.UserDelete(name=user)
    for role in auth.RoleList().roles:
        auth.RoleDelete(role=role)
