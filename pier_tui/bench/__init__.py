"""The headless front end that measures strategies."""
