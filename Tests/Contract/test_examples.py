"""The examples of the document, performed as they are written."""

import json

import pytest
from suite import contract
from suite.contract import JSON, YAML
from suite.examples import Performer
from support import process
from support.protocol import Client

# The objects that have the usual operations: the kind, the name of the list, and where they are.
OBJECTS = {
    "Peer": ("Peers", "/api/v1/peers"),
    "ExportRule": ("ExportRules", "/api/v1/export-rules"),
    "ImportRule": ("ImportRules", "/api/v1/import-rules"),
    "Service": ("Services", "/api/v1/services"),
    "Node": ("Nodes", "/api/v1/nodes"),
    "Identity": ("Identities", "/api/v1/identities"),
    "Endpoint": ("Endpoints", "/api/v1/endpoints"),
    "Token": ("Tokens", "/api/v1/tokens"),
}
PUBLISHED = {"Service", "Node", "Identity", "Endpoint"}

each_format = pytest.mark.parametrize("media", [JSON, YAML], ids=["json", "yaml"])


@each_format
@pytest.mark.parametrize("kind", OBJECTS)
def test_the_life_of_an_object(server, kind, media):
    many, collection = OBJECTS[kind]
    performer = Performer(server.api(), media)
    wait = {"wait": "applied", "timeout": "10s"} if kind in PUBLISHED else {}
    name = performer.path(contract.by_id()[f"get{kind}"])
    if kind == "Endpoint":
        performer.perform("createIdentity", **wait)
    try:
        performer.perform(f"create{kind}", 201, **wait)
        performer.perform(f"get{kind}")
        performer.perform(f"list{many}")
        if kind == "Service":
            performer.perform("listNamespacedServices")
            performer.perform("getGlobalService")
            performer.perform("listGlobalServices")
            performer.perform("listKeys")
        if kind == "Peer":
            performer.perform("getPeerStatus")
        if kind == "Token":
            performer.perform("rotateToken")
        performer.perform(f"replace{kind}", 200, **wait)
        performer.perform(f"delete{kind}", **wait)
        if kind == "Token":
            performer.perform("createToken", 201)
        else:
            performer.perform(f"replace{kind}", 201, **wait)
        performer.perform(f"update{kind}", **wait)
    finally:
        server.api().delete(name)
        server.api().delete("/api/v1/identities/75537")
    assert server.api().get(name).status == 404
    SEEN[media] |= performer.seen


@each_format
def test_the_settings(own_server, media):
    performer = Performer(own_server.api(), media)
    performer.perform("replaceSettings")
    performer.perform("getSettings")
    performer.perform("updateSettings")
    SEEN[media] |= performer.seen


@each_format
def test_what_is_only_read(server, media):
    performer = Performer(server.api(), media)
    for operation in ("getIndex", "whoAmI", "getSystemInfo", "getProblemType"):
        performer.perform(operation)
    SEEN[media] |= performer.seen


@each_format
def test_the_configuration(own_server, media):
    performer = Performer(own_server.api(), media)
    plan = performer.perform("applyConfig", dryRun="All")
    assert plan["summary"]["create"] == 2
    assert performer.perform("applyConfig")["summary"] == plan["summary"]
    assert len(performer.perform("getConfig")["items"]) >= 2
    SEEN[media] |= performer.seen


@each_format
def test_a_connection(own_server, media):
    performer = Performer(own_server.api(), media)
    with Client(own_server) as client:
        client.KV.Range(key=b"a")
        found = process.eventually(lambda: performer.perform("listClients")["items"])
        performer.parameters["id"] = found[0]["metadata"]["name"]
        performer.perform("getClient")
        performer.perform("disconnectClient")
    SEEN[media] |= performer.seen


def test_the_events_and_the_audit(own_server):
    performer = Performer(own_server.api())
    lines = performer.perform("streamEvents").splitlines()
    schema = contract.closed(contract.follow(contract.document()["components"]["schemas"]["Event"]))
    example = contract.document()["components"]["examples"]["EventsAll"]["value"]
    assert lines
    for line in lines:
        assert not contract.faults(json.loads(line), {**schema, "additionalProperties": True})
    assert json.loads(example)["type"] in [json.loads(line)["type"] for line in lines]
    performer.perform("createPeer")
    performer.perform("listAudit")
    SEEN[JSON] |= performer.seen


def test_a_backup_can_be_restored(own_server):
    api = own_server.api()
    performer = Performer(api)
    performer.perform("createPeer")
    backup = api.post("/api/v1/system/backup")
    assert backup.status == 200 and backup.body.startswith(b"SQLite format 3\0")
    api.delete("/api/v1/peers/west")
    plan = api.post("/api/v1/system/restore?dryRun=All", backup.body, media="application/vnd.sqlite3")
    assert (plan.status, plan.json["summary"]["create"]) == (200, 1)
    answer = api.post("/api/v1/system/restore", backup.body, media="application/vnd.sqlite3")
    assert answer.status == 202
    performer.check(contract.by_id()["restore"], answer, "restore")
    performer.parameters["id"] = answer.headers["Location"].rpartition("/")[2]
    performer.perform("getOperation", wait="done", timeout="20s")
    performer.perform("listOperations")
    assert api.get("/api/v1/peers/west").status == 200
    SEEN[JSON] |= performer.seen


# Who made the revocation list of the example.
HILLS = """\
-----BEGIN CERTIFICATE-----
MIIBlDCCATmgAwIBAgIUeYYiMcx4Qdfa8NZssFFLqWHFcCYwCgYIKoZIzj0EAwIw
FjEUMBIGA1UEAwwLQ0Egb2YgaGlsbHMwIBcNMjYxMTI1MDcxMzE2WhgPMjEyNjEx
MDEwNzEzMTZaMBYxFDASBgNVBAMMC0NBIG9mIGhpbGxzMFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAE86+R9DgxU8lDd5dSnnouvu7OLVz4uAJS2DAfewoYgqTgYlwx
eGP//m//+N6TTc0gtlflYzeck3EuxZuS1SGLHqNjMGEwHQYDVR0OBBYEFOYGrCK8
BndAvI/Ja4rpTBd5yt3mMB8GA1UdIwQYMBaAFOYGrCK8BndAvI/Ja4rpTBd5yt3m
MA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0PAQH/BAQDAgEGMAoGCCqGSM49BAMCA0kA
MEYCIQDdLuj9lmmOnWc5N2aDy1GetP1CS2pHllpqYnGZ05G3+gIhAKVoHlF4z85Y
fh1n8+Dng2UCDolllTABZcwh4xMTDsJ9
-----END CERTIFICATE-----
"""


@each_format
def test_an_authority_and_its_generations(own_server, media):
    performer = Performer(own_server.api(), media)
    performer.perform("createAuthority", 201)
    for operation in ("getAuthority", "listAuthorities", "getAuthorityBundle", "getAuthorityRevocationList"):
        performer.perform(operation)
    for operation in ("rotateAuthority", "cancelAuthorityRotation", "rotateAuthority"):
        performer.perform(operation)
    performer.perform("activateAuthority")
    performer.perform("retireAuthority")
    # As it was when it was made, so that the example of the answer holds.
    own_server.api().delete("/api/v1/authorities/partners")
    performer.perform("createAuthority", 201)
    performer.perform("deleteAuthority")
    SEEN[media] |= performer.seen


@each_format
def test_a_certificate(own_server, media):
    performer = Performer(own_server.api(), media)
    performer.perform("createCertificate", 201)
    performer.perform("getCertificate")
    performer.perform("listCertificates")
    performer.perform("renewCertificate")
    performer.perform("exportCertificate")
    performer.perform("revokeCertificate")
    own_server.api().delete("/api/v1/certificates/west-agents")
    performer.perform("createCertificate", 201)
    performer.perform("deleteCertificate")
    performer.perform("createCertificateRequest", 201)
    own_server.api().delete("/api/v1/certificates/west-request")
    performer.perform("rotateEncryptionKey")
    performer.perform("exportCertificates")
    SEEN[media] |= performer.seen


@each_format
def test_revocations(own_server, media):
    performer = Performer(own_server.api(), media)
    for operation in ("createRevocation", "getRevocation", "listRevocations", "deleteRevocation"):
        performer.perform(operation)
    spec = {"clusterID": 77, "endpoints": [{"url": "https://hills.example:2379"}], "trust": {"pem": HILLS}}
    assert own_server.api().put("/api/v1/peers/hills", {"spec": spec}).status == 201
    performer.parameters["name"] = performer.perform("importRevocationList", 201)["metadata"]["name"]
    performer.perform("importRevocationList", 200)
    for operation in ("getRevocationList", "listRevocationLists", "deleteRevocationList"):
        performer.perform(operation)
    own_server.api().delete("/api/v1/peers/hills")
    SEEN[media] |= performer.seen


SEEN = {JSON: set(), YAML: set()}


def test_every_example_was_performed(request):
    """Runs last in this file; without the others it has nothing to say."""
    others = {name for name, value in globals().items() if name.startswith("test_") and callable(value)}
    ran = {item.originalname for item in request.session.items if item.module.__name__ == __name__}
    if others - ran or request.session.testsfailed:
        pytest.skip("not all examples were performed")
    wanted = {
        (operation.id, status, name)
        for operation in contract.operations()
        for status, name in operation.successes()
    }
    # A plan has one example, which is that of a configuration.
    wanted.discard(("restore", 200, "two"))
    assert wanted - SEEN[JSON] == set()
