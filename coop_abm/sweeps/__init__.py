"""Sweeps: many runs of many parameter sets, that survive whatever happens to them.

What a reader looks for, and where it is::

    what is wanted      orders (a command line, a file), declared, designs, axes, shards, adaptive, thresholds
    how a run is done   worlds (ours, in blocks), models (any Mesa class: constructor, collected, values, references)
    who does it         executor (the face, and this process), workers (local processes: nursery, births, worker,
                        parcels), futures, dask, places (which of them)
    who hands out       coordinator, sweep (from the order to the end), batch (batch_run), work (cells, tasks), spans
    where it is kept    memory, store (store_rows, store_reading, store_care, store_merge, store_identity)
    what is made of it  export, columns, table, picture, figures (phase, response, boundary, scales, colours, captions,
                        placing), sensitivity, roots, brackets
"""
