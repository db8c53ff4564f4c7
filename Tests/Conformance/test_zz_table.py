"""The last test of a full run: every row of the table of differences matched something."""

import pytest
from suite.comparison import Comparison


def test_every_intended_difference_was_seen(servers: Comparison, request: pytest.FixtureRequest) -> None:
    options = request.config.option
    is_whole = request.config.args[0].rstrip("/").endswith("Tests/Conformance")
    if options.keyword or options.seed is not None or not is_whole or request.session.testsfailed:
        pytest.skip("not a full run, or one that failed")
    unseen = [f"{row.method} {row.path}: {row.reason}" for row in servers.unseen()]
    assert not unseen, "remove these rows, which match nothing:\n" + "\n".join(unseen)
