"""Our server in etcd's place: tokens that are signed (JWT). Real etcd says what is right."""

import pytest
from grpc import StatusCode as Code

from support import process, servers
from support.certificates import openssl
from support.protocol import Client, refused
from support.users import add_user

pytestmark = pytest.mark.isthmus_only


def make_keys(directory, method):
    private, public = directory / f"{method}.key", directory / f"{method}.pub"
    if method.startswith("HS"):
        private.write_text("a secret that both know")
        return f"jwt,sign-method={method},priv-key={private},ttl=10m", None
    kind = {
        "RS": ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"], "PS": ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
        "ES256": ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
        "ES384": ["EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
        "ES512": ["EC", "-pkeyopt", "ec_paramgen_curve:P-521"], "Ed": ["ED25519"],
    }  # fmt: skip
    openssl("genpkey", "-algorithm", *kind.get(method, kind.get(method[:2])), "-out", private)
    if method.startswith("ES"):
        # Go's parser of real etcd 3.5 takes only the older form.
        openssl("ec", "-in", private, "-out", private)
    openssl("pkey", "-in", private, "-pubout", "-out", public)
    both = f"jwt,sign-method={method},pub-key={public},priv-key={private},ttl=10m"
    return both, f"jwt,sign-method={method},pub-key={public}"


def with_users(server):
    with Client(server) as client:
        add_user(client, "root", "root")
        client.Auth.AuthEnable()
        return client.Auth.Authenticate(name="root", password="root").token


METHODS = ["RS256", "RS512", "PS256", "PS384", "ES256", "ES384", "ES512", "HS256"]


@pytest.mark.parametrize("method", METHODS)
def test_a_signed_token_is_good_for_real_etcd_and_the_reverse(make_beside, tmp_path, method):
    options = ["--auth-token", make_keys(tmp_path, method)[0]]
    ours, real = make_beside(options=options).start(), make_beside(servers.Etcd35, options=options).start()
    tokens = {server: with_users(server) for server in (ours, real)}
    for server, token in [(ours, tokens[real]), (real, tokens[ours]), (ours, tokens[ours])]:
        with Client(server) as client:
            client.KV.Put(key=b"k", metadata=[("token", token)])
            unsigned = token.rpartition(".")[0] + "."
            for wrong in (token[:-6] + "AAAAAA", unsigned, "a.b.c", "ABCDEFGHIJKLMNOP.7"):
                with refused(Code.UNAUTHENTICATED, "etcdserver: invalid auth token"):
                    client.KV.Put(key=b"k", metadata=[("token", wrong)])
    # Nothing is kept: it is good after a restart too.
    ours.restart()
    with Client(ours) as client:
        client.KV.Put(key=b"k", metadata=[("token", tokens[ours])])


def test_a_public_key_alone_verifies_and_signs_nothing(make_beside, tmp_path):
    both, public = make_keys(tmp_path, "EdDSA")
    server = make_beside(options=["--auth-token", both]).start()
    token = with_users(server)
    server.stop()
    server.options = ["--auth-token", public]
    server.start()
    with Client(server) as client:
        client.KV.Put(key=b"k", metadata=[("token", token)])
        with refused(Code.UNKNOWN, "auth: token signing attempted with verify-only key"):
            client.Auth.Authenticate(name="root", password="root")


def test_keys_that_are_not_a_pair_are_refused(etcd, tmp_path):
    make_keys(tmp_path, "RS256")
    make_keys(tmp_path, "PS256")
    option = f"jwt,sign-method=RS256,priv-key={tmp_path / 'RS256.key'},pub-key={tmp_path / 'PS256.pub'}"
    answer = process.run(etcd, "--data-dir", tmp_path / "data", "--auth-token", option)
    assert answer.returncode == 1 and "don't match" in answer.stderr
