"""coop_abm: the laboratory for the evolution of cooperation."""
