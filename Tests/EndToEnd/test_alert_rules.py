"""The alerts for Prometheus speak of metrics that there are."""

import re

import pytest
from support.servers import REPOSITORY

pytestmark = pytest.mark.isthmus_only

RULES = REPOSITORY / "docker/prometheus-rules.yaml"


def test_every_metric_of_the_rules_is_exposed(secure_server):
    named = set(re.findall(r"\bisthmus_[a-z_]+", RULES.read_text()))
    exposed = {key.partition("{")[0] for key in secure_server.metrics()}
    assert len(named) >= 8
    assert named - exposed == set()


def test_every_label_value_of_the_rules_occurs(secure_server):
    reasons = re.search(r'reason=~"([^"]+)"', RULES.read_text()).group(1).split("|")
    exposed = " ".join(secure_server.metrics())
    assert all(f'reason="{reason}"' in exposed for reason in reasons)
