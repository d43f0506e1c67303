"""How fast is it, and compared with what?

``uv run python -m benchmarks`` measures each row of the table in ``docs/performance.md`` anew: ours and a
yardstick in one run, in turns, on one core.

* ``harness``   what a benchmark declares, and how it is measured
* ``table``     how results become text, JSON and the generated part of a page
* ``machine``   the machine and the versions, in general terms
* ``native``    our own C sources, compiled when they are needed
* ``peers``     other packages in environments of their own, made by uv
* ``mesa_models`` what a careful author would write in Mesa, with agents as objects
* ``rows``      the benchmarks, a file for each subject
"""
