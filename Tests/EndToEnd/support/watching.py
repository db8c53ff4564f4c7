"""A watch stream, message by message."""

import contextlib
import queue
import threading

import grpc

from .protocol import message


class WatchStream:
    """One Watch call. Every answer passes through `next`, in order, and is checked for what all must have."""

    def __init__(self, client, metadata=None):
        self.requests = queue.Queue()
        self.responses = queue.Queue()
        self.cluster_ids = set()
        self.status = None
        self.call = client.Watch.Watch(iter(self.requests.get, None), metadata=metadata)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        try:
            for response in self.call:
                self.responses.put(response)
        except grpc.RpcError as error:
            self.status = (error.code(), error.details())
        self.responses.put(None)

    def send(self, **fields):
        self.requests.put(message("WatchRequest")(**fields))

    def create(self, key=b"", **fields):
        """Sends a create request and returns the answer to it."""
        self.ask(key, **fields)
        return self.next()

    def ask(self, key=b"", **fields):
        """Sends a create request and does not wait."""
        self.send(create_request=message("WatchCreateRequest")(key=key, **fields))

    def cancel(self, watch_id):
        self.send(cancel_request=message("WatchCancelRequest")(watch_id=watch_id))

    def ask_progress(self):
        self.send(progress_request=message("WatchProgressRequest")())

    def next(self, timeout=10):
        """Returns the next message; fails when none comes or the stream ends."""
        try:
            response = self.responses.get(timeout=timeout)
        except queue.Empty:
            raise AssertionError(f"no message within {timeout} s") from None
        assert response is not None, f"the stream ended: {self.status}"
        assert response.HasField("header"), "a message without a header"
        assert response.header.cluster_id != 0, "a header without a cluster id"
        self.cluster_ids.add(response.header.cluster_id)
        assert len(self.cluster_ids) == 1, "two cluster ids on one stream"
        return response

    def events(self, count, timeout=10):
        """Returns the next `count` events of all watchers, as (type, key, value) in order of arrival."""
        found = []
        while len(found) < count:
            found += [plain(event) for event in self.next(timeout).events]
        assert len(found) == count, f"more events than expected: {found}"
        return found

    def close(self):
        self.requests.put(None)
        self.call.cancel()
        self.reader.join(10)


def plain(event):
    """Returns what an event says, as a tuple."""
    kind = "DELETE" if event.type == 1 else "PUT"
    return kind, event.kv.key, event.kv.value


@contextlib.contextmanager
def watching(client):
    stream = WatchStream(client)
    try:
        yield stream
    finally:
        stream.close()
