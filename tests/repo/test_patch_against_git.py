"""What `git diff` writes, whole or damaged, must come to the same files as with `git apply`, or be refused."""

from __future__ import annotations

import os
import re
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pier_tui.repo.patch import apply

SOAK = bool(os.environ.get("PIER_SOAK"))
Files = dict[str, tuple[bytes, bool]]

NAMES = ["a", "b.txt", "with space", "trailing ", 'quo"te', "tab\tname", "é/ü", "deep/er/x", "deep/y", "back\\slash"]
NAMES += ["new\nline", "a/b/c", "b/a", "-dash", "+plus", "dev/null", "2020-01-01", "x 2020-01-01 10:00:00"]
LINES = [b"a", b"b", b"c", b"", b"}", b" a", b"\tb", b"a ", b"-- ", b"--- a/a", b"+++ b/a", b"@@ -1 +1 @@", b"\xe9\xff"]
LINES += [b"\xef\xbb\xbfbom", b"\\ No newline at end of file", b"diff --git a/a b/a", b"cr\r", b"mid\rdle", b"-", b"+"]
OPTIONS = [[], ["--no-prefix"], ["--src-prefix=old/", "--dst-prefix=new/"], ["--full-index"], ["--patience"]]

RENAMES = [[], ["-M"], ["-M", "-C"], ["-M10%", "-B"]]


def some_text(rng: Random) -> bytes:
    end = rng.choice([b"\n", b"\n", b"\n", b"\r\n"])
    pool = LINES if rng.random() < 0.3 else LINES[:6]
    lines = [rng.choice(pool) + end for _ in range(rng.choice([0, 1, 2, 5, 12, 30]))]
    text = b"".join(lines)
    return text[: -len(end)] if text and rng.random() < 0.2 else text


def changed_text(rng: Random, text: bytes) -> bytes:
    lines = text.splitlines(keepends=True) if rng.random() < 0.9 else text.split(b"\n")
    for _ in range(rng.choice([1, 1, 2, 4])):
        at = rng.randrange(len(lines) + 1)
        lines[at : at + rng.choice([0, 1, 1, 3])] = [rng.choice(LINES) + b"\n" for _ in range(rng.choice([0, 1, 2]))]
    text = b"".join(lines)
    return text.removesuffix(b"\n") if rng.random() < 0.1 else text


def holds(files: Files, name: str) -> bool:
    """Whether the name is a file or a folder, or goes through a file."""
    return any(name == n or n.startswith(f"{name}/") or name.startswith(f"{n}/") for n in files)


def some_files(rng: Random) -> Files:
    files: Files = {}
    for _ in range(rng.choice([1, 2, 4])):
        if not holds(files, name := rng.choice(NAMES)):
            files[name] = (some_text(rng), rng.random() < 0.1)
    return files


def changed_files(rng: Random, files: Files) -> Files:
    after = dict(files)
    for _ in range(rng.choice([1, 2, 3])):
        name = rng.choice([*after, *NAMES])
        what = rng.choice(["change", "change", "change", "make", "delete", "rename", "copy", "mode", "swap"])
        here = after.get(name)
        if what == "make" and not holds(after, name):
            after[name] = (some_text(rng), rng.random() < 0.1)
        if here is None:
            continue
        if what == "change":
            after[name] = (changed_text(rng, here[0]), here[1])
        elif what == "mode":
            after[name] = (here[0], not here[1])
        elif what == "delete":
            del after[name]
        elif what == "swap":
            other = rng.choice(list(after))
            after[name], after[other] = after[other], after[name]
        elif what in ("rename", "copy") and not holds(after, other := rng.choice(NAMES)):
            after[other] = (changed_text(rng, here[0]) if rng.random() < 0.5 else here[0], here[1])
            if what == "rename":
                del after[name]
    return after


def damaged(rng: Random, patch: bytes) -> bytes:
    """The patch with one thing wrong in it, such as happens to patches that are mailed, cut, or written by hand."""
    lines = patch.splitlines(keepends=True)
    at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    files = re.split(rb"(?m)^(?=diff --git )", patch)
    hunks = re.split(rb"(?m)^(?=@@ )", patch)
    match rng.randrange(11):
        case 0:
            del lines[at]
        case 1:
            lines.insert(at, lines[other])
        case 2:
            lines[at], lines[other] = lines[other], lines[at]
        case 3:
            return patch[: rng.randrange(len(patch))]
        case 4:
            return patch[:at] + rng.choice([b"x", b"\n", b" ", b"-", b"+", b"1"]) + patch[at + rng.randrange(2) :]
        case 5:
            digits = list(re.finditer(rb"(?m)(?<=[-+, ])\d+(?=[ ,])", patch))
            if digits:
                one = rng.choice(digits)
                return patch[: one.start()] + b"%d" % rng.randrange(12) + patch[one.end() :]
        case 6:
            return b"".join(rng.sample(files, len(files)))
        case 7:
            return b"".join([*hunks[:1], *rng.sample(hunks[1:], len(hunks) - 1)])
        case 8:
            return patch + rng.choice(files)
        case 9:
            lines[at] = rng.choice([b" ", b"+", b"-"]) + lines[at][1:]
        case _ if lines[at][:1] in b" +-":
            lines[at] = lines[at].rstrip(b"\r\n") + rng.choice([b"\r\n", b" \n"])
    return b"".join(lines)


def write(root: Path, files: Files) -> Path:
    for name, (content, runs) in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o755 if runs else 0o644)
    root.mkdir(exist_ok=True)
    return root


def found(root: Path) -> Files:
    return {
        p.relative_to(root).as_posix(): (p.read_bytes(), bool(p.stat().st_mode & 0o100))
        for p in root.rglob("*")
        if p.is_file()
    }


class Trial:
    """One tree, one change of it, and what git and we make of its diff."""

    def __init__(self, tmp: Path, run_git, seed: int) -> None:
        self.rng, self.tmp, self.git, self.count = Random(seed), tmp, run_git, 0
        self.before = some_files(self.rng)
        self.after = changed_files(self.rng, self.before)
        self.strip = 1

    def folder(self) -> Path:
        self.count += 1
        return self.tmp / str(self.count)

    def diff(self) -> bytes:
        trees = []
        for number, files in enumerate((self.before, self.after)):
            repo = write(self.tmp / f"repo{number}", files)
            store = ["--git-dir", str(self.tmp / "store"), "--work-tree", str(repo)]
            self.git(repo, *store, "init", "-q")
            self.git(repo, *store, "-c", "core.autocrlf=false", "add", "-A", "-f")
            trees.append(self.git(repo, *store, "write-tree").decode().strip())
        options = self.rng.choice(OPTIONS)
        self.strip = 0 if options == ["--no-prefix"] else 1
        more = [f"-U{self.rng.choice([0, 1, 2, 3, 3, 3, 5])}", *self.rng.choice(RENAMES)]
        return self.git(self.tmp, *store, "diff-tree", "-p", *options, *more, *trees)

    def compare(self, files: Files, patch: bytes, *, reverse: bool = False) -> tuple[bool, bool, Files]:
        """Whether git applied it, whether we did, and our files; fails where we did wrong."""
        theirs, ours = write(self.folder(), files), write(self.folder(), files)
        flags = ["-R"] if reverse else []
        # A last line without a line break is corrupt for git; for us not if the file must hold that very line.
        whole = patch + b"\n" if patch.rpartition(b"\n")[2][:1] in (b" ", b"-") else patch
        try:
            self.git(theirs, "apply", "--whitespace=nowarn", f"-p{self.strip}", *flags, "-", stdin=whole)
            git_applied = True
        except Exception:
            git_applied = False
        result = apply(ours, patch, strip=self.strip, reverse=reverse)
        if result.ok:
            assert git_applied, "git refuses this patch"
            assert found(ours) == found(theirs)
        else:
            assert result.errors
            assert found(ours) == files, "a refused patch changed files"
        return git_applied, result.ok, found(ours)


def try_one(tmp: Path, run_git, seed: int, mutants: int) -> None:
    trial = Trial(tmp, run_git, seed)
    patch = trial.diff()
    if not patch:
        return
    git_applied, applied, now = trial.compare(trial.before, patch)
    assert applied or not git_applied, "a whole patch is refused"
    if applied:
        assert now == trial.after
    git_applied, applied, now = trial.compare(trial.after, patch, reverse=True)
    assert not applied or now == trial.before
    for _ in range(mutants):
        files = dict(trial.before)
        for name in files:
            if trial.rng.random() < 0.3:
                files[name] = (changed_text(trial.rng, files[name][0]), files[name][1])
        trial.compare(files, damaged(trial.rng, patch) if trial.rng.random() < 0.8 else patch)


@settings(
    max_examples=3_000 if SOAK else 30,
    deadline=None,
    derandomize=not SOAK,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32))
def test_a_diff_comes_to_what_git_makes_of_it_or_is_refused(tmp_path_factory, run_git, seed: int) -> None:
    try_one(tmp_path_factory.mktemp("trial"), run_git, seed, 6)
