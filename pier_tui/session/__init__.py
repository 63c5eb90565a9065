"""The event journal, resuming from it, and exporting it."""
