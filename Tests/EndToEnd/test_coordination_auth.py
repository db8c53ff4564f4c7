"""Who may use the lock and election services, and what becomes of waiting calls when that changes."""

import pytest

from support.coordination import UNKNOWN, Observer, campaign, contenders, has_joined, lease, lock
from support.process import eventually
from support.protocol import Client, refused
from support.servers import TARGETS


@pytest.fixture(scope="module")
def users(target, module_directory):
    """A server with a user who may use what is below `x/`, and the tokens of root and of that user."""
    running = TARGETS[target](module_directory / "users").start()
    with Client(running) as client:
        auth = client.Auth
        auth.UserAdd(name="root", password="root")
        auth.UserGrantRole(user="root", role="root")
        auth.UserAdd(name="user", password="user")
        auth.RoleAdd(name="role")
        x = {"permType": "READWRITE", "key": b"x/", "range_end": b"x0"}
        auth.RoleGrantPermission(name="role", perm=x)
        auth.UserGrantRole(user="user", role="role")
        auth.AuthEnable()

        def token(name):
            return [("token", auth.Authenticate(name=name, password=name).token)]

        yield client, token("root"), token("user")
    running.stop()


def test_calls_need_a_user(users):
    client, root, _ = users
    empty = UNKNOWN, "etcdserver: user name is empty"
    with refused(*empty):
        client.Lock.Lock(name=b"x/1", lease=lease(client, metadata=root))
    with refused(*empty):
        client.Lock.Unlock(key=b"x/1")
    with refused(*empty):
        client.Election.Leader(name=b"x/1")
    with refused(UNKNOWN, "etcdserver: invalid auth token"):
        client.Lock.Lock(name=b"x/1", lease=5, metadata=[("token", "none.1")])


def test_calls_are_allowed_what_the_caller_is_allowed(users):
    client, root, user = users
    own = lease(client, metadata=root)
    held = client.Lock.Lock(name=b"x/2", lease=own, metadata=user)
    client.Lock.Unlock(key=held.key, metadata=user)
    denied = UNKNOWN, "etcdserver: permission denied"
    with refused(*denied):
        client.Lock.Lock(name=b"y", lease=own, metadata=user)
    with refused(*denied):
        client.Lock.Unlock(key=b"y/1", metadata=user)
    with refused(*denied):
        client.Election.Campaign(name=b"y", lease=own, value=b"v", metadata=user)
    with refused(*denied):
        client.Election.Leader(name=b"y", metadata=user)
    for method in ("Proclaim", "Resign"):
        with refused(*denied):
            leader = {"name": b"y", "key": b"y/1", "rev": 1, "lease": own}
            getattr(client.Election, method)(leader=leader, metadata=user)


@pytest.mark.isthmus_only
def test_an_observer_without_rights_is_told_so(users):
    client, _, user = users
    # etcd ends the stream as if it had succeeded.
    observer = Observer(client, b"y", metadata=user)
    assert observer.next() == (UNKNOWN, "etcdserver: permission denied")


@pytest.mark.isthmus_only
def test_waiting_calls_end_when_their_rights_are_withdrawn(users):
    client, root, user = users
    name = b"x/3"
    holder, waiter, candidate = (lease(client, metadata=root) for _ in range(3))
    client.Lock.Lock(name=name, lease=holder, metadata=root)
    call = lock(client, name, waiter, metadata=user)
    has_joined(client, name, waiter, metadata=root)
    running = campaign(client, name, candidate, b"v", metadata=user)
    has_joined(client, name, candidate, metadata=root)
    observer = Observer(client, name, metadata=user)
    observer.expect(b"")
    client.Auth.UserRevokeRole(name="user", role="role", metadata=root)
    try:
        denied = UNKNOWN, "etcdserver: permission denied"
        assert call.error() == running.error() == observer.next() == denied
        left = [b"%s/%x" % (name, holder)]
        eventually(lambda: contenders(client, name, metadata=root) == left, what="a queue of one")
    finally:
        client.Auth.UserGrantRole(user="user", role="role", metadata=root)
