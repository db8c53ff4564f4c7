"""Runs one script on every server and compares what they answered."""

import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from .differences import ABSENT, DIFFERENCES, Difference
from .recorder import CommonStart, Entry, Recorder
from .subjects import Subject

FAILED = "the script failed"
ENDED = "the server ended"
Script = Callable[[Recorder], None]


class Comparison:
    """Our server and the real ones. Remembers which intended differences were seen."""

    def __init__(self, ours: Subject, theirs: list[Subject]) -> None:
        self.ours = ours
        self.theirs = theirs
        self.seen: set[int] = set()

    def run(self, script: Script, without: tuple[str, ...] = ()) -> list[str]:
        """Runs the script on all servers but those named; returns the differences that are not intended."""
        theirs = [subject for subject in self.theirs if subject.name not in without]
        subjects = [self.ours, *theirs]
        for subject in subjects:
            subject.prepare()
        start = CommonStart(len(subjects))
        with ThreadPoolExecutor(len(subjects)) as pool:
            transcripts = list(pool.map(lambda subject: self.record(subject, script, start), subjects))
        problems = [
            f"{subject.name}: {entry.label}: {entry.answer}"
            for subject, transcript in zip(subjects, transcripts, strict=True)
            for entry in transcript
            if entry.label in (FAILED, ENDED)
        ]
        for subject, transcript in zip(theirs, transcripts[1:], strict=True):
            problems += self.compare(transcripts[0], transcript, subject)
        return problems

    def check(self, script: Script, without: tuple[str, ...] = ()) -> None:
        """Fails when the servers differ in a way that is not intended."""
        problems = self.run(script, without)
        if problems:
            pytest.fail("\n".join(problems), pytrace=False)

    def record(self, subject: Subject, script: Script, start: CommonStart) -> list[Entry]:
        recorder = Recorder(subject, self.ours.has_no_other_writers, start)
        try:
            script(recorder)
        except Exception as error:  # A script that fails on one server only is a difference.
            where = traceback.extract_tb(error.__traceback__)[-1]
            recorder.note(FAILED, {"error": f"{error!r} at {where.name}:{where.lineno}"})
        finally:
            recorder.close()
        if not subject.server.is_alive():
            recorder.note(ENDED, {"exit": subject.server.process.returncode})
        return recorder.entries

    def compare(self, ours: list[Entry], theirs: list[Entry], subject: Subject) -> list[str]:
        problems: list[str] = []
        for number, (our, their) in enumerate(zip(ours, theirs, strict=False)):
            if our.label != their.label:
                problems.append(f"step {number}: ours went on with {our.label}, {subject.name} {their.label}")
                return problems
            lines = self.differing(our, their, subject.name)
            if lines:
                problems.append(f"step {number}: {our.label}")
                problems += lines
        if len(ours) != len(theirs):
            longer = max(ours, theirs, key=len)
            rest = longer[min(len(ours), len(theirs))]
            who = "ours" if longer is ours else subject.name
            problems.append(f"only {who} went on with {rest.label}: {rest.answer}")
        return problems

    def differing(self, our: Entry, their: Entry, name: str) -> list[str]:
        lines: list[str] = []
        paths = list(our.answer) + [path for path in their.answer if path not in our.answer]
        for path in paths:
            a, b = our.answer.get(path, ABSENT), their.answer.get(path, ABSENT)
            if a != b and not self.is_intended(our, path, a, b, name):
                lines.append(f"    {path}: ours {a!r}, {name} {b!r}")
        return lines

    def is_intended(self, entry: Entry, path: str, ours: object, theirs: object, name: str) -> bool:
        for number, row in enumerate(DIFFERENCES):
            if row.matches(name, entry.method, entry.request, path, str(ours), str(theirs)):
                self.seen.add(number)
                return True
        return False

    def unseen(self) -> list[Difference]:
        """Returns the rows of the table that matched nothing."""
        return [row for number, row in enumerate(DIFFERENCES) if number not in self.seen]
