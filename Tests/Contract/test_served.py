"""The server and the document are of the same opinion about what there is."""

import yaml
from suite.contract import FILE, document, operations
from support import process


def test_the_document_is_served_as_it_is(api):
    answer = api.get("/openapi.yaml")
    assert answer.headers["Content-Type"] == "application/yaml"
    assert answer.content == FILE.read_bytes()


def test_the_document_is_served_as_json_too(api):
    answer = api.get("/openapi.json")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == document()


def test_the_server_has_the_operations_of_the_document_and_no_others(product):
    listed = process.run(product, "routes")
    assert listed.returncode == 0, listed.stderr
    served = {tuple(line.split()) for line in listed.stdout.splitlines()}
    written = {
        (operation.method, operation.path, operation.id, operation.scope or "open") for operation in operations()
    }
    assert served - written == set(), "without an operation in the document"
    assert written - served == set(), "without a route in the server"


def test_the_index_names_what_can_be_read_without_a_name(api):
    index = api.get("/api/v1").json()
    readable = {
        operation.path
        for operation in operations()
        if operation.method == "GET" and operation.path.startswith("/api/") and "{" not in operation.path
    }
    assert set(index["paths"]) == readable
    assert yaml.safe_load(api.get(index["contract"]).content) == document()
