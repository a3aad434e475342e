"""Commits between two others, as git itself lists them; revisions and tags of deployments."""

import random
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obskit.readers.markers.git.commits import Repository, read_repository
from tests.delivery.records import T
from tests.support.examples import examples
from tests.support.git_repository import Repository as NewRepository


def graph(parents):
    return Repository(
        "x", tuple(f"{n:040x}" for n in range(len(parents))), (0,) * len(parents), tuple(parents)
    )


def history(parents, at):
    seen, waiting = set(), [at]
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.add(one)
            waiting += parents[one]
    return seen


@st.composite
def graphs(draw):
    size = draw(st.integers(1, 25))
    return [
        tuple(sorted(draw(st.sets(st.integers(0, at - 1), max_size=3)))) if at else () for at in range(size)
    ]


@settings(max_examples=examples(300), deadline=None)
@given(graphs(), st.data())
def test_between_is_the_difference_of_the_histories(parents, data):
    ends = st.integers(0, len(parents) - 1)
    old, new = data.draw(ends), data.draw(ends)
    found = graph(parents).between(old, new)
    assert len(found) == len(set(found))
    assert set(found) == history(parents, new) - history(parents, old)


def test_the_same_as_git(tmp_path):
    made = NewRepository(tmp_path / "repo")
    chance = random.Random(7)
    names = [made.commit(T)]
    for number in range(1, 25):
        if chance.random() < 0.4:
            made.git("checkout", "--quiet", "-B", f"b{number % 3}", chance.choice(names))
        names.append(made.commit(T + timedelta(minutes=number)))
        if chance.random() < 0.3:
            made.git("merge", "--quiet", "--no-ff", "-m", "merge", chance.choice(names), at=T)
            names.append(made.git("rev-parse", "HEAD"))
    made.tag("keep", T)
    repository = read_repository(made.folder)
    for _ in range(25):
        old, new = chance.choice(names), chance.choice(names)
        left, right = repository.find(old, None), repository.find(new, None)
        if left is None or right is None:
            continue  # a branch that was moved away from it
        wanted = set(made.git("rev-list", f"{old}..{new}").split())
        assert {repository.hashes[at] for at in repository.between(left, right)} == wanted


def test_the_commit_of_a_deployment(tmp_path):
    made = NewRepository(tmp_path / "repo")
    first = made.commit(T)
    made.tag("v1.0.0", T, annotated=True)
    second = made.commit(T + timedelta(hours=1))
    repository = read_repository(made.folder)
    assert repository.times == (int(T.timestamp()), int(T.timestamp()) + 3600)
    found = [
        repository.find(first, None),
        repository.find(second[:9].upper(), None),
        repository.find(None, "1.0.0"),
        repository.find(None, "v1.0.0"),
        repository.find(second, "1.0.0"),
    ]
    assert found == [0, 1, 0, 0, 1]
    assert repository.find(None, None) is None
    assert repository.find(second[:6], None) is None  # too short to be sure
    assert repository.find("0" * 40, "1.0.0") is None  # the revision wins, and it is not there
    assert repository.find(None, "--upload-pack=touch pwned") is None
    assert not repository.shallow


def test_an_ambiguous_revision_is_not_guessed():
    hashes = ("a" * 40, "a" * 39 + "b")
    assert Repository("x", hashes, (0, 0), ((), (0,))).find("a" * 10, None) is None


def test_an_empty_repository_has_no_commits(tmp_path):
    assert read_repository(NewRepository(tmp_path / "repo").folder).hashes == ()


def test_a_shallow_clone_is_recognized(tmp_path):
    made = NewRepository(tmp_path / "repo")
    made.commit(T)
    made.commit(T)
    made.git("clone", "--quiet", "--depth", "1", f"file://{made.folder}", str(tmp_path / "clone"))
    repository = read_repository(tmp_path / "clone")
    assert (len(repository.hashes), repository.shallow) == (1, True)


@pytest.mark.parametrize("time", [-1, 10**15])
def test_a_commit_may_claim_any_time(time):
    repository = Repository("x", ("a" * 40,), (time,), ((),))
    assert repository.find("a" * 40, None) == 0
