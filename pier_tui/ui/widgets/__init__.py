"""Widgets that know nothing of screens or the agent."""
