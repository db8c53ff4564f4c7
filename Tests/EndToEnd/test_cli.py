"""The commands against a real server, as people and CI scripts use them."""

import json
import os
import pty
import select
import signal
import subprocess

import pytest

from support import process
from support.commands import Commands
from support.protocol import Client
from support.servers import PRODUCT, Isthmus

pytestmark = pytest.mark.isthmus_only

NODE = """\
kind: Node
metadata: {name: %s, labels: {team: %s}}
spec:
  addresses: [{type: InternalIP, ip: %s}]
"""
PEER = """\
kind: Peer
metadata: {name: %s}
spec:
  clusterID: %d
  endpoints: [{url: "https://west.example:2379"}]
"""


def node(name, address="192.168.1.10", team="mesh"):
    return NODE % (name, team, address)


@pytest.fixture(scope="module")
def mesh(target, module_directory):
    if target != "isthmus":
        pytest.skip("only our server has this")
    server = Isthmus(module_directory / "mesh").start()
    yield server
    server.stop()


@pytest.fixture
def commands(mesh, tmp_path):
    """Commands as the administrator."""
    return Commands(
        tmp_path,
        ISTHMUS_ADDRESS=f"http://127.0.0.1:{mesh.admin_port}",
        ISTHMUS_TOKEN=(mesh.directory / "token").read_text().strip(),
    )


@pytest.fixture
def clean(commands):
    """The same, and a server without objects before and after."""

    def wipe():
        commands.expect(0, "apply", "-f", "-", "--prune", input="kind: Settings\nspec: {}\n")

    wipe()
    yield commands
    wipe()


# --- Who asks, and whom -----------------------------------------------------------------------------------


def test_the_first_token_is_an_administrators(commands):
    caller = commands.json("whoami")
    assert (caller["method"], caller["scopes"]) == ("token", ["admin"])
    assert commands.lines("whoami")[0].split() == ["NAME", "BY", "SCOPES", "EXPIRES"]


def test_a_token_comes_from_a_file_standard_input_or_the_environment(commands, mesh):
    token = mesh.directory / "token"
    bare = commands.with_environment(ISTHMUS_TOKEN=None)
    bare.expect(5, "whoami")
    bare.expect(0, "whoami", "--token-file", token)
    bare.expect(0, "whoami", "--token-file", "-", input=token.read_text())
    bare.with_environment(ISTHMUS_TOKEN_FILE=str(token)).expect(0, "whoami")
    wrong = commands.with_environment(ISTHMUS_TOKEN="ist_x_" + "a" * 43)
    assert "isthmus: " in wrong.expect(5, "whoami").stderr
    bare.expect(2, "whoami", "--token-file", "no-such-file")
    bare.expect(2, "whoami", "--token", token.read_text())


def test_the_state_directory_says_everything(mesh, tmp_path):
    commands = Commands(tmp_path)
    commands.expect(0, "status", "--state-dir", mesh.directory)
    commands.with_environment(ISTHMUS_STATE_DIR=str(mesh.directory)).expect(0, "status")
    (tmp_path / ".isthmus").symlink_to(mesh.directory)
    commands.expect(0, "status")
    # What lies around is not sent to a server that was named.
    commands.expect(5, "whoami", "--address", f"http://127.0.0.1:{mesh.admin_port}")


def test_scopes_are_enforced(clean, tmp_path):
    token = clean.expect(0, "token", "create", "reader", "--scope", "viewer").stdout.strip()
    reader = clean.with_environment(ISTHMUS_TOKEN=token)
    reader.expect(0, "get", "nodes")
    (tmp_path / "a.yaml").write_text(node("a"))
    assert "admin" in reader.expect(5, "apply", "-f", "a.yaml").stderr
    reader.expect(5, "get", "tokens")
    renewed = clean.json("token", "rotate", "reader")["token"]
    reader.expect(5, "whoami")
    clean.with_environment(ISTHMUS_TOKEN=renewed).expect(0, "whoami")
    clean.expect(0, "token", "delete", "reader")
    clean.with_environment(ISTHMUS_TOKEN=renewed).expect(5, "whoami")
    clean.expect(1, "token", "rotate", "reader")


def test_a_token_is_saved_for_its_owner_alone(commands, tmp_path):
    result = commands.expect(0, "token", "create", "saved", "--scope", "viewer", "--save-to", "saved.token")
    assert result.stdout == ""
    saved = tmp_path / "saved.token"
    assert saved.stat().st_mode & 0o777 == 0o600
    commands.with_environment(ISTHMUS_TOKEN=None).expect(0, "whoami", "--token-file", "saved.token")
    commands.expect(4, "token", "create", "saved", "--scope", "viewer")
    commands.expect(0, "token", "delete", "saved")


# --- Files to objects -------------------------------------------------------------------------------------


def test_apply_says_what_became_of_each_object(clean, tmp_path):
    (tmp_path / "mesh").mkdir()
    (tmp_path / "mesh" / "nodes.yaml").write_text(node("a") + "---\n" + node("b", "192.168.1.11"))
    (tmp_path / "mesh" / "peer.yml").write_text(PEER % ("west", 8))
    planned = clean.expect(0, "apply", "-f", "mesh", "--plan")
    assert sorted(planned.stdout.splitlines()) == [
        "node/a created (dry run)", "node/b created (dry run)", "peer/west created (dry run)",
    ]  # fmt: skip
    assert clean.lines("get", "nodes", "-o", "name") == []

    applied = clean.expect(0, "apply", "-f", "mesh")
    assert sorted(applied.stdout.splitlines()) == ["node/a created", "node/b created", "peer/west created"]
    assert "isthmus: 3 created\n" in applied.stderr
    assert "3 unchanged" in clean.expect(0, "apply", "-f", "mesh").stderr

    (tmp_path / "mesh" / "nodes.yaml").write_text(node("a", "192.168.1.99") + "---\n" + node("b", "192.168.1.11"))
    plan = clean.json("apply", "-f", "mesh")
    assert plan["kind"] == "ConfigPlan"
    assert plan["summary"] == {"create": 0, "update": 1, "delete": 0, "unchanged": 2}
    assert clean.lines("apply", "-f", "mesh", "-o", "name") == []


def test_everything_wrong_with_the_files_is_said_before_anything_is_sent(clean, tmp_path):
    (tmp_path / "a.yaml").write_text(node("a") + "---\nspec: {}\n---\nkind: Car\nmetadata: {name: x}\n")
    (tmp_path / "b.yaml").write_text("{")
    result = clean.expect(1, "apply", "-f", "a.yaml", "-f", "b.yaml", "-f", "c.yaml")
    assert "the files have 4 problems, nothing was sent:\n" in result.stderr
    assert "  a.yaml, document 2: there is no `kind`" in result.stderr
    assert '  a.yaml, document 3: there is no kind "Car"' in result.stderr
    assert "  b.yaml: " in result.stderr
    assert "  c.yaml: there is no such file" in result.stderr
    assert clean.lines("get", "nodes", "-o", "name") == []
    clean.expect(2, "apply")


def test_what_the_server_refuses_is_said_with_the_file_and_the_field(clean, tmp_path):
    (tmp_path / "a.yaml").write_text(node("a") + "---\n" + PEER % ("west", 9999))
    (tmp_path / "b.yaml").write_text(node("b", "not-an-address"))
    for command in ["apply", "apply --dry-run"]:
        result = clean.expect(1, *command.split(), "-f", "a.yaml", "-f", "b.yaml")
        assert "a.yaml, document 2: /spec/clusterID: " in result.stderr
        assert "b.yaml: /spec/addresses/0/ip: " in result.stderr
    assert clean.lines("get", "nodes", "-o", "name") == []
    assert clean.expect(2, "diff", "-f", "a.yaml").stdout == ""


def test_prune_deletes_what_no_file_has(clean, tmp_path):
    (tmp_path / "all.yaml").write_text("---\n".join([node("a"), node("b", "10.0.0.2"), node("c", "10.0.0.3", "lab")]))
    clean.expect(0, "apply", "-f", "all.yaml")
    (tmp_path / "one.yaml").write_text(node("a"))
    clean.expect(2, "apply", "-f", "one.yaml", "-l", "team=mesh")

    planned = clean.lines("apply", "-f", "one.yaml", "--prune", "-l", "team=mesh", "--dry-run")
    assert planned == ["node/a unchanged (dry run)", "node/b deleted (dry run)"]
    assert clean.lines("get", "nodes", "-o", "name") == ["node/a", "node/b", "node/c"]
    assert clean.lines("apply", "-f", "one.yaml", "--prune", "-l", "team=mesh") == [
        "node/a unchanged", "node/b deleted",
    ]  # fmt: skip
    assert clean.lines("get", "nodes", "-o", "name") == ["node/a", "node/c"]

    lines = clean.lines("apply", "-f", "one.yaml", "--prune")
    assert "node/c deleted" in lines and "node/a unchanged" in lines
    assert clean.lines("get", "nodes", "-o", "name") == ["node/a"]
    (tmp_path / "empty").mkdir()
    clean.expect(1, "apply", "-f", "empty", "--prune")
    assert clean.lines("get", "nodes", "-o", "name") == ["node/a"]


def test_diff_tells_by_its_exit_code(clean, tmp_path):
    (tmp_path / "a.yaml").write_text(node("a"))
    created = clean.expect(1, "diff", "-f", "a.yaml")
    assert "--- server/node/a\n+++ files/node/a\n" in created.stdout
    assert "+  name: a\n" in created.stdout
    clean.expect(0, "apply", "-f", "a.yaml")
    assert clean.expect(0, "diff", "-f", "a.yaml").stdout == ""

    (tmp_path / "a.yaml").write_text(node("a", "192.168.1.77"))
    changed = clean.expect(1, "diff", "-f", "a.yaml").stdout.splitlines()
    assert [line.replace('"', "") for line in changed if line[0] in "+-" and line[1] not in "+-"] == [
        "-  - ip: 192.168.1.10", "+  - ip: 192.168.1.77",
    ]  # fmt: skip
    # The other way round, it is a patch.
    assert changed[2].startswith("@@ -")

    (tmp_path / "b.yaml").write_text(node("b", "10.0.0.2"))
    pruned = clean.expect(1, "diff", "-f", "b.yaml", "--prune", "-l", "team=mesh").stdout
    assert "--- server/node/a" in pruned and "-  name: a\n" in pruned
    clean.expect(2, "diff", "-f", "no-such-file")
    clean.expect(7, "diff", "-f", "a.yaml", "--address", f"http://127.0.0.1:{process.free_port()}")
    clean.with_environment(ISTHMUS_TOKEN=None).expect(5, "diff", "-f", "a.yaml")


def test_what_get_prints_can_be_applied(clean, tmp_path):
    (tmp_path / "a.yaml").write_text(node("a") + "---\n" + PEER % ("west", 8))
    clean.expect(0, "apply", "-f", "a.yaml")
    for what, form in [("config", "yaml"), ("config", "json"), ("nodes", "yaml"), ("nodes", "json")]:
        text = clean.expect(0, "get", what, "-o", form).stdout
        (tmp_path / f"again.{form}").write_text(text)
        result = clean.expect(0, "apply", "-f", f"again.{form}")
        assert "created" not in result.stderr and "configured" not in result.stderr
        assert "unchanged" in clean.expect(0, "apply", "-f", "-", input=text).stderr


# --- Objects ----------------------------------------------------------------------------------------------


def test_get_in_every_form(clean, tmp_path):
    (tmp_path / "a.yaml").write_text(node("a") + "---\n" + node("b", "10.0.0.2", "lab"))
    clean.expect(0, "apply", "-f", "a.yaml")
    table = clean.lines("get", "nodes")
    assert table[0].split() == ["NAME", "ADDRESSES", "POD-CIDRS", "APPLIED", "AGE"]
    assert table[1].split()[:2] == ["a", "192.168.1.10"]
    assert clean.lines("get", "no", "-o", "name") == ["node/a", "node/b"]
    assert clean.lines("get", "Node", "-l", "team=lab", "-o", "name") == ["node/b"]
    listed = clean.json("get", "nodes")
    assert listed["kind"] == "NodeList" and [each["metadata"]["name"] for each in listed["items"]] == ["a", "b"]
    assert clean.json("get", "node", "a")["metadata"]["name"] == "a"
    assert "name: a" in clean.expect(0, "get", "node/a", "-o", "yaml").stdout
    assert [each["kind"] for each in clean.json("get", "node/a", "node/b")["items"]] == ["Node", "Node"]
    assert clean.expect(0, "get", "peers").stderr == "isthmus: there are no peers\n"
    assert clean.json("get", "settings")["kind"] == "Settings"
    clean.expect(1, "get", "node", "c")
    assert "there are peers, export-rules" in clean.expect(2, "get", "cars").stderr
    clean.expect(2, "get", "service", "cart")
    clean.expect(1, "get", "nodes", "-l", "no such grammar((")


def test_a_list_is_whole_however_long(clean, tmp_path):
    nodes = [node(f"n{number:04}", f"10.{number // 200}.1.{number % 200 + 1}") for number in range(1_100)]
    (tmp_path / "many.yaml").write_text("---\n".join(nodes))
    clean.expect(0, "apply", "-f", "many.yaml", within=120)
    assert clean.lines("get", "nodes", "-o", "name") == [f"node/n{number:04}" for number in range(1_100)]


def test_delete_and_its_exit_codes(clean, tmp_path):
    (tmp_path / "a.yaml").write_text(node("a"))
    clean.expect(0, "apply", "-f", "a.yaml")
    old = clean.json("get", "node", "a")["metadata"]["resourceVersion"]
    (tmp_path / "a.yaml").write_text(node("a", "10.0.0.9"))
    clean.expect(0, "apply", "-f", "a.yaml")
    clean.expect(4, "delete", "node", "a", "--resource-version", old)
    clean.expect(2, "delete", "node", "a", "--resource-version", "x\r\nX: y")
    assert clean.lines("delete", "node", "a", "--dry-run") == ["node/a deleted (dry run)"]
    assert clean.lines("delete", "node", "a") == ["node/a deleted"]
    clean.expect(1, "delete", "node", "a")
    clean.expect(0, "delete", "node", "a", "--ignore-not-found")
    clean.expect(2, "delete", "node")
    clean.expect(2, "delete", "settings")


def test_a_version_in_a_file_is_a_condition(clean, tmp_path):
    (tmp_path / "a.yaml").write_text(node("a"))
    clean.expect(0, "apply", "-f", "a.yaml")
    old = clean.expect(0, "get", "node", "a", "-o", "yaml").stdout
    (tmp_path / "a.yaml").write_text(node("a", "10.0.0.9"))
    clean.expect(0, "apply", "-f", "a.yaml")
    (tmp_path / "old.yaml").write_text(old)
    clean.expect(4, "apply", "-f", "old.yaml")


def test_applied_objects_are_keys_that_each_identity_sees_or_not(clean, tmp_path):
    (tmp_path / "a.yaml").write_text(node("a") + "---\n" + PEER % ("west", 8))
    applied = clean.expect(0, "apply", "-f", "a.yaml", "--wait")
    assert "peer/west is stored; this server does not act on it yet" in applied.stderr
    key = "cilium/state/nodes/v1/east/a"
    assert clean.lines("kv", "get", "cilium/state/nodes/", "-o", "name") == [key]
    listed = clean.json("kv", "get", "cilium/state/nodes/", "--as", "remote")
    assert [item["key"] for item in listed["items"]] == [key]
    assert listed["items"][0]["value"]["Name"] == "a"
    row = clean.lines("kv", "get", "cilium/state/nodes/")[1].split()
    assert row[0] == key and row[3].startswith('{"')
    assert clean.json("kv", "get", "cilium/state/nodes/", "--as", "local")["items"] == []
    assert len(clean.lines("kv", "get", "--limit", "1", "-o", "name")) == 1
    assert clean.lines("get", "nodes")[1].split()[3] == "True"
    clean.expect(0, "get", "node", "a", "--wait", "--for", "applied")
    clean.expect(0, "delete", "node", "a", "--wait")
    assert clean.json("kv", "get", "cilium/state/nodes/")["items"] == []


def test_a_client_is_seen_and_cut(commands, mesh):
    with Client(mesh) as connected:
        connected.KV.Range(key=b"a")
        names = commands.lines("get", "clients", "-o", "name")
        assert len(names) == 1
        row = commands.lines("get", "clients")[1].split()
        assert row[1] == "loopback"
        commands.expect(0, "delete", names[0])
        process.eventually(lambda: names[0] not in commands.lines("get", "clients", "-o", "name"))


# --- What happens -----------------------------------------------------------------------------------------


def test_events_are_told_and_followed(clean, tmp_path):
    (tmp_path / "a.yaml").write_text(node("a"))
    newest = clean.json("get", "nodes")["metadata"]["resourceVersion"]
    following = clean.start("events", "--follow", "--since", newest, "--kind", "nodes", "-o", "json")
    clean.expect(0, "apply", "-f", "a.yaml")
    clean.expect(0, "delete", "node", "a")
    seen = []
    while not seen or (seen[-1]["type"], seen[-1]["name"]) != ("node.deleted", "a"):
        seen.append(json.loads(following.stdout.readline()))
    assert seen[-2]["type"] == "node.created"
    following.send_signal(signal.SIGINT)
    assert following.wait(20) == -signal.SIGINT

    kept = [json.loads(line) for line in clean.lines("events", "--kind", "node", "-o", "json")]
    assert [each["id"] for each in kept] == sorted({each["id"] for each in kept}, key=int)
    since = seen[-2]["id"]
    later = clean.lines("events", "--since", since, "--types", "node.deleted")
    assert [line.split()[2:] for line in later] == [["TYPE", "OBJECT"], ["node.deleted", "node/a"]]


def test_a_watch_shows_each_change(clean, tmp_path):
    (tmp_path / "a.yaml").write_text(node("a"))
    clean.expect(0, "apply", "-f", "a.yaml")
    watching = clean.start("get", "nodes", "-l", "team=mesh", "--watch", "-o", "json")

    def change():
        line = json.loads(watching.stdout.readline())
        return line["type"], line["object"]["metadata"]["name"]

    assert change() == ("ADDED", "a")
    (tmp_path / "b.yaml").write_text(node("b", "10.0.0.2"))
    clean.expect(0, "apply", "-f", "b.yaml")
    assert change() == ("ADDED", "b")
    (tmp_path / "b.yaml").write_text(node("b", "10.0.0.3"))
    clean.expect(0, "apply", "-f", "b.yaml")
    assert change() == ("MODIFIED", "b")
    # Out of what is watched, by its label.
    (tmp_path / "b.yaml").write_text(node("b", "10.0.0.3", "lab"))
    clean.expect(0, "apply", "-f", "b.yaml")
    assert change() == ("DELETED", "b")
    clean.expect(0, "delete", "node", "a")
    assert change() == ("DELETED", "a")
    watching.kill()
    watching.wait()


def test_status_and_health(commands, mesh):
    lines = commands.lines("status")
    assert lines[0] == "cluster east (1) is ready"
    report = commands.json("status", "--wait")
    assert report["ready"] and report["healthy"] and report["peers"] == []
    assert int(report["system"]["store"]["revision"]) > 0
    health = f"http://127.0.0.1:{mesh.health_port}"
    bare = Commands(commands.directory, ISTHMUS_HEALTH_ADDRESS=health)
    assert "readyz check passed" in bare.expect(0, "health").stdout
    assert bare.expect(0, "health", "--live", "--wait", "--quiet").stdout == ""
    # Any other HTTP server is not one.
    bare.expect(1, "health", "--health-address", f"http://127.0.0.1:{mesh.admin_port}")


def test_a_server_that_stops_is_not_ready_and_then_gone(make_server):
    server = make_server("stopping").start()
    bare = Commands(server.directory.parent, ISTHMUS_HEALTH_ADDRESS=f"http://127.0.0.1:{server.health_port}")
    bare.expect(0, "health")
    server.stop()
    bare.expect(7, "health")
    bare.expect(7, "status", "--state-dir", server.directory)


# --- TLS and sockets --------------------------------------------------------------------------------------


def test_https_is_verified(make_server, tmp_path):
    port = process.free_port()
    server = make_server(tls=True, options=["--admin-listen", f"https://0.0.0.0:{port}"]).start()
    pki = server.directory / "pki"
    token = server.directory / "token"
    commands = Commands(tmp_path, ISTHMUS_ADDRESS=f"https://127.0.0.1:{port}")
    commands.expect(0, "whoami", "--ca-file", pki / "ca.crt", "--token-file", token)
    commands.expect(0, "whoami", "--state-dir", server.directory)
    Commands(tmp_path).expect(0, "whoami", "--state-dir", server.directory)
    named = commands.with_environment(ISTHMUS_CA_FILE=str(pki / "ca.crt"), ISTHMUS_TOKEN_FILE=str(token))
    named.expect(0, "whoami")
    named.expect(0, "whoami", "--address", f"https://localhost:{port}")

    result = commands.expect(7, "whoami", "--token-file", token)
    assert "no trusted authority has signed" in result.stderr and "--ca-file" in result.stderr
    other = make_server("other", tls=True).start()
    commands.expect(7, "whoami", "--ca-file", other.directory / "pki" / "ca.crt", "--token-file", token)
    assert "another name" in named.expect(7, "whoami", "--address", f"https://127.0.0.2:{port}").stderr
    assert "does not speak TLS" in named.expect(7, "whoami", "--address", f"https://127.0.0.1:{other.admin_port}").stderr
    named.expect(7, "whoami", "--address", f"http://127.0.0.1:{port}")
    named.expect(2, "whoami", "--ca-file", "no-such-file")
    named.expect(2, "whoami", "--ca-file", token)

    admin = ["--client-cert", pki / "admin.crt", "--client-key", pki / "admin.key"]
    caller = commands.json("whoami", "--ca-file", pki / "ca.crt", *admin)
    assert caller["method"] == "certificate"
    remote = ["--client-cert", pki / "remote.crt", "--client-key", pki / "remote.key"]
    commands.expect(5, "whoami", "--ca-file", pki / "ca.crt", *remote)
    commands.expect(2, "whoami", "--client-cert", pki / "admin.crt")


def test_a_unix_socket_needs_no_token(make_server, tmp_path):
    path = tmp_path / "a socket%41.sock"
    server = make_server(options=["--admin-listen", f"unix:{path}"]).start()
    commands = Commands(tmp_path, ISTHMUS_ADDRESS=f"unix:{path}")
    assert commands.json("whoami")["method"] == "socket"
    Commands(tmp_path).expect(0, "status", "--state-dir", server.directory)


# --- Terminals and shells ---------------------------------------------------------------------------------


def on_a_terminal(commands, *arguments):
    """Returns what a command writes to a terminal."""
    master, slave = pty.openpty()
    running = subprocess.Popen(
        commands.arguments(*arguments),
        stdin=subprocess.DEVNULL, stdout=slave, stderr=subprocess.DEVNULL, cwd=commands.directory,
        env=process.clean_environment({"TERM": "xterm", **commands.environment}),
    )  # fmt: skip
    os.close(slave)
    output = b""
    while select.select([master], [], [], 60)[0]:
        try:
            output += os.read(master, 4096)
        except OSError:
            break
    os.close(master)
    running.wait(60)
    return output.decode()


def test_colours_are_for_terminals_that_want_them(commands):
    assert "\x1b[32mready\x1b[0m" in on_a_terminal(commands, "status")
    assert "\x1b" not in on_a_terminal(commands.with_environment(NO_COLOR="1"), "status")
    assert "\x1b" not in on_a_terminal(commands.with_environment(TERM="dumb"), "status")
    assert "\x1b" not in on_a_terminal(commands, "status", "-o", "json")
    assert "\x1b" not in commands.expect(0, "status").stdout


def test_a_reader_that_leaves_is_no_error(clean, tmp_path):
    nodes = [node(f"n{number}", f"10.0.1.{number + 1}") for number in range(200)]
    (tmp_path / "many.yaml").write_text("---\n".join(nodes))
    clean.expect(0, "apply", "-f", "many.yaml")
    running = clean.start("events", "--since", "0", "--follow", "-o", "json")
    running.stdout.readline()
    running.stdout.close()
    clean.expect(0, "delete", "node", "n0")
    assert running.wait(20) == 141
    assert running.stderr.read() == ""


@pytest.mark.parametrize("shell", ["bash"])
def test_completion_works_in_the_shell(shell, tmp_path):
    """Completes a command, a flag and a kind as the shell does for a person who presses Tab."""
    (tmp_path / "isthmus").symlink_to(PRODUCT)
    script = """
        set -euo pipefail
        source <(isthmus --generate-completion-script bash)
        function=$(complete -p isthmus | sed 's/.*-F \\([^ ]*\\).*/\\1/')
        complete_line() {
            COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
            "$function" isthmus "${@: -1}" "${@: -2:1}" || true
            echo "${COMPREPLY[*]}"
        }
        complete_line isthmus app
        complete_line isthmus get --sel
        complete_line isthmus get export
        complete_line isthmus get peers -o y
    """
    result = subprocess.run(
        [shell, "-c", script], capture_output=True, text=True, cwd=tmp_path, timeout=60, check=True,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": str(tmp_path)},
    )  # fmt: skip
    command, flag, kind, form = result.stdout.splitlines()
    assert command.split() == ["apply"]
    assert flag.split() == ["--selector"]
    assert kind.split() == ["export-rules"]
    assert form.split() == ["yaml"]
