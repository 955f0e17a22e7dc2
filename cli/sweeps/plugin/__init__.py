"""Installed as ``hydra_plugins.practicum``: Hydra takes sweepers from the namespace ``hydra_plugins`` only."""

from practicum.cli.sweeps.optuna_sweeper import Search


class OptunaSweeper(Search):
    """The search of ``sweep=optuna``; see :class:`practicum.cli.sweeps.optuna_sweeper.Search`."""
