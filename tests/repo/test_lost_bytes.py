"""A user and the program at work on the same files, in any order, with kills: no byte of the user is ever lost."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import shutil
import subprocess
import tempfile
from pathlib import Path

from conftest import CLEAN
from forking import SOAK, leftovers, struck
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pier_tui.errors import PierError
from pier_tui.repo.checkpoint import Journal
from pier_tui.repo.diff import HunkPick
from pier_tui.repo.disk import Change
from pier_tui.repo.overlay import Overlay
from pier_tui.seams import Fault

PATHS = ["a", "d/b", "d/c", "e"]
LINES = st.lists(
    st.sampled_from([b"one\n", b"two\n", b"three\r\n", b"\xff\xfe\n", b"last", b"\xef\xbb\xbf\n"]), max_size=7
)
CONTENTS = LINES.map(b"".join)
NAMES = st.sampled_from(PATHS)
KILLS = st.integers(1, 140)


class LostBytes(RuleBasedStateMachine):
    """`mine` is what the user put last in each place; `writes` what the program was allowed to make of it."""

    def __init__(self) -> None:
        super().__init__()
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.home = Path(tempfile.mkdtemp(prefix="pier-tui-", dir=memory))
        self.root, self.outside, self.state = (self.home / name for name in ("root", "outside", "state"))
        for folder in (self.root / "d", self.outside):
            folder.mkdir(parents=True)
        (self.outside / "b").write_bytes(b"not yours\n")
        self.mine: dict[str, bytes] = {}
        """What the user wrote last to a path and nobody was allowed to replace since, by path."""
        self.lines = 0
        """How many lines the user wrote that nobody else writes."""

    @initialize()
    def begin(self) -> None:
        for path in PATHS[:3]:
            (self.root / path).write_bytes(b"one\ntwo\nthree\r\nfour\nfive\n")
        self.git("init", "-q", "-b", "main")
        self.git("add", ".")
        self.git("commit", "-q", "-m", "first")
        self.git("checkout", "-q", "-b", "other")
        (self.root / "a").write_bytes(b"two\nthree\r\nother\n")
        self.git("commit", "-q", "-am", "second")
        self.git("checkout", "-q", "main")
        self.restart()
        self.note()

    def teardown(self) -> None:
        shutil.rmtree(self.home, ignore_errors=True)

    def git(self, *args: str) -> None:
        subprocess.run(["git", *args], cwd=self.root, env=CLEAN, check=True, capture_output=True)

    def place(self, path: str) -> Path:
        return self.root / path

    def bytes_at(self, path: str) -> bytes | None:
        with contextlib.suppress(OSError):
            if not self.place(path).is_symlink() and self.place(path).parent.resolve() == self.place(path).parent:
                return self.place(path).read_bytes()
        return None

    def note(self) -> None:
        """What is on disk now is as the user left it."""
        self.mine = {path: found for path in PATHS if (found := self.bytes_at(path)) is not None}

    def index(self) -> tuple[int, bytes]:
        path = self.root / ".git/index"
        return path.stat().st_mtime_ns, path.read_bytes()

    # the user

    @rule(path=NAMES, content=CONTENTS)
    def user_writes(self, path: str, content: bytes) -> None:
        with contextlib.suppress(OSError):
            there = os.path.lexists(self.place(path)) or (self.root / "d").is_symlink()
            if self.bytes_at(path) is not None or not there:
                self.place(path).parent.mkdir(exist_ok=True)
                self.place(path).write_bytes(content)
                self.note()

    @rule(path=NAMES, at=st.integers(0, 7))
    def user_adds_a_line(self, path: str, at: int) -> None:
        if (before := self.bytes_at(path)) is not None:
            self.lines += 1
            parts = before.splitlines(keepends=True)
            parts.insert(at, b"user %d\n" % self.lines)
            self.place(path).write_bytes(b"".join(parts))
            self.note()

    @rule(path=NAMES)
    def user_deletes(self, path: str) -> None:
        if self.bytes_at(path) is not None:
            self.place(path).unlink()
            self.note()

    @rule(old=NAMES, new=NAMES)
    def user_renames(self, old: str, new: str) -> None:
        if not (self.root / "d").is_symlink():
            with contextlib.suppress(OSError):
                os.rename(self.place(old), self.place(new))
            self.note()

    @rule(path=NAMES, mode=st.sampled_from([0o600, 0o644, 0o755, 0o444]))
    def user_changes_mode(self, path: str, mode: int) -> None:
        if self.bytes_at(path) is not None:
            self.place(path).chmod(mode)

    @rule(path=NAMES)
    def user_links(self, path: str) -> None:
        if not (self.root / "d").is_symlink():
            with contextlib.suppress(OSError):
                self.place(path).unlink(missing_ok=True)
                self.place(path).symlink_to(self.outside / "b")
            self.note()

    @rule()
    def user_swaps_the_folder_for_a_link(self) -> None:
        folder = self.root / "d"
        if folder.is_symlink():
            folder.unlink()
            folder.mkdir()
        elif folder.is_dir():
            shutil.rmtree(folder)
            folder.symlink_to(self.outside)
        self.note()

    @rule(branch=st.sampled_from(["main", "other"]))
    def user_checks_out(self, branch: str) -> None:
        with contextlib.suppress(subprocess.CalledProcessError):
            self.git("checkout", "-q", "-f", branch)
        self.note()

    # the program

    @rule(path=NAMES, content=st.none() | CONTENTS)
    def propose(self, path: str, content: bytes | None) -> None:
        with contextlib.suppress(PierError):
            self.overlay.rebase()
            self.overlay.write(path, content)

    def picks(self, some: random.Random | None) -> list[HunkPick]:
        found = [
            HunkPick(path=file.path, hunk=hunk.id if hunk else "")
            for file in self.overlay.patch().files
            for hunk in (file.hunks or (None,))
        ]
        return found if some is None else [pick for pick in found if some.random() < 0.6]

    def allowed(self, changes: dict[str, Change]) -> None:
        """The program has these bytes in hand: they are what the user left, and may be replaced, for they are kept."""
        for path, change in changes.items():
            assert path not in self.mine or self.mine[path] == change.pre, path

    @rule(seed=st.none() | st.randoms(use_true_random=False), kill=st.none() | KILLS)
    def accept(self, seed: random.Random | None, kill: int | None) -> None:
        try:
            self.overlay.rebase()
            picks = self.picks(seed)
            changes = self.overlay.accepted(picks)
        except PierError:
            return
        if not changes:
            return
        self.allowed(changes)
        if kill is None:
            with contextlib.suppress(PierError):
                self.journal.apply(self.root, changes)
                self.overlay.settle(picks)
        else:
            struck(lambda: Journal(self.state).apply(self.root, changes), Fault(kill))
            self.restart()
        self.check(set(changes))
        self.note()

    @rule(seed=st.none() | st.randoms(use_true_random=False))
    def reject(self, seed: random.Random | None) -> None:
        self.overlay.drop(self.picks(seed))

    @rule(nth=st.integers(0, 5), how=st.sampled_from(["whole", "hunk", "all"]), kill=st.none() | KILLS)
    def undo(self, nth: int, how: str, kill: int | None) -> None:
        written = self.journal.written()
        if not written:
            return
        one = written[nth % len(written)]
        ids = tuple(w.checkpoint.id for w in written if not w.checkpoint.aside) if how == "all" else one.checkpoint.id
        hunks = [h.id for f in one.patch.files for h in f.hunks][:1] if how == "hunk" else None
        index, theirs = self.index(), {path: own(self.bytes_at(path)) for path in PATHS}
        expected = self.journal.effects(ids, hunks)
        if kill is None:
            with contextlib.suppress(PierError):
                assert self.journal.undo(ids, hunks).patch == expected.patch
        else:
            struck(lambda: Journal(self.state).undo(ids, hunks), Fault(kill))
            self.restart()
        assert self.index() == index
        for path, before in theirs.items():
            ours = {line for name in ([ids] if isinstance(ids, str) else ids) for line in self.written_by(name, path)}
            assert before - own(self.bytes_at(path)) <= ours, path
        self.check(set(expected.patch.paths))
        self.note()

    def written_by(self, checkpoint: str, path: str) -> set[bytes]:
        """Lines of the user that a checkpoint wrote, as the undo of a deletion does."""
        found = [self.journal.kept.change(r) for r in self.journal.load(checkpoint).files if r.path == path]
        return {line for change in found for line in own(change.post) - own(change.pre)}

    @rule()
    def restart(self) -> None:
        self.journal = Journal(self.state)
        self.recovered = self.journal.recover()
        self.overlay = Overlay(self.root, lambda: ())
        assert all(not one.failed for one in self.recovered)
        assert self.journal.recover() == ()

    @rule(content=CONTENTS)
    def accept_and_undo_is_nothing(self, content: bytes) -> None:
        before = self.bytes_at("a")
        if before is None or content == before or self.place("a").stat().st_nlink > 1:
            return
        mode = self.place("a").stat().st_mode
        done = self.journal.apply(self.root, {"a": Change(before, content)})
        assert self.bytes_at("a") == content
        assert self.journal.undo(done).conflicts == ()
        assert self.bytes_at("a") == before
        assert self.place("a").stat().st_mode == mode

    @rule(content=CONTENTS, at=st.integers(0, 7))
    def undo_spares_the_users_line(self, content: bytes, at: int) -> None:
        before = self.bytes_at("a")
        if before is None or content == before or self.place("a").stat().st_nlink > 1:
            return
        done = self.journal.apply(self.root, {"a": Change(before, content)})
        self.user_adds_a_line("a", at)
        added = b"user %d\n" % self.lines
        self.journal.undo(done)
        assert added in (self.bytes_at("a") or b"")
        self.note()

    # what always holds

    def check(self, touched: set[str]) -> None:
        """What the user left is on disk still, or, where we were to replace it, kept under its hash."""
        for path, content in self.mine.items():
            if self.bytes_at(path) != content:
                assert path in touched, path
                assert self.kept(content), path

    def kept(self, content: bytes) -> bool:
        blob = self.state / "blobs" / hashlib.sha256(content).hexdigest()
        return blob.exists() and blob.read_bytes() == content

    @invariant()
    def nothing_outside_changes_and_nothing_is_left_over(self) -> None:
        assert {p.name: p.read_bytes() for p in self.outside.iterdir()} == {"b": b"not yours\n"}
        assert leftovers(self.root) == []

    @invariant()
    def what_the_user_wrote_is_there(self) -> None:
        for path, content in self.mine.items():
            assert self.bytes_at(path) == content, path


def own(content: bytes | None) -> set[bytes]:
    """The lines only the user writes."""
    return {line for line in (content or b"").splitlines() if line.startswith(b"user ")}


LostBytes.TestCase.settings = settings(
    max_examples=400 if SOAK else 12,
    stateful_step_count=60 if SOAK else 25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=not SOAK,
    phases=[Phase.generate, Phase.shrink] if SOAK else [Phase.generate],
)
TestLostBytes = LostBytes.TestCase
