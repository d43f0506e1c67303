"""How a world runs, and what is measured on it."""
