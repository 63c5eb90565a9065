"""Repairing a failing test by searching small changes: what to change, in which order, and how that is verified."""
