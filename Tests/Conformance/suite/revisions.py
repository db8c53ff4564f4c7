"""Revisions as scripts write them: counted from the script's start."""

from typing import Any


class At(int):
    """The revision so many after the one at which the script starts, which is the compacted one."""

    def __repr__(self) -> str:
        return f"At({int(self)})"


def resolve(value: Any, base: int) -> Any:
    """Returns the fields of a request with every `At` as the server's own revision."""
    if isinstance(value, At):
        return base + int(value)
    if isinstance(value, dict):
        return {name: resolve(each, base) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [resolve(each, base) for each in value]
    return value
