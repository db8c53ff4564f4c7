"""Our server in etcd's place: called by etcd's name, with etcd's flags. Real etcd says what is right."""

import json
import re
import signal
import socket
import subprocess
import urllib.request

import pytest
from grpc import StatusCode as Code

from support import process, servers
from support.etcdctl import Etcdctl
from support.protocol import Client, refused

pytestmark = pytest.mark.isthmus_only


def lines(server):
    return [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]


def fetch(url):
    with urllib.request.urlopen(url, timeout=5) as response:
        return response.read().decode()


# How it is called


def test_the_version_is_told_in_etcds_lines(etcd):
    for program in (etcd, servers.ETCD_35):
        answer = process.run(program, "--version")
        names = [line.partition(": ")[0] for line in answer.stdout.splitlines()]
        assert answer.returncode == 0
        assert names == ["etcd Version", "Git SHA", "Go Version", "Go OS/Arch"]
    assert re.match(r"etcd Version: 3\.6\.\d+\n", process.run(etcd, "--version").stdout)
    assert process.run(servers.PRODUCT, "etcd", "--version").stdout == process.run(etcd, "--version").stdout


def test_help_lists_every_flag_that_real_etcd_lists(etcd):
    def flags(program):
        return set(re.findall(r"^ +--([a-z0-9-]+)", process.run(program, "--help").stdout, re.MULTILINE))

    # There is no API of version 2, no proxy and nobody to discover.
    missing = flags(servers.ETCD_35) - flags(etcd)
    assert missing <= {"discovery", "discovery-srv", "enable-v2", "experimental-enable-v2v3", "proxy"}


CLIENT = "http://127.0.0.1:1"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--no-such-flag"],
        ["---name=a"],
        ["--max-txn-ops=many"],
        ["--client-cert-auth=maybe"],
        ["--name"],
        ["--initial-cluster-state=old"],
        ["--listen-client-urls=127.0.0.1:1"],
        ["--listen-client-urls=ftp://127.0.0.1:1"],
        ["--listen-client-urls=http://127.0.0.1:1/path"],
        ["word"],
        ["--config-file=/no/such/file"],
        ["--listen-client-urls", CLIENT],
        ["--listen-client-urls=http://example.org:1", "--advertise-client-urls", CLIENT],
        ["--listen-client-urls=https://127.0.0.1:1", "--advertise-client-urls", CLIENT],
        ["--auto-compaction-mode=sometimes"],
        ["--auto-compaction-retention=long"],
        ["--initial-cluster=a=http://127.0.0.1:1"],
        ["--initial-cluster=default=http://127.0.0.1:1"],
        ["--logger=other"],
        ["--auth-token=other"],
        ["--auth-token=jwt"],
        ["--auth-token=jwt,sign-method=RS256"],
        ["--auth-token=jwt,sign-method=none"],
        ["--auth-token=jwt,sign-method=RS256,priv-key=/no/such/file"],
        ["--auth-token=jwt,sign-method=HS256,surprise=1"],
        ["--data-dir=/proc/none"],
    ],
    ids=" ".join,
)
def test_what_etcd_refuses_is_refused_with_the_same_code(etcd, tmp_path, arguments):
    if not any("data-dir" in each for each in arguments):
        arguments = [*arguments, "--data-dir", tmp_path / "data"] if arguments[0] != "word" else arguments
    if arguments[0] == "--name":
        arguments = ["--name"]
    ours, real = process.run(etcd, *arguments), process.run(servers.ETCD_35, *arguments)
    assert (ours.returncode, ours.stdout) == (real.returncode, "")
    if real.returncode == 2:
        # Go's sentence; where etcd's own reasons follow, they are worded freely.
        said, expected = (each.stderr.splitlines()[0] for each in (ours, real))
        assert said.split(": ")[0] == expected.split(": ")[0]
        assert "Usage:" in ours.stderr
    else:
        assert json.loads(ours.stderr.splitlines()[-1])["level"] in ("warn", "error", "fatal")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--initial-cluster=default=http://localhost:2380,b=http://127.0.0.1:9"], "a cluster of one"),
        (["--discovery=https://discovery.example.org/x"], "nobody to discover"),
        (["--discovery-srv=example.org"], "nobody to discover"),
        (["--proxy=on"], "not a proxy"),
        (["gateway", "start"], "not a proxy"),
        (["--enable-v2"], "version 2"),
        (["--auto-compaction-mode=revision", "--auto-compaction-retention=1h"], "CompactionRetention"),
    ],
)
def test_what_there_is_not_is_refused_with_a_reason(etcd, tmp_path, arguments, reason):
    answer = process.run(etcd, *arguments)
    assert answer.returncode == 1 and reason in answer.stderr


def test_a_variable_counts_where_no_flag_does_and_a_file_puts_both_out_of_force(make_beside, tmp_path):
    server = make_beside(options=["--max-txn-ops=2"])
    server.environment = {"ETCD_NAME": "by-variable", "ETCD_MAX_TXN_OPS": "1", "ETCD_SERVICE_HOST": "::1"}
    arguments = [each for each in server.arguments() if not str(each).startswith("--initial-cluster")]
    server.spawn([each for each in arguments if not str(each).startswith("default=")])
    process.eventually(server.is_ready, what="readiness")
    with Client(server) as client:
        assert client.Cluster.MemberList().members[0].name == "by-variable"
        put = {"request_put": {"key": b"a"}}, {"request_put": {"key": b"b"}}, {"request_put": {"key": b"c"}}
        client.KV.Txn(success=put[:2])
        with refused(Code.INVALID_ARGUMENT, "etcdserver: too many operations in txn request"):
            client.KV.Txn(success=put)
    warnings = " ".join(line["msg"] for line in lines(server) if line["level"] == "warn")
    assert "ETCD_SERVICE_HOST" in warnings and "ETCD_MAX_TXN_OPS is shadowed" in warnings
    server.stop()

    file = tmp_path / "etcd.yaml"
    file.write_text(
        f"name: 'by-file'\ndata-dir: {tmp_path / 'file'}\nlisten-client-urls: {server.url}\n"
        f"advertise-client-urls: {server.url},http://other:2379\nquota-backend-bytes: 0\nwal-dir:\n"
        "snapshot-count: 10000\nclient-transport-security:\n  client-cert-auth: false\n"
        "peer-transport-security:\n  auto-tls: true\nlog-outputs: [stderr]\nunsafe-no-fsync: true\n"
        "new-key: 1\n"
    )
    for each in ({"arguments": ["--config-file", file, "--name=by-flag"]}, {"variable": str(file)}):
        server.environment = {"ETCD_NAME": "by-variable", "ETCD_CONFIG_FILE": each.get("variable", "")}
        server.spawn([server.binary, *each.get("arguments", [])])
        process.eventually(server.is_ready, what="readiness")
        with Client(server) as client:
            (member,) = client.Cluster.MemberList().members
            assert member.name == "by-file"
            assert list(member.clientURLs) == [server.url, "http://other:2379"]
        server.stop()


# What it is to clients


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--initial-cluster-token=another"],
        [
            "--initial-cluster-token=x", "--name=n",
            "--initial-advertise-peer-urls=http://127.0.0.1:4,http://127.0.0.1:3",
        ],  # fmt: skip
    ],
    ids=["default", "token", "several-urls"],
)
def test_the_identifiers_and_the_members_are_those_of_real_etcd(make_beside, options):
    def told(server):
        with Client(server) as client:
            header = client.KV.Range(key=b"a").header
            (member,) = client.Cluster.MemberList().members
            status = client.Maintenance.Status()
            assert status.version.startswith("3.6." if server.is_stand_in else "3.5.")
            assert status.dbSize > 0 and status.leader == member.ID == header.member_id
            return header, member.ID, member.name, list(member.peerURLs), list(member.clientURLs)

    ours, real = make_beside(), make_beside(servers.Etcd35)
    real.port, real.peer_port = ours.port, ours.peer_port
    answers = []
    for server in (ours, real):
        arguments = [str(each) for each in server.arguments()]
        urls = f"http://127.0.0.1:{server.peer_port}"
        for option in options:
            name, value = option.split("=", 1)
            if name == "--initial-advertise-peer-urls":
                urls = value
            arguments += [name, value]
        name = "n" if "--name=n" in options else "default"
        arguments += ["--initial-cluster", ",".join(f"{name}={url}" for url in urls.split(","))]
        server.spawn(arguments)
        process.eventually(server.is_ready, what="readiness")
        answers.append(told(server))
        server.stop()
        server.spawn(arguments)
        process.eventually(server.is_ready, what="readiness after a restart")
        again = told(server)
        assert again[1:] == answers[-1][1:] and again[0].cluster_id == answers[-1][0].cluster_id
        server.stop()
    assert answers[0] == answers[1]
    assert answers[0][0].revision == 1 and answers[0][0].raft_term == 2


def test_it_says_that_it_is_ready_in_etcds_words_and_names_what_means_nothing(make_beside):
    options = ["--snapshot-count=5", "--heartbeat-interval", "100", "--peer-auto-tls"]
    server = make_beside(options=options).start()
    process.eventually(lambda: "ready to serve" in server.log.read_text(), what="the line tools look for")
    (ready,) = [line for line in lines(server) if line["msg"] == "ready to serve client requests"]
    assert list(ready) == ["level", "ts", "caller", "msg"] and ready["level"] == "info"
    (ignored,) = [line["flags"] for line in lines(server) if "flags" in line]
    assert ignored == [
        "--listen-peer-urls", "--peer-auto-tls", "--snapshot-count", "--heartbeat-interval",
    ]  # fmt: skip
    assert '"ready to serve client requests"' in server.log.read_text()
    assert server.stop() == 0


def test_several_stand_side_by_side_and_no_two_share_a_directory(make_beside):
    first, second = make_beside(name="a").start(), make_beside(name="b").start()
    with Client(first) as one, Client(second) as two:
        one.KV.Put(key=b"k", value=b"1")
        assert two.get(b"k") is None
    third = make_beside(name="c")
    third.directory = first.directory
    third.spawn()
    assert third.process.wait(20) == 1 and "another process uses the data directory" in third.tail()
    assert first.is_alive()


def test_the_data_of_real_etcd_are_left_alone(make_beside):
    real = make_beside(servers.Etcd35, name="data").start()
    real.stop()
    ours = make_beside(name="ours")
    ours.directory = real.directory
    ours.spawn()
    assert ours.process.wait(20) == 1 and "the data of real etcd" in ours.tail()
    real.start()


def test_every_url_serves_the_same_store(make_beside, tmp_path):
    server = make_beside(tls=True)
    plain, metrics = process.free_port(), process.free_port()
    file = tmp_path / "socket"
    urls = f"{server.url},http://127.0.0.1:{plain},unix://{file}"
    arguments = [urls if each == server.url else each for each in server.arguments()]
    server.spawn([*arguments, "--listen-metrics-urls", f"http://0.0.0.0:{metrics}"])
    process.eventually(server.is_ready, what="readiness")
    with Client(server) as client:
        client.KV.Put(key=b"k", value=b"v")
        ctl = Etcdctl(server)
        for endpoint in (f"http://127.0.0.1:{plain}", f"unix://{file}"):
            answer = subprocess.run(
                [str(servers.ETCD_35.with_name("etcdctl")), "--endpoints", endpoint, "get", "k"],
                capture_output=True, text=True, env=ctl.environment(), timeout=20,
            )  # fmt: skip
            assert answer.stdout == "k\nv\n", answer.stderr
    for path in ("metrics", "health", "livez", "readyz"):
        assert fetch(f"http://127.0.0.1:{metrics}/{path}")
        assert fetch(f"http://127.0.0.1:{plain}/{path}")
    assert fetch(f"http://127.0.0.1:{metrics}/readyz?verbose").splitlines() == [
        "[+]serializable_read ok", "[+]data_corruption ok", "[+]linearizable_read ok", "[+]non_learner ok",
        "readyz check passed",
    ]  # fmt: skip
    # No API beside the metrics.
    server.port, server.tls = metrics, False
    sentence = "isthmus: only metrics and health are served here"
    with Client(server) as client, refused(Code.UNIMPLEMENTED, sentence):
        client.KV.Range(key=b"k")


def test_what_dashboards_read_moves_as_in_real_etcd(make_beside):
    def moved(server):
        with Client(server) as client:
            before = server_metrics(server)
            client.KV.Put(key=b"a", value=b"12")
            client.KV.Put(key=b"b", value=b"3")
            client.KV.Range(key=b"a")
            client.KV.Txn(success=[{"request_put": {"key": b"c"}}, {"request_range": {"key": b"a"}}])
            client.KV.DeleteRange(key=b"a", range_end=b"c")
            lease = client.Lease.LeaseGrant(TTL=60).ID
            client.Lease.LeaseRevoke(ID=lease)
            after = server_metrics(server)
        return {name: after[name] - before.get(name, 0) for name in after}

    ours, real = moved(make_beside().start()), moved(make_beside(servers.Etcd35).start())
    names = [
        "etcd_mvcc_put_total", "etcd_mvcc_delete_total", "etcd_mvcc_txn_total", "etcd_mvcc_range_total",
        "etcd_debugging_mvcc_current_revision", "etcd_debugging_mvcc_keys_total",
        "etcd_debugging_mvcc_total_put_size_in_bytes", "etcd_debugging_lease_granted_total",
        "etcd_debugging_lease_revoked_total", "etcd_server_has_leader",
        "etcd_server_leader_changes_seen_total",
    ]  # fmt: skip
    method = 'grpc_method="Put",grpc_service="etcdserverpb.KV",grpc_type="unary"'
    calls = [
        f"grpc_server_{what}_total{{{code}{method}}}"
        for what, code in (("handled", 'grpc_code="OK",'), ("started", ""))
    ]
    assert {name: ours[name] for name in names + calls} == {name: real[name] for name in names + calls}
    # Those whose values are the machine's or the version's are only there.
    told = server_metrics(make_beside().start())
    for name in [
        'etcd_server_version{server_version="3.6.14"}', 'etcd_cluster_version{cluster_version="3.6"}',
        "etcd_server_is_leader", "etcd_server_proposals_committed_total", "etcd_server_proposals_pending",
        "etcd_mvcc_db_total_size_in_bytes", "etcd_server_quota_backend_bytes", "process_start_time_seconds",
        "process_resident_memory_bytes", "process_open_fds", "process_cpu_seconds_total",
        "etcd_network_client_grpc_received_bytes_total", "etcd_network_client_grpc_sent_bytes_total",
        "etcd_disk_backend_commit_duration_seconds_count", "etcd_debugging_mvcc_watch_stream_total",
    ]:  # fmt: skip
        assert name in told


def server_metrics(server):
    return servers.samples(fetch(f"{server.url}/metrics"))


def test_limits_of_flags_hold(make_beside):
    server = make_beside(options=[
        "--max-request-bytes=1000", "--quota-backend-bytes=100000", "--auto-compaction-retention=1s",
        "--experimental-watch-progress-notify-interval=1s",
    ]).start()  # fmt: skip
    with Client(server) as client:
        with refused(Code.INVALID_ARGUMENT, "etcdserver: request is too large"):
            client.KV.Put(key=b"k", value=b"x" * 1001)
        first = client.KV.Put(key=b"k", value=b"1").header.revision
        client.KV.Put(key=b"k", value=b"2")

        def is_compacted():
            try:
                client.KV.Range(key=b"k", revision=first)
            except Exception as error:
                return "required revision has been compacted" in str(error)

        process.eventually(is_compacted, what="compaction of what is a second old")
        with refused(Code.RESOURCE_EXHAUSTED, "etcdserver: mvcc: database space exceeded"):
            for number in range(200):
                client.KV.Put(key=b"%d" % number, value=b"x" * 900)
        assert client.Maintenance.Status().dbSizeQuota == 100_000
    assert servers.samples(fetch(f"{server.url}/metrics"))["etcd_server_quota_backend_bytes"] == 100_000


def test_a_log_may_go_to_a_file_in_columns(make_beside, tmp_path):
    file = tmp_path / "etcd.txt"
    server = make_beside(options=["--log-outputs", file, "--log-format=console", "--log-level=warn"]).start()
    assert "\tWARN\t" in file.read_text() and "\tINFO\t" not in file.read_text()
    assert server.log.read_text() == ""
    assert server.stop(signal.SIGINT) == 0


def test_a_service_manager_is_told_of_readiness(make_beside, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20)
        server = make_beside()
        server.environment = {"NOTIFY_SOCKET": str(tmp_path / "notify")}
        server.start()
        assert manager.recv(100) == b"READY=1"
