"""Performs the examples of the contract and holds the answers against those that it shows."""

import re
from urllib.parse import quote

import yaml

from . import contract
from .contract import JSON, YAML

# What no example can know: the names of members whose values only the schema says something of.
VOLATILE = {
    "uid", "resourceVersion", "creationTimestamp", "lastTransitionTime", "revision", "compactedRevision",
    "time",
    "startTime", "uptimeSeconds", "newest", "version", "hash", "requestID", "token", "id", "createRevision",
    "modRevision", "message", "since", "notAfter", "certificates", "objects", "progress", "startedAt",
    "finishedAt", "notBefore", "rootNotAfter", "fingerprint", "rootFingerprint", "serialNumber",
    "chain", "key", "revokedAt", "former", "current", "secrets",
}  # fmt: skip
# Kinds of objects that the server names.
NAMED_BY_THE_SERVER = {"Client", "Operation"}
# The same, below one member.
VOLATILE_BELOW = {
    "store": {"keys", "bytes"},
    "dataPlane": {"connections", "watches", "address"},
    "status": {"address", "sentBytes", "receivedBytes", "openStreams", "userAgent"},
}


def differences(example, actual, path="", below=""):
    """Returns where an answer is not as its example: what the example has must be there and be the same.

    The items of a list are looked for among those that are there.
    """
    if isinstance(example, dict) and isinstance(actual, dict):
        found = []
        if example.get("kind") in NAMED_BY_THE_SERVER and "metadata" in actual:
            example = {**example, "metadata": {**example["metadata"], "name": actual["metadata"].get("name")}}
        for name, value in example.items():
            if name not in actual:
                found.append(f"{path}/{name} is missing")
            elif name not in VOLATILE and name not in VOLATILE_BELOW.get(below, ()):
                found += differences(value, actual[name], f"{path}/{name}", name)
        return found
    if isinstance(example, list) and isinstance(actual, list):
        if below in ("items", "operations"):
            missing = [item for item in example if not any(not differences(item, each) for each in actual)]
            if not missing:
                return []
            close = differences(missing[0], actual[0], f"{path}/0") if actual else []
            return [f"{path} has nothing like {missing[0]}; the first differs in {close}"]
        if len(example) == len(actual):
            pairs = enumerate(zip(example, actual))
            return [each for index, pair in pairs for each in differences(*pair, f"{path}/{index}", below)]
    return [] if example == actual else [f"{path} is {actual!r}, and in the example {example!r}"]


class Performer:
    """Performs examples of operations, one after the other."""

    def __init__(self, api, media=JSON, parameters=None):
        self.api = api
        self.media = media
        self.parameters = parameters or {}
        # The operation, the status and the name of every example of an answer that was seen.
        self.seen = set()

    def perform(self, id, expected=None, **query):
        """Performs one operation as its examples say; returns the content of the answer.

        - expected: the status, if the operation has more than one that is no failure.
        - query: parameters that no example has.
        """
        operation = contract.by_id()[id]
        name, media, body = self.request(operation)
        headers = {"Accept": self.accept(operation)}
        query |= {
            parameter["name"]: self.text(parameter["examples"][name]["value"])
            for parameter in operation.parameters
            if parameter["in"] == "query" and name in parameter.get("examples", {})
        }
        answer = self.api.send(
            operation.method, self.path(operation), body, media, params=query, headers=headers
        )
        assert answer.status // 100 == 2, f"{id}: {answer.status} {answer.text}"
        assert expected in (None, answer.status)
        return self.check(operation, answer, name)

    def request(self, operation):
        """Returns the name of the example, the media type and the body."""
        for name, media, value in operation.request_examples():
            if media == JSON and self.media == YAML and YAML in operation.request:
                media = YAML
            return name, media, value
        names = [name for _, name in operation.successes()]
        return names[0] if names else None, None, None

    def accept(self, operation):
        offered = next(response for status, response in operation.responses.items() if status[0] == "2")
        types = list(offered["content"])
        if self.media in types:
            return self.media
        return next((each for each in types if offered["content"][each].get("examples")), types[0])

    def path(self, operation):
        values = {
            parameter["name"]: self.parameters.get(parameter["name"], parameter.get("example"))
            for parameter in operation.parameters
            if parameter["in"] == "path"
        }
        return re.sub(r"\{(\w+)\}", lambda match: quote(str(values[match[1]]), safe=":"), operation.path)

    @staticmethod
    def text(value):
        return {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else value

    def check(self, operation, answer, name):
        """Holds an answer against the schema, the header fields and the example; returns its content."""
        documented = operation.response(answer.status)
        assert documented, f"{operation.id}: {answer.status} is not in the document"
        for field, description in documented["headers"].items():
            value = answer.headers.get(field)
            assert value is not None or not description.get("required"), f"{operation.id} without {field}"
            assert value is None or not contract.faults(value, description["schema"]), f"{field}: {value}"
        media = answer.headers["Content-Type"].partition(";")[0]
        content = documented["content"][media]
        value = self.decoded(answer, media)
        faults = contract.faults(value, contract.closed(content["schema"]))
        assert not faults, f"{operation.id} {answer.status}: {faults}"
        examples = documented["content"].get(JSON, content).get("examples", {})
        if name in examples:
            example = examples[name]["value"]
            wrong = differences(example, value) if isinstance(example, dict) else []
            assert not wrong, f"{operation.id}: {wrong}"
            self.seen.add((operation.id, answer.status, name))
        return value

    @staticmethod
    def decoded(answer, media):
        if media == JSON:
            return answer.json
        # As text, as YAML has dates of its own that JSON does not have.
        return yaml.load(answer.text, Loader=TextLoader) if media == YAML else answer.text


class TextLoader(yaml.SafeLoader):
    """Reads YAML as the JSON that it stands for: what looks like a date is text."""


TextLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
