"""The admin plane: how many requests it answers, and what that does to the data plane. The load is wrk's."""

import json
import os
import statistics
import subprocess
from pathlib import Path

from .bench import cpu, latency

SCRIPT = Path(__file__).with_name("rest.lua")
CONNECTIONS = 64


def rest(bench):
    """64 connections that stay open: reads of one object, then durable writes, then both planes at once."""
    server = bench.product()
    seconds = 5 if bench.quick else 15
    run(server, "put", 1, 1)
    gets = [run(server, "get", 1, seconds) for _ in range(bench.rounds)]
    report(bench, "REST: GET of one object, 64 connections", gets, 10_000)
    puts = [run(server, "put", 1_000, seconds) for _ in range(bench.rounds)]
    report(bench, "REST: durable PUT, 64 connections", puts, 2_000)
    bench.fill(server, 10_000)
    alone, beside = [], []
    for _ in range(bench.rounds):
        alone.append(bench.load(server, "watch", keys=100, puts=40 * seconds, rate=40))
        with start(server, "get", 1, seconds + 10) as load:
            beside.append(bench.load(server, "watch", keys=100, puts=40 * seconds, rate=40))
            load.terminate()
    for name in ("p50", "p99"):
        figures = [statistics.median(map(latency(name), reports)) for reports in (beside, alone)]
        goal = 1.2 if name == "p99" else None
        bench.row(
            f"put to 1,000 watchers beside REST under load: {name}", "ms", *figures, goal, against="itself"
        )
    figures = [statistics.median(map(cpu, reports)) for reports in (beside, alone)]
    bench.row("the same: CPU of an event, REST's included", "us CPU/event", *figures, against="itself")
    bench.stop(server)


def start(server, method, objects, seconds):
    """Starts wrk, which ends by itself."""
    token = (server.directory / "token").read_text().strip()
    command = [
        # Behind the servers, as if it were on another machine.
        "nice", "-n", "15", "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", SCRIPT,
        "-H", f"Authorization: Bearer {token}",
        f"http://127.0.0.1:{server.admin_port}", "--", method, objects,
    ]  # fmt: skip
    return subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True)


def run(server, method, objects, seconds):
    """Returns what wrk reports, with the server's CPU time for each request in microseconds."""
    before = cpu_seconds(server)
    with start(server, method, objects, seconds) as load:
        report = json.loads(load.communicate()[0].splitlines()[-1])
    if load.returncode != 0 or report["failures"]:
        raise SystemExit(f"{method} failed: {report}\n{server.tail()}")
    report["cpu"] = (cpu_seconds(server) - before) * 1e6 / report["requests"]
    report["rate"] = report["requests"] / report["seconds"]
    print(
        f"   REST {method}: {report['rate']:.0f}/s, {report['cpu']:.1f} us CPU each, "
        f"p99 {report['p99']:.1f} ms",
        flush=True,
    )
    return report


def cpu_seconds(server):
    """The CPU time of the server so far, user and system."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def report(bench, work, reports, goal):
    middle = {name: statistics.median(report[name] for report in reports) for name in ("rate", "cpu", "p99")}
    bench.row(work, "1/s", middle["rate"], goal, 1, lower=False, against="goal")
    bench.row("the same: CPU", "us CPU", middle["cpu"], None)
    bench.row("the same: p99", "ms", middle["p99"], None)
