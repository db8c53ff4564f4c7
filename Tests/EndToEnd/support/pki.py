"""Certificates from our own REST interface, and what the openssl program says of them."""

import subprocess
from pathlib import Path

from .certificates import Identity, openssl

PEM = "application/x-pem-file"


class Mesh:
    """Asks a server for certificates and keeps them in files, as its users do."""

    def __init__(self, admin, directory):
        self.admin = admin
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.ca = Path(admin.server.directory) / "pki/ca.crt"

    def issue(self, name, profile="remote", **spec):
        """Makes a certificate with its key and returns the identity."""
        body = {"metadata": {"name": name}, "spec": {"profile": profile, **spec}}
        answer = self.admin.post("certificates", body, expect=201).json
        return self.keep(name, answer["status"]["chain"], answer["key"])

    def keep(self, name, chain, key):
        certificate, key_file = self.directory / f"{name}.crt", self.directory / f"{name}.key"
        certificate.write_text(chain)
        key_file.write_text(key)
        return Identity(self.ca, certificate, key_file)

    def request(self, common_name, names="", key="ec", options=("-pkeyopt", "ec_paramgen_curve:prime256v1")):
        """Makes a request with openssl; returns its PEM and the key's file."""
        request, key_file = self.directory / "request.csr", self.directory / f"{common_name}-own.key"
        more = ["-addext", f"subjectAltName={names}"] if names else []
        openssl(
            "req", "-new", "-newkey", key, *options, "-nodes", "-keyout", key_file, "-out", request,
            "-subj", f"/CN={common_name}", *more,
        )  # fmt: skip
        return request.read_bytes(), key_file

    def sign(self, request, query, expect=201, accept=PEM):
        headers = {"Content-Type": "application/pkcs10", "Accept": accept}
        return self.admin.post(f"certificate-requests?{query}", request, headers=headers, expect=expect)


def run(*arguments, input=None):
    """Runs openssl and returns what it prints, whatever comes of it."""
    result = subprocess.run(
        ["openssl", *[str(argument) for argument in arguments]],
        input=input if input is None or isinstance(input, bytes) else input.encode(),
        stdin=subprocess.DEVNULL if input is None else None,
        capture_output=True,
        timeout=30,
    )
    return (result.stdout + result.stderr).decode(errors="replace")


def chain(directory, leaf_name, usage="clientAuth", root=None):
    """Makes root, intermediate and leaf with openssl.

    Returns the files of the root, of the intermediate with its key, and of the leaf with its chain and key.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["root.crt", "root.key", "int.crt", "int.key", "leaf.crt", "leaf.key"]
    files = {name: directory / name for name in names}
    openssl(
        "req", "-x509", *curve, "-keyout", files["root.key"], "-out", files["root.crt"], "-days", "30",
        "-subj", f"/CN=root of {directory.name}", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
    )  # fmt: skip
    authority = directory / "int.ext"
    authority.write_text("basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n")
    leaf = directory / "leaf.ext"
    leaf.write_text(f"extendedKeyUsage={usage}\nkeyUsage=critical,digitalSignature\n")
    for name, issuer, subject, extensions in [
        ("int", "root", f"intermediate of {directory.name}", authority),
        ("leaf", "int", leaf_name, leaf),
    ]:
        request = directory / f"{name}.csr"
        key, certificate = files[f"{name}.key"], files[f"{name}.crt"]
        openssl("req", "-new", *curve, "-keyout", key, "-out", request, "-subj", f"/CN={subject}")
        openssl(
            "x509", "-req", "-in", request, "-CA", files[f"{issuer}.crt"], "-CAkey", files[f"{issuer}.key"],
            "-set_serial", str(len(name) * 7919), "-days", "20", "-extfile", extensions, "-out", certificate,
        )  # fmt: skip
    bundle = directory / "leaf-chain.crt"
    bundle.write_bytes(files["leaf.crt"].read_bytes() + files["int.crt"].read_bytes())
    return files, bundle
