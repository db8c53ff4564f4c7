"""An authority's next generation: distributed, activated, the former one retired, and nobody cut off."""

import re
import threading
import time

import pytest
from support.admin import Admin
from support.certificates import Identity
from support.etcdctl import Etcdctl
from support.pki import Mesh, chain, run
from support.process import eventually
from support.protocol import Client
from support.watching import WatchStream

pytestmark = pytest.mark.isthmus_only

BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", re.S)
FRONT = "cilium/cluster-config/east"


class Rollover:
    def __init__(self, server):
        self.server = server
        self.admin = Admin(server)
        self.pki = server.directory / "pki"

    def step(self, verb, expect=200, query="", body=None):
        return self.admin.post(f"authorities/mesh:{verb}{query}", body, expect=expect)

    def rotate(self, body=None):
        return self.step("rotate", body=body or {})

    def phases(self):
        generations = self.admin.get("authorities/mesh").json["status"]["generations"]
        return {generation["number"]: generation["phase"] for generation in generations}

    def roots(self):
        return BLOCK.findall((self.pki / "ca.crt").read_text())

    def leaf(self, name="admin"):
        return (self.pki / f"{name}.crt").read_text()

    def wait_for_new_leaves(self, old):
        eventually(lambda: all(self.leaf(n) != old[n] for n in old), within=15, what="new certificates")

    def leaves(self):
        return {name: self.leaf(name) for name in ["server", "admin", "local", "remote"]}


def use(server, identity):
    """Speaks to the server once as somebody, with the roots that this identity knows."""
    limits = ["--dial-timeout=2s", "--command-timeout=3s"]
    return Etcdctl(server, identity=identity).run("get", FRONT, *limits).returncode == 0


def test_a_rollover_step_by_step_through_restarts(make_server, tmp_path):
    server = make_server(tls=True).start()
    rollover, mesh = Rollover(server), Mesh(Admin(server), tmp_path / "issued")
    west = mesh.issue("west", peer="west")
    assert use(server, west)
    assert rollover.step("activate", expect=409).slug == "conflict"
    assert rollover.step("retire", expect=409).slug == "conflict"
    old = rollover.leaves()

    rollover.rotate()
    assert rollover.phases() == {1: "active", 2: "next"}
    assert rollover.step("rotate", expect=409, body={}).slug == "conflict"
    rollover.wait_for_new_leaves(old)
    assert len(rollover.roots()) == 2
    assert rollover.admin.get("authorities/mesh/bundle", token="").text == "".join(rollover.roots())
    # West has not been seen with a certificate from since then, so it may not have the new root.
    answer = rollover.step("activate", expect=409)
    assert [each["party"] for each in answer.json["cutOff"]] == ["remote-west"], answer.text
    server.kill()
    server.start()
    answer = rollover.step("activate", expect=409)
    assert [each["party"] for each in answer.json["cutOff"]] == ["remote-west"]

    renewed = rollover.admin.post("certificates/west:renew", expect=200).json
    fresh = mesh.keep("west-2", renewed["status"]["chain"], renewed["key"])
    assert use(server, fresh)
    between = rollover.leaves()
    rollover.step("activate")
    assert rollover.phases() == {1: "former", 2: "active"}
    rollover.wait_for_new_leaves(between)
    # A leaf of the new generation comes with its issuing authority and leads to the new root.
    for name in ["server", "admin"]:
        leaf, issuing = BLOCK.findall(rollover.leaf(name))
        for file, text in [("leaf", leaf), ("issuing", issuing), ("root", rollover.roots()[0])]:
            (tmp_path / file).write_text(text)
        arguments = ["-CAfile", tmp_path / "root", "-untrusted", tmp_path / "issuing", tmp_path / "leaf"]
        assert run("verify", *arguments).endswith(": OK\n")
    for identity in [fresh, server.identity("admin"), server.identity("remote")]:
        assert use(server, identity)

    server.kill()
    server.start()
    assert rollover.phases() == {1: "former", 2: "active"}
    answer = rollover.step("retire", expect=409)
    assert [each["party"] for each in answer.json["cutOff"]] == ["remote-west"], answer.text
    assert "former" in answer.json["cutOff"][0]["reason"]
    renewed = rollover.admin.post("certificates/west:renew", expect=200).json
    newest = mesh.keep("west-3", renewed["status"]["chain"], renewed["key"])
    time.sleep(1.1)
    assert use(server, newest)
    rollover.step("retire")
    assert rollover.phases() == {2: "active"}
    eventually(lambda: len(rollover.roots()) == 1, what="one root")
    assert use(server, newest) and not use(server, fresh)
    server.restart()
    assert use(server, newest) and not use(server, fresh)
    types = [event["type"] for event in rollover.admin.events(0)]
    assert [each for each in types if each.startswith("authority.")] == [
        "authority.created", "authority.rotated", "authority.activated", "authority.retired",
    ]  # fmt: skip


def test_an_imported_next_generation_and_giving_one_up(make_server, tmp_path):
    server = make_server(tls=True).start()
    rollover = Rollover(server)
    files, _ = chain(tmp_path / "corporate", "nobody")
    pem = files["int.crt"].read_text() + files["root.crt"].read_text()
    body = {"import": {"certificates": pem, "key": files["int.key"].read_text()}}
    rollover.rotate(body)
    assert files["root.crt"].read_text() in rollover.admin.get("authorities/mesh/bundle", token="").text
    rollover.step("cancel")
    assert rollover.phases() == {1: "active"}
    old = rollover.leaves()
    rollover.rotate(body)
    rollover.wait_for_new_leaves(old)
    old = rollover.leaves()
    rollover.step("activate")
    rollover.wait_for_new_leaves(old)
    assert use(server, server.identity("admin"))
    rollover.step("retire")
    eventually(lambda: len(rollover.roots()) == 1, what="one root")
    assert rollover.roots() == [files["root.crt"].read_text()]
    assert use(server, server.identity("admin"))


def test_a_forced_retirement_cuts_off(make_server, tmp_path):
    server = make_server(tls=True).start()
    rollover, mesh = Rollover(server), Mesh(Admin(server), tmp_path / "issued")
    west = mesh.issue("west", peer="west")
    with Etcdctl(server, identity=west).start("watch", FRONT, "--rev", "1") as watch:
        assert watch.line() == "PUT"
        rollover.rotate()
        rollover.step("activate", query="?force=true")
        time.sleep(1)
        assert watch.process.poll() is None
        rollover.step("retire", query="?force=true")
        clients = rollover.admin.get("clients").json["items"]
        assert "remote-west" not in [each["status"]["identity"] for each in clients]


class Follower:
    """Watches a prefix on several streams of one connection, and comes back with the newest certificate."""

    STREAMS = 32

    def __init__(self, server):
        self.server = server
        self.seen = [[] for _ in range(self.STREAMS)]
        self.revision = [0] * self.STREAMS
        self.open(first=True)

    def open(self, first=False):
        self.client = Client(self.server, self.server.identity("admin"))
        self.streams = [WatchStream(self.client) for _ in range(self.STREAMS)]
        for index, stream in enumerate(self.streams):
            start = {} if first else {"start_revision": self.revision[index] + 1}
            stream.create(b"load/", range_end=b"load0", **start)

    def read(self, index, timeout=10):
        response = self.streams[index].next(timeout)
        assert not response.canceled
        for event in response.events:
            self.seen[index].append(event.kv.value)
            self.revision[index] = max(self.revision[index], event.kv.mod_revision)

    def drain(self):
        for index, stream in enumerate(self.streams):
            while not stream.responses.empty():
                self.read(index)

    def reopen(self):
        self.drain()
        self.close()
        # What had come before the end counts; what had not is asked for again.
        for index, stream in enumerate(self.streams):
            while not stream.responses.empty():
                response = stream.responses.get()
                if response is not None:
                    stream.responses.queue.appendleft(response)
                    self.read(index)
        self.open()

    def close(self):
        for stream in self.streams:
            stream.close()
        self.client.close()


def test_hundreds_of_watches_lose_nothing_in_a_rollover(make_server):
    server = make_server(tls=True).start()
    rollover = Rollover(server)
    followers = [Follower(server) for _ in range(8)]
    written, stop = [], threading.Event()

    def write():
        etcd = Client(server, server.identity("admin"))
        while not stop.is_set():
            value = str(len(written)).encode()
            etcd.KV.Put(key=b"load/key", value=value)
            written.append(value)
            time.sleep(0.01)
        etcd.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        old = rollover.leaves()
        rollover.rotate()
        rollover.wait_for_new_leaves(old)
        for follower in followers:
            follower.reopen()
        assert "admin-east" in rollover.step("activate", expect=409).text, "the writer has an old certificate"
        old = rollover.leaves()
        rollover.step("activate", query="?force=true")
        rollover.wait_for_new_leaves(old)
        assert "admin-east" in rollover.step("retire", expect=409).text
        time.sleep(1.1)
        for follower in followers:
            follower.reopen()
    finally:
        stop.set()
        writer.join()
    # The writer is gone, and everybody else has come with a new certificate since.
    rollover.step("retire")
    assert use(server, server.identity("admin"))
    for follower in followers:
        for index in range(follower.STREAMS):
            while len(follower.seen[index]) < len(written):
                follower.read(index)
            assert follower.seen[index] == written
        follower.close()
    print(f"{len(followers) * Follower.STREAMS} watches, {len(written)} events each, none lost")
