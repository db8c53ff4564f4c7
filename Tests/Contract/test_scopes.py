"""Every operation with every scope: who may call what is as the document says."""

import re

import pytest
from suite import contract
from suite.contract import PROBLEM, operations

SCOPES = ("viewer", "operator", "certificates", "admin")
# What a scope may do beside what needs only itself.
INCLUDES = {
    "viewer": {"viewer"},
    "operator": {"viewer", "operator"},
    "certificates": {"viewer", "certificates"},
    "admin": set(SCOPES),
}
closed_operations = [operation for operation in operations() if operation.scope]
open_operations = [operation for operation in operations() if not operation.scope]


@pytest.fixture(scope="module")
def apis(server):
    """A client for each scope."""
    return {scope: server.api(server.make_token(f"walk-{scope}", scope)) for scope in SCOPES}


def send(api, operation, **options):
    """Sends what changes nothing: to a name that is not there, and without the body that it needs."""
    values = {"name": "not-there", "namespace": "not-there", "id": "0", "file": "not-there", "slug": "not-found"}
    path = re.sub(r"\{(\w+)\}", lambda match: values[match[1]], operation.path)
    query = {"follow": "false"} if operation.parameter("follow") else {}
    return api.send(operation.method, path, params=query, **options)


def problem(operation, answer, slug):
    """Checks that an answer is this problem, as documented."""
    assert answer.headers["Content-Type"] == PROBLEM
    content = operation.response(answer.status)["content"][PROBLEM]
    assert not contract.faults(answer.json, contract.closed(content["schema"]))
    assert answer.json["type"] == f"/problems/{slug}"
    return answer.json


@pytest.mark.parametrize("operation", closed_operations, ids=str)
def test_nothing_is_answered_to_strangers(server, operation):
    answer = send(server.api(""), operation)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="isthmus"'
    problem(operation, answer, "unauthorized")


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("operation", closed_operations, ids=str)
def test_a_scope_opens_what_the_document_says(apis, operation, scope):
    answer = send(apis[scope], operation)
    if operation.scope in INCLUDES[scope]:
        assert answer.status not in (401, 403), answer.text
    else:
        assert answer.status == 403
        assert f"`{operation.scope}`" in problem(operation, answer, "forbidden")["detail"].replace(
            f"scope {operation.scope}", f"scope `{operation.scope}`"
        )


@pytest.mark.parametrize("operation", open_operations, ids=str)
def test_open_operations_ask_for_nothing(server, operation):
    answer = send(server.api(""), operation)
    assert answer.status not in (403, 429)
    assert answer.status != 401 or operation.id == "signIn"


def test_several_scopes_add_up(server):
    api = server.api(server.make_token("both", "operator", "certificates"))
    assert api.delete("/api/v1/peers/not-there").status == 404
    assert api.get("/api/v1/tokens").status == 403


def test_a_token_that_is_not_one_opens_nothing(own_server):
    wrong = own_server.token[:-1] + ("A" if own_server.token[-1] != "A" else "B")
    for text in (wrong, "ist_bootstrap_", "x", "ist__" + "A" * 43, own_server.token.upper()):
        answer = own_server.api(text).get("/api/v1/whoami")
        assert answer.status == 401
        assert "invalid_token" in answer.headers["WWW-Authenticate"]


def test_who_fails_too_often_is_told_to_wait_and_others_are_not(own_server):
    wrong = own_server.api("ist_bootstrap_" + "A" * 43)
    answers = [wrong.get("/api/v1/whoami") for _ in range(30)]
    last = answers[-1]
    assert last.status == 429 and int(last.headers["Retry-After"]) == last.json["retryAfterSeconds"] > 0
    assert own_server.api().get("/api/v1/whoami").status == 200


def test_a_cookie_reads_and_changes_nothing(server):
    anyone = server.api("")
    signed_in = anyone.post("/login", f"token={server.token}", media="application/x-www-form-urlencoded")
    assert signed_in.status == 303
    cookie = {"Cookie": signed_in.headers["Set-Cookie"].partition(";")[0]}
    assert {"HttpOnly", "SameSite=Strict"} <= set(signed_in.headers["Set-Cookie"].split("; "))
    for operation in closed_operations:
        if operation.path == "/api/v1/events":
            continue
        answer = send(server.api(""), operation, headers=cookie)
        assert (answer.status == 401) == (operation.method != "GET"), operation
