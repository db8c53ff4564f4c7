"""The commands against a real server: what happens, TLS and sockets, terminals and shells."""

import json
import os
import pty
import select
import signal
import subprocess

import pytest

from support import process
from support.commands import Commands
from support.mesh import NODE, PEER, clean, commands, mesh, node  # noqa: F401 (fixtures)
from support.servers import PRODUCT

pytestmark = pytest.mark.isthmus_only


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
    assert (
        "does not speak TLS"
        in named.expect(7, "whoami", "--address", f"https://127.0.0.1:{other.admin_port}").stderr
    )
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
