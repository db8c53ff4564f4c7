"""Transactions: what they compare, what they do, and what is refused before anything is done."""

import grpc
import pytest

from support.protocol import prefix_end, refused

BAD_ARGUMENT = grpc.StatusCode.INVALID_ARGUMENT
EQUAL, GREATER, LESS, NOT_EQUAL = range(4)
VERSION, CREATE, MOD, VALUE, LEASE = range(5)


def put(key, value=b"", **fields):
    return {"request_put": {"key": key, "value": value, **fields}}


def get(key, **fields):
    return {"request_range": {"key": key, **fields}}


def delete(key, **fields):
    return {"request_delete_range": {"key": key, **fields}}


def txn(**fields):
    return {"request_txn": fields}


def compare(key, target, result, range_end=b"", **union):
    return {"key": key, "range_end": range_end, "target": target, "result": result, **union}


def holds(client, *compares):
    return client.KV.Txn(compare=compares).succeeded


def test_the_branch_is_chosen_by_the_comparison(client, key):
    absent = compare(key, VERSION, EQUAL, version=0)
    created = client.KV.Txn(compare=[absent], success=[put(key, b"1")], failure=[get(key)])
    assert created.succeeded
    assert created.responses[0].WhichOneof("response") == "response_put"
    assert created.responses[0].response_put.header.revision == created.header.revision
    refused_now = client.KV.Txn(compare=[absent], success=[put(key, b"2")], failure=[get(key)])
    assert not refused_now.succeeded
    (kv,) = refused_now.responses[0].response_range.kvs
    assert (kv.value, kv.create_revision) == (b"1", created.header.revision)
    assert refused_now.header.revision == created.header.revision


@pytest.mark.parametrize(
    "subject, field", [(VERSION, "version"), (CREATE, "create_revision"), (MOD, "mod_revision")]
)
def test_numbers_are_compared_in_all_four_ways(client, key, subject, field):
    client.KV.Put(key=key, value=b"1")
    client.KV.Put(key=key, value=b"2")
    (kv,) = client.KV.Range(key=key).kvs
    actual = getattr(kv, field)
    for result, below, same, above in [
        (EQUAL, False, True, False),
        (GREATER, True, False, False),
        (LESS, False, False, True),
        (NOT_EQUAL, True, False, True),
    ]:
        for number, expected in [(actual - 1, below), (actual, same), (actual + 1, above)]:
            assert holds(client, compare(key, subject, result, **{field: number})) is expected


def test_values_are_compared_as_bytes(client, key):
    client.KV.Put(key=key, value=b"mm")
    for result, value, expected in [
        (EQUAL, b"mm", True),
        (EQUAL, b"m", False),
        (GREATER, b"m", True),
        (GREATER, b"mm", False),
        (LESS, b"mma", True),
        (LESS, b"\xff", True),
        (NOT_EQUAL, b"x", True),
        (NOT_EQUAL, b"mm", False),
    ]:
        assert holds(client, compare(key, VALUE, result, value=value)) is expected, (result, value)


def test_leases_are_compared(client, key):
    lease = client.Lease.LeaseGrant(TTL=600).ID
    client.KV.Put(key=key, lease=lease)
    assert holds(client, compare(key, LEASE, EQUAL, lease=lease))
    assert holds(client, compare(key, LEASE, NOT_EQUAL, lease=0))
    assert not holds(client, compare(key, LEASE, EQUAL, lease=lease + 1))


def test_a_missing_key_is_all_zero_and_has_no_value(client, key):
    fields = {VERSION: "version", CREATE: "create_revision", MOD: "mod_revision", LEASE: "lease"}
    for target, field in fields.items():
        assert holds(client, compare(key, target, EQUAL, **{field: 0}))
        assert holds(client, compare(key, target, LESS, **{field: 1}))
        assert not holds(client, compare(key, target, GREATER, **{field: 0}))
    for result in (EQUAL, GREATER, LESS, NOT_EQUAL):
        assert not holds(client, compare(key, VALUE, result, value=b""))


def test_a_comparison_of_a_range_holds_for_every_key_in_it(client, key):
    end = prefix_end(key)
    for name in (b"a", b"b", b"c"):
        client.KV.Put(key=key + name, value=b"same")
    assert holds(client, compare(key, VALUE, EQUAL, end, value=b"same"))
    assert holds(client, compare(key, VERSION, EQUAL, end, version=1))
    assert holds(client, compare(key + b"b", CREATE, GREATER, b"\0", create_revision=0))
    client.KV.Put(key=key + b"b", value=b"other")
    assert not holds(client, compare(key, VALUE, EQUAL, end, value=b"same"))
    assert not holds(client, compare(key, VERSION, EQUAL, end, version=1))
    assert holds(client, compare(key, VERSION, GREATER, end, version=0))


def test_all_comparisons_must_hold(client, key):
    client.KV.Put(key=key, value=b"1")
    yes = compare(key, VALUE, EQUAL, value=b"1")
    no = compare(key, VALUE, EQUAL, value=b"2")
    assert holds(client) and holds(client, yes, yes)
    assert not holds(client, yes, no) and not holds(client, no, yes)


def test_operations_see_earlier_ones_and_share_one_revision(client, key):
    before = client.KV.Put(key=key + b"old", value=b"0").header.revision
    result = client.KV.Txn(
        success=[
            put(key + b"a", b"1", prev_kv=True),
            get(key, range_end=prefix_end(key)),
            delete(key + b"old", prev_kv=True),
            put(key + b"b", b"2"),
            get(key, range_end=prefix_end(key)),
            get(key + b"old", revision=before),
        ]
    )
    assert result.header.revision == before + 1
    first, seen, removed, second, last, past = result.responses
    assert not first.response_put.HasField("prev_kv")
    assert [kv.key[-1:] for kv in seen.response_range.kvs] == [b"a", b"d"]
    assert removed.response_delete_range.deleted == 1
    assert removed.response_delete_range.prev_kvs[0].value == b"0"
    assert [(kv.key[-1:], kv.mod_revision) for kv in last.response_range.kvs] == [
        (b"a", before + 1),
        (b"b", before + 1),
    ]
    assert past.response_range.kvs[0].value == b"0"
    assert second.response_put.header.revision == before + 1
    # The headers inside carry the revision and nothing else.
    assert first.response_put.header.cluster_id == 0


def test_a_transaction_without_an_effect_takes_no_revision(client, key):
    before = client.KV.Put(key=key, value=b"1").header.revision
    assert client.KV.Txn().succeeded
    assert client.KV.Txn(success=[get(key)]).header.revision == before
    assert client.KV.Txn(success=[delete(key + b"absent")]).header.revision == before
    assert client.KV.Txn(success=[delete(key), delete(key)]).header.revision == before + 1


def test_nested_comparisons_see_the_state_before_the_whole_transaction(client, key):
    absent = compare(key, VERSION, EQUAL, version=0)
    result = client.KV.Txn(
        success=[
            put(key, b"1"),
            txn(
                compare=[absent],
                success=[put(key + b"inner", b"yes")],
                failure=[put(key + b"inner", b"no")],
            ),
        ]
    )
    nested = result.responses[1].response_txn
    assert nested.succeeded
    assert nested.responses[0].WhichOneof("response") == "response_put"
    assert client.get(key + b"inner") == b"yes"
    (outer,), (inner,) = client.KV.Range(key=key).kvs, client.KV.Range(key=key + b"inner").kvs
    assert outer.mod_revision == inner.mod_revision == result.header.revision


def test_a_key_may_be_written_only_once(client, key):
    sentence = "etcdserver: duplicate key given in txn request"
    everything = {"range_end": prefix_end(key)}
    for operations in [
        [put(key + b"a"), put(key + b"a")],
        [put(key + b"a"), delete(key + b"a")],
        [delete(key, **everything), put(key + b"a")],
        [put(key + b"a"), txn(success=[put(key + b"a")])],
        [txn(success=[put(key + b"a")]), txn(failure=[put(key + b"a")])],
        [delete(key, **everything), txn(success=[put(key + b"a")])],
    ]:
        with refused(BAD_ARGUMENT, sentence):
            client.KV.Txn(success=operations)
        with refused(BAD_ARGUMENT, sentence):
            client.KV.Txn(failure=operations)
    assert client.get(key + b"a") is None


def test_the_two_branches_may_write_the_same_key(client, key):
    client.KV.Txn(success=[put(key, b"1")], failure=[put(key, b"2")])
    client.KV.Txn(success=[txn(success=[put(key, b"3")], failure=[put(key, b"4")])])
    assert client.get(key) == b"3"
    overlapping = [delete(key), delete(key, range_end=prefix_end(key)), put(key + b"\xff\xff")]
    with refused(BAD_ARGUMENT, "etcdserver: duplicate key given in txn request"):
        client.KV.Txn(success=overlapping)
    assert client.KV.Txn(success=overlapping[:2]).responses[0].response_delete_range.deleted == 1


def test_the_number_of_operations_is_limited_in_each_list(client, key):
    sentence = "etcdserver: too many operations in txn request"
    many = [put(key + b"%d" % number) for number in range(129)]
    client.KV.Txn(success=many[:128])
    client.KV.Txn(compare=[compare(key, VERSION, EQUAL)] * 128, success=many[:128], failure=many[:128])
    for fields in [{"success": many}, {"failure": many}, {"compare": [compare(key, VERSION, EQUAL)] * 129}]:
        with refused(BAD_ARGUMENT, sentence):
            client.KV.Txn(**fields)
    with refused(BAD_ARGUMENT, sentence):
        client.KV.Txn(success=[txn(success=many[:128])])


def test_each_operation_is_checked_before_any_is_done(client, key):
    before = client.revision()
    for operation, sentence in [
        (put(b""), "etcdserver: key is not provided"),
        (get(b""), "etcdserver: key is not provided"),
        (delete(b""), "etcdserver: key is not provided"),
        ({}, "etcdserver: key not found"),
        (put(key, b"1", ignore_value=True), "etcdserver: value is provided"),
        (put(key, lease=1, ignore_lease=True), "etcdserver: lease is provided"),
        (put(key, ignore_value=True), "etcdserver: key not found"),
        (txn(success=[put(b"")]), "etcdserver: key is not provided"),
        (txn(compare=[compare(b"", VERSION, EQUAL)]), "etcdserver: key is not provided"),
    ]:
        with refused(BAD_ARGUMENT, sentence):
            client.KV.Txn(success=[put(key + b"first"), operation])
    with refused(BAD_ARGUMENT, "etcdserver: key is not provided"):
        client.KV.Txn(compare=[compare(b"", VERSION, EQUAL)])
    with refused(grpc.StatusCode.NOT_FOUND, "etcdserver: requested lease not found"):
        client.KV.Txn(success=[put(key + b"first"), put(key, lease=123123)])
    with refused(grpc.StatusCode.OUT_OF_RANGE, "etcdserver: mvcc: required revision is a future revision"):
        client.KV.Txn(success=[put(key + b"first"), get(key, revision=before + 1000)])
    assert client.revision() == before
    assert client.get(key + b"first") is None


def test_a_kept_value_must_exist_before_the_transaction(client, key):
    client.KV.Put(key=key + b"a", value=b"1")
    lease = client.Lease.LeaseGrant(TTL=600).ID
    result = client.KV.Txn(success=[put(key + b"a", lease=lease, ignore_value=True)])
    (kv,) = client.KV.Range(key=key + b"a").kvs
    assert (kv.value, kv.lease, kv.mod_revision) == (b"1", lease, result.header.revision)
