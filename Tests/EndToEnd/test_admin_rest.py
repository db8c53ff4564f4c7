"""The manners of the admin plane: preconditions, repetition, lists in parts, waiting, tokens."""

import concurrent.futures
import json
import time

import pytest
from support.admin import Admin
from support.process import eventually

pytestmark = pytest.mark.isthmus_only


def rule(priority, **metadata):
    return {"metadata": metadata, "spec": {"priority": priority, "action": "allow"}}


@pytest.fixture
def admin(server):
    return Admin(server)


# Preconditions


def test_a_tag_names_a_version_and_guards_it(admin):
    first = admin.put("export-rules/tagged", rule(1), expect=201)
    version = first.json["metadata"]["resourceVersion"]
    assert first.tag == f'"{version}"'
    assert admin.get("export-rules/tagged", headers={"If-None-Match": first.tag}, expect=304).body == b""
    second = admin.put("export-rules/tagged", rule(2), expect=200, headers={"If-Match": first.tag})
    assert second.json["metadata"]["generation"] == 2
    refused = admin.put("export-rules/tagged", rule(3), expect=412, headers={"If-Match": first.tag})
    assert refused.slug == "precondition-failed"
    assert refused.json["object"]["spec"]["priority"] == 2
    admin.put("export-rules/tagged", rule(3), expect=412, headers={"If-None-Match": "*"})
    admin.put("export-rules/new", rule(3), expect=412, headers={"If-Match": "*"})
    admin.delete("export-rules/tagged", expect=412, headers={"If-Match": first.tag})
    admin.delete("export-rules/tagged", headers={"If-Match": second.tag})
    admin.get("export-rules/tagged", expect=404)


def test_what_was_read_can_be_written_back_unchanged(admin):
    made = admin.put("export-rules/same", rule(1, labels={"a": "b"}), expect=201).json
    events = admin.get("system/info").json["events"]
    again = admin.put("export-rules/same", made, expect=200)
    assert again.json["metadata"] == made["metadata"]
    assert admin.get("system/info").json["events"] == events
    stale = made | {"metadata": made["metadata"] | {"resourceVersion": "1"}}
    assert admin.put("export-rules/same", stale, expect=409).slug == "conflict"
    other = made | {"metadata": made["metadata"] | {"uid": "another"}}
    assert admin.put("export-rules/same", other, expect=409).slug == "conflict"


def test_a_patch_merges(admin):
    admin.put("export-rules/patched", rule(1, labels={"a": "1", "b": "2"}), expect=201)
    patched = admin.patch(
        "export-rules/patched", {"metadata": {"labels": {"a": None, "c": "3"}}, "spec": {"priority": 7}}
    )
    assert patched.json["metadata"]["labels"] == {"b": "2", "c": "3"}
    assert patched.json["spec"] == {"priority": 7, "action": "allow"}
    answer = admin.patch("export-rules/patched", {"spec": {"priority": "high", "x": 1}}, expect=422)
    assert answer.pointers == ["/spec/priority", "/spec/x"]
    answer = admin.patch(
        "export-rules/patched", {"spec": {}}, expect=415, headers={"Content-Type": "application/json"}
    )
    assert answer.headers["Accept-Patch"] == "application/merge-patch+json"
    admin.patch("export-rules/absent", {"spec": {}}, expect=404)


def test_a_dry_run_checks_everything_and_writes_nothing(admin):
    before = admin.get("system/info").json["events"], len(admin.audit())
    tried = admin.put("export-rules/tried?dryRun=All", rule(1), expect=201)
    assert tried.headers["Isthmus-Dry-Run"] == "true"
    assert tried.json["spec"]["priority"] == 1
    admin.put("export-rules/tried?dryRun=All", {"spec": {"priority": []}}, expect=422)
    token = admin.post(
        "tokens?dryRun=All", {"metadata": {"name": "tried"}, "spec": {"scopes": ["viewer"]}}, expect=201
    )
    assert "token" not in token.json
    assert (admin.get("system/info").json["events"], len(admin.audit())) == before
    admin.get("export-rules/tried", expect=404)


# Many writers


def test_of_a_thousand_writers_with_one_tag_one_wins(admin):
    tag = admin.put("export-rules/contended", rule(0), expect=201).tag

    def write(number):
        return admin.put(
            "export-rules/contended", rule(number), expect=None, headers={"If-Match": tag}
        ).status

    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        statuses = list(pool.map(write, range(1, 1_001)))
    assert statuses.count(200) == 1
    assert statuses.count(412) == 999
    assert admin.get("export-rules/contended").json["metadata"]["generation"] == 2


def test_writers_that_try_again_lose_no_update(admin):
    admin.put("export-rules/counter", rule(0), expect=201)

    def add_one(_):
        while True:
            read = admin.get("export-rules/counter")
            body = rule(read.json["spec"]["priority"] + 1)
            if (
                admin.put(
                    "export-rules/counter", body, expect=(200, 412), headers={"If-Match": read.tag}
                ).status
                == 200
            ):
                return

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(add_one, range(100)))
    assert admin.get("export-rules/counter").json["spec"]["priority"] == 100


def test_of_many_creators_one_wins(admin):
    def create(_):
        return admin.post("export-rules", rule(1, name="created"), expect=(201, 409)).status

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(create, range(100)))
    assert statuses.count(201) == 1


# Repetition


def test_a_key_makes_a_request_happen_once(admin):
    key = {"Idempotency-Key": "deploy-1"}
    body = {"metadata": {"generateName": "once-"}, "spec": {"priority": 1, "action": "allow"}}
    first = admin.post("export-rules", body, expect=201, headers=key)
    again = admin.post("export-rules", body, expect=201, headers=key)
    assert again.json == first.json
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (
        len(
            [
                i
                for i in admin.get("export-rules?limit=1000").json["items"]
                if i["metadata"]["name"].startswith("once-")
            ]
        )
        == 1
    )
    other = body | {"spec": {"priority": 2, "action": "allow"}}
    assert admin.post("export-rules", other, expect=422, headers=key).slug == "idempotency-mismatch"


def test_a_repetition_does_not_show_a_secret_again(admin):
    key = {"Idempotency-Key": "token-1"}
    body = {"metadata": {"name": "repeated"}, "spec": {"scopes": ["viewer"]}}
    assert admin.post("tokens", body, expect=201, headers=key).json["token"].startswith("ist_repeated_")
    again = admin.post("tokens", body, expect=201, headers=key)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "token" not in again.json


# Lists


def test_a_list_in_parts_is_of_one_moment(admin):
    names = [f"part-{number:03}" for number in range(25)]
    for name in names:
        admin.put(f"import-rules/{name}", rule(1, labels={"list": "parts"}), expect=201)
    page = admin.get("import-rules?limit=10")
    items = page.json["items"]
    assert page.json["metadata"]["remainingItemCount"] == 15
    # What happens in between is not seen.
    admin.delete("import-rules/part-015")
    admin.put("import-rules/part-0155", rule(1), expect=201)
    while token := page.json["metadata"].get("continue"):
        assert f"continue={token}" in page.headers["Link"]
        page = admin.get(f"import-rules?limit=10&continue={token}")
        items += page.json["items"]
    assert [item["metadata"]["name"] for item in items] == names
    admin.get("import-rules?limit=10&continue=MTow", expect=410)


def test_labels_select(admin):
    for name, labels in {
        "one": {"env": "prod"},
        "two": {"env": "test"},
        "three": {"env": "prod", "old": ""},
    }.items():
        admin.put(f"export-rules/select-{name}", rule(1, labels=labels | {"suite": "select"}), expect=201)

    def select(selector):
        items = admin.get(f"export-rules?labelSelector={selector}").json["items"]
        return {item["metadata"]["name"].removeprefix("select-") for item in items}

    assert select("suite%3Dselect") == {"one", "two", "three"}
    assert select("suite%3Dselect,env%3D%3Dprod") == {"one", "three"}
    assert select("suite%3Dselect,env!%3Dprod") == {"two"}
    assert select("suite%3Dselect,env%20in%20(test,prod),!old") == {"one", "two"}
    assert select("suite%3Dselect,old") == {"three"}


# Waiting


def test_waiting_ends_with_the_effect_or_with_the_time(admin):
    service = {"spec": {"frontends": [{"ip": "10.96.0.9", "ports": []}]}}
    made = admin.put("services/wait/one?wait=applied&timeout=20s", service, expect=201).json
    assert made["status"]["conditions"][0]["status"] == "True"
    assert made["status"]["observedGeneration"] == made["metadata"]["generation"]
    assert int(made["status"]["revision"]) > 0
    started = time.monotonic()
    answer = admin.put("export-rules/waiting?wait=applied&timeout=1s", rule(1), expect=504)
    assert answer.slug == "wait-timeout"
    assert answer.json["object"]["metadata"]["name"] == "waiting"
    assert time.monotonic() - started < 20


# Tokens


def test_a_token_is_shown_once_and_dies_at_once(admin, server):
    made = admin.post(
        "tokens", {"metadata": {"name": "ci"}, "spec": {"scopes": ["operator"]}}, expect=201
    ).json
    token = made["token"]
    assert "token" not in admin.get("tokens/ci").json
    assert token.removeprefix("ist_ci_") not in json.dumps(admin.get("tokens").json)
    assert admin.get("whoami", token=token).json["scopes"] == ["operator"]
    rotated = admin.post("tokens/ci:rotate", expect=200).json["token"]
    admin.get("whoami", token=token, expect=401)
    admin.get("whoami", token=rotated)
    admin.patch("tokens/ci", {"spec": {"scopes": ["viewer"]}})
    assert admin.put("export-rules/x", rule(1), token=rotated, expect=403).slug == "forbidden"
    admin.delete("tokens/ci")
    admin.get("whoami", token=rotated, expect=401)
    log = server.log.read_text()
    assert token not in log and rotated not in log


def test_a_token_ends(admin):
    ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
    body = {"metadata": {"name": "short"}, "spec": {"scopes": ["viewer"], "expiresAt": ends}}
    token = admin.post("tokens", body, expect=201).json["token"]
    admin.get("whoami", token=token)
    eventually(
        lambda: admin.get("whoami", token=token, expect=None).status == 401, what="the end of the token"
    )


def test_the_first_token_is_kept_from_others(server):
    assert (server.directory / "token").stat().st_mode & 0o777 == 0o600
    assert server.directory.stat().st_mode & 0o777 == 0o700


# The audit


def test_who_did_what_is_written_down_and_chained(admin):
    token = admin.make_token("auditor", "operator")
    admin.put("export-rules/audited", rule(1), expect=201, token=token, headers={"X-Request-Id": "run-17"})
    admin.put("export-rules/audited", rule(2), expect=200, token=token)
    admin.delete("export-rules/audited", token=token)
    lines = [line for line in admin.audit() if line["name"] == "audited"]
    assert [line["verb"] for line in lines] == ["create", "replace", "delete"]
    assert {line["actor"] for line in lines} == {"auditor"}
    assert lines[0]["requestID"] == "run-17"
    assert lines[1]["difference"]["before"]["priority"] == 1
    assert lines[1]["difference"]["after"]["priority"] == 2
    assert lines[2]["difference"]["after"] is None
    assert len({line["hash"] for line in admin.audit()}) == len(admin.audit())
