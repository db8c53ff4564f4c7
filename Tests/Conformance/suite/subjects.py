"""The servers that are compared, each with how it is started."""

import subprocess
import time
from pathlib import Path
from typing import Any

from support.servers import PRODUCT, Etcd34, Etcd35, Isthmus, Server

# A minimum lease of one second, like ours; and passwords that are cheap to check.
FAST = ["--heartbeat-interval", "10", "--election-timeout", "100", "--bcrypt-cost", "4"]
# `serve` has keys of its own below `cilium/`; scripts stay away from them.
WITHOUT_OURS = [(b"\0", b"cilium/"), (b"cilium0", b"\0")]


class StandIn(Etcd35):
    """Our binary as `isthmus etcd`, which takes etcd's own flags."""

    target = "isthmus"
    level = 36

    def arguments(self) -> list[Any]:
        arguments = super().arguments()
        return [PRODUCT, "etcd", *arguments[1:]]


class Subject:
    """One of the servers. It may be replaced by a new one between two scripts, never during one."""

    # A heartbeat is written once a minute; a server is replaced in time.
    lifetime = 35.0
    # Every server deletes the same ranges, so that each uses the same number of revisions.
    own_ranges = WITHOUT_OURS

    def __init__(self, name: str, kind: type[Server], directory: Path, options: list[str]) -> None:
        self.name = name
        self.kind = kind
        self.directory = directory
        self.options = options
        self.count = 0
        self.server: Server = self.begin()

    @property
    def has_no_other_writers(self) -> bool:
        """Whether only the script writes, so that revisions and hashes are the same on all servers."""
        return self.kind is not Isthmus

    def begin(self) -> Server:
        self.count += 1
        self.begun = time.monotonic()
        return self.kind(self.directory / f"{self.name}-{self.count}", options=list(self.options)).start()

    def prepare(self) -> None:
        """Before a script: replaces a server that ended, or whose heartbeat is near."""
        near = self.kind is Isthmus and time.monotonic() - self.begun > self.lifetime
        if near or not self.server.is_alive():
            self.server.kill()
            self.server = self.begin()


def has_stand_in() -> bool:
    """Whether the binary can be called as etcd."""
    said = subprocess.run([PRODUCT, "etcd", "--version"], capture_output=True).stdout
    return said.startswith(b"etcd Version: ")


def ours(directory: Path) -> Subject:
    """Starts our server. This is the only place that knows in which way."""
    if has_stand_in():
        return Subject("isthmus", StandIn, directory, FAST)
    return Subject("isthmus", Isthmus, directory, [])


def theirs(directory: Path) -> list[Subject]:
    """Starts the real ones."""
    return [Subject(kind.target, kind, directory, FAST) for kind in (Etcd34, Etcd35)]
