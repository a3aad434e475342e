"""What changed in the code between two versions, and which of it the slow or failed requests ran.

A file that was changed and that failed requests name is an association: look there first; it is no proof.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ibis.expr.types as ir

from obskit.display import formatting
from obskit.engine import Scope, format_condition
from obskit.judge.arms import Arms
from obskit.judge.code_places import FILE, FUNCTION, CodePlace, places_of, stem
from obskit.readers.markers.git.commits import Repository, read_repository
from obskit.readers.markers.git.diff import MOST_COMMITS, Commit, read_commits, read_files
from obskit.text import pluralize

REVISION = "vcs.ref.head.revision"
MOST_SHOWN = 5
MOST_LISTED = 200  # files and commits in JSON
_MIGRATION = re.compile(
    r"(?:^|/)(?:db/migrate|migrations?|alembic|flyway|liquibase|changelogs?)/|(?:^|/)[VUR]\d[\w.]*__[^/]*\.sql$",
    re.I,
)
_CONFIGURATION = re.compile(
    r"\.(?:ya?ml|toml|ini|cfg|conf|env|properties|tf|tfvars|hcl)$|(?:^|/)(?:\.env[^/]*|Dockerfile[^/]*)$"
    r"|(?:^|/)(?:conf|config|configs|helm|charts|deploy)/",
    re.I,
)


@dataclass(frozen=True)
class ChangedFile:
    """A file that differs between two versions.

    Attributes:
        path: its path in the repository.
        status: "added", "deleted" or "modified".
        kind: "migration", "configuration" or "code".
        places: what the events name that is in this file.
    """

    path: str
    status: str
    kind: str
    places: tuple[CodePlace, ...] = ()

    def describe(self) -> str:
        """Return the file in one line."""
        kind = "" if self.kind == "code" else f", {self.kind}"
        seen = dict.fromkeys(f"{one.source} {formatting.shorten(one.text, 100)}" for one in self.places)
        return f"{self.path} ({self.status}{kind}){': ' if seen else ''}{', '.join(list(seen)[:2])}"

    def to_dict(self) -> dict[str, Any]:
        """Return the file as values that JSON can hold."""
        places = [{"source": one.source, "text": one.text} for one in self.places]
        return {"path": self.path, "status": self.status, "kind": self.kind, "places": places}


@dataclass(frozen=True)
class CodeChanges:
    """What changed in the code between the baseline and the candidate.

    Attributes:
        baseline, candidate: the hashes of their commits.
        commits: what the candidate has and the baseline has not; those that changed a file which the events
            name come first.
        files: what differs; files that the events name come first, then migrations and configuration.
        missing: how many commits of the baseline the candidate does not have.
        capped: whether there are more commits than were read.
        named: whether the events name any code.
    """

    baseline: str
    candidate: str
    commits: tuple[Commit, ...] = ()
    files: tuple[ChangedFile, ...] = field(default=())
    missing: int = 0
    capped: bool = False
    named: bool = False

    def lines(self) -> list[str]:
        """Return the changes as lines of text, the ones to look at first."""
        more = "at least " if self.capped else ""
        lines = [
            f"changed between the versions ({self.baseline[:10]}..{self.candidate[:10]}): "
            f"{more}{pluralize(len(self.commits), 'commit')}, {pluralize(len(self.files), 'file')}"
        ]
        if self.missing:
            lines.append(f"the candidate lacks {pluralize(self.missing, 'commit')} of the baseline")
        named = [one for one in self.files if one.places]
        if named:
            lines.append("named by failed or slow requests (an association, not a cause):")
            lines += _cut([f"    {one.describe()}" for one in named])
        elif self.files and self.named:
            lines.append("failed and slow requests name none of these files")
        elif self.files:
            lines.append(f"no failed or slow request has {FILE}, {FUNCTION} or a stack trace that is new")
        paths = {one.path for one in named}
        commits = [one for one in self.commits if paths.intersection(one.files)]
        subjects = [(one.revision[:10], formatting.shorten(one.subject, 100)) for one in commits]
        lines += _cut([f"    commit {revision} {subject}" for revision, subject in subjects])
        for kind in ("migration", "configuration"):
            others = [one for one in self.files if one.kind == kind and not one.places]
            lines += _cut([f"{kind}: {one.path} ({one.status})" for one in others])
        return lines

    def to_dict(self) -> dict[str, Any]:
        """Return the changes as values that JSON can hold; lists have at most 200 entries."""
        return {
            "baseline": self.baseline,
            "candidate": self.candidate,
            "commits_found": len(self.commits),
            "commits_capped": self.capped,
            "files_found": len(self.files),
            "missing": self.missing,
            "commits": [
                {
                    "revision": one.revision,
                    "at": formatting.utc(one.at),
                    "subject": one.subject,
                    "files": list(one.files[:MOST_LISTED]),
                }
                for one in self.commits[:MOST_LISTED]
            ],
            "files": [one.to_dict() for one in self.files[:MOST_LISTED]],
        }


def kind_of(path: str) -> str:
    """Return "migration", "configuration" or "code" for a path."""
    if _MIGRATION.search(path):
        return "migration"
    return "configuration" if _CONFIGURATION.search(path) else "code"


def code_changes(git: str | Path, arms: Arms, by: str, outcome: str) -> tuple[CodeChanges | None, list[str]]:
    """Return what changed in the code between the two arms.

    Args:
        git: folder of the repository.
        arms: the arms.
        by: the field with their versions.
        outcome: the failed and slow requests, as a condition; "" if nothing was compared.

    Returns:
        The changes, or None and notes that say which version has no commit.

    Raises:
        NoSuchPath, MissingDependency, ReadError, LimitExceeded: git cannot read the repository.
    """
    repository = read_repository(git)
    found, notes = [], []
    for name, arm in (("baseline", arms.baseline), ("candidate", arms.candidate)):
        if len(arm.values) != 1:
            what = f"has {len(arm.values)} versions" if arm.values else "is a condition, not a version"
            notes.append(f"no code changes: the {name} {what}; give one version as {name}")
            continue
        commit = _commit_of(repository, arms, by, arm.values[0])
        if commit is None:
            notes.append(
                f"no code changes: the repository has no commit for the {name} {arm.label}: no tag has that "
                f"name, and no event of it has a {REVISION} that is there"
            )
        else:
            found.append(commit)
    if notes:
        return None, notes
    if repository.shallow:
        notes.append("warning: the repository is a shallow clone, so commits may be missing")
    places: list[CodePlace] = []
    if outcome:
        places = places_of(arms.scope, arms.candidate.condition, arms.baseline.condition, outcome)
    old, new = found
    return _between(repository, old, new, places), notes


def _between(repository: Repository, old: int, new: int, places: Sequence[CodePlace]) -> CodeChanges:
    """Return the commits and files between two commits, those that the events name first."""
    before, after = repository.hashes[old], repository.hashes[new]
    count = len(repository.between(old, new))
    rank = {place: at for at, place in enumerate(places)}
    by_last: dict[str, list[CodePlace]] = {}
    for place in places:
        by_last.setdefault(place.last, []).append(place)
    files = []
    for path, status in read_files(repository.path, before, after).items():
        name = path.rpartition("/")[2]
        near = [one for last in dict.fromkeys((name, stem(name))) for one in by_last.get(last, ())]
        named_by = tuple(sorted((one for one in near if one.matches(path)), key=rank.__getitem__))
        files.append(ChangedFile(path, status, kind_of(path), named_by))
    order = {"migration": 0, "configuration": 1, "code": 2}
    files.sort(key=lambda one: (not one.places, order[one.kind]))
    named = {one.path for one in files if one.places}
    commits = read_commits(repository.path, before, after) if count else []
    commits.sort(key=lambda one: named.isdisjoint(one.files))
    missing = len(repository.between(new, old))
    return CodeChanges(
        before, after, tuple(commits), tuple(files), missing, count > MOST_COMMITS, bool(places)
    )


def _commit_of(repository: Repository, arms: Arms, by: str, version: str) -> int | None:
    """Return the commit of a version: as its events say, else its tag, else the version is a hash."""
    revisions = _revisions(arms.scope, by, version)
    if len(revisions) == 1:
        return repository.find(revisions[0], None)
    # In a repository of several services, a tag names the service, too.
    own = {f"{arms.service}{mark}{v}{version}" for mark in "-@_/" for v in ("", "v")} & set(repository.tags)
    if arms.service is not None and len(own) == 1:
        return repository.find(repository.tags[own.pop()], None)
    by_tag = repository.find(None, version)
    return by_tag if by_tag is not None else repository.find(version, None)


def _revisions(scope: Scope, by: str, version: str) -> list[str]:
    """Return the revisions that the events of a version name; two are enough to know it is not one."""
    if REVISION not in scope.schema.names or by not in scope.schema.names:
        return []
    rows = scope.narrow(format_condition([{"field": by, "op": "=", "value": version}]))

    def build(table: ir.Table) -> ir.Table:
        return table.filter(table[REVISION].notnull()).select(REVISION).distinct().limit(2)

    return [str(row[REVISION]) for row in rows.run(build).table.to_pylist()]


def _cut(lines: list[str]) -> list[str]:
    more = len(lines) - MOST_SHOWN
    return [*lines[:MOST_SHOWN], f"    … {more:,} more"] if more > 0 else lines
