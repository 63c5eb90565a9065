"""A terminal workbench for pair-programming with a two-model coding agent."""
