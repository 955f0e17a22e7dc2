"""Labels of a logarithmic axis that have room: by themselves those between powers of ten overlap."""

from __future__ import annotations

from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from .four_digits import four_digits


def label_log_axis(axis: Axis, low: float, high: float) -> None:
    """Label decades; of less than two of them 1, 2 and 5 as well; of less than a third of one a few round numbers.

    Args:
        axis: Of axes whose scale is logarithmic.
        low: Where the data begin, above 0.
        high: Where they end.

    Example:
        >>> from matplotlib.figure import Figure
        >>> from practicum.callbacks.figures.log_axis import label_log_axis
        >>> axes = Figure().subplots()
        >>> axes.set_xscale("log")
        >>> axes.set_xlim(20, 300)
        (20.0, 300.0)
        >>> label_log_axis(axes.xaxis, 20, 300)
        >>> [label.get_text() for label in axes.get_xticklabels() if 20 <= label.get_position()[0] <= 300]
        ['20', '50', '100', '200']
    """
    axis.set_minor_formatter(NullFormatter())
    if high >= 100 * low:
        return
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)) if high > 3 * low else MaxNLocator(4))
    axis.set_major_formatter(FuncFormatter(lambda value, _: four_digits(value)))
