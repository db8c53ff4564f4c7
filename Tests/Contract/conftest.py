"""Fixtures: a server with an admin listener, and how much schemathesis tries."""

import os

# A killed process must not take the interpreter with it through gRPC's fork handlers.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"

import pytest  # noqa: E402
from suite.server import AdminServer  # noqa: E402
from support.servers import PRODUCT  # noqa: E402


def pytest_addoption(parser):
    parser.addoption(
        "--fuzz-examples", type=int, default=12, help="requests that are made up for each operation"
    )
    parser.addoption("--fuzz-seed", type=int, default=20261125, help="the seed of what is made up")


def pytest_report_header(config):
    return (
        f"seed: {config.getoption('--fuzz-seed')}, {config.getoption('--fuzz-examples')} for each operation"
    )


@pytest.fixture(scope="session")
def product():
    if not PRODUCT.exists():
        raise pytest.UsageError(f"{PRODUCT} does not exist: build it, or name another by SERVER_BINARY")
    return PRODUCT


@pytest.fixture(scope="module")
def server(product, tmp_path_factory, request):
    """A server that the tests of a module share."""
    running = AdminServer(tmp_path_factory.mktemp(request.module.__name__) / "state").start()
    yield running
    running.stop()


@pytest.fixture
def own_server(product, tmp_path):
    """A server of the test's own."""
    running = AdminServer(tmp_path / "state").start()
    yield running
    running.stop()


@pytest.fixture
def api(server):
    return server.api()
