"""Every command in the README and in docs/ is one that the programs take: it composes, and what it configures accepts it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest
from hydra import compose, initialize_config_module
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, open_dict
from practicum.cli.config_check import check_config
from practicum.cli.pretraining import model_in_force
from practicum.lightning_shim import MisconfigurationException

HERE = Path(__file__).resolve().parents[1]
PAGES = [HERE / "README.md", *sorted((HERE / "docs").glob("*.md"))]
PROGRAMS = re.compile(r"^(?:practicum-(?=\w+$)|(?=\w+\.py$))(train|predict|export)(?:\.py)?$")
FLAGS = {"-m", "--multirun", "--help", "--version", "--cfg", "job", "--info", "-sc", "install=fish"}


def commands_of(page: str) -> Iterator[str]:
    """Commands in blocks of code and in the text of a page, without comments, lines joined."""
    page = re.sub(r" *\\\n\s*", " ", page)
    blocks = [*re.findall(r"^```sh\n(.*?)^```", page, re.M | re.S), *re.findall(r"^ {4,}(\S.*)$", page, re.M)]
    spans = [" ".join(each.split()) for each in re.findall(r"(?<!`)`([^`]+)`(?!`)", page)]
    for line in [each for block in blocks for each in block.splitlines()] + spans:
        for part in re.split(r" && | \| |; ", line.strip()):
            words = _words(part)
            if any("=" in word or word.startswith("-") for word in words) and any(_program(word) for word in words):
                yield part


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command, comments=True)
    except ValueError:  # an apostrophe of prose
        return []


def _program(word: str) -> str:
    """Which configuration a program composes; empty for a word that is none."""
    match = PROGRAMS.match(Path(word).name)
    return match[1] if match is not None and "=" not in word else ""


def split_command(command: str) -> tuple[str, list[str]]:
    """The configuration that a command composes, and its arguments; what stands for more (``...``, ``$OPTIONS``) is left out."""
    words = _words(command)
    at = next(index for index, word in enumerate(words) if _program(word))
    return _program(words[at]), [word for word in words[at + 1 :] if not re.search(r"^\.\.\.$|^\$\w+$", word)]


COMMANDS = sorted({command for page in PAGES for command in commands_of(page.read_text(encoding="utf-8"))})


def _single(override: Override) -> str:
    """The first of the values that a sweep goes through."""
    if not override.is_sweep_override():
        return str(override.input_line)
    value = override.value()
    first = value.start if isinstance(value, IntervalSweep) else next(override.sweep_string_iterator())
    return f"{override.get_key_element()}={first}"


def overrides_of(command: str) -> tuple[str, dict[str, str]]:
    """The configuration that a command composes, and its overrides by key, as compose() takes them."""
    name, words = split_command(command)
    assert not (unknown := [word for word in words if word.startswith("-") and word not in FLAGS]), f"{command}: {unknown}"
    found = {}
    for override in OverridesParser.create().parse_overrides([word for word in words if word not in FLAGS]):
        key = override.get_key_element()
        if key == "launcher":  # its packages need not be installed
            assert (HERE / "conf" / "launcher" / f"{override.value()}.yaml").is_file(), command
        elif key == "resume":
            found[key] = f"resume.run={override.value()}"
        else:
            found[key] = _single(override)
    return name, found


def compositions(commands: Iterable[str]) -> list[tuple[str, dict[str, str], list[str]]]:
    """Commands that choose the same groups together, as composing takes most of the time: all values that they give.

    Returns:
        The configuration, the overrides to compose it with, and those that give one of their keys another value.
    """
    found: list[tuple[str, dict[str, str], list[str]]] = []
    for command in commands:
        name, overrides = overrides_of(command)
        for other, taken, more in found:
            if name == other and _groups(overrides) == _groups(taken):
                more += [value for key, value in overrides.items() if taken.setdefault(key, value) != value]
                break
        else:
            found.append((name, dict(overrides), []))
    return found


def _groups(overrides: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in overrides.items() if (HERE / "conf" / key.split("@")[0]).is_dir()}


def check(name: str, overrides: dict[str, str], more: Sequence[str] = ()) -> None:
    """Compose what commands compose, and check it as the program does before it touches any data."""
    cfg = compose(name, list(overrides.values()))
    if name == "train":
        _check_train(cfg)
    for override in OverridesParser.create().parse_overrides(list(more)):
        OmegaConf.update(cfg, override.key_or_group, override.value())
        if name == "train":
            _check_train(cfg)


def _check_train(cfg: DictConfig) -> None:
    with open_dict(cfg):
        cfg.paths.run, cfg.name = "runs/NAME/TIME", "NAME"  # by Hydra's own configuration, which compose() doesn't resolve
    cfg = model_in_force(cfg)
    cfg.trainer.precision = "32-true"
    check_config(cfg)


@pytest.mark.parametrize("page", [*PAGES, HERE / "CONTRIBUTING.md", HERE / "CHANGELOG.md"], ids=lambda page: str(page.stem))
def test_links_lead_to_files_of_the_clone(page: Path) -> None:
    """The site leads those to our code to its references; ``mkdocs build --strict`` checks them there."""
    text = re.sub(r"^```.*?^```|`[^`]*`", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    targets = [each for each in re.findall(r"\]\(([^)\s#]+)[^)]*\)", text) if not re.match(r"https?:|mailto:", each)]
    assert [each for each in targets if not (page.parent / each).exists()] == []
    assert re.findall(r"\]\[[^]]*\]", text) == []  # names of the site's own


@pytest.fixture(scope="module", autouse=True)
def _configuration() -> Iterator[None]:
    GlobalHydra.instance().clear()
    with initialize_config_module("practicum.conf", version_base="1.3"):
        yield


def test_commands_are_found() -> None:
    page = (
        "`train.py` and `python predict.py run=RUN \\\n  top_k=3`:\n\n"
        "    srun python train.py a=1 $MORE   # it's\n\n```sh\nx && y/train.py b=2\n```\n"
    )
    assert [split_command(each) for each in commands_of(page)] == [
        ("train", ["b=2"]),
        ("train", ["a=1"]),
        ("predict", ["run=RUN", "top_k=3"]),
    ]
    assert len(COMMANDS) > 60


@pytest.mark.parametrize("wrong", ["data=imagefolder", "trainer.max_epochs=few", "data.rooot=PHOTOS"])
def test_wrong_commands_are_noticed(wrong: str) -> None:
    key = wrong.partition("=")[0].rpartition(".")[2]
    with pytest.raises((HydraException, MisconfigurationException), match=key):
        check(*overrides_of(f"python train.py {wrong}"))


@pytest.mark.parametrize(("name", "overrides", "more"), compositions(COMMANDS))
def test_commands_are_valid(name: str, overrides: dict[str, str], more: list[str]) -> None:
    check(name, overrides, more)
