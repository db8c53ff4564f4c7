"""One run of the benchmarks: its directory, its servers, and the rows of its table."""

import json
import os
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path

from support import process

from .servers import Oracle, Product


class Bench:
    """Owns everything that a run leaves behind; all of it is gone when the `with` block ends."""

    def __init__(self, options):
        self.options = options
        self.quick = options.quick
        self.rounds = options.rounds or (1 if options.quick else 3)
        self.rows = []
        self.reports = []
        self.servers = []
        self.large = None

    def __enter__(self):
        if not process.allow_open_files(8192):
            raise SystemExit("the limit of open files is too low: 8192 are needed")
        # Not in memory: the durability of both servers is part of what is measured.
        parent = os.environ.get("TMPDIR", "/var/tmp")
        self.directory = Path(tempfile.mkdtemp(prefix="isthmus-bench-", dir=parent))
        return self

    def __exit__(self, *_):
        for server in list(self.servers):
            self.stop(server)
        shutil.rmtree(self.directory, ignore_errors=True)

    # Servers

    def product(self, **options):
        return self.started(Product(self.fresh("isthmus"), **options))

    def pair(self, strict=False):
        """Starts both servers, empty."""
        product = self.product(durability="strict" if strict else "relaxed")
        return [product, self.started(Oracle(self.fresh("etcd"), product.pki, fsync=strict))]

    def started(self, server):
        self.servers.append(server)
        return server.start()

    def stop(self, server):
        """Ends a server and frees its disk space."""
        self.servers.remove(server)
        server.kill()
        shutil.rmtree(server.directory, ignore_errors=True)

    def fresh(self, name):
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.directory))

    # Load

    def load(self, server, work, **options):
        """Runs one work of the load generator against a server and returns its report."""
        admin = server.identity("admin")
        arguments = [
            self.options.loadgen, work, "--endpoint", server.address, "--pid", server.process.pid,
            "--ca", admin.ca, "--cert", admin.certificate, "--key", admin.key,
        ]  # fmt: skip
        options.setdefault("threads", self.options.threads)
        options.setdefault("timeout", 600)
        for name, value in options.items():
            arguments.append(f"--{name.replace('_', '-')}")
            if value is not True:
                arguments.append(value)
        run = subprocess.run([str(argument) for argument in arguments], capture_output=True, text=True)
        if run.returncode != 0:
            reason = run.stderr.strip()
            raise SystemExit(f"{work} against {server.target} failed: {reason}\n{server.tail()}")
        report = json.loads(run.stdout)
        report["server"] = server.target
        report["options"] = {name: str(value) for name, value in options.items()}
        self.reports.append(report)
        print(f"   {server.target:7} {self.summary(report)}", flush=True)
        return report

    @staticmethod
    def summary(report):
        return (
            f"{report['work']}: {report['operations']} operations, "
            f"{report['serverCPUMicrosecondsPerOperation']:.2f} us CPU each, "
            f"{report['operationsPerSecond']:.0f}/s, "
            f"p50 {report['latencyMicroseconds']['p50'] / 1000:.2f} ms, "
            f"p99 {report['latencyMicroseconds']['p99'] / 1000:.2f} ms, "
            f"{report['residentKiB'] / 1024:.0f} MiB, client {report['clientCPUSeconds']:.1f} s CPU"
        )

    def fill(self, server, keys, connections=16, callers=256):
        """Writes all keys once."""
        return self.load(
            server, "put", keys=keys, operations=keys, warm_up=0, sequential=True,
            connections=connections, callers=callers,
        )  # fmt: skip

    def alternate(self, servers, measure):
        """Lets the servers take turns; returns the reports of each."""
        reports = {server.target: [] for server in servers}
        for _ in range(self.rounds):
            for server in servers:
                reports[server.target].append(measure(server))
        return reports

    # Results

    def row(self, work, unit, isthmus, other, goal=None, lower=True, against="etcd"):
        """Adds a row: two figures, and the ratio that the goal is about."""
        ratio = isthmus / other if isthmus is not None and other else None
        reached = None
        if goal is not None and ratio is not None:
            reached = ratio <= goal if lower else ratio >= goal
        self.rows.append(
            {
                "work": work, "unit": unit, "isthmus": isthmus, "other": other, "against": against,
                "ratio": ratio, "goal": goal, "lower": lower, "reached": reached,
            }  # fmt: skip
        )

    def compare(self, work, unit, reports, figure, goal=None, lower=True):
        """Adds a row with the medians of a figure over the rounds."""
        ours, theirs = (
            statistics.median(map(figure, reports[target])) for target in ("isthmus", "etcd35")
        )
        self.row(work, unit, ours, theirs, goal=goal, lower=lower)


def cpu(report):
    """The server's CPU time per operation in microseconds."""
    return report["serverCPUMicrosecondsPerOperation"]


def rate(report):
    return report["operationsPerSecond"]


def latency(name):
    return lambda report: report["latencyMicroseconds"][name] / 1000


def resident(report):
    """The server's resident memory in MiB."""
    return report["residentKiB"] / 1024
