"""Users, roles and logins of the Auth API, and what refuses them."""

import grpc

DENIED = grpc.StatusCode.PERMISSION_DENIED, "etcdserver: permission denied"
NAMELESS = grpc.StatusCode.INVALID_ARGUMENT, "etcdserver: user name is empty"
BAD_TOKEN = grpc.StatusCode.UNAUTHENTICATED, "etcdserver: invalid auth token"


def permission(kind, key, range_end=b""):
    return {"permType": kind, "key": key, "range_end": range_end}


def login(client, name, password):
    """Logs in and returns the metadata of requests in that name."""
    return [("token", client.Auth.Authenticate(name=name, password=password).token)]


def add_user(client, name, *roles, metadata=None, **fields):
    fields = fields or {"password": name}
    client.Auth.UserAdd(name=name, metadata=metadata, **fields)
    for role in roles:
        client.Auth.UserGrantRole(user=name, role=role, metadata=metadata)


def add_role(client, name, *permissions, metadata=None):
    client.Auth.RoleAdd(name=name, metadata=metadata)
    for each in permissions:
        client.Auth.RoleGrantPermission(name=name, perm=each, metadata=metadata)
