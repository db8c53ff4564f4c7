"""The commands of etcdctl that keep a stream open: watch, lease, lock, elect."""

import re

import pytest

from support.etcdctl import Etcdctl
from support.process import eventually

pytestmark = pytest.mark.parametrize("version", ["3.4", "3.5"])


@pytest.fixture
def etcdctl(server, version):
    return Etcdctl(server, version)


@pytest.fixture
def prefix(request):
    return f"{request.module.__name__}/{request.node.name}/"


def test_watch_prints_what_happens_to_a_key(etcdctl, prefix):
    revision = etcdctl.json("put", prefix, "1")["header"]["revision"]
    etcdctl("put", prefix, "2")
    with etcdctl.start("watch", prefix, "--rev", str(revision)) as watch:
        assert watch.lines(6) == ["PUT", prefix, "1", "PUT", prefix, "2"]
        etcdctl("put", prefix, "3")
        etcdctl("del", prefix)
        assert watch.lines(5) == ["PUT", prefix, "3", "DELETE", prefix]
        assert watch.line() == ""
        watch.end()


def test_watch_by_prefix_with_previous_values(etcdctl, prefix):
    revision = etcdctl.json("put", prefix + "a", "1")["header"]["revision"]
    with etcdctl.start("watch", prefix, "--prefix", "--prev-kv", "--rev", str(revision + 1)) as watch:
        etcdctl("put", prefix + "a", "2")
        assert watch.lines(5) == ["PUT", prefix + "a", "1", prefix + "a", "2"]
        etcdctl("put", prefix + "b", "3")
        assert watch.lines(3) == ["PUT", prefix + "b", "3"]
        etcdctl("del", prefix + "a")
        assert watch.lines(3) == ["DELETE", prefix + "a", "2"]


def test_watch_of_a_compacted_revision_ends_with_the_reason(etcdctl, prefix):
    old = etcdctl.json("put", prefix, "1")["header"]["revision"]
    etcdctl("compaction", str(etcdctl.json("put", prefix, "2")["header"]["revision"]))
    result = etcdctl.run("watch", prefix, "--rev", str(old))
    assert "required revision has been compacted" in result.stdout + result.stderr


def test_interactive_watches_share_a_stream_and_report_progress(etcdctl, prefix):
    with etcdctl.start("watch", "-i") as watch:
        for name in "ab":
            watch.process.stdin.write(f"watch {prefix}{name}\n")
        watch.process.stdin.flush()

        lines = []

        def both_are_seen():
            # The first puts may come before their watches.
            for name in "ab":
                etcdctl("put", prefix + name, name)
            while not watch.output.empty():
                lines.append(watch.line())
            return prefix + "a" in lines and prefix + "b" in lines

        eventually(both_are_seen, what="events of both watches")
        if etcdctl.version != "3.4":
            watch.process.stdin.write("progress\n")
            watch.process.stdin.flush()
            lines = []
            while not any("progress notify" in line for line in lines):
                lines.append(watch.line())


def test_leases_from_grant_to_revoke(etcdctl, prefix):
    words = etcdctl("lease", "grant", "600").split()
    assert words[0] == "lease" and words[2:] == ["granted", "with", "TTL(600s)"]
    lease = words[1]
    etcdctl("put", prefix + "b", "1", "--lease", lease)
    etcdctl("put", prefix + "a", "1", "--lease", lease)
    alive = etcdctl("lease", "keep-alive", "--once", lease)
    assert alive == f"lease {lease} keepalived with TTL(600)\n"
    time = etcdctl("lease", "timetolive", lease, "--keys")
    assert re.match(rf"lease {lease} granted with TTL\(600s\), remaining\(\d+s\), attached keys\(", time)
    assert prefix + "a" in time and prefix + "b" in time
    assert lease in etcdctl("lease", "list").split()
    assert etcdctl("lease", "revoke", lease) == f"lease {lease} revoked\n"
    assert etcdctl("get", prefix, "--prefix") == ""
    assert "requested lease not found" in etcdctl.fails("lease", "revoke", lease)
    assert "already expired" in etcdctl("lease", "timetolive", lease)
    result = etcdctl.run("lease", "keep-alive", "--once", lease)
    assert "requested lease not found" in result.stderr or "expired or revoked" in result.stdout


def test_keep_alive_keeps_a_short_lease(etcdctl, prefix):
    lease = etcdctl("lease", "grant", "3").split()[1]
    etcdctl("put", prefix, "1", "--lease", lease)
    with etcdctl.start("lease", "keep-alive", lease) as alive:
        assert alive.lines(4) == [f"lease {lease} keepalived with TTL(3)"] * 4
        assert etcdctl("get", prefix, "--print-value-only") == "1\n"


def test_a_lock_is_held_by_one_at_a_time(etcdctl, prefix):
    with etcdctl.start("lock", prefix) as first:
        held = first.line()
        assert held.startswith(prefix)
        with etcdctl.start("lock", prefix) as second:
            eventually(lambda: len(etcdctl.lines("get", prefix, "--prefix", "--keys-only")) == 4)
            assert second.output.empty()
            first.end()
            assert second.line().startswith(prefix)
            second.end()
    assert etcdctl("get", prefix, "--prefix") == ""


def test_a_lock_guards_a_command(etcdctl, prefix):
    assert etcdctl("lock", prefix, "echo", "guarded") == "guarded\n"


def test_an_election_has_one_leader_and_observers_see_him(etcdctl, prefix):
    with etcdctl.start("elect", prefix, "alice") as alice:
        assert alice.lines(2)[1] == "alice"
        with etcdctl.start("elect", "--listen", prefix) as observer:
            assert observer.lines(2)[1] == "alice"
            with etcdctl.start("elect", prefix, "bob") as bob:
                eventually(lambda: len(etcdctl.lines("get", prefix, "--prefix", "--keys-only")) == 4)
                alice.end()
                assert bob.lines(2)[1] == "bob"
                assert observer.lines(2)[1] == "bob"
                bob.end()
