"""Fixtures: which server the tests run against, and the servers of a module or of one test."""

import os

# The classes that etcd3 0.12.0 ships need the implementation in Python, chosen before anything imports it.
os.environ["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] = "python"
# A killed process must not take the interpreter with it through gRPC's fork handlers.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"

import pytest  # noqa: E402

from support.protocol import Client  # noqa: E402
from support.servers import PRODUCT, TARGETS, Etcd, StandIn, etcd_link  # noqa: E402


def pytest_addoption(parser):
    parser.addoption(
        "--target",
        choices=sorted(TARGETS),
        default="isthmus",
        help="the server under test: ours, or real etcd as the oracle",
    )


def pytest_report_header(config):
    return f"target: {config.getoption('--target')} ({TARGETS[config.getoption('--target')].__name__})"


def pytest_configure(config):
    if config.getoption("--target") in ("isthmus", "standin") and not PRODUCT.exists():
        raise pytest.UsageError(f"{PRODUCT} does not exist: build it, or name another by SERVER_BINARY")


def pytest_collection_modifyitems(config, items):
    target = config.getoption("--target")
    for item in items:
        if target != "isthmus" and item.get_closest_marker("isthmus_only"):
            item.add_marker(pytest.mark.skip(reason="only our server has this"))
        since = item.get_closest_marker("since")
        if since and TARGETS[target].level < since.args[0]:
            item.add_marker(pytest.mark.skip(reason=f"{target} differs: {since.args[1]}"))


@pytest.fixture(scope="session")
def target(request):
    return request.config.getoption("--target")


@pytest.fixture(scope="module")
def module_directory(tmp_path_factory, request):
    return tmp_path_factory.mktemp(request.module.__name__)


@pytest.fixture(scope="module")
def server(target, module_directory):
    """A server without TLS that the tests of a module share."""
    running = TARGETS[target](module_directory / "plain").start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def secure_server(target, module_directory):
    """A server with mTLS and the three identities admin, local and remote."""
    running = TARGETS[target](module_directory / "secure", tls=True).start()
    if isinstance(running, Etcd):
        enable_users(running)
    yield running
    running.stop()


@pytest.fixture
def make_server(target, tmp_path):
    """Makes servers of the test's own, which end with it."""
    made = []

    def make(name="own", **options):
        made.append(TARGETS[target](tmp_path / name, **options))
        return made[-1]

    yield make
    for each in made:
        if each.process:
            each.kill()


@pytest.fixture
def etcd(tmp_path):
    """Our binary, called etcd."""
    return etcd_link(tmp_path)


@pytest.fixture
def make_beside(tmp_path):
    """Makes servers by kind: ours in etcd's place, or real etcd."""
    made = []

    def make(kind=StandIn, name=None, **options):
        made.append(kind(tmp_path / (name or f"{kind.target}-{len(made)}"), **options))
        return made[-1]

    yield make
    for each in made:
        if each.process:
            each.kill()


@pytest.fixture
def servers():
    """Takes servers that a test has started, and ends them with it."""
    made = []

    def keep(server):
        made.append(server)
        return server

    yield keep
    for server in made:
        server.kill()


@pytest.fixture
def client(server):
    with Client(server) as connected:
        yield connected


@pytest.fixture
def key(request):
    """A prefix that no other test uses."""
    return f"{request.module.__name__}/{request.node.name}/".encode()


def enable_users(server):
    """Gives real etcd the users that our identities are."""
    with Client(server, "admin") as admin:
        for user, prefix in server.users.items():
            admin.Auth.UserAdd(name=user, options={"no_password": True})
            admin.Auth.RoleAdd(name=user)
            if prefix != "root":
                begin = prefix.encode()
                end = begin[:-1] + bytes([begin[-1] + 1])
                permission = {"permType": "READ", "key": begin, "range_end": end}
                admin.Auth.RoleGrantPermission(name=user, perm=permission)
            admin.Auth.UserGrantRole(user=user, role=user)
        admin.Auth.AuthEnable()
