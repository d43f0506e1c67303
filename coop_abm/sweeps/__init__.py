"""Sweeps: many runs of many parameter sets, that survive whatever happens to them."""
