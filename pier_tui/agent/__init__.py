"""The loop: request, turn, call, review."""
