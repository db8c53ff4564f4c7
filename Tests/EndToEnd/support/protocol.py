"""The API as gRPC sees it, made at test time from the definitions in `Sources/EtcdAPI/Protos`.

The definitions go into a descriptor pool of their own, since the published etcd3 client registers its own
copy of the same names in the default one. There are no generated files: a call is looked up by service and
method.
"""

import contextlib
import os
import tempfile
from functools import lru_cache
from pathlib import Path

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_tools import protoc

from .servers import REPOSITORY

PROTOS = Path(os.environ.get("API_PROTOS", REPOSITORY / "Sources/EtcdAPI/Protos"))
TIMEOUT = 15


@lru_cache(maxsize=1)
def pool():
    """Compiles the definitions; returns the pool and the names of the files in it."""
    files = sorted(path.name for path in PROTOS.glob("*.proto"))
    with tempfile.NamedTemporaryFile(suffix=".set") as output:
        arguments = ["protoc", f"--proto_path={PROTOS}", f"--descriptor_set_out={output.name}"]
        if protoc.main([*arguments, "--include_imports", *files]) != 0:
            raise AssertionError(f"the definitions in {PROTOS} do not compile")
        descriptors = descriptor_pb2.FileDescriptorSet.FromString(Path(output.name).read_bytes())
    result = descriptor_pool.DescriptorPool()
    for descriptor in descriptors.file:
        result.Add(descriptor)
    return result, files


@lru_cache(maxsize=None)
def message(name):
    """Returns the class of a message, by its name without the package `etcdserverpb`."""
    full_name = name if "." in name else f"etcdserverpb.{name}"
    return message_factory.GetMessageClass(pool()[0].FindMessageTypeByName(full_name))


@lru_cache(maxsize=1)
def services():
    """Returns the services by their short names."""
    definitions, files = pool()
    found = {}
    for file in files:
        found.update(definitions.FindFileByName(file).services_by_name)
    return found


class Service:
    """One service on one channel; its methods are attributes that take the request's fields."""

    def __init__(self, channel, descriptor):
        self.channel = channel
        self.descriptor = descriptor

    def __getattr__(self, name):
        method = self.descriptor.methods_by_name[name]
        request = message_factory.GetMessageClass(method.input_type)
        response = message_factory.GetMessageClass(method.output_type)
        kinds = {
            (False, False): self.channel.unary_unary,
            (False, True): self.channel.unary_stream,
            (True, True): self.channel.stream_stream,
        }
        call = kinds[(method.client_streaming, method.server_streaming)](
            f"/{self.descriptor.full_name}/{name}",
            request_serializer=request.SerializeToString,
            response_deserializer=response.FromString,
        )
        if method.client_streaming:
            return call

        def invoke(message=None, timeout=TIMEOUT, metadata=None, **fields):
            body = message if message is not None else request(**fields)
            return call(body, timeout=timeout, metadata=metadata)

        return invoke


class Client:
    """A connection of its own to a server, as one of its identities."""

    def __init__(self, server, identity="admin", options=()):
        self.server = server
        # Each client is a TCP connection of its own, and may receive as much as the server sends.
        settings = [
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.max_receive_message_length", -1),
            ("grpc.max_send_message_length", -1),
            *options,
        ]
        who = server.identity(identity) if isinstance(identity, str) else identity
        if who:
            credentials = grpc.ssl_channel_credentials(
                who.ca.read_bytes(), who.key.read_bytes(), who.certificate.read_bytes()
            )
            self.channel = grpc.secure_channel(server.address, credentials, options=settings)
        else:
            self.channel = grpc.insecure_channel(server.address, options=settings)

    def __getattr__(self, name):
        if name in services():
            return Service(self.channel, services()[name])
        raise AttributeError(name)

    def close(self):
        self.channel.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def revision(self):
        """Returns the store's current revision."""
        return self.KV.Range(key=b"\0", range_end=b"\0", count_only=True).header.revision

    def get(self, key, **fields):
        """Returns the value of a key, or nothing when there is no such key."""
        found = self.KV.Range(key=key, **fields).kvs
        return found[0].value if found else None


@contextlib.contextmanager
def refused(code, sentence):
    """Expects the body to fail with exactly this gRPC code and sentence."""
    try:
        yield
    except grpc.RpcError as error:
        assert (error.code(), error.details()) == (code, sentence)
    else:
        raise AssertionError(f"nothing was refused; expected {code}: {sentence}")


def prefix_end(prefix):
    """Returns the end of the range of all keys that begin with `prefix`."""
    return prefix[:-1] + bytes([prefix[-1] + 1])
