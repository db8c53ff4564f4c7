"""etcdctl 3.4 and 3.5 as a person uses them: keys, transactions, compaction, the state of the server."""

import base64
import json

import pytest

from support.etcdctl import Etcdctl
from support.protocol import Client

pytestmark = pytest.mark.parametrize("version", ["3.4", "3.5"])


@pytest.fixture
def etcdctl(server, version):
    return Etcdctl(server, version)


@pytest.fixture
def prefix(request):
    return f"{request.module.__name__}/{request.node.name}/"


@pytest.fixture
def letters(etcdctl, prefix):
    for name, value in [("a", "3"), ("b", "1"), ("c", "2")]:
        etcdctl("put", prefix + name, value)
    return prefix


def everything_printed(result):
    return result.stdout + result.stderr


def shown(lines, prefix):
    """Returns what a listing of keys and values says, as pairs without the prefix."""
    return [(key[len(prefix) :], value) for key, value in zip(lines[::2], lines[1::2])]


def test_put_and_get_one_key(etcdctl, prefix):
    assert etcdctl("put", prefix, "hello world") == "OK\n"
    assert etcdctl("get", prefix) == f"{prefix}\nhello world\n"
    assert etcdctl("get", prefix + "absent") == ""
    assert etcdctl("put", prefix, input="from standard input") == "OK\n"
    assert etcdctl("get", prefix, "--print-value-only") == "from standard input\n"
    assert etcdctl.lines("put", prefix, "next", "--prev-kv") == ["OK", prefix, "from standard input"]


def test_get_by_prefix_and_from_a_key_on(etcdctl, letters):
    assert shown(etcdctl.lines("get", letters, "--prefix"), letters) == [("a", "3"), ("b", "1"), ("c", "2")]
    assert shown(etcdctl.lines("get", letters + "a", letters + "c"), letters) == [("a", "3"), ("b", "1")]
    from_key = shown(etcdctl.lines("get", letters + "b", "--from-key", "--limit", "2"), letters)
    assert from_key == [("b", "1"), ("c", "2")]
    first_two = shown(etcdctl.lines("get", letters, "--prefix", "--limit", "2"), letters)
    assert first_two == [("a", "3"), ("b", "1")]


@pytest.mark.parametrize(
    "flags, expected",
    [
        (["--order", "DESCEND"], "cba"),
        (["--sort-by", "KEY", "--order", "DESCEND"], "cba"),
        (["--sort-by", "VALUE"], "bca"),
        (["--sort-by", "VALUE", "--order", "DESCEND"], "acb"),
        (["--sort-by", "CREATE", "--order", "DESCEND"], "cba"),
        (["--sort-by", "MODIFY", "--order", "ASCEND"], "abc"),
        (["--sort-by", "VERSION", "--order", "ASCEND", "--limit", "1"], "a"),
    ],
)
def test_get_sorts(etcdctl, letters, flags, expected):
    lines = etcdctl.lines("get", letters, "--prefix", *flags)
    found = "".join(name for name, _ in shown(lines, letters))
    # All have one version, so that any of them may be the first.
    assert found == expected or ("VERSION" in flags and len(found) == 1)


def test_get_prints_as_asked(etcdctl, letters):
    assert etcdctl.lines("get", letters, "--prefix", "--keys-only") == [
        line for name in "abc" for line in (letters + name, "")
    ]
    assert etcdctl.lines("get", letters, "--prefix", "--print-value-only") == ["3", "1", "2"]
    if etcdctl.version != "3.4":
        assert '"Count" : 3' in etcdctl("get", letters, "--prefix", "--count-only", "-w", "fields")
    answer = etcdctl.json("get", letters, "--prefix", "--limit", "1")
    assert (answer["count"], answer["more"]) == (3, True)
    assert base64.b64decode(answer["kvs"][0]["value"]) == b"3"
    assert answer["header"]["cluster_id"] != 0 and answer["header"]["member_id"] != 0
    assert etcdctl.lines("get", letters + "a", "--hex")[1] == "\\x33"


def test_get_from_the_past_and_serializable(etcdctl, prefix):
    etcdctl("put", prefix, "old")
    revision = etcdctl.json("get", prefix)["kvs"][0]["mod_revision"]
    etcdctl("put", prefix, "new")
    assert etcdctl("get", prefix, "--rev", str(revision), "--print-value-only") == "old\n"
    assert etcdctl("get", prefix, "--consistency=s", "--print-value-only") == "new\n"
    assert etcdctl("get", prefix, "--consistency=l", "--print-value-only") == "new\n"
    assert "etcdserver: mvcc: required revision is a future revision" in etcdctl.fails(
        "get", prefix, "--rev", str(revision + 1000)
    )


def test_delete_counts_what_it_removed(etcdctl, letters):
    assert etcdctl("del", letters + "absent") == "0\n"
    assert etcdctl.lines("del", letters + "b", "--prev-kv") == ["1", letters + "b", "1"]
    assert etcdctl("del", letters, "--prefix") == "2\n"
    assert etcdctl("get", letters, "--prefix") == ""


def test_put_keeps_value_or_lease(etcdctl, prefix):
    lease = etcdctl("lease", "grant", "600").split()[1]
    etcdctl("put", prefix, "value", "--lease", lease)
    etcdctl("put", prefix, "next", "--ignore-lease")
    assert etcdctl.json("get", prefix)["kvs"][0]["lease"] == int(lease, 16)
    etcdctl("put", prefix, "--ignore-value")
    assert "lease" not in etcdctl.json("get", prefix)["kvs"][0]
    assert etcdctl("get", prefix, "--print-value-only") == "next\n"
    assert "etcdserver: key not found" in etcdctl.fails("put", prefix + "absent", "--ignore-value")
    assert "etcdserver: requested lease not found" in etcdctl.fails("put", prefix, "x", "--lease", "abc123")


def test_transactions_from_standard_input(etcdctl, prefix):
    etcdctl("put", prefix + "user", "old")
    program = f'value("{prefix}user") = "old"\n\nput {prefix}user new\nget {prefix}user\n\n'
    program += f"del {prefix}user\n\n"
    assert etcdctl.lines("txn", input=program) == ["SUCCESS", "", "OK", "", prefix + "user", "new"]
    assert etcdctl.lines("txn", input=program) == ["FAILURE", "", "1"]
    create = f'create("{prefix}user") = "0"\n\nput {prefix}user again\n\n\n'
    assert etcdctl.lines("txn", input=create)[0] == "SUCCESS"
    assert etcdctl.lines("txn", input=create)[0] == "FAILURE"
    many = f'mod("{prefix}user") > "0"\nver("{prefix}user") = "1"\n\nput {prefix}a 1\nput {prefix}b 2\n\n\n'
    assert etcdctl.lines("txn", input=many) == ["SUCCESS", "", "OK", "", "OK"]


def test_a_transaction_that_writes_a_key_twice_is_refused(etcdctl, prefix):
    result = etcdctl.run("txn", input=f"\nput {prefix}a 1\nput {prefix}a 2\n\n\n")
    assert result.returncode != 0
    assert "etcdserver: duplicate key given in txn request" in everything_printed(result)


def test_compaction(etcdctl, prefix):
    for value in "123":
        etcdctl("put", prefix, value)
    revision = etcdctl.json("get", prefix)["kvs"][0]["mod_revision"]
    assert etcdctl("compaction", str(revision)) == f"compacted revision {revision}\n"
    assert "required revision has been compacted" in etcdctl.fails("compaction", str(revision))
    assert "required revision has been compacted" in etcdctl.fails("get", prefix, "--rev", str(revision - 1))
    etcdctl("put", prefix, "4")
    physical = etcdctl("compaction", str(revision + 1), "--physical")
    assert physical == f"compacted revision {revision + 1}\n"


def test_the_endpoint_is_healthy_and_says_what_it_is(server, etcdctl):
    assert "is healthy" in everything_printed(etcdctl.run("endpoint", "health"))
    (status,) = etcdctl.json("endpoint", "status")
    inner = status["Status"]
    assert status["Endpoint"].endswith(server.address)
    assert inner["leader"] == inner["header"]["member_id"] != 0
    major, minor, patch = (int(part) for part in inner["version"].split("."))
    assert (major, minor * 10 + patch > 0) == (3, True)
    assert inner["dbSize"] > 0
    table = etcdctl("endpoint", "status", "-w", "table")
    assert "true" in table and server.address in table


def test_the_cluster_has_one_member_that_is_reachable(server, etcdctl):
    (member,) = etcdctl.json("member", "list")["members"]
    assert member["ID"] == etcdctl.json("endpoint", "status")[0]["Status"]["header"]["member_id"]
    assert member["name"] and member["clientURLs"]
    assert any(url.endswith(server.address) for url in member["clientURLs"])
    assert "started" in etcdctl("member", "list")
    assert "is healthy" in everything_printed(etcdctl.run("endpoint", "health", "--cluster"))


def test_hashes_are_stable_and_alarms_are_none(etcdctl, prefix):
    etcdctl("put", prefix, "1")
    first = etcdctl.json("endpoint", "hashkv")
    assert first[0]["HashKV"]["hash"] == etcdctl.json("endpoint", "hashkv")[0]["HashKV"]["hash"] != 0
    etcdctl("put", prefix, "2")
    assert etcdctl.json("endpoint", "hashkv")[0]["HashKV"]["hash"] != first[0]["HashKV"]["hash"]
    assert etcdctl("alarm", "list") == ""
    assert etcdctl("alarm", "disarm") == ""
    assert "Finished defragmenting etcd member" in etcdctl("defrag")
    assert etcdctl("get", prefix, "--print-value-only") == "2\n"


def test_members_cannot_be_added_to_a_server_of_its_own(server, etcdctl):
    if server.is_etcd:
        pytest.skip("real etcd accepts the member and loses its quorum")
    output = etcdctl.fails("member", "add", "second", "--peer-urls=http://127.0.0.1:1")
    assert "etcdserver: " in output
    assert "etcdserver: member not found" in etcdctl.fails("member", "remove", "abc")
    assert len(etcdctl.json("member", "list")["members"]) == 1


def test_binary_keys_and_values_pass_unchanged(server, etcdctl, prefix):
    key, value = prefix.encode() + bytes([0, 1, 200, 255]), bytes(range(256))
    with Client(server) as client:
        client.KV.Put(key=key, value=value)
    (kv,) = json.loads(etcdctl("get", prefix, "--prefix", "-w", "json"))["kvs"]
    assert (base64.b64decode(kv["key"]), base64.b64decode(kv["value"])) == (key, value)
