"""Random scripts of users at work while users, roles and permissions change."""

import pytest
from suite.auth_generator import AuthGenerator, Step, perform
from suite.comparison import Comparison
from suite.recorder import Recorder
from suite.shrink import listing, shrink

# 3.4 does not tell its state, and ends itself over some of these requests.
WITHOUT = ("etcd34",)


def script(steps: list[Step]):
    def run(recorder: Recorder) -> None:
        perform(steps, recorder)

    return run


def test_a_random_administration_is_answered_alike(servers: Comparison, seed: int) -> None:
    steps = AuthGenerator(seed).script()
    problems = servers.run(script(steps), WITHOUT)
    if not problems:
        return
    smallest = shrink(steps, lambda fewer: bool(servers.run(script(fewer), WITHOUT)))
    pytest.fail(
        f"seed {seed}:\n" + "\n".join(problems[:12]) + "\nThe smallest script that still differs:\n"
        f"{listing(smallest)}\n" + "\n".join(servers.run(script(smallest), WITHOUT)[:12]),
        pytrace=False,
    )
