"""Figures of a callback at hand: ``callback.plot()`` in a notebook shows what the run's folder holds as a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from matplotlib.figure import Figure
from practicum.lightning_shim import MisconfigurationException

from .canvas import save_figure, save_text


class Plots:
    """Mixin of callbacks that draw or list something: it is written to a file, and kept.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from practicum.callbacks.figures.canvas import new_figure
        >>> from practicum.callbacks.figures.plots import Plots
        >>> class Drawing(Plots):
        ...     pass
        >>> drawing = Drawing()
        >>> drawing.write_figure(new_figure(2, 1), Path(tempfile.mkdtemp()) / "line.png")
        >>> drawing.plot().get_size_inches().tolist()
        [2.0, 1.0]
    """

    _figures: Mapping[str, Figure] = MappingProxyType({})
    _text: str | None = None

    def write_figure(self, figure: Figure, path: Path, title: str | None = None, caption: str = "", alt: str = "") -> None:
        """Write a figure and keep it, named as its file.

        Args:
            figure: Of :func:`.new_figure`.
            path: The PNG.
            title: See :func:`.save_figure`, also for ``caption`` and ``alt``.
            caption: How to read it.
            alt: What is seen in it.
        """
        self.keep_figure(figure, path)
        save_figure(figure, path, title, caption, alt)

    def keep_figure(self, figure: Figure, path: Path) -> None:
        """Keep a figure that has been written."""
        self._figures = {**self._figures, path.stem: figure}

    def write_list(self, text: str, path: Path) -> None:
        """Write a list as text, and keep it."""
        self._text = text
        save_text(text, path)

    def plot(self, name: str | None = None) -> Figure:
        """What was drawn last, as a figure, which a notebook shows.

        Args:
            name: Of its file, without ``.png``, where there are several.

        Raises:
            MisconfigurationException: Nothing is drawn yet, there is no such figure, or there are several.
        """
        owner, names = type(self).__name__, ", ".join(sorted(self._figures))
        if not self._figures:
            raise MisconfigurationException(f"{owner}: nothing is drawn yet; plot() shows what a fit or a test has drawn.")
        if name is None and len(self._figures) > 1:
            raise MisconfigurationException(f"{owner}: there are several figures; plot(name) with one of {names}.")
        if name is not None and name not in self._figures:
            raise MisconfigurationException(f"{owner}: there is no figure {name}; there is {names}.")
        return self._figures[name or next(iter(self._figures))]

    @property
    def text(self) -> str:
        """What was listed last.

        Raises:
            MisconfigurationException: Nothing is listed yet.
        """
        if self._text is None:
            raise MisconfigurationException(
                f"{type(self).__name__}: nothing is listed yet; text is what a fit or a test has listed."
            )
        return self._text
