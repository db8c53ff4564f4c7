"""The JSON gateway as its users call it: with curl."""

import base64
import json
import subprocess

from .process import end, end_with_the_parent

HTTP1 = ["--http1.1"]
HTTP2_PLAIN = ["--http2-prior-knowledge"]
HTTP2_TLS = ["--http2"]


def text(data):
    """Returns bytes as the gateway writes them."""
    return base64.b64encode(data).decode()


def command(server, path, *flags, identity="admin"):
    arguments = ["curl", "--silent", "--show-error", *flags]
    who = server.identity(identity)
    if who:
        arguments += ["--cacert", who.ca, "--cert", who.certificate, "--key", who.key]
    return [*arguments, server.url + path]


def post(server, path, body="", *flags, version=HTTP1, identity="admin"):
    """Posts a body, JSON or an object to become it, and returns the status and the text of the answer."""
    flags = ["--max-time", "15", "--write-out", "\n%{http_code}", "--data-binary", "@-", *version, *flags]
    result = subprocess.run(
        command(server, path, *flags, identity=identity),
        input=(body if isinstance(body, str) else json.dumps(body)).encode(),
        capture_output=True,
    )
    assert result.returncode == 0, result.stderr
    answer, _, code = result.stdout.decode().rpartition("\n")
    return int(code), answer


def call(server, path, body="", *flags, **options):
    """Posts a body and returns the object of a success."""
    code, answer = post(server, f"/v3/{path}", body, *flags, **options)
    assert code == 200, answer
    return json.loads(answer)


class Stream:
    """A call that answers with a stream of lines; leaving its scope is the client going away."""

    def __init__(self, server, path, *objects, version=HTTP1, identity="admin"):
        flags = ["--no-buffer", "--max-time", "60", "--data-binary", "@-", *version]
        self.process = subprocess.Popen(
            command(server, f"/v3/{path}", *flags, identity=identity),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            preexec_fn=end_with_the_parent,
        )
        self.process.stdin.write(" ".join(map(json.dumps, objects)).encode())
        self.process.stdin.close()

    def line(self):
        """Returns the object of the next line, or nothing at the end."""
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def next(self):
        """Returns the next result."""
        line = self.line()
        assert line and "result" in line, line
        return line["result"]

    def events(self, count):
        """Returns so many events, as they are in JSON."""
        found = []
        while len(found) < count:
            found += self.next().get("events", [])
        return found

    def __enter__(self):
        return self

    def __exit__(self, *_):
        end(self.process)
        self.process.stdout.close()
