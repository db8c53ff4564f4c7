"""A client of the admin plane: the requests that one would make with curl, with the server's first token."""

import http.client
import json
from pathlib import Path

ACCEPTED = (200, 201)


class Answer:
    """What was answered: the status, the header fields and the bytes."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def tag(self):
        return self.headers["ETag"]

    @property
    def slug(self):
        """The problem's type."""
        return self.json["type"].rpartition("/")[2]

    @property
    def pointers(self):
        """Where the fields are that are wrong."""
        return [error["pointer"] for error in self.json.get("errors", [])]


class Admin:
    """Asks one server. Each request has a connection of its own, so that servers may come and go."""

    def __init__(self, server, token=None, within=60):
        self.server = server
        self.within = within
        self.own_token = token

    @property
    def token(self):
        return self.own_token or (Path(self.server.directory) / "token").read_text().strip()

    def ask(self, method, path, body=None, headers=None, token=None, expect=None):
        """Sends a request and returns the answer, whose status is `expect`, if that is given.

        A body that is text or bytes is sent as it is, any other as JSON; a path that has no root is one of
        the API.
        """
        path = path if path.startswith("/") else f"/api/v1/{path}"
        fields = {"Authorization": f"Bearer {token or self.token}"} if token != "" else {}
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body)
            fields["Content-Type"] = "application/json"
        connection = http.client.HTTPConnection("127.0.0.1", self.server.admin_port, timeout=self.within)
        try:
            try:
                connection.request(method, path, body, fields | (headers or {}))
            except (BrokenPipeError, ConnectionResetError):
                # A body that is not wanted is refused before it has come; the answer is there.
                pass
            answer = Answer(connection.getresponse())
        finally:
            connection.close()
        expected = expect if isinstance(expect, (tuple, list, type(None))) else (expect,)
        assert expected is None or answer.status in expected, (
            f"{method} {path}: {answer.status}\n{answer.body[:2000]}"
        )
        return answer

    def get(self, path, expect=200, **options):
        return self.ask("GET", path, expect=expect, **options)

    def put(self, path, body, expect=ACCEPTED, **options):
        return self.ask("PUT", path, body, expect=expect, **options)

    def post(self, path, body=None, expect=ACCEPTED, **options):
        return self.ask("POST", path, body, expect=expect, **options)

    def patch(self, path, body, expect=200, **options):
        headers = {"Content-Type": "application/merge-patch+json"} | options.pop("headers", {})
        return self.ask("PATCH", path, body, headers, expect=expect, **options)

    def delete(self, path, expect=200, **options):
        return self.ask("DELETE", path, expect=expect, **options)

    def make_token(self, name, *scopes):
        """Makes a token and returns its text."""
        body = {"metadata": {"name": name}, "spec": {"scopes": list(scopes)}}
        return self.post("tokens", body, expect=201).json["token"]

    def audit(self):
        """Returns every line of the audit."""
        lines, since = [], "0"
        while since is not None:
            page = self.get(f"audit?limit=1000&since={since}").json
            lines += page["items"]
            since = page["metadata"].get("continue")
        return lines

    def events(self, since):
        """Returns the events after the row `since`."""
        answer = self.get(f"events?follow=false&since={since}", headers={"Accept": "application/x-ndjson"})
        return [json.loads(line) for line in answer.text.splitlines()]
