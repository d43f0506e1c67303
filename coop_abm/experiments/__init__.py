"""Experiments: a question, the worlds that answer it, a table and a figure."""
