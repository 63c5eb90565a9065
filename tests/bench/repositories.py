"""Repositories made for timings: so many source files of a size, in folders, committed."""

from __future__ import annotations

import subprocess
from pathlib import Path

METHOD = '''
    def method_{n}(self, first: int, second: str) -> Result_{other}:
        """Say what method {n} does to the {n}th thing."""
        found = self.look_up_{other}(first, key=second)
        if found is None:
            return make_result_{other}(second, default=first)
        return [self.method_{n}(item, second) for item in found.items_{n}()]
'''
PER_FOLDER = 100


def text(number: int, methods: int) -> str:
    """A module of one class; 60 methods are about 21 kB."""
    body = "".join(METHOD.format(n=n, other=(number * 7 + n) % 997) for n in range(methods))
    return f"from part_{number % 13} import thing\n\n\nclass Part{number}:\n{body}"


def made(root: Path, sources: int, others: int = 0, methods: int = 60) -> Path:
    """A git repository with so many Python files and so many other ones, all committed."""
    for number in range(sources + others):
        kind = "py" if number < sources else "txt"
        folder = root / f"area_{number // (PER_FOLDER * 50):02}" / f"part_{number // PER_FOLDER:04}"
        if number % PER_FOLDER == 0:
            folder.mkdir(parents=True, exist_ok=True)
        content = text(number, methods) if kind == "py" else f"note {number}\n"
        (folder / f"unit_{number:06}.{kind}").write_text(content)
    for words in (("init", "-q"), ("add", "-A"), ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "all")):
        subprocess.run(["git", *words], cwd=root, check=True)
    return root
