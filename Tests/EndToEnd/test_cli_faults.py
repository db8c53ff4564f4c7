"""The commands against servers that are gone, slow, broken, or not what they seem."""

import time

import pytest

from support import process
from support.commands import Commands
from support.odd_servers import OddServer, problem, response

pytestmark = pytest.mark.isthmus_only

CALLER = {"kind": "Caller", "name": "ci", "method": "token", "scopes": ["viewer"]}
TOKEN = "ist_odd_0123456789012345678901234567890123456789012"


@pytest.fixture
def commands(tmp_path):
    return Commands(tmp_path, ISTHMUS_TOKEN=TOKEN)


@pytest.fixture
def odd(commands):
    """Makes a server and the commands that speak to it."""
    servers = []

    def make(*steps, answer=None):
        server = OddServer(answer or (lambda request: steps))
        servers.append(server)
        return server, commands.with_environment(ISTHMUS_ADDRESS=server.url)

    yield make
    for server in servers:
        server.listener.close()


def test_the_answer_is_asked_for_with_the_token(odd):
    server, commands = odd(response(200, CALLER))
    assert commands.json("whoami") == CALLER
    head = server.requests[0]
    assert head.startswith("GET /api/v1/whoami HTTP/1.1\r\n")
    assert f"authorization: Bearer {TOKEN}" in head.replace("Authorization", "authorization")


@pytest.mark.parametrize(
    "status, slug, code",
    [
        (401, "unauthorized", 5), (403, "forbidden", 5), (404, "not-found", 1), (409, "conflict", 4),
        (412, "precondition-failed", 4), (429, "too-many-requests", 1), (500, "internal", 1),
        (503, "not-available", 3), (504, "wait-timeout", 6),
    ],
)  # fmt: skip
def test_every_problem_has_its_exit_code(odd, status, slug, code):
    _, commands = odd(problem(status, slug, hint="look there"))
    result = commands.expect(code, "whoami", "-o", "json")
    assert result.stdout == ""
    assert f"isthmus: {slug}: so it is\n  hint: look there" in result.stderr


def test_what_is_no_problem_document_is_told_by_its_status(odd):
    _, commands = odd(response(502, "<html>Bad Gateway</html>", "text/html"))
    assert "HTTP status 502" in commands.expect(1, "whoami").stderr


def test_a_problem_cannot_steer_the_terminal(odd):
    _, commands = odd(problem(422, "invalid-object", detail="\x1b[2Jgone\r\n\x07"))
    result = commands.expect(1, "whoami")
    assert "\x1b" not in result.stderr and "\x07" not in result.stderr and "?[2Jgone" in result.stderr


def test_nobody_there(commands):
    address = f"http://127.0.0.1:{process.free_port()}"
    result = commands.expect(7, "whoami", "--address", address)
    assert result.stderr == f"isthmus: cannot connect to {address}: connection refused\n"
    assert (
        "there is no such socket" in commands.expect(7, "whoami", "--address", "unix:/no/such/socket").stderr
    )
    assert commands.expect(7, "whoami", "--address", "http://no-such-host.localhost:1").stderr
    assert commands.expect(7, "health", "--health-address", address).stderr


def test_a_write_is_not_repeated(commands):
    begin = time.monotonic()
    address = f"http://127.0.0.1:{process.free_port()}"
    commands.expect(7, "token", "create", "ci", "--scope", "viewer", "--address", address)
    assert time.monotonic() - begin < 10


def test_a_server_that_says_nothing_is_given_up(odd):
    _, commands = odd(60)
    begin = time.monotonic()
    result = commands.expect(6, "whoami", "--timeout", "500ms")
    assert "not done within 500 ms" in result.stderr
    assert time.monotonic() - begin < 10


def test_a_server_that_dribbles_is_given_up(odd):
    whole = response(200, CALLER)
    _, commands = odd(*[step for index in range(len(whole)) for step in (whole[index : index + 1], 0.2)])
    begin = time.monotonic()
    commands.expect(6, "whoami", "--timeout", "1s")
    assert time.monotonic() - begin < 10


@pytest.mark.parametrize("length", [0, 10, 60, 100])
def test_an_answer_that_breaks_off_is_no_answer(odd, length):
    _, commands = odd(response(200, CALLER)[:length])
    result = commands.expect(7, "whoami", "-o", "json")
    assert result.stdout == ""
    assert "closed the connection before its answer was complete" in result.stderr


@pytest.mark.parametrize(
    "answer", [b"SSH-2.0-OpenSSH_9.2\r\n", b"\x00\x01\x02\x03" * 100, b"HTTP/9.9 what\r\n\r\n"]
)
def test_what_is_not_http_is_no_answer(odd, answer):
    _, commands = odd(answer)
    assert commands.expect(7, "whoami").stdout == ""


@pytest.mark.parametrize("body", ["", "nonsense", "[1", '{"a": 1, "a": 2}', "\ufeff{}", '{"a": "\\ud800"}'])
def test_what_is_not_json_is_no_answer(odd, body):
    _, commands = odd(response(200, body))
    assert "the answer is not JSON" in commands.expect(1, "whoami").stderr


def test_an_answer_that_says_it_is_huge_is_not_read(odd):
    _, commands = odd(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n{", 30)
    assert "the answer has more than 268435456 bytes" in commands.expect(1, "whoami").stderr


def test_a_list_without_end_is_noticed(odd):
    page = {"kind": "NodeList", "items": [], "metadata": {"resourceVersion": "1", "continue": "again"}}
    server, commands = odd(response(200, page))
    assert "does not go on from page to page" in commands.expect(1, "get", "nodes").stderr
    assert len(server.requests) == 2


def test_a_list_whose_first_page_is_too_old_is_begun_anew(odd):
    def answer(request):
        if "continue=" in request:
            yield problem(410, "expired")
        else:
            metadata = {"resourceVersion": "1", "continue": "next"}
            yield response(200, {"kind": "NodeList", "items": [], "metadata": metadata})

    server, commands = odd(answer=answer)
    commands.expect(1, "get", "nodes")
    assert len(server.requests) == 8


def test_a_redirection_is_not_followed_with_the_token(odd):
    other, _ = odd(response(200, CALLER))
    _, commands = odd(response(302, "", headers=[f"Location: {other.url}/api/v1/whoami"]))
    assert "HTTP status 302" in commands.expect(1, "whoami").stderr
    assert other.requests == []


def test_no_proxy_stands_between_the_command_and_its_server(odd):
    proxy, _ = odd(response(200, CALLER))
    _, commands = odd(response(200, CALLER))
    names = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
    commands.with_environment(**{name: proxy.url for name in names}).expect(0, "whoami")
    assert proxy.requests == []


def test_waiting_outlives_a_server_that_is_not_there_yet(commands):
    port = process.free_port()
    waiting = commands.start(
        "get", "node", "a", "--wait", "--timeout", "50s", "--address", f"http://127.0.0.1:{port}"
    )
    node = {"kind": "Node", "metadata": {"name": "a"}, "spec": {}, "status": {"conditions": []}}
    assert "waiting: cannot connect" in waiting.stderr.readline()
    with OddServer(lambda request: [response(200, node)], port=port):
        output, errors = waiting.communicate(timeout=50)
    assert waiting.returncode == 0, errors
    assert output.splitlines()[1].startswith("a ")


def test_waiting_has_an_end(commands):
    address = f"http://127.0.0.1:{process.free_port()}"
    commands.expect(6, "status", "--wait", "--timeout", "1s", "--address", address)


def test_events_that_break_off_are_a_loss(odd):
    event = (
        b'{"id": "1", "time": "2026-01-01T00:00:00Z", "type": "node.created", "kind": "Node", "name": "a"}\n'
    )
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"%x\r\n%s\r\n" % (len(event), event)
    _, commands = odd(head, chunk)
    result = commands.expect(7, "events", "--follow", "-o", "json")
    assert result.stdout.count("\n") == 1 and '"id":"1"' in result.stdout
    # The end of a stream without loss is an end all the same, when it was to go on.
    _, commands = odd(head, chunk, b"0\r\n\r\n")
    assert "the server ended the events" in commands.expect(7, "events", "--follow").stderr
    commands.expect(0, "events")


def test_events_are_gone_on_with_after_a_loss(odd):
    def answer(request):
        since = request.split("since=")[1].split("&")[0].split(" ")[0] if "since=" in request else "0"
        if "whoami" in request:
            yield response(200, CALLER)
            return
        event = b'{"id": "%d", "type": "node.created"}\n' % (int(since) + 1)
        yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(event), event)

    _, commands = odd(answer=answer)
    following = commands.start("events", "--follow", "--wait", "--since", "0", "-o", "json")
    lines = [following.stdout.readline() for _ in range(3)]
    following.kill()
    following.wait()
    assert ['"id":"1"' in lines[0], '"id":"2"' in lines[1], '"id":"3"' in lines[2]] == [True] * 3


def test_a_backup_that_breaks_off_leaves_no_file(odd, tmp_path):
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.sqlite3\r\nContent-Length: 1000\r\n\r\n"
    _, commands = odd(head, b"SQLite format 3\0")
    commands.expect(7, "backup", "saved.db")
    assert list(tmp_path.iterdir()) == []


def test_a_secret_does_not_go_to_another_machine_in_clear_text(commands):
    result = commands.expect(2, "whoami", "--address", "http://192.0.2.1:8080")
    assert "has no TLS" in result.stderr


@pytest.mark.parametrize("token", ["two words", "line\nfeed: x", "é", ""])
def test_what_is_no_token_is_refused_and_not_shown(commands, token, tmp_path):
    (tmp_path / "token").write_text(token)
    commands = commands.with_environment(ISTHMUS_TOKEN=None, ISTHMUS_ADDRESS="http://127.0.0.1:1")
    result = commands.expect(2, "whoami", "--token-file", "token")
    assert result.stderr == "isthmus: what is in token is not a token\n"
    result = commands.expect(2, "whoami", "--token-file", "-", input=token)
    assert result.stderr == "isthmus: what is in standard input is not a token\n"
