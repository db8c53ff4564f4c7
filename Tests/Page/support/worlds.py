"""Meshes to look at: each is the answers that the API would give."""

import random
from datetime import datetime, timedelta, timezone

STAGES = ["resolve", "tcp", "tls", "auth", "config", "nodes", "services", "identities", "endpoints", "live"]
NAMES = ["west", "north", "south", "lagoon", "harbour"]
DAY = 86400


def ago(seconds):
    return (datetime.now(timezone.utc) - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def condition(kind="Applied", status="True", reason="Applied", message="", seconds=3600):
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": ago(seconds),
        "observedGeneration": 1,
    }


def peer(name, number, broken_at=None, message="", waiting_at=None, **status):
    stages = []
    stop = broken_at or waiting_at
    for stage in STAGES:
        if stop in [each["name"] for each in stages]:
            state = "unknown"
        elif stage == stop:
            state = "failed" if broken_at else "waiting"
        else:
            state = "ok"
        entry = {
            "name": stage,
            "state": state,
            "since": ago(5400),
            "message": message if stage == stop else "",
        }
        if state == "failed":
            entry["nextRetry"] = ago(-12)
        stages.append(entry)
    phase = "Failed" if broken_at else "Syncing" if waiting_at else "Live"
    if not stop:
        status = {
            "counts": {"nodes": 3 + number, "services": 40, "identities": 212, "endpoints": 1404},
            "lagSeconds": 0,
            "lastUpdateTime": ago(3),
            **status,
        }
    elif broken_at:
        status = {"lastUpdateTime": ago(5400), "lagSeconds": 5400, **status}
    return {
        "kind": "Peer",
        "metadata": {"name": name, "resourceVersion": "7", "generation": 1},
        "spec": {"clusterID": number, "endpoints": [{"url": f"https://{name}.mesh.example:2379"}]},
        "status": {"phase": phase, "stages": stages, "conditions": [condition("Ready")], **status},
    }


def declared(name, number):
    """A peer of a server that does not act on peers yet."""
    said = "peers are kept and checked, but not connected to yet"
    conditions = [condition(status="False", reason="NotEnforced", message=said)]
    return {
        "kind": "Peer",
        "metadata": {"name": name, "resourceVersion": "7", "generation": 1},
        "spec": {"clusterID": number, "endpoints": [{"url": f"https://{name}.mesh.example:2379"}]},
        "status": {"observedGeneration": 1, "conditions": conditions},
    }


def service(namespace, name, clusters, affinity="none", shared=True):
    entries = [
        {"cluster": cluster, "clusterID": number + 1, "frontends": 1, "backends": backends, "ready": ready}
        for number, (cluster, ready, backends) in enumerate(clusters)
    ]
    status = {"shared": shared, "affinity": affinity, "clusters": entries}
    return {"kind": "GlobalService", "metadata": {"namespace": namespace, "name": name}, "status": status}


def client(number, identity, lag=0, catching_up=0, days=89):
    status = {
        "identity": identity,
        "address": f"10.{number // 200}.{number % 200}.7:{40000 + number}",
        "since": ago(400 + 61 * number),
        "certificate": {
            "subject": f"CN={identity}",
            "notAfter": ago(-days * DAY),
            "serial": f"{number:016x}",
        },
        "watches": 6,
        "catchingUp": catching_up,
        "lagRevisions": lag,
        "sentBytes": 120_000 * (number + 1),
    }
    return {"kind": "Client", "metadata": {"name": str(number)}, "status": status}


def event(number, kind, verb, name, seconds, **body):
    types = {
        "Peer": "peer",
        "Service": "service",
        "Client": "client",
        "System": "system",
        "ExportRule": "export-rule",
    }
    return {
        "id": str(number),
        "time": ago(seconds),
        "type": f"{types[kind]}.{verb}",
        "kind": kind,
        "name": name,
        "resourceVersion": str(number),
        **body,
    }


def certificates(first=89):
    return [
        {"name": "ca", "notAfter": ago(-3600 * DAY)},
        {"name": "server", "notAfter": ago(-first * DAY - 7000)},
        {"name": "remote", "notAfter": ago(-(first + 212) * DAY)},
        {"name": "local", "notAfter": ago(-(first + 212) * DAY)},
        {"name": "admin", "notAfter": ago(-(first + 212) * DAY)},
    ]


def world(
    peers=(),
    services=(),
    clients=(),
    events=(),
    revision=182_204,
    certificate_days=89,
    ready=True,
    listed=False,
):
    events = list(events)
    keys = 24 + 31 * len(services)
    info = {
        "kind": "SystemInfo",
        "version": "0.4.0",
        "clusterName": "east",
        "clusterID": 7,
        "maxConnectedClusters": 255,
        "startTime": ago(8 * 3600 + 320),
        "ready": ready,
        "uptimeSeconds": 8 * 3600 + 320,
        "store": {
            "revision": str(revision),
            "compactedRevision": str(max(0, revision - 10_000)),
            "keys": keys,
            "bytes": 5_400_000 + 900 * len(services),
            "durability": "relaxed",
        },
        "dataPlane": {"connections": len(clients), "watches": 6 * len(clients), "address": "0.0.0.0:2379"},
        "objects": {
            "peers": len(peers),
            "services": len(services),
            "nodes": 4,
            "identities": 212,
            "endpoints": 1404,
            "export-rules": 2,
            "import-rules": 1,
            "tokens": 3,
        },
        "certificates": certificates(certificate_days),
        "events": {"newest": events[-1]["id"] if events else "0"},
    }
    answers = {
        "info": info,
        "peers": list(peers),
        "services": list(services),
        "clients": list(clients),
        "events": events,
    }
    if listed:
        answers["certificates"] = [
            {
                "kind": "Certificate",
                "metadata": {"name": each["name"]},
                "status": {"notAfter": each["notAfter"]},
            }
            for each in certificates(certificate_days)
        ]
    return answers


def history():
    return [
        event(1, "System", "started", "east", 28_000),
        event(2, "Peer", "created", "west", 27_400),
        event(3, "Peer", "created", "north", 27_390),
        event(4, "Service", "created", "shop/cart", 9_000),
        event(5, "Service", "updated", "shop/cart", 700),
        event(6, "ExportRule", "created", "hide-shop", 340),
        event(7, "Client", "disconnected", "41", 92, message="cut by admin"),
        event(8, "Service", "deleted", "shop/old-cart", 21),
    ]


def agents(count=14):
    identities = ["local-east", "remote-west", "remote-north", "remote-south", "remote-lagoon", "admin-east"]
    return [client(number, identities[number % len(identities)]) for number in range(count)]


def shops(clusters):
    names = ["cart", "catalogue", "checkout", "payments", "search", "recommendations", "sessions"]
    result = []
    for number, name in enumerate(names):
        entries = [(cluster, 3, 3) for cluster in clusters[: 2 + number % len(clusters)]]
        result.append(service("shop", name, entries, affinity="local" if number % 3 == 0 else "none"))
    return result


def empty():
    return world(events=[event(1, "System", "started", "east", 40)], revision=3)


def healthy():
    peers = [peer(name, 8 + number) for number, name in enumerate(NAMES)]
    return world(peers, shops(["east", *NAMES]), agents(), history())


def degraded():
    peers = [peer(name, 8 + number) for number, name in enumerate(NAMES[2:], 2)]
    expired = "certificate has expired: CN=west.mesh.cilium.io ended 2026-11-24 21:10:07 UTC"
    peers.append(peer("west", 8, broken_at="tls", message=expired))
    peers.append(peer("north", 9, waiting_at="endpoints", message="12,000 of 50,000 keys listed"))
    services = shops(["east", *NAMES])
    services.append(service("shop", "ledger", [("east", 0, 2), ("west", 0, 3)]))
    services.append(service("shop", "billing", [("east", 1, 2), ("north", 2, 2)], affinity="remote"))
    clients = agents()
    clients[3]["status"] |= {"catchingUp": 2, "lagRevisions": 81_250}
    return world(peers, services, clients, history(), certificate_days=4, listed=True)


def not_enforced():
    return world(
        [declared(name, 8 + number) for number, name in enumerate(NAMES)],
        shops(["east"]),
        agents(3),
        history(),
    )


def hostile():
    """Names and messages that would be markup, were they not escaped."""
    evil = '"><img src=x onerror=alert(1)><script>alert(2)</script>{{token}}<!--isthmus:peers-->'
    peers = [peer("west", 8, broken_at="tls", message=evil)]
    services = [service(evil, evil, [(evil, 1, 2)])]
    return world(peers, services, [client(1, evil)], [event(1, "Service", "created", evil, 5, message=evil)])


def huge():
    """500 clusters and 5,000 services."""
    dice = random.Random(7)
    peers = []
    for number in range(500):
        name = f"cluster-{number:03}"
        if number % 83 == 5:
            peers.append(
                peer(name, number + 8, broken_at=dice.choice(STAGES[:6]), message="connection refused")
            )
        elif number % 61 == 3:
            peers.append(peer(name, number + 8, waiting_at="identities", message="listing"))
        else:
            peers.append(peer(name, number + 8))
    services = []
    for number in range(5000):
        clusters = [(f"cluster-{dice.randrange(500):03}", 2, 2) for _ in range(dice.choice([1, 2, 3, 12]))]
        services.append(service(f"team-{number % 90:02}", f"service-{number:04}", sorted(set(clusters))))
    clients = [client(number, f"remote-cluster-{number % 500:03}") for number in range(900)]
    return world(
        peers,
        services,
        clients,
        [event(n, "Service", "updated", f"team-01/service-{n:04}", 400 - n) for n in range(1, 300)],
    )


WORLDS = {function.__name__: function for function in (empty, healthy, degraded, not_enforced, hostile, huge)}
