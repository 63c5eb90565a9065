"""Routing labels and what is learned from them."""
