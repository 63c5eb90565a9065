"""Files that programs on the user's side obey as soon as they lie in a folder: no command may leave any behind.

Commands run in a scratch copy, where such a file harms nobody. It is the way out that is guarded: what a command
did to one of them is not proposed, whether the file was there before or not, in every sandbox and without one.
"""

from __future__ import annotations

PROTECTED = frozenset(
    {
        ".git", ".gitmodules", ".gitattributes", ".gitconfig", ".envrc", ".vscode", ".idea", ".husky", ".devcontainer",
        ".mcp.json", ".claude", ".cursor", ".codex", ".gemini", ".bashrc", ".profile", ".zshrc", "agents.md",
        "claude.md",
    }
)  # fmt: skip
"""Git's own, shell and editor start-up, hooks, and what agents take orders from; in lower case."""


def protected(path: str) -> bool:
    """Whether a repository-relative path is such a file or lies in such a folder, at any depth and in any case."""
    return any(part.casefold() in PROTECTED for part in path.split("/"))
