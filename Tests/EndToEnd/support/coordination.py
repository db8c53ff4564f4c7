"""Calls of the lock and election services, which may wait, and what they leave in the store."""

import queue
import threading

import grpc

from .process import eventually
from .protocol import message

UNKNOWN = grpc.StatusCode.UNKNOWN
PACKAGES = {"Lock": "v3lockpb", "Election": "v3electionpb"}


class Call:
    """A unary call that may wait."""

    def __init__(self, client, service, method, request, metadata=None):
        package = PACKAGES[service]
        name = f"{package}.{method}"
        response = message(name + "Response")
        self.call = client.channel.unary_unary(
            f"/{package}.{service}/{method}",
            request_serializer=lambda body: body.SerializeToString(),
            response_deserializer=response.FromString,
        ).future(message(name + "Request")(**request), timeout=30, metadata=metadata)

    def result(self):
        return self.call.result(timeout=15)

    def error(self):
        try:
            self.call.result(timeout=15)
        except grpc.RpcError as error:
            return error.code(), error.details()
        except grpc.FutureCancelledError:
            return grpc.StatusCode.CANCELLED, ""
        raise AssertionError("the call succeeded")


def lease(client, ttl=60, **options):
    return client.Lease.LeaseGrant(TTL=ttl, **options).ID


def lock(client, name, lease_id, metadata=None):
    return Call(client, "Lock", "Lock", {"name": name, "lease": lease_id}, metadata)


def campaign(client, name, lease_id, value, metadata=None):
    request = {"name": name, "lease": lease_id, "value": value}
    return Call(client, "Election", "Campaign", request, metadata)


def contenders(client, name, **options):
    """Returns the keys of a queue, oldest first."""
    found = client.KV.Range(
        key=name + b"/", range_end=name + b"0", sort_target="CREATE", sort_order="ASCEND", **options
    )
    return [kv.key for kv in found.kvs]


def has_joined(client, name, lease_id, **options):
    key = b"%s/%x" % (name, lease_id)
    eventually(lambda: key in contenders(client, name, **options), what="a place in the queue")


def leadership(answer, **changes):
    leader = answer.leader
    return {"name": leader.name, "key": leader.key, "rev": leader.rev, "lease": leader.lease, **changes}


class Observer:
    """An Observe stream, message by message."""

    def __init__(self, client, name, metadata=None):
        self.call = client.Election.Observe(name=name, timeout=60, metadata=metadata)
        self.messages = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        try:
            for answer in self.call:
                self.messages.put(answer)
            self.messages.put((grpc.StatusCode.OK, ""))
        except grpc.RpcError as error:
            self.messages.put((error.code(), error.details()))

    def next(self):
        return self.messages.get(timeout=15)

    def expect(self, value, revision=None):
        answer = self.next()
        assert answer.kv.value == value and answer.header.cluster_id
        if revision is not None:
            assert answer.header.revision == revision
        return answer
