"""Users: who may do what, in which words it is refused, and what a change does to those at work."""

from suite.auth_generator import ROOT_SETUP, remove_users
from suite.comparison import Comparison, Script
from suite.recorder import Recorder

WITHOUT = ("etcd34",)
WORK = [
    ("KV.Range", {"key": b"ka"}), ("KV.Range", {"key": b"ka", "range_end": b"kb"}),
    ("KV.Range", {"key": b"ka", "range_end": b"kc"}), ("KV.Range", {"key": b"ka", "range_end": b"\0"}),
    ("KV.Range", {"key": b"kw"}), ("KV.Range", {}), ("KV.Put", {"key": b"kw"}), ("KV.Put", {"key": b"ka"}),
    ("KV.Put", {}), ("KV.DeleteRange", {"key": b"kw"}), ("KV.DeleteRange", {"key": b"kw", "prev_kv": True}),
    ("KV.DeleteRange", {"key": b"ka"}), ("KV.Txn", {}),
    ("KV.Txn", {"success": [{"request_put": {"key": b"ka"}}]}),
    (
        "KV.Txn",
        {"success": [{"request_put": {"key": b"kw"}}], "failure": [{"request_range": {"key": b"ka"}}]},
    ),
    ("KV.Txn", {"compare": [{"key": b"kw", "target": 0}]}),
    ("KV.Txn", {"compare": [{"key": b"ka", "target": 0}]}), ("Auth.UserList", {}), ("Auth.RoleList", {}),
    ("Auth.UserGet", {"name": "ann"}), ("Auth.UserGet", {"name": "bob"}),
    ("Auth.RoleGet", {"role": "worker"}), ("Auth.RoleGet", {"role": "other"}),
    ("Auth.UserAdd", {"name": "eve"}), ("Auth.UserDelete", {"name": "bob"}),
    ("Auth.RoleAdd", {"name": "eve"}), ("Auth.RoleDelete", {"role": "other"}),
    ("Auth.UserGrantRole", {"user": "ann", "role": "root"}), ("Auth.AuthDisable", {}),
    ("Auth.UserChangePassword", {"name": "root", "password": "x"}),
]  # fmt: skip


def administered(script: Script) -> Script:
    """A script on a server with the users root, ann and bob, which is left without users."""

    def run(recorder: Recorder) -> None:
        recorder.count_auth_revisions()
        try:
            for method, fields in ROOT_SETUP:
                recorder.call(method, **fields)
            for role in ("worker", "other"):
                recorder.call("Auth.RoleAdd", name=role)
            for user in ("ann", "bob"):
                recorder.call("Auth.UserAdd", name=user, password=user)
            for kind, key, end in [("READ", b"ka", b"kb"), ("READ", b"kb", b"kc"), ("WRITE", b"kw", b"")]:
                permission = {"permType": kind, "key": key, "range_end": end}
                recorder.call("Auth.RoleGrantPermission", name="worker", perm=permission)
            recorder.call("Auth.UserGrantRole", user="ann", role="worker")
            recorder.call("Auth.AuthEnable")
            for user in ("root", "ann", "bob"):
                recorder.login(user, user)
            script(recorder)
        finally:
            remove_users(recorder)

    return run


def test_who_may_do_what(servers: Comparison) -> None:
    def script(recorder: Recorder) -> None:
        for sender in ("ann", "bob", "stranger", None):
            for method, fields in WORK:
                recorder.call(method, sender, **fields)
        recorder.call("KV.Range", "root", key=b"k", range_end=b"l")

    servers.check(administered(script), WITHOUT)


def test_a_change_takes_effect_at_once(servers: Comparison) -> None:
    def script(recorder: Recorder) -> None:
        def at_work() -> None:
            for sender in ("ann", "bob"):
                recorder.call("KV.Range", sender, key=b"ka")
                recorder.call("KV.Put", sender, key=b"kw")

        for method, fields in [
            ("Auth.UserGrantRole", {"user": "bob", "role": "worker"}),
            ("Auth.RoleRevokePermission", {"role": "worker", "key": b"kw"}),
            ("Auth.RoleRevokePermission", {"role": "worker", "key": b"kw"}),
            ("Auth.UserRevokeRole", {"name": "ann", "role": "worker"}),
            ("Auth.UserRevokeRole", {"name": "ann", "role": "worker"}),
            ("Auth.RoleDelete", {"role": "worker"}),
            ("Auth.UserChangePassword", {"name": "bob", "password": "new"}),
            ("Auth.UserDelete", {"name": "ann"}),
        ]:
            recorder.call(method, "root", **fields)
            at_work()
        for name, password in [("bob", "bob"), ("bob", "new"), ("ann", "ann"), ("", ""), ("bob", "")]:
            recorder.call("Auth.Authenticate", name=name, password=password)

    servers.check(administered(script), WITHOUT)


def test_before_it_is_enabled(servers: Comparison) -> None:
    def script(recorder: Recorder) -> None:
        recorder.count_auth_revisions()
        try:
            recorder.call("Auth.Authenticate", name="root", password="root")
            recorder.call("Auth.AuthEnable")
            for method, fields in ROOT_SETUP:
                recorder.call(method, **fields)
                recorder.call(method, **fields)
                recorder.call("Auth.AuthEnable") if method != "Auth.UserGrantRole" else None
            recorder.call("Auth.AuthDisable")
            for method, fields in [
                ("Auth.UserAdd", {}), ("Auth.UserGet", {}), ("Auth.UserDelete", {"name": "x"}),
                ("Auth.UserGrantRole", {"user": "root", "role": "x"}), ("Auth.UserGrantRole", {"user": "x"}),
                ("Auth.UserRevokeRole", {"name": "x"}), ("Auth.RoleAdd", {}), ("Auth.RoleGet", {"role": "x"}),
                ("Auth.RoleDelete", {"role": "x"}), ("Auth.RoleRevokePermission", {"role": "x"}),
                ("Auth.UserChangePassword", {"name": "x", "password": "y"}), ("Auth.AuthStatus", {}),
                ("Auth.RoleGrantPermission", {"name": "x", "perm": {"key": b"k"}}), ("Auth.UserList", {}),
            ]:  # fmt: skip
                recorder.call(method, **fields)
        finally:
            remove_users(recorder)

    servers.check(script, WITHOUT)
