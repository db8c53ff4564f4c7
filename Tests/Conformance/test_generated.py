"""Random scripts of every call on the key space, leases and watches; a failure prints the smallest script."""

import pytest
from suite.comparison import Comparison
from suite.generator import Generator, Step, perform
from suite.recorder import Recorder
from suite.shrink import listing, shrink


def script(steps: list[Step]):
    def run(recorder: Recorder) -> None:
        perform(steps, recorder)

    return run


def test_a_random_script_is_answered_alike(servers: Comparison, seed: int) -> None:
    steps = Generator(seed).script()
    problems = servers.run(script(steps))
    if not problems:
        return
    smallest = shrink(steps, lambda fewer: bool(servers.run(script(fewer))))
    again = servers.run(script(smallest))
    pytest.fail(
        f"seed {seed}:\n" + "\n".join(problems[:12]) + "\nThe smallest script that still differs:\n"
        f"{listing(smallest)}\n" + "\n".join(again[:12]),
        pytrace=False,
    )
