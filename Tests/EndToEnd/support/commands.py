"""Our own commands as the client of a server, run as people and scripts run them."""

import json
import subprocess

from . import process
from .servers import PRODUCT


class Commands:
    """Runs the program with settings of the environment, in a directory without a server's state."""

    def __init__(self, directory, **environment):
        self.directory = directory
        self.environment = environment

    def with_environment(self, **changes):
        merged = {**self.environment, **changes}
        return Commands(
            self.directory, **{name: value for name, value in merged.items() if value is not None}
        )

    def run(self, *arguments, input="", within=60):
        """Runs a command to its end; no output of any command may contain the token."""
        result = subprocess.run(
            self.arguments(*arguments),
            capture_output=True,
            text=True,
            input=input,
            timeout=within,
            cwd=self.directory,
            env=process.clean_environment(self.environment),
        )
        token = self.environment.get("ISTHMUS_TOKEN")
        assert not token or token not in result.stdout + result.stderr
        return result

    def expect(self, code, *arguments, **options):
        """Runs a command that must exit with `code`; returns it."""
        result = self.run(*arguments, **options)
        assert result.returncode == code, (
            f"{arguments} gave {result.returncode}\n{result.stdout}{result.stderr}"
        )
        return result

    def json(self, *arguments, code=0, **options):
        """Returns what a command prints with `-o json`: all of standard output is one document."""
        return json.loads(self.expect(code, *arguments, "-o", "json", **options).stdout)

    def lines(self, *arguments, **options):
        return self.expect(0, *arguments, **options).stdout.splitlines()

    def start(self, *arguments):
        """Starts a command that goes on; its standard output is read line by line."""
        return subprocess.Popen(
            self.arguments(*arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.directory,
            env=process.clean_environment(self.environment),
            preexec_fn=process.end_with_the_parent,
        )

    @staticmethod
    def arguments(*arguments):
        return [str(PRODUCT), *[str(argument) for argument in arguments]]
