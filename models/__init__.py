"""Models: each folder is a scenario, a story and a face (see README.md)."""
