"""kill -9 at any moment: what was answered is there, and each change is there as a whole or not at all."""

import concurrent.futures
import http.client
import random
import threading

import pytest
from support.admin import Admin

pytestmark = pytest.mark.isthmus_only

ROUNDS = 6
WRITERS = 8


def rule(priority):
    return {"spec": {"priority": priority, "action": "allow"}}


def write_until_killed(admin, writer, first, stopping):
    """Writes ever higher numbers; returns the last that was answered and the last that was sent."""
    number = answered = first
    while not stopping.is_set():
        number += 1
        try:
            admin.put(f"export-rules/writer-{writer}", rule(number))
        except (OSError, http.client.HTTPException):
            break
        answered = number
    return answered, number


def test_a_killed_server_has_all_of_a_change_or_nothing(make_server):
    server = make_server().start()
    admin = Admin(server)
    chance = random.Random(20261125)
    bounds = dict.fromkeys(range(WRITERS), (0, 0))
    for _ in range(ROUNDS):
        stopping = threading.Event()
        with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
            running = [
                pool.submit(write_until_killed, admin, writer, bounds[writer][1], stopping)
                for writer in bounds
            ]
            stopping.wait(chance.uniform(0.1, 0.8))
            server.kill()
            stopping.set()
            bounds = {writer: task.result() for writer, task in enumerate(running)}
        server.start()
        check(admin, bounds)


def check(admin, bounds):
    objects = {i["metadata"]["name"]: i for i in admin.get("export-rules?limit=1000").json["items"]}
    audit = admin.audit()
    assert [int(line["id"]) for line in audit] == list(range(1, len(audit) + 1))
    events = {int(event["id"]): event for event in admin.events(0)}
    for writer, (answered, sent) in bounds.items():
        name = f"writer-{writer}"
        found = objects.get(name)
        if answered == 0 and found is None:
            continue
        priority = found["spec"]["priority"]
        # An answer is a promise; what was not answered may or may not be there.
        assert answered <= priority <= sent
        lines = [line for line in audit if line["name"] == name]
        assert lines[-1]["difference"]["after"]["priority"] == priority
        assert len(lines) == found["metadata"]["generation"]
        event = events[int(found["metadata"]["resourceVersion"])]
        assert event["name"] == name
        assert sum(event["name"] == name for event in events.values() if "name" in event) == len(lines)
