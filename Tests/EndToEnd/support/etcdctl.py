"""The real command line client, in both versions that users have."""

import json
import os
import queue
import subprocess
import threading
from pathlib import Path

from . import process, servers

BINARIES = {"3.4": Path("/usr/bin/etcdctl"), "3.5": servers.ETCD_35.with_name("etcdctl")}


class Etcdctl:
    """Runs etcdctl against a server, as one of its identities."""

    def __init__(self, server, version="3.5", identity="admin"):
        self.server = server
        self.version = version
        self.identity = server.identity(identity) if isinstance(identity, str) else identity

    def arguments(self, *arguments):
        flags = [f"--endpoints={self.server.url}"]
        if self.identity:
            flags += ["--cacert", self.identity.ca, "--cert", self.identity.certificate]
            flags += ["--key", self.identity.key]
        return [str(each) for each in [BINARIES[self.version], *flags, *arguments]]

    def environment(self):
        return dict(os.environ, ETCDCTL_API="3")

    def run(self, *arguments, input=None, timeout=30):
        """Runs a command to its end; returns the finished process with its text."""
        return subprocess.run(
            self.arguments(*arguments),
            input=input,
            stdin=subprocess.DEVNULL if input is None else None,
            capture_output=True,
            text=True,
            timeout=timeout,
            env=self.environment(),
        )

    def __call__(self, *arguments, input=None):
        """Runs a command that must succeed, and returns what it prints."""
        result = self.run(*arguments, input=input)
        assert result.returncode == 0, f"etcdctl {arguments}: {result.stdout}{result.stderr}"
        return result.stdout

    def lines(self, *arguments, input=None):
        return self(*arguments, input=input).splitlines()

    def json(self, *arguments):
        return json.loads(self(*arguments, "-w", "json"))

    def fails(self, *arguments):
        """Runs a command that must fail, and returns all that it prints."""
        result = self.run(*arguments)
        assert result.returncode != 0, f"etcdctl {arguments} succeeded: {result.stdout}"
        return result.stdout + result.stderr

    def start(self, *arguments):
        return Running(self.arguments(*arguments), self.environment())


class Running:
    """An etcdctl that keeps running, such as a watch; its lines are read as they come."""

    def __init__(self, arguments, environment):
        self.output = queue.Queue()
        self.process = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            bufsize=1,
            env=environment,
            preexec_fn=process.end_with_the_parent,
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.output.put(line.rstrip("\n"))
        self.output.put(None)

    def line(self, timeout=15):
        """Returns the next line, or fails when none comes."""
        try:
            line = self.output.get(timeout=timeout)
        except queue.Empty:
            raise AssertionError(f"etcdctl printed nothing for {timeout} s") from None
        assert line is not None, "etcdctl ended"
        return line

    def lines(self, count, timeout=15):
        return [self.line(timeout) for _ in range(count)]

    def end(self, how=2):
        """Interrupts it as a user would, and returns its exit code."""
        return process.end(self.process, how, within=15)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        process.end(self.process, 9)
        self.process.stdin.close()
