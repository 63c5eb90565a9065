"""The harness prompts, one file per tier."""
