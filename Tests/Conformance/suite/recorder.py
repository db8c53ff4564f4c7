"""Performs a script's calls on one server and writes down every answer."""

import contextlib
import threading
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf import message_factory
from support.protocol import Client, services

from .normalize import Normalizer, flatten
from .revisions import resolve
from .subjects import Subject
from .watches import Burst, Stepwise

TIMEOUT = 20
BASE_KEY = b"!base"
MARKER = b"!marker"
# What the sender `stranger` has.
BAD_TOKEN = "abcdefghijklmnop.7"


def short(value: Any) -> str:
    """Returns the text of a request's field, without the middle of a large value."""
    text = repr(value)
    return text if len(text) < 2000 else f"{text[:40]}… {len(text)} characters"


@dataclass
class Entry:
    """One step of a script and what the server answered, as leaves by path."""

    method: str
    request: dict[str, Any]
    label: str
    answer: dict[str, Any] = field(default_factory=dict)


class CommonStart:
    """Where the servers begin a script together, however many revisions each has used before."""

    def __init__(self, count: int) -> None:
        self.revisions: list[int] = []
        self.barrier = threading.Barrier(count, timeout=TIMEOUT)

    def agree(self, revision: int) -> int:
        """Waits for the other servers; returns the newest revision of all."""
        self.revisions.append(revision)
        self.barrier.wait()
        return max(self.revisions)


class Recorder:
    """What a script is given. Its calls return the server's own messages; the transcript is in `entries`."""

    def __init__(self, subject: Subject, compares_hashes: bool, start: "CommonStart") -> None:
        self.subject = subject
        self.start = start
        self.client = Client(subject.server)
        self.entries: list[Entry] = []
        self.streams: list[Stepwise] = []
        self.bursts: list[Burst] = []
        self.head = 0
        self.tokens: dict[str, str] = {}
        header = self.clean()
        self.base = self.head = header.revision
        self.names = Normalizer(self.base, header.cluster_id, header.member_id, compares_hashes)

    # The start of every script: no keys, no leases, and a compacted revision at which nothing was deleted,
    # the same on every server.

    def clean(self) -> Any:
        for lease in self.client.Lease.LeaseLeases().leases:
            self.client.Lease.LeaseRevoke(ID=lease.ID)
        for begin, end in self.subject.own_ranges:
            self.client.KV.DeleteRange(key=begin, range_end=end)
        header = self.client.KV.Put(key=BASE_KEY).header
        common = self.start.agree(header.revision)
        while header.revision < common:
            header = self.client.KV.Put(key=BASE_KEY).header
        # Hashes count the versions of a key, too.
        self.client.KV.DeleteRange(key=BASE_KEY)
        header = self.client.KV.Put(key=BASE_KEY).header
        self.client.KV.Compact(revision=header.revision, physical=True)
        return header

    def close(self) -> None:
        for stream in [*self.streams, *self.bursts]:
            stream.close()
        self.client.close()

    # Calls

    def call(self, method: str, sender: str | None = None, **fields: Any) -> Any:
        """Calls a method such as `KV.Put`; returns the answer, or nothing when it failed."""
        metadata = self.metadata(sender)
        label = f"{method}({', '.join(f'{name}={short(value)}' for name, value in fields.items())})"
        entry = Entry(method, fields, f"{sender}: {label}" if sender else label)
        self.entries.append(entry)
        service, name = method.split(".")
        described = services()[service].methods_by_name[name]
        request = message_factory.GetMessageClass(described.input_type)
        response = message_factory.GetMessageClass(described.output_type)
        invoke = self.client.channel.unary_unary(
            f"/{described.containing_service.full_name}/{name}",
            request_serializer=request.SerializeToString,
            response_deserializer=response.FromString,
        )
        body = request(**resolve(fields, self.base))
        try:
            answer, ended = invoke.with_call(body, timeout=TIMEOUT, metadata=metadata)
        except grpc.RpcError as error:
            entry.answer = {"code": error.code().name, "message": error.details()}
            self.note_trailers(entry, error.trailing_metadata())
            return None
        if method == "Lease.LeaseGrant" and not fields.get("ID"):
            self.names.name_lease(answer.ID)
        self.head = max(self.head, answer.header.revision)
        entry.answer = flatten(self.names.tree(answer))
        self.note_trailers(entry, ended.trailing_metadata())
        return answer

    def note_trailers(self, entry: Entry, trailers: Any) -> None:
        for name, value in trailers or ():
            entry.answer[f"trailer.{name}"] = value

    def note(self, label: str, answer: Any, method: str = "", request: dict[str, Any] | None = None) -> None:
        """Writes down something that the script found out by itself."""
        self.entries.append(Entry(method or label, request or {}, label, flatten(answer)))

    # Users

    def login(self, name: str, password: str) -> None:
        """Logs in; later calls with `sender=name` carry the token, also after it was withdrawn."""
        answer = self.call("Auth.Authenticate", name=name, password=password)
        if answer is not None:
            self.tokens[name] = answer.token

    def count_auth_revisions(self) -> None:
        """Counts revisions of users and roles from here on, where the server tells them."""
        with contextlib.suppress(grpc.RpcError):
            self.names.auth_base = self.client.Auth.AuthStatus().authRevision

    def metadata(self, sender: str | None) -> list[tuple[str, str]] | None:
        """Returns the token of a user; of one who never logged in there is none."""
        token = BAD_TOKEN if sender == "stranger" else self.tokens.get(sender or "")
        return [("token", token)] if token else None

    # Streams

    def watch(self, sender: str | None = None) -> Stepwise:
        """Opens a watch stream whose messages the script takes one by one."""
        self.streams.append(Stepwise(self, len(self.streams), self.metadata(sender)))
        return self.streams[-1]

    def burst(self) -> Burst:
        """Opens a watch stream whose events are compared between barriers."""
        self.bursts.append(Burst(self, len(self.bursts), MARKER))
        return self.bursts[-1]

    def barrier(self) -> None:
        """Waits until every burst stream has delivered whatever was committed before, and writes it down."""
        answer = self.call("KV.Put", key=MARKER)
        for stream in self.bursts:
            stream.collect(answer.header.revision)

    def keep_alive(self, *identifiers: int, sender: str | None = None) -> None:
        """Renews leases on one stream and writes down each answer and how the stream ended."""
        request = message_factory.GetMessageClass(
            services()["Lease"].methods_by_name["LeaseKeepAlive"].input_type
        )
        requests = iter([request(ID=identifier) for identifier in identifiers])
        label = f"Lease.LeaseKeepAlive{identifiers}"
        answers: list[Any] = []
        try:
            call = self.client.Lease.LeaseKeepAlive(requests, timeout=TIMEOUT, metadata=self.metadata(sender))
            for answer in call:
                answers.append(self.names.tree(answer))
            answers.append("the stream ended well")
        except grpc.RpcError as error:
            answers.append({"code": error.code().name, "message": error.details()})
        self.note(label, answers, "Lease.LeaseKeepAlive", {"IDs": list(identifiers)})
