"""Certificates made with the openssl program: those that must be refused, and all that real etcd needs."""

import subprocess
from pathlib import Path


class Identity:
    """A client certificate with its key, and the CA that its server is checked against."""

    def __init__(self, ca, certificate, key):
        self.ca = Path(ca)
        self.certificate = Path(certificate)
        self.key = Path(key)


def openssl(*arguments):
    subprocess.run(
        ["openssl", *[str(argument) for argument in arguments]],
        check=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )


class Authority:
    """A CA in a directory of its own."""

    def __init__(self, directory, name="a test CA"):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.certificate = self.directory / "ca.crt"
        self.key = self.directory / "ca.key"
        openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-keyout", self.key, "-out", self.certificate, "-days", "2", "-subj", f"/CN={name}",
        )  # fmt: skip

    def issue(self, file, common_name, usage="clientAuth", names="", expired=False):
        """Issues a certificate and returns its path and its key's."""
        certificate = self.directory / f"{file}.crt"
        key = self.directory / f"{file}.key"
        request = self.directory / f"{file}.csr"
        extensions = self.directory / f"{file}.ext"
        lines = [f"extendedKeyUsage={usage}", "keyUsage=critical,digitalSignature"]
        if names:
            lines.append(f"subjectAltName={names}")
        extensions.write_text("\n".join(lines) + "\n")
        openssl(
            "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-keyout", key, "-out", request, "-subj", f"/CN={common_name}",
        )  # fmt: skip
        self.sign(request, certificate, extensions, days=-1 if expired else 2)
        return certificate, key

    def sign(self, request, certificate, extensions, days):
        sign_request(request, self.certificate, self.key, certificate, extensions, days)


def sign_request(request, ca, ca_key, certificate, extensions, days):
    """Signs a request; with a negative number of days the certificate has expired already."""
    openssl(
        "x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-set_serial", "77",
        "-out", certificate, "-days", str(days), "-extfile", extensions,
    )  # fmt: skip
