"""Makes a failing script small: leaves out steps, then fields, as long as it still fails."""

import time
from collections.abc import Callable
from typing import Any

Step = tuple[str, dict[str, Any]]
Fails = Callable[[list[Step]], bool]


def shrink(steps: list[Step], fails: Fails, seconds: float = 20) -> list[Step]:
    """Returns a smaller list that still fails, by delta debugging; stops when the time is up."""
    deadline = time.monotonic() + seconds
    size = max(1, len(steps) // 2)
    while size >= 1 and time.monotonic() < deadline:
        position = 0
        while position < len(steps) and time.monotonic() < deadline:
            fewer = steps[:position] + steps[position + size :]
            if fewer and fails(fewer):
                steps = fewer
            else:
                position += size
        size //= 2
    return without_fields(steps, fails, deadline)


def without_fields(steps: list[Step], fails: Fails, deadline: float) -> list[Step]:
    for position, (name, fields) in enumerate(steps):
        for field in list(fields):
            if time.monotonic() > deadline:
                return steps
            if field in ("stream", "key", "ID", "IDs", "watch_id"):
                continue
            less = {key: value for key, value in steps[position][1].items() if key != field}
            smaller = [*steps[:position], (name, less), *steps[position + 1 :]]
            if fails(smaller):
                steps = smaller
    return steps


def listing(steps: list[Step]) -> str:
    """Returns a script as text that can be pasted into a test."""
    return "[\n" + "".join(f"    {step!r},\n" for step in steps) + "]"
