"""What the site has beside the pages in ``docs/``: the start page, the API reference and the configuration reference.

MkDocs calls the functions below (``hooks`` in mkdocs.yml). Nothing is imported from the package and nothing is written into the
repository: docstrings and signatures are read from a copy of the source files.
"""

from __future__ import annotations

import ast
import re
import shutil
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import griffe
from config_reference import Parameter, config_page_names, config_pages
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
WINGS = {"callbacks": "Callbacks", "modules": "Modules", "datamodules": "Data modules"}
# Pages that lie beside the folder docs/, and what they are called on the site.
OUTSIDE = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}

_copy = Path(tempfile.mkdtemp(prefix="practicum-docs-"))


@event_priority(100)  # before mkdocstrings reads its own options
def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Copy the sources to where their import paths say, with cross-references in the form that mkdocstrings reads."""
    public = {name: f"practicum.{wing}.{name}" for wing in WINGS for _, names in _public(wing) for name, _ in names}
    for wing in WINGS:
        for path in (ROOT / wing).rglob("*.py"):
            place = _copy / "practicum" / path.relative_to(ROOT)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(_markdown_references(path.read_text(encoding="utf-8"), public), encoding="utf-8")
    assert config.nav is not None
    pages = [{group: f"configuration/{name}"} for group, name in config_page_names(ROOT / "conf").items()]
    _section(config.nav, "Configuration").extend(pages)
    config.plugins["mkdocstrings"].config["handlers"]["python"]["paths"] = [str(_copy)]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made."""
    pages = {page: _moved((ROOT / name).read_text(encoding="utf-8")) for name, page in OUTSIDE.items()}
    pages |= {f"configuration/{name}": text for name, text in config_pages(ROOT / "conf", _parameters).items()}
    pages |= {f"api/{wing}.md": _api_page(wing, title) for wing, title in WINGS.items()}
    for name, text in pages.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead links to source files and to ``conf`` to their place in the references: in a clone the files are there."""
    return in_references(markdown)


def in_references(markdown: str) -> str:
    """Turn links of a page in ``docs/`` to our files into links to the references.

    Args:
        markdown: Of the page.
    """
    wings = "|".join(WINGS)
    markdown = re.sub(rf"\]\(\.\./({wings})/__init__\.py\)", r"](api/\1.md)", markdown)
    markdown = re.sub(rf"\[`(\w+)`\]\(\.\./({wings})/[\w/]+\.py\)", r"[`\1`][practicum.\2.\1]", markdown)
    return markdown.replace("](../conf)", "](configuration/index.md)")


def on_shutdown() -> None:
    """Remove the copy."""
    shutil.rmtree(_copy, ignore_errors=True)


def _section(nav: list[dict[str, list[object]]], title: str) -> list[object]:
    return next(each[title] for each in nav if title in each)


def _public(wing: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Public names by the comment that heads their imports: (heading, [(name, module)])."""
    text = (ROOT / wing / "__init__.py").read_text(encoding="utf-8")
    module = ast.parse(text)
    exported: list[str] = next(
        ast.literal_eval(node.value)
        for node in module.body
        if isinstance(node, ast.Assign) and node.targets[0].id == "__all__"  # type: ignore[attr-defined]
    )
    lines, groups = text.splitlines(), []
    for node in module.body:
        if not isinstance(node, ast.ImportFrom):
            continue
        above = lines[node.lineno - 2]
        if above.startswith("# ") or not groups:
            groups.append((above.removeprefix("# "), []))
        groups[-1][1].extend((each.name, f"practicum.{wing}.{node.module}") for each in node.names if each.name in exported)
    found = {name for _, names in groups for name, _ in names}
    assert found == set(exported), f"{wing}: {found ^ set(exported)}"
    return groups


def _api_page(wing: str, title: str) -> str:
    """A section per group of names; each class below what its file says of it."""
    package = ast.parse((ROOT / wing / "__init__.py").read_text(encoding="utf-8"))
    lines = [f"# {title}", "", f"`practicum.{wing}`. {_plain(ast.get_docstring(package) or '')}", ""]
    for heading, names in _public(wing):
        if heading:
            lines += [f"## {heading}", ""]
        for name, module in names:
            source = ROOT.joinpath(wing, *module.split(".")[2:]).with_suffix(".py")
            said = _plain(ast.get_docstring(ast.parse(_copied(source))) or "")
            lines += [
                f"{'###' if heading else '##'} {name} {{ #practicum.{wing}.{name} }}",
                "",
                said,
                "",
                f"::: practicum.{wing}.{name}",
                "",
            ]
    return "\n".join(lines)


def _copied(source: Path) -> str:
    return (_copy / "practicum" / source.relative_to(ROOT)).read_text(encoding="utf-8")


def _plain(docstring: str) -> str:
    """A docstring's double backticks as Markdown's."""
    return re.sub(r"``([^`]+)``", r"`\1`", docstring)


def _markdown_references(source: str, public: Mapping[str, str]) -> str:
    """Turn reStructuredText's roles into links to public names, and into code where a name has no page."""

    def link(match: re.Match[str]) -> str:
        name = match[1].rpartition(".")[2]
        return f"[`{name}`][{public[name]}]" if name in public else f"`{match[1].lstrip('.~')}`"

    source = re.sub(r":(?:class|func|mod|meth|attr|data|exc):`([~.\w]+)`", link, source)
    return re.sub(r"^( +)Example:$", r"\1Examples:", source, flags=re.MULTILINE)  # else they are no code to mkdocstrings


def _moved(page: str) -> str:
    """Links of a page at the top, as seen from the folder docs/, where LICENSE is not."""
    for name, there in OUTSIDE.items():
        page = page.replace(f"]({name})", f"]({there})")
    return re.sub(r"\]\(docs/", "](", page)


@cache
def _parameters(target: str) -> Mapping[str, Parameter]:
    """Parameters of a configured object of ours, those of its bases too where it passes ``**options`` on."""
    if not target.startswith(tuple(f"practicum.{wing}." for wing in WINGS)):
        return {}
    first, wing, *path = target.split(".")
    configured = _loaded(f"{first}.{wing}")[".".join(path)]
    found: dict[str, Parameter] = {}
    for owner in (configured, *configured.mro()) if configured.is_class else (configured,):
        init = owner.members.get("__init__") if owner.is_class else owner
        if init is None:
            continue
        described = _described(owner)
        for parameter in init.parameters:
            kind = "" if parameter.annotation is None else str(parameter.annotation)
            found.setdefault(parameter.name, Parameter(kind, _plain(described.get(parameter.name, ""))))
        if not any(parameter.kind is griffe.ParameterKind.var_keyword for parameter in init.parameters):
            break
    return found


@cache
def _loaded(package: str) -> griffe.Object | griffe.Alias:
    return griffe.load(package, search_paths=[str(_copy)])


def _described(owner: griffe.Class | griffe.Function) -> Mapping[str, str]:
    """Descriptions under ``Args:`` by name."""
    sections = owner.docstring.parse("google", warnings=False) if owner.docstring else []
    arguments = [each for section in sections if section.kind is griffe.DocstringSectionKind.parameters for each in section.value]
    return {each.name: each.description for each in arguments}
