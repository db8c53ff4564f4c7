"""The contract as the tests read it: `openapi/openapi.yaml` with its references followed."""

import copy
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator, FormatChecker

FILE = Path(__file__).resolve().parents[3] / "openapi" / "openapi.yaml"
METHODS = ("get", "put", "post", "patch", "delete")
JSON = "application/json"
YAML = "application/yaml"
PROBLEM = "application/problem+json"


@cache
def document():
    """Returns the document as it is written."""
    return yaml.safe_load(FILE.read_bytes())


def follow(value, root=None):
    """Returns a copy of a part of the document in which every reference is replaced by what it names.

    What stands beside a reference in a schema is one more demand.
    """
    root = root or document()
    if isinstance(value, list):
        return [follow(each, root) for each in value]
    if not isinstance(value, dict):
        return value
    if "$ref" not in value:
        return {name: follow(each, root) for name, each in value.items()}
    target = root
    for part in value["$ref"].removeprefix("#/").split("/"):
        target = target[part]
    rest = {name: follow(each, root) for name, each in value.items() if name not in ("$ref", "description")}
    found = follow(target, root)
    return {"allOf": [found], **rest} if rest else found


def closed(schema):
    """Returns a copy of a schema that has no room for members which it does not name.

    The document leaves answers open, so that they can grow; the tests do not.
    """
    schema = copy.deepcopy(schema)

    def close(part):
        if isinstance(part, list):
            for each in part:
                close(each)
        elif isinstance(part, dict):
            if isinstance(part.get("properties"), dict) and "allOf" not in part:
                part.setdefault("additionalProperties", False)
            for each in part.values():
                close(each)

    close(schema)
    return schema


def faults(value, schema):
    """Returns what of a value is not as a schema wants it, as text."""
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    return [f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(value)]


@dataclass(frozen=True)
class Operation:
    """One operation, with the parameters of its path and all references followed."""

    id: str
    method: str
    path: str
    body: dict

    def __str__(self):
        return self.id

    @property
    def scope(self):
        """The scope that it needs, or nothing when it is open."""
        tokens = [scheme["bearerToken"] for scheme in self.body["security"] if "bearerToken" in scheme]
        return tokens[0][0] if tokens else None

    @property
    def parameters(self):
        return self.body["parameters"]

    def parameter(self, name):
        return next((each for each in self.parameters if each["name"] == name), None)

    @property
    def request(self):
        """What a body can be, by media type."""
        return self.body.get("requestBody", {}).get("content", {})

    def request_examples(self):
        """Yields the name, the media type and the value of every example of a body."""
        for media, content in self.request.items():
            for name, example in content.get("examples", {}).items():
                yield name, media, example["value"]

    @property
    def responses(self):
        return self.body["responses"]

    def response(self, status):
        """Returns what the document says of a status, or nothing."""
        return self.responses.get(str(status)) or self.responses.get(f"{status // 100}XX")

    def successes(self):
        """Yields the status and the name of every example of an answer that is no problem."""
        for status, response in self.responses.items():
            if status.startswith("2"):
                for content in response.get("content", {}).values():
                    for name in content.get("examples", {}):
                        yield int(status), name


@cache
def operations():
    """Returns all operations, in the order of the document."""
    found = []
    for path, item in document()["paths"].items():
        for method in METHODS:
            if method in item:
                body = follow(item[method])
                body["parameters"] = follow(item.get("parameters", [])) + body.get("parameters", [])
                found.append(Operation(body["operationId"], method.upper(), path, body))
    return found


@cache
def by_id():
    """Returns all operations by their names."""
    return {operation.id: operation for operation in operations()}
