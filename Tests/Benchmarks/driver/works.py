"""The works: what is asked of the servers, how often, and what our share of etcd's cost is to be."""

import statistics
import time

from .bench import cpu, latency, rate, resident
from .rest import rest

CALLERS = {"connections": 16, "callers": 128}


def calls(bench, work, goal):
    keys = 10_000
    servers = bench.pair()
    for server in servers:
        bench.fill(server, keys)
    # The faster server makes more calls, so that both are measured for about as long.
    counts = {"isthmus": 60_000, "etcd35": 15_000} if bench.quick else {"isthmus": 300_000, "etcd35": 60_000}
    reports = bench.alternate(
        servers,
        lambda server: bench.load(server, work, keys=keys, operations=counts[server.target], **CALLERS),
    )
    bench.compare(f"{work}, 128 callers on 16 connections", "us CPU", reports, cpu, goal)
    bench.compare(f"{work}: throughput", "1/s", reports, rate, lower=False)
    bench.compare(f"{work}: p50", "ms", reports, latency("p50"))
    bench.compare(f"{work}: p99", "ms", reports, latency("p99"))
    for server in servers:
        bench.stop(server)


def ranges(bench):
    """Single keys, chosen at random."""
    calls(bench, "range", 1 / 12)


def puts(bench):
    """300 bytes under a key that exists."""
    calls(bench, "put", 1 / 5)


def watches(bench):
    """Each put goes to 1,000 watchers; first as fast as the server answers puts, then 40 in a second."""
    servers = bench.pair()
    counts = {"isthmus": 400, "etcd35": 80} if bench.quick else {"isthmus": 2_000, "etcd35": 400}
    for streams, layout in ((1, "10 watches a stream"), (10, "1 watch a stream")):
        reports = bench.alternate(
            servers,
            lambda server, streams=streams: bench.load(
                server, "watch", keys=100, puts=counts[server.target], streams_per_connection=streams
            ),
        )
        bench.compare(f"put to 1,000 watchers, {layout}", "us CPU/event", reports, cpu, 1 / 20)
        bench.compare(f"the same: deliveries, {layout}", "1/s", reports, rate, lower=False)
    reports = bench.alternate(
        servers,
        lambda server: bench.load(
            server, "watch", keys=100, puts=counts[server.target] // 2, lockstep=True
        ),
    )
    bench.compare("the same, each put after the last was delivered", "us CPU/event", reports, cpu)
    writers = 16
    reports = bench.alternate(
        servers,
        lambda server: bench.load(
            server, "watch", keys=100, puts=4 * counts[server.target], writers=writers
        ),
    )
    bench.compare(f"the same with {writers} writers at once", "us CPU/event", reports, cpu)
    paced = 200 if bench.quick else 600
    reports = bench.alternate(
        servers, lambda server: bench.load(server, "watch", keys=100, puts=paced, rate=40)
    )
    bench.compare("the same at 40 puts/s", "us CPU/event", reports, cpu)
    bench.compare("the same at 40 puts/s: p50 put to event", "ms", reports, latency("p50"))
    bench.compare("the same at 40 puts/s: p99 put to event", "ms", reports, latency("p99"), 1)
    for server in servers:
        bench.stop(server)


def lists(bench):
    """50 clients read 50,000 keys at once, in pages of 256."""
    keys = 50_000
    servers = bench.pair()
    for server in servers:
        bench.fill(server, keys)
    # etcd counts the rest of the keys for each page; a list takes it minutes.
    rounds = {"isthmus": 1 if bench.quick else 4, "etcd35": 1}
    clients = {"isthmus": 50, "etcd35": 10 if bench.quick else 50}
    reports = bench.alternate(
        servers,
        lambda server: bench.load(
            server, "list", keys=keys, clients=clients[server.target], rounds=rounds[server.target]
        ),
    )
    bench.compare("list 50,000 keys, pages of 256, 50 clients", "us CPU/page", reports, cpu, 1 / 5)
    bench.compare("list: pages", "1/s", reports, rate, lower=False)
    bench.compare("list: p99 of a page", "ms", reports, latency("p99"))
    for server in servers:
        bench.stop(server)


def memory(bench):
    """What is resident with many idle connections, and with many keys; each on a new server."""
    connections = 200 if bench.quick else 1_000
    watchers = connections * 6
    for streams, layout in ((1, "6 watches a stream"), (6, "1 watch a stream")):
        servers = bench.pair()
        reports = {
            server.target: [
                bench.load(
                    server, "watch", keys=100, connections=connections, watchers=watchers,
                    streams_per_connection=streams, warm_up=0, puts=1, settle=3,
                )
            ]
            for server in servers
        }  # fmt: skip
        name = f"memory: {connections:,} connections, {watchers:,} watches, {layout}"
        bench.compare(name, "MiB", reports, resident, 1 / 2)
        for server in servers:
            bench.stop(server)

    keys = 100_000
    servers = bench.pair()
    reports = {server.target: [bench.fill(server, keys)] for server in servers}
    bench.compare(f"memory: {keys:,} keys of 300 bytes", "MiB", reports, resident, 1 / 2)
    for server in servers:
        bench.stop(server)


def growth(bench):
    """Whether an event costs more when there are more watchers, and a put when there are more keys."""
    server = bench.product()
    few, many = [], []
    for _ in range(bench.rounds):
        for reports, scale in ((few, 1), (many, 10)):
            puts = (200 if bench.quick else 1_000) // scale
            reports.append(
                bench.load(
                    server, "watch", keys=100, puts=puts, watchers=1_000 * scale, connections=100 * scale
                )
            )
    bench.stop(server)
    name = "growth: event, 10,000 against 1,000 watchers"
    bench.row(name, "us CPU", middle(many), middle(few), 1.3, against="itself")

    small = bench.product()
    bench.fill(small, 10_000)
    large = million(bench)
    count = 60_000 if bench.quick else 200_000
    few, many = [], []
    for _ in range(bench.rounds):
        few.append(bench.load(small, "put", keys=10_000, operations=count, **CALLERS))
        many.append(bench.load(large, "put", keys=keys_of(bench), operations=count, **CALLERS))
    bench.stop(small)
    name = f"growth: put, {keys_of(bench):,} against 10,000 keys"
    bench.row(name, "us CPU", middle(many), middle(few), 1.5, against="itself")


def start(bench):
    """How long a start with a full store takes, until the server says that it is ready."""
    server = million(bench)
    server.stop()
    began = time.monotonic()
    server.start()
    seconds = time.monotonic() - began
    bench.row(f"start with {keys_of(bench):,} keys, against 10 s", "s", seconds, 10.0, 1, against="goal")


def strict(bench):
    """Puts that are on the disk before they are answered."""
    servers = bench.pair(strict=True)
    count = 10_000 if bench.quick else 50_000
    for server in servers:
        bench.fill(server, 10_000)
    reports = bench.alternate(
        servers,
        lambda server: bench.load(
            server, "put", keys=10_000, operations=count, warm_up=1_000, **CALLERS
        ),
    )
    bench.compare("strict: put, 128 callers, with fsync", "1/s", reports, rate, 1, lower=False)
    bench.compare("strict: p99", "ms", reports, latency("p99"))
    for server in servers:
        bench.stop(server)


def keys_of(bench):
    return 200_000 if bench.quick else 1_000_000


def million(bench):
    """Returns our server with a full store, which is filled once in a run."""
    if bench.large is None:
        bench.large = bench.product()
        bench.fill(bench.large, keys_of(bench))
    return bench.large


def middle(reports):
    """The median of the CPU times of the rounds."""
    return statistics.median(map(cpu, reports))


ALL = {
    "range": ranges,
    "put": puts,
    "watch": watches,
    "list": lists,
    "memory": memory,
    "growth": growth,
    "start": start,
    "strict": strict,
    "rest": rest,
}
