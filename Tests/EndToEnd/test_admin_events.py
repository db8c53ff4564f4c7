"""The stream of events: resumable from any row that is kept, cheap for many listeners."""

import contextlib
import json
import socket
import time

import pytest
from support import process
from support.admin import Admin
from support.process import eventually

pytestmark = pytest.mark.isthmus_only


def rule(priority):
    return {"spec": {"priority": priority, "action": "allow"}}


@pytest.fixture
def admin(server):
    return Admin(server)


class Listener:
    """A connection that streams events, read without a library in between."""

    def __init__(self, admin, query="", accept="application/x-ndjson", *fields):
        self.connection = socket.create_connection(("127.0.0.1", admin.server.admin_port), 60)
        head = [
            f"GET /api/v1/events{query} HTTP/1.1", "Host: x", f"Authorization: Bearer {admin.token}",
            f"Accept: {accept}", *fields,
        ]  # fmt: skip
        self.connection.sendall(("\r\n".join(head) + "\r\n\r\n").encode())
        self.reader = self.connection.makefile("rb")
        self.status = int(self.reader.readline().split()[1])
        while self.reader.readline() != b"\r\n":
            pass
        self.rest = b""

    def lines(self):
        """Yields the lines of the body, whose pieces have their lengths in front (RFC 9112, section 7.1)."""
        while size := int(self.reader.readline(), 16):
            self.rest += self.reader.read(size)
            self.reader.readline()
            *lines, self.rest = self.rest.split(b"\n")
            yield from lines

    def events(self):
        for line in self.lines():
            yield json.loads(line)

    def close(self):
        self.reader.close()
        self.connection.close()


@pytest.fixture
def listen(admin):
    with contextlib.ExitStack() as stack:

        def make(*arguments):
            listener = Listener(admin, *arguments)
            stack.callback(listener.close)
            return listener

        yield make


def test_what_happens_is_heard_in_order(admin, listen):
    events = listen().events()
    for priority in range(5):
        admin.put("export-rules/heard", rule(priority))
    admin.delete("export-rules/heard")
    heard = [next(events) for _ in range(6)]
    assert [event["type"] for event in heard] == ["export-rule.created"] + ["export-rule.updated"] * 4 + [
        "export-rule.deleted"
    ]
    assert {event["name"] for event in heard} == {"heard"}
    identifiers = [int(event["id"]) for event in heard]
    assert identifiers == sorted(set(identifiers))


def test_a_listener_goes_on_where_it_was(admin, listen):
    first = listen()
    admin.put("export-rules/resumed", rule(1))
    seen = next(first.events())["id"]
    first.close()
    for priority in range(2, 5):
        admin.put("export-rules/resumed", rule(priority))
    for query, fields in [(f"?since={seen}&follow=false", []), ("?follow=false", [f"Last-Event-ID: {seen}"])]:
        heard = list(listen(query, "application/x-ndjson", *fields).events())
        assert [event["type"] for event in heard] == ["export-rule.updated"] * 3
    assert len(list(listen("?tail=2&follow=false").events())) == 2


def test_a_browser_understands_it(admin, listen):
    lines = listen("?tail=0", "text/event-stream").lines()
    version = admin.put("export-rules/browser", rule(1)).json["metadata"]["resourceVersion"]
    assert next(lines) == f"id: {version}".encode()
    assert next(lines) == b"event: export-rule.created"
    assert json.loads(next(lines).removeprefix(b"data: "))["name"] == "browser"
    assert next(lines) == b""


def test_kinds_and_types_can_be_chosen(admin, listen):
    rules = listen("?kind=ExportRule").events()
    deletions = listen("?types=export-rule.deleted,import-rule.deleted").events()
    admin.put("import-rules/chosen", rule(1))
    admin.put("export-rules/chosen", rule(1))
    admin.delete("import-rules/chosen")
    admin.delete("export-rules/chosen")
    assert [next(rules)["type"] for _ in range(2)] == ["export-rule.created", "export-rule.deleted"]
    assert [next(deletions)["type"] for _ in range(2)] == ["import-rule.deleted", "export-rule.deleted"]


def test_who_hears_nothing_is_told_where_it_is(admin, listen):
    newest = admin.get("system/info").json["events"]["newest"]
    started = time.monotonic()
    assert next(listen("?types=none").events()) == {"id": newest, "type": "bookmark"}
    assert time.monotonic() - started > 10


def test_rows_that_are_not_kept_are_said_to_be_gone(admin):
    newest = int(admin.get("system/info").json["events"]["newest"])
    answer = admin.get(f"events?since={newest + 1000}", expect=410)
    assert answer.slug == "expired"


def test_a_listener_that_reads_from_the_beginning_gets_every_row(admin, listen):
    """More rows than are in memory: the first come from the file."""
    for priority in range(6):
        items = [
            {"kind": "ExportRule", "metadata": {"name": f"row-{n}"}, **rule(priority)} for n in range(900)
        ]
        admin.put("config", {"kind": "Config", "items": items}, expect=200)
    identifiers = [int(event["id"]) for event in listen("?since=0&follow=false").events()]
    assert identifiers[0] == 1
    assert len(identifiers) > 5_000
    assert identifiers == sorted(set(identifiers))


def test_a_thousand_listeners_hear_everything(admin, server):
    assert process.allow_open_files(4_096)
    listeners = [Listener(admin) for _ in range(1_000)]
    try:
        assert {listener.status for listener in listeners} == {200}
        for priority in range(10):
            admin.put("export-rules/crowd", rule(priority))
        for listener in listeners:
            events = listener.events()
            assert [next(events)["name"] for _ in range(10)] == ["crowd"] * 10
    finally:
        for listener in listeners:
            listener.close()
    eventually(lambda: server.metrics()["isthmus_admin_http_streams"] == 0, what="the end of all streams")
