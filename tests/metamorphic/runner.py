"""Try mutations on samples, and say for each whether the answer is right, refused, reported, or wrong."""

from __future__ import annotations

import functools
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.metamorphic import named_mutations
from tests.metamorphic.answer import Answer, answer
from tests.metamorphic.mutations import MUTATIONS, Change
from tests.metamorphic.sample import Sample
from tests.metamorphic.samples import samples
from tests.metamorphic.world import World

assert named_mutations  # registers its mutations

OUTCOMES = ("same", "refused", "told", "WRONG")


@dataclass(frozen=True)
class Filter:
    """Which trials to make; None for all mutations, or the samples of all readers."""

    mutation: str | None = None
    reader: str | None = None

    def __call__(self, mutation: str, sample: Sample) -> bool:
        return self.mutation in (None, mutation) and self.reader in (None, sample.reader)

    def __bool__(self) -> bool:
        return self.mutation is not None or self.reader is not None

    def __str__(self) -> str:
        """The words of the command that make the same choice."""
        words = {"--mutation": self.mutation, "--reader": self.reader}
        return "".join(f" {option} '{name}'" for option, name in words.items() if name is not None)


ALL = Filter()


@dataclass(frozen=True)
class Trial:
    """One mutation of one sample; its number, the seed and the filter make it again.

    Attributes:
        outcome: one of `OUTCOMES`.
        difference: how the answer differs from the right one.
        remarks: what the load report says beyond that of the original.
    """

    number: int
    seed: int
    filter: Filter
    mutation: str
    sample: Sample
    change: Change
    outcome: str
    difference: str
    remarks: tuple[str, ...]

    def __str__(self) -> str:
        step = f" ({self.change.step})" if self.change.step else ""
        return (
            f"{self.sample}: {self.mutation}{step}: {self.difference}\n"
            f"    python -m tests.metamorphic --seed {self.seed} --only {self.number}{self.filter} --keep FOLDER"
        )


@dataclass
class Outcomes:
    """Trials counted by outcome, mutation and reader."""

    by_mutation: dict[str, Counter[str]] = field(default_factory=dict)
    by_reader: dict[str, Counter[str]] = field(default_factory=dict)
    wrong: list[Trial] = field(default_factory=list)
    told: list[Trial] = field(default_factory=list)

    def add(self, trial: Trial) -> None:
        self.by_mutation.setdefault(trial.mutation, Counter())[trial.outcome] += 1
        self.by_reader.setdefault(trial.sample.reader, Counter())[trial.outcome] += 1
        if trial.outcome == "WRONG":
            self.wrong.append(trial)
        elif trial.outcome == "told":
            self.told.append(trial)

    @property
    def total(self) -> Counter[str]:
        return sum(self.by_mutation.values(), Counter())


@functools.cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="obskit-metamorphic-"))


def clean() -> None:
    """Remove the files that were tried."""
    shutil.rmtree(_folder(), ignore_errors=True)
    _folder.cache_clear()


def answer_of(data: bytes, name: str) -> Answer:
    """Return what obskit gives for a file of these bytes and this name."""
    path = _folder() / name
    path.write_bytes(data)
    try:
        return answer(path)
    finally:
        path.unlink()


@functools.lru_cache(maxsize=1000)
def original(sample: Sample, world: World) -> Answer:
    """Return the answer for a sample that nobody changed."""
    return answer_of(sample.write(world), sample.file)


def choose(seed: int, number: int) -> tuple[str, Sample, World, random.Random]:
    """Return the mutation and the sample of a trial: both in turn, so that few trials reach all of them."""
    rng = random.Random(f"{seed}/{number}")
    names = list(MUTATIONS)
    found = samples()
    turn = random.Random(f"{seed}/{number // len(names)}").sample(names, len(names))
    name = turn[number % len(names)]
    sample = found[(number * 7 + seed) % len(found)] if rng.random() < 0.7 else rng.choice(found)
    return name, sample, World(count=rng.choice([8, 14, 14, 30])), rng


def trial(seed: int, number: int, only: Filter = ALL) -> Trial:
    """Make the mutation with a number, and judge what obskit gives for it.

    A sample to which the mutation does not apply is replaced by another one.
    """
    name, sample, world, rng = choose(seed, number)
    if not only(name, sample):
        fits = [(m, s) for m in MUTATIONS for s in samples() if only(m, s)]
        name, sample = rng.choice(fits)
    change = None
    for _ in range(200):
        change = MUTATIONS[name](rng, sample, world, list(samples()))
        if change is not None:
            break
        fitting = [one for one in samples() if only(name, one)]
        sample = rng.choice(fitting)
    assert change is not None, f"{name} applies to no sample"
    return judge(functools.partial(Trial, number, seed, only, name, sample, change), world)


def judge(trial: Callable[..., Trial], world: World) -> Trial:
    """Return a trial, which lacks its outcome, the difference and the remarks, with these."""
    sample, change = trial.args[-2:]  # type: ignore[attr-defined]
    before, after = original(sample, world), answer_of(change.data, change.file)
    if after.crash:
        return trial("WRONG", f"an error that is not obskit's: {after.crash}", ())
    if after.refused:
        return trial("refused", after.refused, ())
    remarks = tuple(after.beyond(before))
    if lost := change.lost(before, after):
        return trial("WRONG", lost, remarks)
    found = change.relation(before, after)
    return trial("same" if not found else "told" if remarks else "WRONG", found, remarks)
