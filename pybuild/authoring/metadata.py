"""What a package says about itself, read from the places where releases of all ages say it."""

from __future__ import annotations

import ast
import configparser
import email.parser
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pybuild.authoring.texts import LONGEST, read

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """Facts of one release; empty where it does not say.

    Attributes:
        requires: run requirements as written, None where it was not said that there are none either.
        where: the file that ``requires`` was read from.
    """

    name: str = ""
    version: str = ""
    summary: str = ""
    homepage: str = ""
    licence_expression: str = ""
    licence: str = ""
    classifiers: tuple[str, ...] = ()
    requires: tuple[str, ...] | None = None
    where: str = ""


def of_source(folder: Path) -> Metadata:
    """Return what an unpacked source archive says, from PKG-INFO, pyproject.toml, setup.cfg and setup.py."""
    info = _headers(read(folder / "PKG-INFO"), "PKG-INFO")
    project = pyproject(folder).get("project", {})
    if isinstance(project, dict) and project:
        info = _filled(info, _of_project(project))
    for found in (_of_egg_info(folder), _of_setup_cfg(folder), _of_setup_py(folder)):
        if info.requires is None:
            info = replace(info, requires=found[0], where=found[1])
    return info


def of_wheel(path: Path) -> Metadata:
    """Return what a wheel says; empty where the file is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                folder, _, base = member.filename.partition("/")
                if folder.endswith(".dist-info") and base == "METADATA" and member.file_size <= LONGEST:
                    found = _headers(archive.read(member).decode("utf-8", "replace"), "METADATA")
                    # A wheel without Requires-Dist has none, unlike a PKG-INFO, which may leave them out.
                    return replace(found, requires=found.requires or (), where="METADATA")
    except (OSError, zipfile.BadZipFile, NotImplementedError, EOFError):
        pass
    return Metadata()


def pyproject(folder: Path) -> Mapping[str, Any]:
    """Return pyproject.toml, empty where there is none that can be read."""
    try:
        return tomllib.loads(read(folder / "pyproject.toml"))
    except tomllib.TOMLDecodeError:
        return {}


def _headers(text: str, where: str) -> Metadata:
    if not text:
        return Metadata()
    message = email.parser.HeaderParser().parsestr(text)
    requires = tuple(message.get_all("Requires-Dist", ()))
    addresses = [row.partition(",")[::2] for row in message.get_all("Project-URL", ())]
    labels = {label.strip().lower(): address.strip() for label, address in addresses}
    named = ("homepage", "home", "documentation", "repository", "source", "source code", "github")
    home = _said(message["Home-page"]) or next((labels[name] for name in named if name in labels), "")
    return Metadata(
        name=_said(message["Name"]),
        version=_said(message["Version"]),
        summary=_said(message["Summary"]),
        homepage=home or next(iter(labels.values()), ""),
        licence_expression=_said(message["License-Expression"]),
        licence=_said(message["License"]),
        classifiers=tuple(message.get_all("Classifier", ())),
        requires=requires or None,
        where=where if requires else "",
    )


def _said(value: object) -> str:
    text = "" if value is None else str(value).strip()
    return "" if text.upper() in ("UNKNOWN", "NONE") else text


def _of_project(project: Mapping[str, Any]) -> Metadata:
    licence = project.get("license", "")
    urls = project.get("urls", {})
    requires = project.get("dependencies")
    dynamic = project.get("dynamic", ())
    if requires is None and "dependencies" not in dynamic:
        requires = ()
    return Metadata(
        name=str(project.get("name", "")),
        version=str(project.get("version", "")),
        summary=str(project.get("description", "")),
        homepage=str(next(iter(urls.values()), "")) if isinstance(urls, dict) else "",
        licence_expression=licence if isinstance(licence, str) else "",
        licence=str(licence.get("text", "")) if isinstance(licence, dict) else "",
        classifiers=tuple(map(str, project.get("classifiers", ()))),
        requires=None if requires is None else tuple(map(str, requires)),
        where="" if requires is None else "pyproject.toml",
    )


def _filled(first: Metadata, then: Metadata) -> Metadata:
    """Return the first's facts, with the second's where the first has none."""
    names = ("name", "version", "summary", "homepage", "licence_expression", "licence", "classifiers")
    merged = replace(first, **{name: getattr(then, name) for name in names if not getattr(first, name)})
    if merged.requires is None:
        merged = replace(merged, requires=then.requires, where=then.where)
    return merged


def _of_egg_info(folder: Path) -> tuple[tuple[str, ...] | None, str]:
    for path in sorted(
        (*folder.glob("*.egg-info/requires.txt"), *folder.glob("src/*.egg-info/requires.txt"))
    ):
        rows = []
        for line in read(path).splitlines():
            if line.startswith("["):  # extras and conditions begin here
                break
            rows.append(line.strip())
        return tuple(row for row in rows if row), path.relative_to(folder).as_posix()
    return None, ""


def _of_setup_cfg(folder: Path) -> tuple[tuple[str, ...] | None, str]:
    config = configparser.ConfigParser(interpolation=None)
    try:
        config.read_string(read(folder / "setup.cfg"))
        text = config.get("options", "install_requires", fallback="")
    except configparser.Error:
        return None, ""
    rows = [row.strip() for row in text.replace(";\n", "\n").splitlines()]
    return (tuple(row for row in rows if row), "setup.cfg") if text.strip() else (None, "")


def _of_setup_py(folder: Path) -> tuple[tuple[str, ...] | None, str]:
    """Return what setup.py hands over as plain words; it is read, never run."""
    try:
        tree = ast.parse(read(folder / "setup.py"))
    except (SyntaxError, ValueError, RecursionError):
        return None, ""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "install_requires":
            try:
                value = ast.literal_eval(node.value)
            except (ValueError, TypeError):
                return None, ""
            rows = value.splitlines() if isinstance(value, str) else value
            return tuple(str(row).strip() for row in rows if str(row).strip()), "setup.py"
    return None, ""
