"""The configuration reference: a page per group of ``conf/``, made from the YAML files and their comments.

A comment says what a file or an option is for: at the end of the option's line and on lines below that begin at the same column,
or on lines of its own above. Where there is none, the docstring of what is configured says it; its signature gives the type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import yaml

# What a group is for, where conf/train.yaml names no choice of it.
_GROUPS = {
    "hints": "What is suggested after a run; chosen by the data, not on the command line.",
    "model/size": "Sizes of a language model, chosen as `model/size=SIZE`.",
    "sweep/pruner": "Which trials of a search end early, and when.",
    "sweep/sampler": "How a search chooses its next trial.",
}
_HIDDEN = ("_target_", "_partial_", "_args_", "_recursive_", "_convert_", "defaults")
_NOT_CHOSEN = ("hydra",)  # Hydra's own: help, job_logging, sweeper
_OUR_PACKAGES = ("practicum.callbacks", "practicum.datamodules", "practicum.modules")


class Parameter(NamedTuple):
    """What a signature and its docstring say of an option: Markdown, except for the type."""

    type: str
    description: str


# Parameters by name of what a dotted path names; empty where that is not ours.
Parameters = Callable[[str], Mapping[str, Parameter]]


@dataclass
class Setting:
    """One line of a table.

    Attributes:
        name: Dotted below the file's group.
        value: As in the file; ``None`` for a mapping, whose keys follow.
        comment: Its description.
        target: The class or function it configures, if it is such a mapping.
        owner: Target of the mapping it stands in.
    """

    name: str
    value: str | None
    comment: str
    target: str | None = None
    owner: str | None = None


@dataclass
class Choice:
    """One file: what it is for, the files it builds on, its settings.

    Attributes:
        header: Comments above the first key.
        bases: Items of its defaults list, as written.
        settings: In order.
        is_global: Whether its keys are those of the whole configuration.
        target: The class or function that the file itself configures.
    """

    header: str
    bases: list[str] = field(default_factory=list)
    settings: list[Setting] = field(default_factory=list)
    is_global: bool = False
    target: str | None = None


def read_choice(text: str) -> Choice:
    """Read a configuration file with its comments.

    Args:
        text: YAML.
    """
    comments = _Comments(text)
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    first = root.value[0][0].start_mark.line if isinstance(root, yaml.MappingNode) and root.value else len(comments.lines)
    header = [comments.text[line] for line in range(first) if line in comments.text]
    choice = Choice(" ".join(each for each in header if not each.startswith("@package")))
    choice.is_global = "@package _global_" in header
    if isinstance(root, yaml.MappingNode):
        choice.target = _target(root)
        comments.seen.update(range(first))
        choice.bases = [
            _base(text, item, comments) for key, value in root.value if key.value == "defaults" for item in value.value
        ]
        choice.settings = list(_settings(root, "", text, comments))
    return choice


class _Comments:
    """Comments by line; those on lines of their own are told apart by their column."""

    def __init__(self, text: str) -> None:
        self.lines = text.splitlines()
        ends: dict[int, int] = {}
        for token in yaml.scan(text, Loader=yaml.SafeLoader):
            if token.end_mark.index > token.start_mark.index:
                ends[token.end_mark.line] = max(token.end_mark.column, ends.get(token.end_mark.line, 0))
        inside = {
            line
            for token in yaml.scan(text, Loader=yaml.SafeLoader)
            if isinstance(token, yaml.ScalarToken)
            for line in range(token.start_mark.line + 1, token.end_mark.line)
        }
        self.text: dict[int, str] = {}
        self.column: dict[int, int] = {}
        self.alone: set[int] = set()
        self.seen: set[int] = set()
        for number, line in enumerate(self.lines):
            at = line.find("#", ends.get(number, 0))
            if at >= 0 and number not in inside:
                self.text[number], self.column[number] = line[at + 1 :].strip(), at
                if not line[:at].strip():
                    self.alone.add(number)

    def of(self, line: int) -> str:
        """Take the comment of the key on a line: above it, beside it, and below at the column of what is beside it."""
        above = []
        before = line - 1
        while before in self.alone and before not in self.seen:
            above.insert(0, before)
            before -= 1
        found = [*above, *([line] if line in self.text else [])]
        below = line + 1
        while line in self.text and below in self.alone and self.column[below] == self.column[line]:
            found.append(below)
            below += 1
        self.seen.update(found)
        return " ".join(self.text[each] for each in found)


def _base(text: str, item: yaml.Node, comments: _Comments) -> str:
    comment = comments.of(item.start_mark.line)
    written = f"`{' '.join(_source(text, item).split())}`"
    return f"{written}: {comment}" if comment else written


def _target(node: yaml.MappingNode) -> str | None:
    return next((value.value for key, value in node.value if key.value == "_target_"), None)


def _settings(node: yaml.MappingNode, above: str, text: str, comments: _Comments) -> Iterator[Setting]:
    target = _target(node)
    for key, value in node.value:
        if key.value in _HIDDEN:
            continue
        name = f"{above}{key.value}"
        comment = comments.of(key.start_mark.line)
        if isinstance(value, yaml.MappingNode) and value.value and not value.flow_style:
            yield Setting(name, None, comment, _target(value), target)
            yield from _settings(value, f"{name}.", text, comments)
        else:
            yield Setting(name, " ".join(_source(text, value).split()), comment, None, target)


def _source(text: str, node: yaml.Node) -> str:
    return text[node.start_mark.index : node.end_mark.index].strip() or "null"


def config_page_names(conf: Path) -> dict[str, str]:
    """File names of the groups' pages, by group.

    Args:
        conf: The folder ``conf``.
    """
    groups = sorted({path.parent.relative_to(conf).as_posix() for path in conf.rglob("*.yaml")} - {"."})
    return {group: f"{group.replace('/', '_')}.md" for group in groups if group.partition("/")[0] not in _NOT_CHOSEN}


def config_pages(conf: Path, parameters: Parameters) -> dict[str, str]:
    """Make the pages.

    Args:
        conf: The folder ``conf``.
        parameters: Gives those of a configured object.

    Returns:
        Markdown by file name: ``index.md``, and one per group.
    """
    train = read_choice((conf / "train.yaml").read_text(encoding="utf-8"))
    said = dict(_group_descriptions(train)) | _GROUPS
    index = [
        "# Configuration",
        "",
        "Made from the files in `conf/`. `GROUP=CHOICE` on the command line selects a file, `KEY=VALUE` changes one value,",
        "`+KEY=VALUE` adds one that a file does not list, `--cfg job` prints what is composed. Keys are checked against the",
        "signature of what they configure. `???`: must be given; `${...}`: the value of another key.",
        "",
        "| group | choices | |",
        "|---|---|---|",
    ]
    pages = {}
    for group, name in config_page_names(conf).items():
        files = sorted((conf / group).glob("*.yaml"))
        index.append(f"| [{group}]({name}) | {', '.join(f'`{path.stem}`' for path in files)} | {_cell(said.get(group, ''))} |")
        pages[name] = _page(group, files, said.get(group, ""), parameters)
    for path in sorted(conf.glob("*.yaml"), reverse=True):  # train, predict, export
        choice = read_choice(path.read_text(encoding="utf-8"))
        index += ["", f"## {path.name}", "", _linked(choice.header), "", *_table(choice, "", parameters)]
    return pages | {"index.md": "\n".join(index) + "\n"}


def _group_descriptions(train: Choice) -> Iterator[tuple[str, str]]:
    for base in train.bases:
        written, _, comment = base.partition("`: ")
        if comment:
            yield written.strip("`").split(":")[0], comment[0].upper() + comment[1:] + "."


def _page(group: str, files: list[Path], description: str, parameters: Parameters) -> str:
    lines = [f"# {group}", "", description, ""]
    for path in files:
        choice = read_choice(path.read_text(encoding="utf-8"))
        lines += [f"## {path.stem}", "", _linked(choice.header), ""]
        if choice.target:
            lines += [f"Configures {_reference(choice.target)}.", ""]
        if choice.bases:
            lines += ["Builds on:", "", *(f"- {each}" for each in choice.bases), ""]
        # Options of a group's file lie below the group's name; those of callbacks and loggers below each one's own.
        prefix = "" if choice.is_global else f"{group.partition('/')[0]}."
        lines += [*_table(choice, prefix, parameters), ""]
    return "\n".join(lines).rstrip() + "\n"


def _table(choice: Choice, prefix: str, parameters: Parameters) -> list[str]:
    if not choice.settings:
        return ["No options."]
    lines = ["| option | value | type | |", "|---|---|---|---|"]
    for each in choice.settings:
        name = f"`{prefix}{each.name}`"
        if each.value is None:
            where = _reference(each.target) if each.target else ""
            lines.append(f"| **{name}** | | {where} | {_cell(each.comment)} |")
            continue
        known = parameters(each.owner).get(each.name.rpartition(".")[2]) if each.owner else None
        kind, description = known or ("", "")
        meaning = _cell(each.comment) or " ".join(description.split()).replace("|", "\\|")
        lines.append(f"| {name} | {_code(each.value)} | {_code(kind)} | {meaning} |")
    return lines


def _reference(target: str) -> str:
    package, _, name = target.rpartition(".")
    return f"[`{name}`][{target}]" if package in _OUR_PACKAGES else f"`{target}`"


def _code(text: str) -> str:
    """As code; in a table a bar within code needs no escape, and would show one."""
    return f"`{text}`" if text else ""


def _linked(text: str) -> str:
    """Show what could be markup as it is, and let the name of a page of the documentation lead there."""
    shown = text.replace("<", "&lt;").replace("*", "\\*")
    return re.sub(r"\bdocs/([a-z_]+\.md)((?:#[a-z-]+)?)", r"[\1](../\1\2)", shown)


def _cell(text: str) -> str:
    return _linked(text).replace("|", "\\|")
