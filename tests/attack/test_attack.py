"""A short attack with a fixed seed in every run; and the attack itself finds what is planted."""

from __future__ import annotations

import json
import os
import random

import pytest

from obskit.readers import REGISTRY
from tests.attack import __main__ as command
from tests.attack.byte_mutations import mutate
from tests.attack.cases import Case, Fault, Findings, describe
from tests.attack.fixtures import fixtures
from tests.attack.json_mutations import mutate_json
from tests.attack.load import GOOD, Loading, Part
from tests.attack.runner import PARTS, attack, replay
from tests.attack.shrink import shrink
from tests.attack.wire_mutations import mutate_protobuf
from tests.attack.worker import Worker, innermost

# As many inputs as take a few seconds each; the same ones each time. `python -m tests.attack` tries more.
INPUTS = {"load": 150, "receive": 200, "conditions": 60, "host": 200, "death": 2}


@pytest.mark.parametrize("part", PARTS)
def test_a_short_attack_finds_nothing(part: str) -> None:
    findings = Findings()
    attack(part, 1, findings, inputs=INPUTS[part])
    assert not len(findings), "\n\n".join(describe(finding) for finding in findings.all())


def test_every_registered_format_has_a_fixture() -> None:
    missing = {reader.name for reader in REGISTRY.readers()} - {one.reader for one in fixtures().values()}
    assert not missing, f"add a valid file of {sorted(missing)} to tests/attack/fixtures.py"


def test_every_fixture_of_events_is_loaded(tmp_path, load) -> None:
    readers = {reader.name for reader in REGISTRY.readers()}
    for number, (name, fixture) in enumerate(fixtures().items()):
        if fixture.reader not in readers or "metrics" in name or fixture.reader == "Delta Lake":
            continue
        root = tmp_path / str(number)
        for path, data in {fixture.name: fixture.data, **fixture.beside}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(data)
        if not name.endswith(("meta.json", ", data")):
            assert load(root / fixture.name).rows, name


def test_the_same_seed_and_number_make_the_same_input() -> None:
    def made(seed: int, part: type) -> list[str]:
        return [part().case(random.Random(f"{seed}/{n}"), seed, n).to_json() for n in range(60)]

    assert made(1, Part) == made(1, Part)
    assert made(1, Part) != made(2, Part)


def test_mutations_of_structure_stay_close_to_the_format() -> None:
    rng = random.Random(1)
    valid = 0
    for _ in range(200):
        changed = mutate_json(rng, b'{"a":[{"b":1,"c":"x"}],"d":{"e":null}}')
        try:
            json.loads(changed or b"")
            valid += 1
        except (ValueError, RecursionError):
            pass
    assert valid > 100
    assert mutate_json(rng, b"no JSON") is None
    message = fixtures()["OTLP protobuf, traces"].data
    assert len({mutate_protobuf(rng, message) for _ in range(50)}) > 40
    assert mutate_protobuf(rng, b"\xff\xff") is None


def test_a_mutation_names_its_steps() -> None:
    data, steps = mutate(random.Random(3), b'{"a":1}', [b"other"], "json")
    assert steps
    assert data != b'{"a":1}'


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch):
    """A part of the attack that is broken on purpose, which a worker imports by this name."""
    monkeypatch.setitem(PARTS, "planted", 1.0)


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (b"raise", "ValueError"),
        (b"exit", "exited with 3"),
        (b"kill", "killed by SIGKILL"),
        (b"memory", "memory"),
        (b"addresses", "MemoryError"),
    ],
)
def test_a_worker_survives_what_goes_wrong(payload: bytes, kind: str) -> None:
    worker = Worker("planted")
    try:
        good = Case("planted", 1, 0, b"")
        assert worker.attempt(good) == []
        (fault,) = worker.attempt(Case("planted", 1, 1, payload))
        assert fault.kind == kind
        assert worker.attempt(good) == []
    finally:
        worker.close()


def test_what_hangs_is_ended_and_its_place_is_known() -> None:
    worker = Worker("planted", limit=1)
    try:
        (fault,) = worker.attempt(Case("planted", 1, 1, b"hang"))
        assert fault == Fault("hang", "", "more than 1 s")
    finally:
        worker.close()
    stack = (
        'Timeout (0:00:01)!\nThread 0x01 (most recent call first):\n  File "/x/obskit/other.py", line 1 in one\n'
        'Thread 0x02 (most recent call first):\n  File "/y/json.py", line 1 in loads\n'
        '  File "/x/obskit/readers/curl.py", line 5 in read\n  File "/x/tests/attack/worker.py", line 1 in main\n'
    )
    assert innermost(stack) == "obskit/readers/curl.py:read"


def test_a_finding_is_made_shorter_saved_and_replayed(planted, tmp_path) -> None:
    findings = Findings()
    attack("planted", 1, findings, inputs=20, shorten=5)
    (finding,) = findings.all()
    assert finding.count == 20
    assert finding.case.payload == b"raise"
    told = describe(finding, tmp_path)
    (saved,) = tmp_path.iterdir()
    assert told.endswith(f"python -m tests.attack --replay {saved}")
    assert describe(finding).endswith("python -m tests.attack --seed 1 --only planted --number 0")
    again = Findings()
    replay(Case.from_json(saved.read_text()), again)
    assert [one.fault.key for one in again.all()] == [finding.fault.key]


def test_the_exit_status_says_whether_something_was_found(planted, capsys) -> None:
    assert command.main("--only planted --seed 2 --number 5".split()) == 1
    assert "1 distinct faults" in capsys.readouterr().out
    assert command.main("--only host --seed 2 --number 0".split()) in (0, 1)
    with pytest.raises(SystemExit):
        command.main("--only nothing".split())


def test_missing_rows_of_the_good_file_are_a_fault(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("tests.attack.load.GOOD", GOOD.splitlines()[0])
    monkeypatch.setenv("OBSKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(Loading, "__init__", lambda self, folder: vars(self).update(_folder=folder, _tried=0))
    (fault,) = Loading(tmp_path)(Case("load", 1, 1, b'{"a":1}', {"fixture": "CSV", "file": "a", "place": ""}))
    assert fault.kind == "rows of the good file are missing"
    assert os.listdir(tmp_path) == ["cache"]


def test_several_files_are_tried_at_once_and_alone_where_one_is_at_fault(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("OBSKIT_CACHE", str(tmp_path / "cache"))
    loading = Loading(tmp_path)
    good = Case("load", 1, 1, b'{"a":1}', {"fixture": "CSV", "file": "a", "place": ""})
    false = good.with_payload(b'{"name":"good 1"}')
    assert loading.together([good, good])
    assert not loading.together([good, false])
    assert [len(loading(case)) for case in (good, false)] == [0, 1]


def test_shrink_keeps_what_matters() -> None:
    lines = b"".join(b'{"n":%d,"text":"abc"}\n' % n for n in range(50))
    short = shrink(lines, lambda data: b'"n":17' in data, 5)
    assert short == b'"n":17'
    document = json.dumps({"a": [1, 2, {"b": "x", "c": 5}], "d": "y" * 100}).encode()

    def still(data: bytes) -> bool:
        try:
            return json.loads(data)["a"][-1]["c"] == 5
        except (ValueError, LookupError, TypeError):
            return False

    assert json.loads(shrink(document, still, 5)) == {"a": [{"c": 5}]}


def test_a_fault_is_the_same_whatever_the_values_are() -> None:
    one, two = (Fault("lost", "", f"{n} of 5 rows of '/tmp/{n}'") for n in (1, 2))
    assert one.key == two.key
    assert Fault.of(ValueError("x")).place == ""


@pytest.fixture
def load():
    from tests.support.loaded import load_files

    return load_files
