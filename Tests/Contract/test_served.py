"""The server and the document are of the same opinion about what there is."""

from suite.contract import FILE, document, operations


def test_the_document_is_served_as_it_is(api):
    answer = api.get("/openapi.yaml")
    assert answer.headers["Content-Type"] == "application/yaml"
    assert answer.body == FILE.read_bytes()


def test_the_document_is_served_as_json_too(api):
    answer = api.get("/openapi.json")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json == document()


def test_the_server_has_the_operations_of_the_document_and_no_others(api):
    """The server's index is made from its table of routes."""
    served = {
        (each["method"], each["path"], each["operationId"], each.get("scope"))
        for each in api.get("/api/v1").json["operations"]
    }
    written = {(operation.method, operation.path, operation.id, operation.scope) for operation in operations()}
    assert served - written == set(), "without an operation in the document"
    assert written - served == set(), "without a route in the server"
