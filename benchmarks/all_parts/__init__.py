"""Parts of ``python -m benchmarks``: the catalogue, the peers' environment, the runs, the machine, and the page."""
