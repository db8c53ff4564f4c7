"""Backups of a server in use, and what restoring one does."""

import hashlib
import sqlite3
import threading

import pytest
from support import process
from support.admin import Admin

pytestmark = pytest.mark.isthmus_only

SQLITE = {"Content-Type": "application/vnd.sqlite3"}


def node(last=10):
    return {"spec": {"addresses": [{"type": "InternalIP", "ip": f"192.168.1.{last}"}]}}


@pytest.fixture
def running(make_server):
    return make_server("backup").start()


@pytest.fixture
def admin(running):
    return Admin(running)


def back_up(admin):
    answer = admin.post("system/backup")
    assert answer.headers["Content-Type"] == "application/vnd.sqlite3"
    assert "attachment" in answer.headers["Content-Disposition"]
    return answer.body


def restore(admin, backup, **options):
    accepted = admin.post("system/restore", backup, expect=202, headers=SQLITE, **options)
    return admin.get(accepted.headers["Location"] + "?wait=done&timeout=30s").json


def rows(backup, tmp_path, query):
    path = tmp_path / f"{hashlib.sha256(backup).hexdigest()}.db"
    path.write_bytes(backup)
    with sqlite3.connect(path) as database:
        return database.execute(query).fetchall()


def scratch(server):
    return list((server.directory / "scratch").iterdir())


def test_a_backup_is_sound_and_leaves_nothing_behind(admin, running, tmp_path):
    admin.put("nodes/node-a", node())
    backup = back_up(admin)
    assert rows(backup, tmp_path, "PRAGMA integrity_check") == [("ok",)]
    assert ("nodes", "node-a") in rows(backup, tmp_path, "SELECT kind, name FROM objects")
    process.eventually(lambda: not scratch(running), what="an empty scratch directory")
    line = admin.audit()[-1]
    assert (line["verb"], line["kind"], line["actor"]) == ("backup", "system", "bootstrap")


def test_a_restore_brings_back_what_was_and_outlives_a_restart(admin, running):
    admin.put("nodes/kept", node())
    admin.put("nodes/deleted", node())
    looker = admin.make_token("looker", "viewer")
    uid = admin.get("nodes/deleted").json["metadata"]["uid"]
    backup = back_up(admin)

    admin.put("nodes/kept", node(11))
    admin.delete("nodes/deleted")
    admin.put("nodes/added", node())
    admin.delete("tokens/looker")
    newest = int(admin.get("nodes").json["metadata"]["resourceVersion"])
    lines = len(admin.audit())
    plan = admin.post("system/restore?dryRun=All", backup, headers=SQLITE).json
    assert plan["summary"] | {"unchanged": 0} == {"create": 2, "update": 1, "delete": 1, "unchanged": 0}
    assert {(item["action"], item["name"]) for item in plan["items"]} >= {
        ("delete", "added"),
        ("create", "looker"),
    }
    assert admin.get("nodes/added")

    operation = restore(admin, backup)
    assert operation["status"]["state"] == "succeeded"
    assert operation["status"]["result"] == plan["summary"]

    def check():
        items = admin.get("nodes", token=looker).json["items"]
        assert [item["metadata"]["name"] for item in items] == ["deleted", "kept"]
        assert items[0]["metadata"]["uid"] == uid
        assert items[1]["spec"] == node()["spec"] | items[1]["spec"]
        assert items[1]["spec"]["addresses"][0]["ip"] == "192.168.1.10"
        assert all(int(item["metadata"]["resourceVersion"]) > newest for item in items)
        assert [line["verb"] for line in admin.audit()[lines:]] == ["restore"]

    check()
    running.restart()
    check()


def test_a_restore_onto_a_new_server_moves_everything(admin, make_server, tmp_path):
    admin.put("nodes/node-a", node())
    backup = back_up(admin)
    other = Admin(make_server("other").start())
    old = other.token
    accepted = other.post("system/restore", backup, expect=202, headers=SQLITE)
    # The tokens are those of the backup now, the caller's is gone.
    moved = Admin(other.server, token=admin.token)
    location = accepted.headers["Location"] + "?wait=done&timeout=30s"
    process.eventually(lambda: moved.get(location, expect=None).status == 200, what="the restore")
    assert other.get("whoami", token=old, expect=401)
    assert moved.get("config").json == admin.get("config").json


def test_what_is_no_backup_is_refused(admin, tmp_path):
    admin.put("nodes/node-a", node())
    backup = back_up(admin)
    before = admin.get("config").tag
    foreign = tmp_path / "foreign.db"
    with sqlite3.connect(foreign) as database:
        database.execute("CREATE TABLE objects (name TEXT)")
    trigger = tmp_path / "trigger.db"
    trigger.write_bytes(backup)
    with sqlite3.connect(trigger) as database:
        database.execute("CREATE TRIGGER t AFTER INSERT ON objects BEGIN DELETE FROM audit; END")
    audit = tmp_path / "audit.db"
    audit.write_bytes(backup)
    with sqlite3.connect(audit) as database:
        database.execute("UPDATE audit SET actor = 'nobody' WHERE id = 1")
    files = [b"x", backup[:4096], backup[:-4096], *(path.read_bytes() for path in (foreign, trigger, audit))]
    for body in files:
        answer = admin.post("system/restore", body, headers=SQLITE, expect=400)
        assert answer.slug == "malformed-body"
    assert admin.post("system/restore", backup, expect=415).slug == "unsupported-media-type"
    assert admin.post("system/restore", headers=SQLITE, expect=400).slug == "malformed-body"
    assert admin.get("config").tag == before
    assert admin.get("operations").json["items"] == []


def test_a_backup_while_everybody_writes_is_one_moment(admin, tmp_path):
    stop = threading.Event()
    failures = []

    def write(writer):
        number = 0
        while not stop.is_set():
            number += 1
            items = [
                {"kind": "Node", "metadata": {"name": f"{side}-{writer}"}, **node(number % 200 + 1)}
                for side in "lr"
            ]
            try:
                admin.put("config", {"items": items})
            except AssertionError as error:
                failures.append(error)

    writers = [threading.Thread(target=write, args=(each,)) for each in range(4)]
    for each in writers:
        each.start()
    try:
        backups = [back_up(admin) for _ in range(5)]
    finally:
        stop.set()
        for each in writers:
            each.join()
    assert not failures
    for backup in backups:
        specs = dict(rows(backup, tmp_path, "SELECT name, spec FROM objects WHERE kind = 'nodes'"))
        for writer in range(4):
            assert specs.get(f"l-{writer}") == specs.get(f"r-{writer}")
        lines = rows(backup, tmp_path, "SELECT count(*), max(id) FROM audit")
        assert lines[0][0] == lines[0][1]
    assert admin.post("system/restore?dryRun=All", backups[-1], headers=SQLITE).status == 200


def test_large_backups_are_taken_and_larger_ones_refused(admin):
    token = admin.make_token("ops", "operator")
    large = b"SQLite format 3\0" + bytes(20_000_000)
    assert admin.post("system/restore", large, headers=SQLITE, expect=400).slug == "malformed-body"
    expect = {"Expect": "100-continue"}
    assert admin.post("system/restore", large, headers=SQLITE | expect, token=token, expect=413).status == 413
    too_long = SQLITE | expect | {"Content-Length": "268435457"}
    assert admin.post("system/restore", b"", headers=too_long, expect=413).slug == "body-too-large"


def test_files_of_a_crash_are_removed_at_the_start(admin, running):
    running.kill()
    for name in ("1.db", "2.db", "2.db-journal"):
        (running.directory / "scratch" / name).write_bytes(b"left")
    running.start()
    assert scratch(running) == []
    assert back_up(admin).startswith(b"SQLite format 3\0")


def test_an_interrupted_operation_fails_at_the_next_start(admin, running):
    admin.put("nodes/node-a", node())
    backup = back_up(admin)
    accepted = admin.post("system/restore", backup, expect=202, headers=SQLITE)
    running.kill()
    running.start()
    status = admin.get(accepted.headers["Location"]).json["status"]
    assert status["state"] in ("succeeded", "failed")
    if status["state"] == "failed":
        assert status["problem"]["type"] == "/problems/not-available"
    assert restore(admin, backup)["status"]["state"] == "succeeded"
