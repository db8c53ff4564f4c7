"""One set of servers for the whole run, and which seeds the generated scripts have."""

import os

os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"

import pytest  # noqa: E402
from suite.comparison import Comparison  # noqa: E402
from suite.subjects import ours, theirs  # noqa: E402
from support.servers import PRODUCT  # noqa: E402


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seeds", type=int, default=40, help="how many generated scripts of each kind")
    parser.addoption("--seed", type=int, help="run only the generated scripts with this seed")


def pytest_report_header(config: pytest.Config) -> str:
    return f"seeds: {list(seeds(config))[0]} to {list(seeds(config))[-1]}"


def pytest_configure(config: pytest.Config) -> None:
    if not PRODUCT.exists():
        raise pytest.UsageError(f"{PRODUCT} does not exist: build it, or name another by SERVER_BINARY")


def seeds(config: pytest.Config) -> range:
    one = config.getoption("--seed")
    return range(one, one + 1) if one is not None else range(1, config.getoption("--seeds") + 1)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", seeds(metafunc.config))


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory):
    directory = tmp_path_factory.mktemp("servers")
    comparison = Comparison(ours(directory), theirs(directory))
    yield comparison
    for subject in [comparison.ours, *comparison.theirs]:
        subject.server.kill()
