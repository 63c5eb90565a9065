"""Where things are defined and mentioned: the symbol index, its ranking, and the slice of it that models are shown."""
