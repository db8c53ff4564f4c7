"""What schemathesis must know beside the document. It loads this module by its name.

Everything here is a rule that the document says in words and no schema can say, or keeps the run short.
"""

import os
import re

import schemathesis

# The name of the token that the run uses: it must not cut off the branch on which it sits.
OWN_TOKEN = os.environ.get("CONTRACT_TOKEN_NAME", "")
# Long enough for what is true at once.
SHORT = "20ms"
TIME = re.compile(r"([0-9]+)(ms|s|m)")
BARE_TAG = re.compile(r"[0-9A-Za-z.]+")
SELECTORS = ["a=b", "a==b,c!=d", "a in (b, c),!d", "a notin (b),e", "example.org/tier", ""]


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """A member that is `null` counts as left out, in everything that is sent."""
    schemas = raw_schema["components"]["schemas"]
    for name, schema in list(schemas.items()):
        if name.endswith(("Input", "Spec")) or name in NESTED:
            allow_null(schema)


NESTED = {
    "LabelSelector", "PeerEndpoint", "Quota", "RuleDefault", "ServicePort", "ServiceBackend",
    "AuthorityImport", "AuthorityRotation", "CertificateRevocation", "CertificateExport",
    "CertificatesExport", "CertificateSigningRequest",
}  # fmt: skip


def allow_null(schema):
    """Lets every optional member of an object be null."""
    if isinstance(schema, list):
        for each in schema:
            allow_null(each)
    if not isinstance(schema, dict):
        return
    for name, member in schema.get("properties", {}).items():
        if name not in schema.get("required", []):
            schema["properties"][name] = {"anyOf": [{"type": "null"}, member]}
        allow_null(member)
    for key in ("items", "anyOf", "allOf"):
        if key in schema:
            allow_null(schema[key])


@schemathesis.hook
def before_call(context, case, kwargs):
    query = case.query
    if case.operation.path == "/api/v1/events":
        query = {**(query or {})}
        if str(query.get("follow", "true")).lower() == "true":
            query["follow"] = "false"
    if query:
        query = dict(query)
        # A condition that does not come true is waited for.
        if "wait" in query and (
            "timeout" not in query or (isinstance(query["timeout"], str) and TIME.fullmatch(query["timeout"]))
        ):
            query["timeout"] = SHORT
        # What must not come together.
        for name, other in (("timeout", None), ("wait", "dryRun"), ("timeout", "dryRun"), ("tail", "since")):
            if name in query and (other in query if other else "wait" not in query):
                del query[name]
        if case.operation.path == "/api/v1/config" and case.method == "PUT":
            together(query)
        # What cannot be made up.
        query.pop("continue", None)
        if isinstance(query.get("labelSelector"), str):
            query["labelSelector"] = SELECTORS[len(query["labelSelector"]) % len(SELECTORS)]
    if query != case.query:
        case.query = query
    for name in ("If-Match", "If-None-Match"):
        value = (case.headers or {}).get(name)
        # Values for the edges of a pattern lose their quotation marks on the way here.
        if isinstance(value, str) and BARE_TAG.fullmatch(value):
            case.headers = {**case.headers, name: f'"{value}"'}
    if case.operation.path.startswith("/api/v1/tokens/") and case.method != "GET":
        if case.path_parameters.get("name") == OWN_TOKEN:
            case.path_parameters = {**case.path_parameters, "name": "not-there"}


def together(query):
    """`mode=replace` and `prune=true` go together, and only they say what may be deleted."""
    if query.get("mode") != "replace" or str(query.get("prune")).lower() != "true":
        for name in ("kinds", "labelSelector"):
            query.pop(name, None)
        if query.get("mode") == "replace":
            del query["mode"]
        if str(query.get("prune")).lower() == "true":
            del query["prune"]


@schemathesis.serializer("application/vnd.sqlite3")
def database(context, value):
    """A backup that is made up: bytes that are none."""
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Leaves out what is no failure.

    To be told to wait is to be refused, too: who sends wrong tokens all the time is answered 429. And
    the writer of YAML here leaves 089 without quotation marks, which is text in YAML 1.1 and a number in 1.2:
    the server asks which is meant. And what is made up is no database.
    """
    if "got `429" in str(failure):
        return False
    expected = ("or a number without leading zeros", "not a backup that can be", "it must be a backup")
    return not any(text in response.text for text in expected)
