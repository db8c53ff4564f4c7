"""`isthmus restore`: what it makes of a snapshot, and what it refuses."""

import hashlib
import json

import pytest

from support.etcdctl import Etcdctl
from support.protocol import Client
from support.servers import Etcd35, Isthmus
from support.snapshots import restore_ours, restored_etcd, restored_isthmus, save, state, status
from support.watching import watching


@pytest.fixture(scope="module")
def saved(target, module_directory):
    """A snapshot of ours."""
    if target != "isthmus":
        pytest.skip("only our server has this")
    server = Isthmus(module_directory / "saved").start()
    with Client(server) as client:
        for number in range(3_000):
            client.KV.Put(key=b"k/%d" % number, value=b"x" * 100)
    path = save(server, module_directory / "saved.db")
    server.stop()
    return path


def test_a_state_directory_that_is_in_use_is_left_alone(saved, tmp_path):
    directory = tmp_path / "state"
    directory.mkdir()
    (directory / "precious").write_text("precious")
    result = restore_ours(saved, directory)
    assert result.returncode == 1
    assert f"the state directory {directory} is not empty: precious is in it" in result.stderr
    assert [each.name for each in directory.iterdir()] == ["precious"]


def test_certificates_may_be_there_before(saved, tmp_path):
    directory = tmp_path / "state"
    (directory / "pki").mkdir(parents=True)
    assert restore_ours(saved, directory).returncode == 0
    assert sorted(each.name for each in directory.iterdir()) == ["pki", "store.db"]


@pytest.mark.parametrize("keep", [0, 31, 32, 100, 4096, 20_000, 20_480, -1, -32, -4096])
def test_a_file_that_is_cut_short_is_refused(saved, tmp_path, keep):
    path = tmp_path / "cut.db"
    path.write_bytes(saved.read_bytes()[:keep])
    result = restore_ours(path, tmp_path / "state")
    assert result.returncode == 1
    assert f"{path} cannot be restored: " in result.stderr
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("place", [20, 4_100, 9_000, 100_000, -10])
def test_a_damaged_file_is_refused(saved, tmp_path, place):
    data = bytearray(saved.read_bytes())
    data[place] ^= 1
    path = tmp_path / "damaged.db"
    path.write_bytes(data)
    result = restore_ours(path, tmp_path / "state")
    assert result.returncode == 1
    assert "do not have the SHA-256 digest" in result.stderr
    assert not (tmp_path / "state").exists()


def test_damage_with_a_right_checksum_is_named_by_its_page(saved, tmp_path):
    data = bytearray(saved.read_bytes()[:-32])
    page = 5 * 4096
    data[page : page + 8] = (999).to_bytes(8, "little")
    path = tmp_path / "forged.db"
    path.write_bytes(bytes(data) + hashlib.sha256(data).digest())
    result = restore_ours(path, tmp_path / "state")
    assert result.returncode == 1
    assert "it is damaged: page 5 (at byte 20480): it calls itself page 999" in result.stderr
    # What was written until then is gone.
    assert list((tmp_path / "state").iterdir()) == []


@pytest.mark.isthmus_only
def test_other_files_are_refused(tmp_path):
    path = tmp_path / "other"
    path.write_bytes(b"\x00" * 65_536 + hashlib.sha256(b"\x00" * 65_536).digest())
    result = restore_ours(path, tmp_path / "state")
    assert result.returncode == 1
    assert "it is not a snapshot of etcd" in result.stderr
    assert restore_ours(tmp_path, tmp_path / "state").returncode == 1
    assert restore_ours(tmp_path / "missing", tmp_path / "state").returncode == 1


@pytest.mark.isthmus_only
def test_a_database_from_a_data_directory_is_read_if_asked(servers, tmp_path):
    theirs = servers(Etcd35(tmp_path / "source").start())
    with Client(theirs) as client:
        for number in range(500):
            client.KV.Put(key=b"k/%d" % number, value=b"x" * 200)
        client.KV.DeleteRange(key=b"k/3", range_end=b"k/4")
        client.KV.Compact(revision=client.revision() - 5, physical=True)
        client.Maintenance.Defragment()
        expected = state(client)
    theirs.stop()
    path = tmp_path / "source" / "member" / "snap" / "db"
    refusal = restore_ours(path, tmp_path / "state")
    assert refusal.returncode == 1 and "--skip-hash-check" in refusal.stderr
    ours = servers(restored_isthmus(path, tmp_path / "state", "--skip-hash-check"))
    with Client(ours) as client:
        found = [kv for kv in state(client)["keys"] if not kv[0].startswith(b"cilium/")]
        assert found == expected["keys"]


def test_revisions_can_be_moved_up(saved, tmp_path, servers):
    head = status(saved)["revision"]
    ours = servers(restored_isthmus(saved, tmp_path / "state", "--bump-revision", 1_000_000_000))
    with Client(ours) as client:
        assert client.revision() >= head + 1_000_000_000
        assert client.get(b"k/1") == b"x" * 100
        with watching(client) as stream:
            stream.ask(b"k/", range_end=b"k0", start_revision=head + 1)
            answers = [stream.next(), stream.next()]
            assert answers[1].canceled and answers[1].compact_revision == head + 1_000_000_000
    again = save(ours, tmp_path / "again.db")
    theirs = servers(restored_etcd(again, tmp_path / "etcd"))
    with Client(theirs) as client, Client(ours) as own:
        assert state(client) == state(own)


def test_wrong_arguments_are_refused(saved, tmp_path):
    for flags in (["--bump-revision", "-1"], ["--no-such-flag"]):
        assert restore_ours(saved, tmp_path / "state", *flags).returncode == 2
    assert not (tmp_path / "state").exists()


def test_what_is_restored_survives_restarts(servers, saved, tmp_path):
    ours = servers(restored_isthmus(saved, tmp_path / "state"))
    with Client(ours) as client:
        client.KV.Put(key=b"later", value=b"1")
        before = [kv for kv in state(client)["keys"] if not kv[0].startswith(b"cilium/")]
    ours.kill()
    ours.start()
    with Client(ours) as client:
        assert [kv for kv in state(client)["keys"] if not kv[0].startswith(b"cilium/")] == before


def test_etcdctl_shows_a_restored_store(servers, saved, tmp_path):
    ours = servers(restored_isthmus(saved, tmp_path / "state"))
    found = json.loads(Etcdctl(ours)("endpoint", "status", "-w", "json"))
    assert found[0]["Status"]["header"]["revision"] > status(saved)["revision"]
