"""schemathesis, with all its checks, as the administrator and as a viewer."""

import os
import subprocess
import sys

import pytest
from suite.contract import FILE
from support import process

CONFIGURATION = """
request-timeout = 10
workers = 1

[auth.openapi.bearerToken]
bearer = "{token}"

[generation]
database = "none"

[checks.not_a_server_error]
# A condition that was waited for in vain is 504.
expected-statuses = ["2xx", "3xx", "4xx", "504"]

[checks.positive_data_acceptance]
# Beside the usual ones: what the state decides (409, 410, 412, 504), and rules of objects that no schema can
# say (422): addresses that come twice, names in the range of the cluster, and so on.
expected-statuses = ["2xx", "3xx", "401", "403", "404", "409", "410", "412", "422", "429", "504"]

[checks.negative_data_rejection]
expected-statuses = [
    "400", "401", "403", "404", "405", "406", "409", "410", "412", "413", "414", "415", "422", "429", "431", "5xx",
]
"""


@pytest.mark.parametrize("scope", ["admin", "viewer"])
def test_schemathesis_finds_nothing(own_server, scope, tmp_path, request):
    name = f"fuzz-{scope}"
    token = own_server.make_token(name, scope)
    configuration = tmp_path / "schemathesis.toml"
    configuration.write_text(CONFIGURATION.format(token=token))
    here = os.path.dirname(__file__)
    arguments = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", configuration, "run", FILE,
        "--url", f"http://127.0.0.1:{own_server.admin_port}", "--checks", "all", "--no-color", "--suppress-health-check", "all",
        "--seed", str(request.config.getoption("--fuzz-seed")), "--no-shrink", "--warnings", "off",
        "--max-examples", str(request.config.getoption("--fuzz-examples")), "--continue-on-failure",
    ]  # fmt: skip
    run = subprocess.run(
        [str(argument) for argument in arguments],
        cwd=tmp_path,
        env=process.clean_environment(
            {"PYTHONPATH": here, "SCHEMATHESIS_HOOKS": "suite.hooks", "CONTRACT_TOKEN_NAME": name}
        ),
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr[-2_000:]
    # Nothing was found because everything was asked, not because nothing was answered.
    assert own_server.is_alive()
    assert own_server.api(token).get("/api/v1/whoami").json["name"] == name
