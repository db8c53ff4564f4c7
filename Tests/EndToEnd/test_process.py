"""Our server as a process: its configuration, its state, what it writes, and what it tells operators."""

import datetime
import json
import re
import stat
import subprocess

import pytest

from support import process
from support.protocol import Client, prefix_end
from support.servers import PRODUCT
from support.watching import watching

pytestmark = pytest.mark.isthmus_only

LEVELS = {"trace", "debug", "info", "notice", "warning", "error", "critical"}


def run(*arguments, within=20):
    return subprocess.run(
        [str(PRODUCT), *[str(argument) for argument in arguments]],
        capture_output=True,
        text=True,
        timeout=within,
        env=process.clean_environment(),
        stdin=subprocess.DEVNULL,
    )


def test_the_version_and_the_help_are_printed():
    version = run("version")
    assert version.returncode == 0 and re.search(r"\d+\.\d+", version.stdout)
    assert run("--help").returncode == 0
    for flag in ("--state-dir", "--cluster-name", "--data-listen", "--health-listen", "--store-durability"):
        assert flag in run("serve", "--help").stdout


def test_every_problem_of_the_configuration_is_listed_at_once(tmp_path):
    result = run(
        "serve", "--state-dir", tmp_path / "state", "--cluster-name", "No Such Name!", "--cluster-id", "0",
        "--data-listen", "nowhere", "--store-durability", "sometimes", "--log-format", "rhyme",
    )  # fmt: skip
    assert result.returncode == 78
    for flag in ("--cluster-name", "--cluster-id", "--data-listen", "--store-durability", "--log-format"):
        assert flag in result.stderr, f"{flag} is not mentioned in: {result.stderr}"
    assert not (tmp_path / "state").exists()


def test_what_is_required_is_asked_for(tmp_path):
    result = run("serve", "--state-dir", tmp_path / "state")
    assert result.returncode == 78
    assert "--cluster-name" in result.stderr and "--cluster-id" in result.stderr


def test_an_unknown_flag_is_a_usage_error(tmp_path):
    result = run("serve", "--no-such-flag")
    assert result.returncode in (2, 64) and "--no-such-flag" in result.stderr


def test_plaintext_is_only_for_loopback(tmp_path):
    result = run(
        "serve", "--state-dir", tmp_path / "state", "--cluster-name", "east", "--cluster-id", "1",
        "--data-tls", "off", "--data-listen", f"0.0.0.0:{process.free_port()}",
    )  # fmt: skip
    assert result.returncode == 78 and "loopback" in result.stderr


def test_the_environment_and_a_file_configure_it_too(make_server, tmp_path):
    file = tmp_path / "isthmus.yaml"
    file.write_text("heartbeat:\n  interval: 20s\ncluster:\n  name: from-file\n")
    server = make_server(options=["--config", str(file)])
    server.environment = {"ISTHMUS_LOG_LEVEL": "error"}
    server.start()
    assert '"level":"info"' not in server.log.read_text()
    with Client(server) as client:
        # Flags win over the file.
        assert client.get(b"cilium/cluster-config/east")
        assert client.get(b"cilium/cluster-config/from-file") is None


def test_a_port_that_is_taken_is_named(server, make_server):
    second = make_server()
    second.port = server.port
    second.spawn()
    assert second.process.wait(20) not in (0, -4, -6, -11)
    assert str(server.port) in second.tail()


def test_its_state_is_private_and_holds_certificates(secure_server):
    def mode(path):
        return stat.S_IMODE(path.stat().st_mode)

    pki = secure_server.directory / "pki"
    assert mode(secure_server.directory) == 0o700
    names = {file.name for file in pki.iterdir()}
    assert {"ca.crt", "admin.crt", "admin.key", "local.crt", "local.key", "remote.crt", "remote.key"} <= names
    for key in pki.glob("*.key"):
        assert mode(key) == 0o600
    for certificate, common_name in [("admin", "admin-east"), ("local", "local-east"), ("remote", "remote")]:
        subject = subprocess.run(
            ["openssl", "x509", "-in", pki / f"{certificate}.crt", "-noout", "-subject",
             "-ext", "extendedKeyUsage"],
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        assert f"CN = {common_name}" in subject
        assert "TLS Web Client Authentication" in subject
        subprocess.run(
            ["openssl", "verify", "-CAfile", pki / "ca.crt", pki / f"{certificate}.crt"],
            check=True, capture_output=True,
        )  # fmt: skip


def test_the_heartbeat_and_the_configuration_are_there_from_the_start(server, client):
    beat = client.get(b"cilium/.heartbeat").decode()
    # Fractions may have nine digits, which this parser does not know.
    time = datetime.datetime.fromisoformat(re.sub(r"\.\d+", "", beat).replace("Z", "+00:00"))
    age = datetime.datetime.now(datetime.timezone.utc) - time
    assert abs(age.total_seconds()) < 120
    configuration = json.loads(client.get(b"cilium/cluster-config/" + server.name.encode()))
    assert configuration["id"] == server.identifier
    assert configuration["capabilities"]["syncedCanaries"] is True
    assert configuration["capabilities"]["maxConnectedClusters"] == 255
    (kv,) = client.KV.Range(key=b"cilium/.heartbeat").kvs
    assert kv.lease == 0


@pytest.mark.slow
def test_the_heartbeat_is_written_again_and_the_configuration_restored(make_server):
    server = make_server(options=["--heartbeat-interval", "15s"]).start()
    with Client(server) as client, watching(client) as stream:
        stream.create(b"cilium/.heartbeat", range_end=prefix_end(b"cilium/.heartbeat"))
        before = client.get(b"cilium/.heartbeat")
        client.KV.DeleteRange(key=b"cilium/cluster-config/east")
        ((kind, _, value),) = stream.events(1, timeout=25)
        assert kind == "PUT" and value != before
        restored = process.eventually(lambda: client.get(b"cilium/cluster-config/east"), within=20)
        assert json.loads(restored)["id"] == 1


def test_liveness_and_readiness_are_told(server):
    for path in ("/livez", "/readyz", "/healthz"):
        status, headers, body = server.health(path)
        assert (status, body) == (200, "ok\n"), path
        assert headers["Content-Type"].startswith("text/plain")
    verbose = server.health("/readyz?verbose")[2]
    assert "[+]" in verbose and "ok" in verbose
    assert server.health("/nothing")[0] == 404


SAMPLE = re.compile(r'^[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-zA-Z_][a-zA-Z0-9_]*="[^"\n]*",?)*\})? \S+$')


def test_metrics_are_prometheus_text_and_move(server, client, key):
    status, headers, text = server.health("/metrics")
    assert status == 200 and headers["Content-Type"].startswith("text/plain")
    names = set()
    for line in text.splitlines():
        if line.startswith("#"):
            assert line.split()[1] in ("HELP", "TYPE"), line
        elif line:
            assert SAMPLE.match(line), line
            names.add(re.split(r"[{ ]", line)[0])
    assert any(name.startswith("isthmus_data_") for name in names)
    assert any(name.startswith("isthmus_store_") for name in names)
    assert {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds"} <= names
    assert 1e6 < server.metrics()["process_resident_memory_bytes"] < 1e10
    commits = server.metrics()["isthmus_store_commits_total"]
    client.KV.Put(key=key, value=b"1")
    assert server.metrics()["isthmus_store_commits_total"] > commits
    with watching(client) as stream:
        stream.create(key)
        assert server.metrics()["isthmus_data_watchers"] >= 1
    # Keys and values never become labels.
    assert key.decode() not in server.health("/metrics")[2]


def test_its_log_is_json_lines_without_keys_or_secrets(secure_server):
    with Client(secure_server) as client:
        client.KV.Put(key=b"a-secret-key", value=b"a-secret-value")
    lines = secure_server.log.read_text().splitlines()
    assert lines
    for line in lines:
        entry = json.loads(line)
        assert {"ts", "level", "msg"} <= set(entry), line
        assert entry["level"] in LEVELS
        datetime.datetime.fromisoformat(entry["ts"].replace("Z", "+00:00"))
        assert entry["level"] not in ("error", "critical"), line
    text = "\n".join(lines)
    assert "a-secret" not in text
    assert "PRIVATE KEY" not in text


def test_it_says_how_to_reach_it(make_server):
    server = make_server(tls=True)
    arguments = ["text" if each == "json" else each for each in map(str, server.arguments())]
    server.spawn(arguments)
    process.eventually(server.is_ready, within=30, what="readiness")

    def said():
        return server.output.read_text() + server.log.read_text()

    process.eventually(lambda: "etcdctl" in said(), what="a line that can be tried")
    text = said()
    assert server.address in text and "--cacert" in text
