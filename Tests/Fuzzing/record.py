"""Records what real clients send, as the inputs that fuzzing starts from.

    .venv/bin/python Tests/Fuzzing/record.py

Writes `Tests/Fixtures/Fuzzing/Corpus`: one file for each connection, for each stream of gRPC messages, and
for each message of the kinds that the fast path reads. The recording is committed; run this again when it
should show other traffic.
"""

import hashlib
import shutil
import socket
import sys
import tempfile
import threading
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "Tests/EndToEnd"))

from support.etcdctl import Etcdctl  # noqa: E402
from support.frames import DATA, HEADERS, PREFACE  # noqa: E402
from support.protocol import Client, message  # noqa: E402
from support.servers import Isthmus  # noqa: E402

CORPUS = REPOSITORY / "Tests/Fixtures/Fuzzing/Corpus"
LARGEST = 4096
# What the first byte of an input means is said in `Tests/FuzzTargets`.
CHUNKS = b"\x3f"


class Recorder:
    """A server's face that passes everything on and keeps what clients send, by connection."""

    def __init__(self, server):
        self.server = server
        self.sent = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.address}"
        threading.Thread(target=self.accept, daemon=True).start()

    def identity(self, _="admin"):
        return None

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            upstream = socket.create_connection(("127.0.0.1", self.server.port))
            kept = bytearray()
            self.sent.append(kept)
            threading.Thread(target=self.copy, args=(client, upstream, kept), daemon=True).start()
            threading.Thread(target=self.copy, args=(upstream, client, None), daemon=True).start()

    @staticmethod
    def copy(source, sink, kept):
        try:
            while data := source.recv(65_536):
                if kept is not None:
                    kept += data
                sink.sendall(data)
        except OSError:
            pass
        for each in (source, sink):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def talk(recorder):
    """Lets real clients do a bit of everything."""
    for version in ("3.4", "3.5"):
        etcdctl = Etcdctl(recorder, version)
        etcdctl("put", "a/1", "one")
        etcdctl("put", "a/2", "two", "--prev-kv")
        etcdctl("get", "a/", "--prefix", "--limit", "1", "--sort-by", "MODIFY", "--order", "DESCEND")
        etcdctl("get", "a/1", "--keys-only", "--rev", "2")
        etcdctl("get", "", "--from-key", "--keys-only")
        etcdctl("lock", "l", "true")
        etcdctl("del", "a/2")
    with Client(recorder) as client:
        lease = client.Lease.LeaseGrant(TTL=60).ID
        client.KV.Put(key=b"b", value=b"x" * 300, lease=lease, prev_kv=True)
        client.KV.Range(key=b"b", min_mod_revision=1, max_create_revision=1 << 40, serializable=True)
        client.KV.Txn(success=[{"request_put": {"key": b"c", "value": b"1"}}])
        requests = [
            message("WatchRequest")(create_request={"key": b"a", "range_end": b"z", "start_revision": 1}),
            message("WatchRequest")(progress_request={}),
        ]
        list(client.Watch.Watch(iter(requests), timeout=5))
        keep_alive = message("LeaseKeepAliveRequest")(ID=lease)
        list(client.Lease.LeaseKeepAlive(iter([keep_alive, keep_alive]), timeout=5))
    for text in (
        "GET /version HTTP/1.1\r\nhost: x\r\n\r\n",
        "GET /health?exclude=NOSPACE HTTP/1.0\r\n\r\n",
        "POST /v3/kv/range HTTP/1.1\r\nhost: x\r\ncontent-length: 14\r\n\r\n{\"key\":\"YQ==\"}",
        "POST /v3/kv/put HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\n{} \r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\nconnection: close\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", recorder.port)) as connection:
            connection.sendall(text.encode())
            connection.settimeout(2)
            connection.recv(65_536)


def streams(sent):
    """Returns the DATA of each stream of a connection."""
    found = {}
    rest = memoryview(bytes(sent))[len(PREFACE):]
    while len(rest) >= 9:
        length, kind, stream = int.from_bytes(rest[:3], "big"), rest[3], int.from_bytes(rest[5:9], "big")
        if kind == HEADERS:
            found.setdefault(stream, b"")
        if kind == DATA:
            found[stream] = found.get(stream, b"") + bytes(rest[9 : 9 + length])
        rest = rest[9 + length :]
    return [data for data in found.values() if data]


def write(target, data):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    if len(data) <= LARGEST:
        (folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)


def main():
    directory = Path(tempfile.mkdtemp())
    server = Isthmus(directory / "server").start()
    try:
        recorder = Recorder(server)
        talk(recorder)
    finally:
        server.kill()
        shutil.rmtree(directory, ignore_errors=True)
    for target in ("deframer", "frontDoor", "http2", "protobuf"):
        shutil.rmtree(CORPUS / target, ignore_errors=True)
    for sent in recorder.sent:
        write("frontDoor", CHUNKS + bytes(sent))
        if not sent.startswith(PREFACE):
            continue
        write("http2", CHUNKS + bytes(sent))
        for data in streams(sent):
            write("deframer", CHUNKS + data)
            for kind in range(3):
                write("protobuf", bytes([kind]) + data[5:])
    for value in (b"", b"v" * 20):
        record = message("mvccpb.KeyValue")(
            key=b"key", value=value, create_revision=2, mod_revision=300, version=3, lease=-1
        )
        write("protobuf", b"\x02" + record.SerializeToString())


if __name__ == "__main__":
    main()
