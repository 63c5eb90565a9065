"""What the models can do: read, search, edit, run, test, note, ask; with sandbox and approval."""
