"""What the tests of the commands share: a server, commands as its administrator, and files of objects."""

import pytest

from .commands import Commands
from .servers import Isthmus


NODE = """\
kind: Node
metadata: {name: %s, labels: {team: %s}}
spec:
  addresses: [{type: InternalIP, ip: %s}]
"""
PEER = """\
kind: Peer
metadata: {name: %s}
spec:
  clusterID: %d
  endpoints: [{url: "https://west.example:2379"}]
"""


def node(name, address="192.168.1.10", team="mesh"):
    return NODE % (name, team, address)


@pytest.fixture(scope="module")
def mesh(target, module_directory):
    if target != "isthmus":
        pytest.skip("only our server has this")
    server = Isthmus(module_directory / "mesh").start()
    yield server
    server.stop()


@pytest.fixture
def commands(mesh, tmp_path):
    """Commands as the administrator."""
    return Commands(
        tmp_path,
        ISTHMUS_ADDRESS=f"http://127.0.0.1:{mesh.admin_port}",
        ISTHMUS_TOKEN=(mesh.directory / "token").read_text().strip(),
    )


@pytest.fixture
def clean(commands):
    """The same, and a server without objects before and after."""

    def wipe():
        commands.expect(0, "apply", "-f", "-", "--prune", input="kind: Settings\nspec: {}\n")

    wipe()
    yield commands
    wipe()
