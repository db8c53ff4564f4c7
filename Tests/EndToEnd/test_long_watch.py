"""A real Go client watches for a while: its own pings must never count as abuse."""

import time

import pytest

from support.etcdctl import Etcdctl
from support.protocol import Client

EVENTS = 1100
PAUSE = 0.02


@pytest.mark.slow
def test_a_go_client_gets_an_event_every_20_ms_for_a_thousand_events(server, key):
    """Its bandwidth estimator pings for nearly every burst; a server that counts pings cuts it off."""
    prefix = key.decode()
    watch_all = ("watch", prefix, "--prefix")
    started = {version: Etcdctl(server, version).start(*watch_all) for version in ("3.4", "3.5")}
    with Client(server) as client:
        for version, watch in started.items():
            # One event that is seen proves that the watch stands.
            while watch.output.empty():
                client.KV.Put(key=key + b"warm-up", value=version.encode())
                time.sleep(0.05)
        begin = time.monotonic()
        for number in range(EVENTS):
            client.KV.Put(key=key + b"counter", value=b"%05d" % number)
            time.sleep(max(0.0, begin + (number + 1) * PAUSE - time.monotonic()))
    for version, watch in started.items():
        values, lines = [], iter(lambda watch=watch: watch.line(), None)
        for line in lines:
            if line == prefix + "counter":
                values.append(watch.line())
                if len(values) == EVENTS:
                    break
        assert values == ["%05d" % number for number in range(EVENTS)], version
        assert watch.process.poll() is None, f"etcdctl {version} was cut off"
        watch.__exit__()
