"""Import what a ``_target_`` names; if it is not there, say in one sentence what is, and which name is the nearest."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from types import ModuleType
from typing import Any

from practicum.datamodules.files.quoting import plain
from practicum.lightning_shim import MisconfigurationException


def import_target(key: str, name: Any) -> Any:
    """Import a class or function. (Hydra's ``get_object`` prints lines of its own before it raises.)

    Args:
        key: Full key of the ``_target_``, for the message.
        name: Its value, such as ``practicum.modules.ImageClassifier``.

    Raises:
        MisconfigurationException: It is not there, can't be imported, or is no class or function.

    Example:
        >>> from practicum.cli.import_target import import_target
        >>> import_target("model._target_", "practicum.modules.ImageClassifier").__name__
        'ImageClassifier'
    """
    given = f"{key}={plain(str(name), 100)}"
    parts = str(name).split(".")
    if not all(part.isidentifier() for part in parts):
        raise MisconfigurationException(f"{given}: is no name of a class, such as practicum.modules.ImageClassifier.")
    found: Any = None
    for place, part in enumerate(parts):
        before, module = ".".join(parts[:place]), ".".join(parts[: place + 1])
        if hasattr(found, part):
            found = getattr(found, part)
            continue
        try:
            if found is not None and not isinstance(found, ModuleType):
                raise ModuleNotFoundError(name=module)
            found = importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name != module:  # the module is there, and needs another one that is not
                raise MisconfigurationException(f"{given}: needs {error.name}, which is not installed.") from error
            raise MisconfigurationException(f"{given}: {_absent(part, before, found)}") from error
        except Exception as error:
            reason = plain(" ".join(f"{type(error).__name__}: {error}".split()), 200)
            raise MisconfigurationException(f"{given}: can't be imported ({reason}).") from error
    if not callable(found):
        raise MisconfigurationException(f"{given}: is a {type(found).__name__}; a class or a function is wanted.")
    return found


def _absent(part: str, before: str, owner: Any) -> str:
    if not before:
        return f"there is no module {plain(part, 60)}; install its package, or correct the name."
    names = {each for each in getattr(owner, "__all__", dir(owner)) if not each.startswith("_")}
    names |= {each.name for each in pkgutil.iter_modules(getattr(owner, "__path__", []))}
    lower = {each.lower(): each for each in names}
    near = [lower[each] for each in difflib.get_close_matches(part.lower(), lower, n=3)]
    names = {each for each in names if each[0].isupper()} or names  # classes, where there are some
    hint = f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(sorted(names)[:20])}."
    return f"there is no {plain(part, 60)} in {before}; {hint}"
