"""The task's one structured state, its typed updates, and the prompt prefix rendered from it."""
