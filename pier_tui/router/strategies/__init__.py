"""One file per routing strategy."""
