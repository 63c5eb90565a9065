"""Transformations of Python sources that keep every byte they do not mean to change."""
