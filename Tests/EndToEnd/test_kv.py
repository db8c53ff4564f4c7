"""Reading and writing single keys and ranges, field by field."""

import grpc
import pytest

from support.protocol import prefix_end, refused

BAD_ARGUMENT = grpc.StatusCode.INVALID_ARGUMENT
OUT_OF_RANGE = grpc.StatusCode.OUT_OF_RANGE
ASCENDING, DESCENDING = 1, 2
KEY, VERSION, CREATE, MOD, VALUE = range(5)


def fill(client, key, names="abcde"):
    """Writes one key per letter, each with its place in the alphabet as the value; returns the range."""
    for name in names:
        client.KV.Put(key=key + name.encode(), value=str(ord(name)).encode())
    return {"key": key, "range_end": prefix_end(key)}


def names(response, key):
    return "".join(kv.key[len(key) :].decode() for kv in response.kvs)


def test_a_header_has_stable_identifiers_and_the_revision_of_the_operation(client, key):
    first = client.KV.Put(key=key, value=b"1").header
    second = client.KV.Put(key=key, value=b"2").header
    read = client.KV.Range(key=key).header
    assert first.cluster_id != 0 and first.member_id != 0 and first.raft_term != 0
    for other in (second, read):
        assert (other.cluster_id, other.member_id) == (first.cluster_id, first.member_id)
    assert second.revision == first.revision + 1
    assert read.revision == second.revision


def test_a_key_remembers_its_creation_its_change_and_its_version(client, key):
    created = client.KV.Put(key=key, value=b"1").header.revision
    changed = client.KV.Put(key=key, value=b"2").header.revision
    (kv,) = client.KV.Range(key=key).kvs
    assert (kv.key, kv.value, kv.lease) == (key, b"2", 0)
    assert (kv.create_revision, kv.mod_revision, kv.version) == (created, changed, 2)
    client.KV.DeleteRange(key=key)
    again = client.KV.Put(key=key, value=b"3").header.revision
    (kv,) = client.KV.Range(key=key).kvs
    assert (kv.create_revision, kv.mod_revision, kv.version) == (again, again, 1)


def test_values_are_any_bytes_also_none(client, key):
    everything = bytes(range(256))
    client.KV.Put(key=key + everything, value=everything)
    client.KV.Put(key=key + b"empty")
    assert client.get(key + everything) == everything
    assert client.get(key + b"empty") == b""
    assert client.get(key + b"absent") is None


def test_put_returns_the_previous_value_when_asked(client, key):
    assert not client.KV.Put(key=key, value=b"1", prev_kv=True).HasField("prev_kv")
    previous = client.KV.Put(key=key, value=b"2", prev_kv=True).prev_kv
    assert (previous.key, previous.value, previous.version) == (key, b"1", 1)
    assert not client.KV.Put(key=key, value=b"3").HasField("prev_kv")


def test_put_can_keep_the_value_or_the_lease(client, key):
    lease = client.Lease.LeaseGrant(TTL=600).ID
    client.KV.Put(key=key, value=b"1", lease=lease)
    client.KV.Put(key=key, value=b"2", ignore_lease=True)
    (kv,) = client.KV.Range(key=key).kvs
    assert (kv.value, kv.lease) == (b"2", lease)
    client.KV.Put(key=key, ignore_value=True)
    (kv,) = client.KV.Range(key=key).kvs
    assert (kv.value, kv.lease) == (b"2", 0)


def test_put_refuses_what_contradicts_itself(client, key):
    with refused(BAD_ARGUMENT, "etcdserver: key is not provided"):
        client.KV.Put(value=b"1")
    with refused(BAD_ARGUMENT, "etcdserver: value is provided"):
        client.KV.Put(key=key, value=b"1", ignore_value=True)
    with refused(BAD_ARGUMENT, "etcdserver: lease is provided"):
        client.KV.Put(key=key, lease=1, ignore_lease=True)
    with refused(BAD_ARGUMENT, "etcdserver: key not found"):
        client.KV.Put(key=key, ignore_value=True)
    with refused(BAD_ARGUMENT, "etcdserver: key not found"):
        client.KV.Put(key=key, value=b"1", ignore_lease=True)
    with refused(grpc.StatusCode.NOT_FOUND, "etcdserver: requested lease not found"):
        client.KV.Put(key=key, value=b"1", lease=987654321)
    assert client.get(key) is None


def test_a_refused_write_takes_no_revision(client, key):
    before = client.revision()
    with refused(grpc.StatusCode.NOT_FOUND, "etcdserver: requested lease not found"):
        client.KV.Put(key=key, lease=987654321)
    client.KV.DeleteRange(key=key)
    assert client.revision() == before


@pytest.mark.parametrize(
    "begin, end, expected",
    [
        (b"b", b"", "b"),
        (b"a", b"c", "ab"),
        (b"b", b"b", ""),
        (b"c", b"a", ""),
        (b"bb", b"d", "c"),
        (b"x", b"", ""),
    ],
)
def test_a_range_ends_before_its_end(client, key, begin, end, expected):
    fill(client, key)
    found = client.KV.Range(key=key + begin, range_end=key + end if end else b"")
    assert names(found, key) == expected
    assert found.count == len(expected)
    assert not found.more


def test_the_end_zero_means_from_this_key_on(client, key):
    fill(client, key)
    everything = client.KV.Range(key=b"\0", range_end=b"\0", keys_only=True)
    keys = [kv.key for kv in everything.kvs]
    assert keys == sorted(keys) and key + b"a" in keys
    tail = client.KV.Range(key=key + b"c", range_end=b"\0", keys_only=True)
    assert [kv.key for kv in tail.kvs] == [each for each in keys if each >= key + b"c"]


def test_limit_cuts_and_tells_that_more_follow(client, key):
    everything = fill(client, key)
    for limit, expected, more in [(0, "abcde", False), (2, "ab", True), (5, "abcde", False)]:
        found = client.KV.Range(**everything, limit=limit)
        assert (names(found, key), found.more, found.count) == (expected, more, 5)


def test_count_only_and_keys_only_leave_out_what_they_say(client, key):
    everything = fill(client, key)
    counted = client.KV.Range(**everything, count_only=True)
    assert (counted.count, len(counted.kvs), counted.more) == (5, 0, False)
    keys = client.KV.Range(**everything, keys_only=True)
    assert names(keys, key) == "abcde"
    assert all(kv.value == b"" and kv.mod_revision > 0 for kv in keys.kvs)


@pytest.mark.parametrize(
    "target_field, order, expected",
    [
        (KEY, ASCENDING, "abc"),
        (KEY, DESCENDING, "cba"),
        (VERSION, ASCENDING, "acb"),
        (CREATE, ASCENDING, "cab"),
        (CREATE, DESCENDING, "bac"),
        (MOD, ASCENDING, "acb"),
        (MOD, DESCENDING, "bca"),
        (VALUE, ASCENDING, "bca"),
        (VALUE, DESCENDING, "acb"),
    ],
)
def test_sorting_by_each_target(client, key, target_field, order, expected):
    for name, value in zip([b"c", b"a", b"b", b"c", b"b", b"b"], [b"8", b"9", b"1", b"5", b"2", b"3"]):
        client.KV.Put(key=key + name, value=value)
    everything = {"key": key, "range_end": prefix_end(key)}
    found = client.KV.Range(**everything, sort_target=target_field, sort_order=order)
    assert names(found, key) == expected
    first = client.KV.Range(**everything, sort_target=target_field, sort_order=order, limit=1)
    assert (names(first, key), first.more, first.count) == (expected[0], True, 3)


def test_a_sort_target_without_an_order_sorts_what_the_limit_left(client, key):
    for name, value in [(b"a", b"3"), (b"b", b"2"), (b"c", b"1")]:
        client.KV.Put(key=key + name, value=value)
    found = client.KV.Range(key=key, range_end=prefix_end(key), sort_target=VALUE, limit=1)
    assert names(found, key) in ("a", "b")
    everything = client.KV.Range(key=key, range_end=prefix_end(key), sort_target=VALUE)
    assert names(everything, key) == "cba"


def test_filters_by_revision_drop_keys_but_do_not_change_the_count(client, key):
    everything = fill(client, key)
    client.KV.Put(key=key + b"a", value=b"again")
    kvs = {kv.key[-1:]: kv for kv in client.KV.Range(**everything).kvs}
    middle = kvs[b"c"].mod_revision
    for fields, expected in [
        ({"min_mod_revision": middle}, "acde"),
        ({"max_mod_revision": middle}, "bc"),
        ({"min_create_revision": middle}, "cde"),
        ({"max_create_revision": middle}, "abc"),
        ({"min_mod_revision": middle, "max_create_revision": middle}, "ac"),
    ]:
        found = client.KV.Range(**everything, **fields)
        assert (names(found, key), found.count) == (expected, 5), fields


@pytest.mark.since(36, "older servers ignore a sort option that they do not know")
def test_an_unknown_sort_option_is_refused(client, key):
    with refused(BAD_ARGUMENT, "etcdserver: invalid sort option"):
        client.KV.Range(key=key, sort_order=7)
    with refused(BAD_ARGUMENT, "etcdserver: invalid sort option"):
        client.KV.Range(key=key, sort_target=7)


def test_a_range_needs_a_key(client):
    with refused(BAD_ARGUMENT, "etcdserver: key is not provided"):
        client.KV.Range()
    with refused(BAD_ARGUMENT, "etcdserver: key is not provided"):
        client.KV.DeleteRange()


def test_an_old_revision_reads_the_past(client, key):
    first = client.KV.Put(key=key, value=b"1").header.revision
    second = client.KV.Put(key=key, value=b"2").header.revision
    deleted = client.KV.DeleteRange(key=key).header.revision
    assert client.get(key, revision=first) == b"1"
    assert client.get(key, revision=second) == b"2"
    assert client.get(key, revision=deleted) is None
    assert client.get(key, revision=-5) is None
    past = client.KV.Range(key=key, revision=first)
    assert past.header.revision >= deleted and past.count == 1
    with refused(OUT_OF_RANGE, "etcdserver: mvcc: required revision is a future revision"):
        client.KV.Range(key=key, revision=client.revision() + 1)


def test_a_serializable_read_sees_what_was_acknowledged(client, key):
    for number in range(20):
        client.KV.Put(key=key, value=str(number).encode())
        assert client.get(key, serializable=True) == str(number).encode()


def test_delete_counts_and_returns_what_it_removed(client, key):
    everything = fill(client, key)
    before = client.revision()
    removed = client.KV.DeleteRange(key=key + b"b", range_end=key + b"d", prev_kv=True)
    assert removed.deleted == 2
    assert [(kv.key, kv.value) for kv in removed.prev_kvs] == [(key + b"b", b"98"), (key + b"c", b"99")]
    assert removed.header.revision == before + 1
    assert names(client.KV.Range(**everything), key) == "ade"
    nothing = client.KV.DeleteRange(key=key + b"b", prev_kv=True)
    assert (nothing.deleted, len(nothing.prev_kvs), nothing.header.revision) == (0, 0, before + 1)
    rest = client.KV.DeleteRange(**everything)
    assert (rest.deleted, len(rest.prev_kvs), rest.header.revision) == (3, 0, before + 2)


def test_a_large_range_arrives_whole_and_in_order(client, key):
    value = b"v" * 1000
    for start in range(0, 4000, 100):
        operations = [
            {"request_put": {"key": key + b"%06d" % number, "value": value}}
            for number in range(start, start + 100)
        ]
        client.KV.Txn(success=operations)
    found = client.KV.Range(key=key, range_end=prefix_end(key))
    assert found.count == 4000
    assert [kv.key for kv in found.kvs] == [key + b"%06d" % number for number in range(4000)]
    assert all(kv.value == value for kv in found.kvs)
    # Pages that are pinned to the first one's revision, as agents list.
    seen, begin = [], key
    while True:
        page = client.KV.Range(
            key=begin, range_end=prefix_end(key), limit=700, revision=found.header.revision, keys_only=True
        )
        seen += [kv.key for kv in page.kvs]
        if not page.more:
            break
        begin = page.kvs[-1].key + b"\0"
    assert seen == [kv.key for kv in found.kvs]


def test_a_request_that_is_too_large_is_refused_and_the_connection_lives(client, key):
    with refused(BAD_ARGUMENT, "etcdserver: request is too large"):
        client.KV.Put(key=key, value=b"v" * 1_600_000)
    with pytest.raises(grpc.RpcError) as caught:
        client.KV.Put(key=key, value=b"v" * 3_000_000)
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "received message larger than max (3000" in caught.value.details()
    assert "vs. 2097152)" in caught.value.details()
    client.KV.Put(key=key, value=b"v" * 1_500_000)
    assert len(client.get(key)) == 1_500_000
