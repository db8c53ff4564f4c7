"""The document itself: valid OpenAPI, complete, and with examples that are what the schemas say."""

import re

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from suite import contract
from suite.contract import JSON, PROBLEM, document, follow, operations

SCOPES = {"viewer", "operator", "certificates", "admin"}
# Statuses whose answers have no content.
EMPTY = {"303", "304"}
# Failures that people see, on the page where they sign in.
PAGES = {("signIn", "401"): ["text/html"], ("signIn", "429"): ["text/html"]}
# Responses that any path may give, and the lines of a stream, which only text can name.
NOT_REFERRED_TO = {"MethodNotAllowed", "RequestTimeout", "Event"}

# Whom a client trusts, and what not to, it has to learn before it has a token.
FOR_EVERYONE = {"getAuthorityBundle", "getAuthorityRevocationList"}
# What changes no object, so that there is nothing to try out.
WITHOUT_DRY_RUN = {"backUp", "exportCertificate", "exportCertificates", "rotateEncryptionKey"}

each_operation = pytest.mark.parametrize("operation", operations(), ids=str)


def walk(value, path=()):
    """Yields every object of a part of the document with where it is."""
    if isinstance(value, dict):
        yield path, value
        for name, each in value.items():
            yield from walk(each, (*path, name))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from walk(each, (*path, index))


def test_the_document_is_valid_openapi():
    errors = [
        f"{list(error.path)}: {error.message}" for error in OpenAPIV31SpecValidator(document()).iter_errors()
    ]
    assert not errors


def test_operations_have_names_of_their_own():
    names = [operation.id for operation in operations()]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z][A-Za-z]+", name) for name in names)


@each_operation
def test_an_operation_is_described(operation):
    known = {tag["name"] for tag in document()["tags"]}
    assert set(operation.body["tags"]) <= known and len(operation.body["tags"]) == 1
    assert re.fullmatch(r"[A-Z`].{5,79}\.", operation.body["summary"])
    assert operation.body.get("description", "X.").strip().endswith(".")


@each_operation
def test_an_operation_says_who_may_call(operation):
    security = operation.body["security"]
    if operation.scope is None:
        assert security == [] and (operation.id in FOR_EVERYONE or not operation.path.startswith("/api/"))
        return
    assert operation.scope in SCOPES
    expected = [{"bearerToken": [operation.scope]}, {"clientCertificate": []}]
    if operation.method == "GET":
        expected.append({"sessionCookie": [operation.scope]})
    assert security == expected
    assert {"401", "403", "429"} <= set(operation.responses)


@each_operation
def test_parameters_are_described(operation):
    names = [(parameter["in"], parameter["name"]) for parameter in operation.parameters]
    assert len(names) == len(set(names))
    in_path = re.findall(r"\{(\w+)\}", operation.path)
    assert [name for where, name in names if where == "path"] == in_path
    for parameter in operation.parameters:
        assert parameter["description"].strip().endswith("."), parameter["name"]
        assert parameter["schema"]
        assert parameter["in"] != "path" or parameter["required"] is True
        for example in parameter.get("examples", {}).values():
            assert not contract.faults(example["value"], parameter["schema"])


@each_operation
def test_a_write_can_be_tried_out_and_can_fail_for_want_of_room(operation):
    if operation.scope and operation.method != "GET" and operation.id not in WITHOUT_DRY_RUN:
        assert operation.parameter("dryRun")
        assert "507" in operation.responses


@each_operation
def test_parameters_have_their_answers(operation):
    """Who takes a header field or a parameter must be able to say that it does not hold."""
    needs = {
        "If-Match": "412", "wait": "504", "continue": "410", "Idempotency-Key": "422", "limit": "400",
        "name": "404",
    }  # fmt: skip
    for name, status in needs.items():
        if operation.parameter(name) and operation.id not in ("replaceSettings", "updateSettings"):
            creates = operation.method in ("PUT", "POST") and name == "name"
            assert status in operation.responses or creates, f"{name} without {status}"
    if operation.method == "GET" and operation.parameter("If-None-Match"):
        assert "304" in operation.responses
    if operation.request:
        assert {"400", "413", "415"} <= set(operation.responses)


@each_operation
def test_every_answer_has_a_schema_and_a_description(operation):
    for status, response in operation.responses.items():
        assert response["description"].endswith(".")
        assert "X-Request-Id" in response["headers"]
        content = response.get("content", {})
        assert bool(content) != (status in EMPTY)
        assert all("schema" in each for each in content.values())


@each_operation
def test_every_failure_is_a_problem_with_an_example(operation):
    for status, response in operation.responses.items():
        if status[0] not in "45" or list(response["content"]) == PAGES.get((operation.id, status)):
            continue
        assert list(response["content"]) == [PROBLEM]
        content = response["content"][PROBLEM]
        assert content["examples"]
        for name, example in content["examples"].items():
            assert not contract.faults(example["value"], contract.closed(content["schema"])), name
            assert example["value"]["type"] == f"/problems/{name}"
            assert str(example["value"]["status"]).startswith(status.rstrip("X"))


@each_operation
def test_objects_can_be_had_and_sent_as_yaml_too(operation):
    contents = [operation.request] + [
        response.get("content", {}) for status, response in operation.responses.items() if status[0] == "2"
    ]
    for content in contents:
        if JSON in content and operation.id != "getContractJSON":
            others = set(content) - {JSON}
            assert others & {"application/yaml", "application/x-ndjson"}


@each_operation
def test_an_operation_has_examples_that_fit(operation):
    for name, media, value in operation.request_examples():
        assert not contract.faults(value, operation.request[media]["schema"]), name
    for status, response in operation.responses.items():
        for media, content in response.get("content", {}).items():
            for name, example in content.get("examples", {}).items():
                assert not contract.faults(example["value"], contract.closed(content["schema"])), (
                    status,
                    name,
                )
    if JSON in operation.request or "application/merge-patch+json" in operation.request:
        assert list(operation.request_examples())
    if operation.path.startswith("/api/") and operation.id != "backUp":
        assert list(operation.successes())


def test_what_is_sent_is_closed_and_what_is_checked_is_bounded():
    """Unknown fields are refused, so the schemas of what is sent say so; texts and arrays have a limit."""
    for operation in operations():
        for content in operation.request.values():
            for path, part in walk(content["schema"]):
                if part.get("type") == "object" and "properties" in part:
                    patch = operation.method == "PATCH"
                    form = operation.id in ("signIn", "signOut")
                    assert part.get("additionalProperties") is False or patch or form, (operation, path)
                if part.get("type") == "array":
                    assert "maxItems" in part, (operation, path)
                if part.get("type") == "string":
                    assert {"maxLength", "pattern", "enum", "const", "format"} & set(part), (operation, path)


def test_nothing_in_the_document_is_unused():
    used = {part["$ref"] for _, part in walk(document()) if isinstance(part.get("$ref"), str)}
    for kind, components in document()["components"].items():
        for name in components:
            if kind != "securitySchemes" and name not in NOT_REFERRED_TO:
                assert f"#/components/{kind}/{name}" in used, name


def test_every_type_of_problem_has_an_example():
    slugs = document()["components"]["schemas"]["ProblemSlug"]["enum"]
    examples = follow(document()["components"]["examples"])
    for slug in slugs:
        assert examples[slug]["value"]["type"] == f"/problems/{slug}"
    named = {name for response in follow(document()["components"]["responses"]).values()
             for content in response.get("content", {}).values()
             for name in content.get("examples", {}) if "-" in name or name in slugs}  # fmt: skip
    assert named == set(slugs)


def test_descriptions_are_sentences():
    for path, part in walk(document()):
        text = part.get("description")
        if isinstance(text, str) and "examples" not in path:
            assert text.strip()[-1] in ".:", path
            assert "  " not in text.strip(), path
            assert not re.search(r"\b(TODO|TBD|FIXME|simply|please)\b", text, re.IGNORECASE), path
