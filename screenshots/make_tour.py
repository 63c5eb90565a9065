"""Records the tour that ships: a real run of the offline pair on the sample repository, without this machine's paths.

Usage: python screenshots/make_tour.py [FILE]. Nothing is changed in what happened but two things: the interpreter is
called `python`, and messages to the models that repeat a long tool call beside them are left out.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pier_tui
from pier_tui.events import AnyEvent, BackboneChanged
from pier_tui.repo.sample import make_sample
from pier_tui.session.codec import encode
from pier_tui.session.export import load_recording, to_jsonl

REQUEST = "fix the failing tests"
TOUR = Path(pier_tui.__file__).parent / "recordings" / "tour.jsonl"
LONG = 20_000
"""Characters of an event from which repeated messages are left out."""


def record(folder: Path) -> Path:
    """Run the request on a fresh sample; the recording as the program wrote it."""
    file, root = folder / "raw.jsonl", make_sample(folder / "shop")
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    env |= {"XDG_STATE_HOME": str(folder / "state"), "XDG_CONFIG_HOME": str(folder / "config")}
    command = [sys.executable, "-m", "pier_tui.cli", "exec", "--trust", "--profile", "offline", "--yes"]
    command += ["--record", str(file)]
    subprocess.run([*command, REQUEST], cwd=root, env=env, check=True)
    return file


def lean(event: AnyEvent) -> AnyEvent:
    """The event, without messages that repeat a long tool call."""
    long = isinstance(event, BackboneChanged) and len(encode(event)) > LONG
    return event.model_copy(update={"messages": ()}) if long else event


def main() -> None:
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TOUR
    with tempfile.TemporaryDirectory() as scratch:
        recording = load_recording(record(Path(scratch)))
        text = to_jsonl(recording.header, map(lean, recording.events)).replace(sys.executable, "python")
        if scratch in text or str(Path(sys.prefix)) in text:
            raise SystemExit("The recording holds paths of this machine; it was not kept.")
    target.parent.mkdir(exist_ok=True)
    target.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
