"""The two servers under test. Both use the certificates that our own server made on its first start."""

from support.certificates import Identity
from support.servers import Etcd35, Isthmus


class Product(Isthmus):
    """Our server as it is deployed, but on the loopback interface."""

    def __init__(self, directory, durability="relaxed"):
        options = ["--store-durability", durability, "--log-level", "warning"]
        super().__init__(directory, tls=True, options=options)

    @property
    def pki(self):
        return self.directory / "pki"


class Oracle(Etcd35):
    """Real etcd, which does not wait for the disk unless it is told to."""

    def __init__(self, directory, pki, fsync=False):
        self.pki = pki
        self.fsync = fsync
        # Its gateway would call etcd with the server's certificate, which is not for clients.
        options = ["--enable-grpc-gateway=false", "--quota-backend-bytes", str(8 << 30)]
        super().__init__(directory, tls=True, options=options)

    def make_certificates(self):
        self.certificate = self.pki / "server.crt"
        self.key = self.pki / "server.key"
        admin = Identity(self.pki / "ca.crt", self.pki / "admin.crt", self.pki / "admin.key")
        self.identities["admin"] = admin

    def arguments(self):
        arguments = super().arguments()
        return [argument for argument in arguments if not (self.fsync and argument == "--unsafe-no-fsync")]
