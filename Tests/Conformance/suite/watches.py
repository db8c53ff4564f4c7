"""Watch streams in scripts: message by message, or as bursts.

A script that waits for each event compares **messages**: `Stepwise` writes down each one as it came.

A script that writes on without waiting compares **bursts**. A server may put events of several revisions into
one response or send one for each, so `Burst` writes down the events of each watcher in order, and checks what
etcd promises of the responses: revisions never decrease, no revision is split over two responses, and no
header is older than the events below it. It needs no timed wait:

* Every burst stream has one watcher of its own on a marker key. What was committed before the marker was put
  has arrived when the marker's event arrives, because both travel through one queue.
* A watch that begins in the past catches up beside those that are up to date. So it gets a companion on the
  same stream with the same start, created after it, on all keys; both catch up in the same pass, so once the
  companion has read the newest revision, the watch has too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from support.watching import WatchStream

from .revisions import At, resolve

if TYPE_CHECKING:
    from .recorder import Recorder

MARKER_WATCH = 9_001
COMPANION = 9_002
ALL_KEYS = {"key": b"!", "range_end": b"\0"}


class Stepwise:
    """A watch stream whose messages are compared one by one, in order of arrival."""

    def __init__(self, recorder: Recorder, number: int, metadata: Any) -> None:
        self.recorder = recorder
        self.name = f"stream {number}"
        self.stream = WatchStream(recorder.client, metadata=metadata)

    def create(self, **fields: Any) -> Any:
        """Creates a watch and takes the next message."""
        self.stream.ask(**resolve(fields, self.recorder.base))
        return self.take(f"create({', '.join(f'{n}={v!r}' for n, v in fields.items())})", fields)

    def cancel(self, watch_id: int) -> None:
        self.stream.cancel(watch_id)

    def ask_progress(self) -> None:
        self.stream.ask_progress()

    def take(self, label: str = "next message", request: dict[str, Any] | None = None) -> Any:
        """Waits for one message and writes it down."""
        message = self.stream.next()
        tree = self.recorder.names.tree(message)
        self.recorder.note(f"{self.name}: {label}", tree, "Watch.Watch", request)
        return message

    def end_requests(self) -> None:
        """Closes our half of the stream."""
        self.stream.requests.put(None)

    def close(self) -> None:
        self.stream.close()


class Burst:
    """A watch stream whose events are compared for each watcher, from barrier to barrier."""

    def __init__(self, recorder: Recorder, number: int, marker: bytes) -> None:
        self.recorder = recorder
        self.name = f"burst {number}"
        self.marker = marker
        self.stream = WatchStream(recorder.client)
        self.delivered: dict[int, list[Any]] = {}
        self.last: dict[int, int] = {}
        self.running: set[int] = set()
        self.requests: dict[int, dict[str, Any]] = {}
        self.ask(watch_id=MARKER_WATCH, key=marker)

    def create(self, **fields: Any) -> None:
        wanted = {"watch_id": 0, **resolve(fields, self.recorder.base)}
        message = self.ask(**wanted)
        self.requests[message.watch_id] = fields
        label = f"{self.name}: create({', '.join(f'{n}={v!r}' for n, v in fields.items())})"
        tree = self.recorder.names.tree(message)
        self.recorder.note(label, tree, "Watch.Watch", fields)
        start = fields.get("start_revision")
        begins_in_the_past = isinstance(start, At) and self.recorder.base + start <= self.recorder.head
        if begins_in_the_past and not message.canceled:
            self.catch_up(self.recorder.base + start)

    def ask(self, **fields: Any) -> Any:
        self.stream.ask(**fields)
        return self.receive(lambda message: message.created)

    def catch_up(self, start: int) -> None:
        """Waits until a companion with the same start has read everything."""
        head = self.recorder.head
        self.ask(watch_id=COMPANION, start_revision=start, **ALL_KEYS)
        ended = self.receive(
            lambda message: message.watch_id == COMPANION
            and (message.canceled or any(event.kv.mod_revision >= head for event in message.events))
        )
        if not ended.canceled:
            self.stream.cancel(COMPANION)
            self.receive(lambda message: message.watch_id == COMPANION and message.canceled)

    def cancel(self, watch_id: int) -> None:
        """Cancels a watch, if there is one; the cancel of another is not answered."""
        if watch_id in self.running:
            self.stream.cancel(watch_id)
            self.receive(lambda message: message.watch_id == watch_id and message.canceled)

    def receive(self, is_wanted: Any) -> Any:
        """Takes messages until a wanted one, and keeps what they deliver."""
        while True:
            message = self.stream.next()
            if message.canceled:
                self.running.discard(message.watch_id)
            elif message.created:
                self.running.add(message.watch_id)
            if message.watch_id not in (MARKER_WATCH, COMPANION) and not message.created:
                self.keep(message)
            if is_wanted(message):
                return message

    def keep(self, message: Any) -> None:
        found = self.delivered.setdefault(message.watch_id, [])
        events = [event for event in message.events if event.kv.key != self.marker]
        if message.canceled or not message.events:
            found.append(self.recorder.names.tree(message))
            return
        for event in events:
            if event.kv.mod_revision < self.last.get(message.watch_id, 0):
                found.append("PROBLEM: revisions decrease")
            if event.kv.mod_revision > message.header.revision:
                found.append("PROBLEM: the header is older than the event")
            found.append(self.recorder.names.tree(event))
        if events:
            if events[0].kv.mod_revision == self.last.get(message.watch_id):
                found.append("PROBLEM: a revision is split over two responses")
            self.last[message.watch_id] = events[-1].kv.mod_revision

    def collect(self, revision: int) -> None:
        """Waits for the marker at `revision` and writes down what each watcher was delivered until then."""
        self.receive(
            lambda message: message.watch_id == MARKER_WATCH
            and any(event.kv.mod_revision >= revision for event in message.events)
        )
        for watch_id in sorted((self.running | self.delivered.keys()) - {MARKER_WATCH, COMPANION}):
            found = self.delivered.get(watch_id, [])
            request = self.requests.get(watch_id)
            label = f"{self.name}: watch {watch_id} delivered"
            self.recorder.note(label, found, "Watch.events", request)
        self.delivered = {}

    def close(self) -> None:
        self.stream.close()
