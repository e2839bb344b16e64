"""The small parts of a draft: requirements, licences, clues, modules, and text that YAML reads back."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pybuild.authoring import metadata, modules
from pybuild.authoring.building import building
from pybuild.authoring.clues import look
from pybuild.authoring.draft import source_draft
from pybuild.authoring.licences import UNKNOWN, from_text, spdx
from pybuild.authoring.needs import needs
from pybuild.authoring.offers import specifier
from pybuild.authoring.record import DraftedRelease
from pybuild.authoring.text import recipe_text
from pybuild.load.document import parse_document
from pybuild.load.schema import validate


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_conditions_become_overrides() -> None:
    """A marker on Python splits the list where it changes; one that is always or never true does not."""
    found = needs(
        [
            'tomli; python_version < "3.11"', 'backports; python_version < "3.9"',
            'colorama; os_name == "nt"',
            'always; sys_platform == "linux"', "oldest-supported-numpy", 'extra1; extra == "x"',
        ],
        ">=3.8",
    )  # fmt: skip
    assert found.rows == ("always", "numpy")
    assert found.others == (
        ("<3.9", ("tomli", "backports", "always", "numpy")),
        (">=3.9,<3.11", ("tomli", "always", "numpy")),
    )


def test_what_cannot_stand_in_a_recipe_is_noted() -> None:
    """Addresses, extras and what is no requirement are named in comments; those of other extras are not."""
    found = needs(["a @ https://h.org/a.zip", "dask[array]>=2", "==1", 'self[x]; extra == "all"'])
    assert found.rows == ("dask >=2",)
    assert found.notes == (
        "left out, because it names an address: a",
        "without its extras: dask[array]",
        "left out, because it cannot be read: ==1",
    )


@pytest.mark.parametrize(
    ("expression", "text", "classifier", "licence", "guessed"),
    [
        ("mit or apache-2.0", "", "", "MIT OR Apache-2.0", False),
        ("", "", "License :: OSI Approved :: MIT License", "MIT", False),
        ("", "", "License :: OSI Approved :: BSD License", "BSD-3-Clause", True),
        ("", "BSD 2-Clause License", "License :: OSI Approved :: BSD License", "BSD-2-Clause", True),
        ("", "GPLv3+", "", "GPL-3.0-or-later", True),
        ("", "see the file", "", UNKNOWN, True),
        ("", "", "", UNKNOWN, False),
        ("", "Permission is hereby granted, free of charge, " + "and so on, " * 30, "", "MIT", False),
    ],
)
def test_licences(expression: str, text: str, classifier: str, licence: str, guessed: bool) -> None:
    """What the package says becomes an SPDX expression; a guess says what it was made from."""
    found, guess = spdx(expression, text, [classifier] if classifier else [])
    assert (found, bool(guess)) == (licence, guessed)


def test_licence_texts() -> None:
    """A licence's own text is known by its words, and the BSD with three clauses from the one with two."""
    two = "Redistribution and use in source and binary forms, with or without modification"
    assert from_text(two) == "BSD-2-Clause"
    assert from_text(f"{two}\n Neither the name of the holder nor") == "BSD-3-Clause"
    assert from_text("GNU GENERAL PUBLIC LICENSE\n   Version 3, 29 June 2007") == "GPL-3.0-or-later"
    assert from_text("be nice") == ""


@pytest.mark.parametrize(("text", "read"), [(">= 3.8, <4", ">=3.8,<4"), (">=3.8.*'", ""), ("", "")])
def test_specifiers(text: str, read: str) -> None:
    """Blanks go; what is no specifier, as old releases have, counts as nothing."""
    assert specifier(text) == read


@pytest.mark.parametrize(
    ("file", "text", "virtual"),
    [
        ("a.c", '#include "mpi.h"', "mpi"),
        ("a.f90", "program x\n  use mpi_f08\nend", "mpi"),
        ("setup.py", "from mpi4py import get_config\nos.environ['MPICC']", "mpi"),
        ("p/__init__.py", "def f():\n    from mpi4py import MPI\n", "mpi4py"),
        ("setup.py", "run('h5cc -show')", "hdf5"),
        ("setup.py", "mpi = environ.get('HDF5_MPI')", "hdf5[mpi]"),
        ("b.c", "H5Pset_dxpl_mpio(x)", "hdf5[mpi]"),
        ("setup.py", "run('nc-config --libs')", "netcdf"),
        ("setup.py", "find_executable('nvcc')", "cuda"),
        ("d.c", "#include <fitsio.h>", "cfitsio"),
        ("CMakeLists.txt", "find_package( HDF5 COMPONENTS C )", "hdf5"),
        ("a.h", "# include <netcdf.h>", "netcdf"),
        ("meson.build", "dependency('pnetcdf')", "pnetcdf"),
        ("a.pyx", 'cdef extern from "fftw3-mpi.h":', "fftw[mpi]"),
        ("setup.py", 'libraries=["fftw3", "m"]', "fftw"),
        ("setup.py", 'libraries=["lapack"]', "blas"),
        ("a.cpp", "#include <petscksp.h>", "petsc"),
    ],
)
def test_clues(tmp_path: Path, file: str, text: str, virtual: str) -> None:
    """Each library is seen by its usual sign, with the file's name; the same words in a test mean nothing."""
    found = look(write(tmp_path / "one", {file: text}))
    assert (virtual, file) in [(clue.virtual, clue.file) for clue in found]
    assert look(write(tmp_path / "two", {f"tests/{file}": text, f"docs/{file}": text})) == ()


def test_words_that_only_look_alike(tmp_path: Path) -> None:
    """Names that begin or end like a library's are none."""
    text = '#include "smpi.h.in"\n#include "mpif.hpp"\nimport mpi4pyx\nint impicc;\n'
    assert look(write(tmp_path, {"a.c": text, "a.py": text, "setup.py": "tmpicc"})) == ()


def test_links_and_huge_files_are_not_read(tmp_path: Path) -> None:
    """A link may lead anywhere, and a file of many megabytes is no build file."""
    outside = write(tmp_path / "outside", {"a.c": "#include <mpi.h>"})
    folder = write(tmp_path / "in", {"b.c": "#include <mpi.h>" + " " * (5 * 2**20)})
    (folder / "c.c").symlink_to(outside / "a.c")
    (folder / "d").symlink_to(outside)
    assert look(folder) == ()


def test_modules_of_a_source(tmp_path: Path) -> None:
    """Packages are found in src, tests and tools are not; compiled modules with MPI come first."""
    folder = write(
        tmp_path,
        {
            "setup.py": 'Extension(name="my_thing.plain", sources=[])',
            "src/my_thing/__init__.py": "",
            "src/my_thing/sub/__init__.py": "",
            "src/my_thing/sub/other.pyx": "",
            "src/my_thing/sub/fast.pyx": "from mpi4py cimport MPI",
            "src/my_thing/parts.templ.pyx": "",
            "tests/__init__.py": "",
            "tools/x.py": "",
        },
    )
    found = modules.of_source(folder, "my-thing")
    assert found.tops == ("my_thing",)
    assert found.extensions == ("my_thing.sub.fast", "my_thing.sub.other", "my_thing.plain")
    assert found.mpi == ("my_thing.sub.fast",)


@pytest.mark.parametrize(
    ("files", "requires", "where"),
    [
        ({"PKG-INFO": "Name: a\nRequires-Dist: x\n"}, ("x",), "PKG-INFO"),
        ({"pyproject.toml": '[project]\nname="a"\ndependencies=["y"]'}, ("y",), "pyproject.toml"),
        (
            {"PKG-INFO": "Name: a\n", "a.egg-info/requires.txt": "z\n\n[test]\nt\n"},
            ("z",),
            "a.egg-info/requires.txt",
        ),
        ({"setup.cfg": "[options]\ninstall_requires =\n  u\n  v\n"}, ("u", "v"), "setup.cfg"),
        ({"setup.py": "setup(install_requires=['w'])"}, ("w",), "setup.py"),
        ({"setup.py": "setup(install_requires=read())"}, None, ""),
        ({"setup.py": "this is no Python", "setup.cfg": "nor this", "pyproject.toml": "="}, None, ""),
    ],
)
def test_requirements_of_old_and_new_sources(
    tmp_path: Path, files: dict[str, str], requires: tuple[str, ...] | None, where: str
) -> None:
    """Releases of all ages say what they need somewhere; what is not said is not taken for nothing."""
    found = metadata.of_source(write(tmp_path, files))
    assert (found.requires, found.where) == (requires, where)


@settings(deadline=None)  # the first example imports jsonschema
@given(
    summary=st.text(max_size=300),
    home=st.text(max_size=40) | st.sampled_from(["http://a.org", "https://a.org/x#y", "https://"]),
    licence=st.text(max_size=30),
    rows=st.lists(st.text(max_size=30), max_size=3),
)
@example(summary="${{ mpi.cc }} and ${HOME}", home="", licence="", rows=[])
def test_whatever_a_package_says_the_draft_is_a_recipe(
    summary: str, home: str, licence: str, rows: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Odd words in the metadata never make a file that YAML or the schema refuses, nor a template."""
    info = metadata.Metadata(
        summary=summary, homepage=home, licence=licence, requires=tuple(rows), where="PKG-INFO"
    )
    folder = write(tmp_path_factory.getbasetemp() / "odd", {"setup.py": "import numpy"})
    built = building(folder, "odd", modules.Modules(), compiled=True)
    release = DraftedRelease(version="1.0", sha256="0" * 64)
    drafted = source_draft("odd", ("pypi", "odd"), info, modules.Modules(tops=("odd",)), built, (release,))
    document = parse_document("odd/recipe.yaml", recipe_text(drafted))
    validate(document, "recipe")
    about = document.data["about"]
    assert isinstance(about, dict)
    assert "${" not in str(about["summary"])


def test_a_hash_that_looks_like_a_number_stays_text() -> None:
    """YAML would read 64 digits as a number, and digits around one e as a power of ten."""
    built = building(Path("/nonexistent"), "odd", modules.Modules(), compiled=False)
    for sha256 in ("1" * 64, "1" * 30 + "e" + "1" * 33):
        release = DraftedRelease(version="1.0", sha256=sha256)
        info = metadata.Metadata(summary="s")
        drafted = source_draft(
            "odd", ("pypi", "odd"), info, modules.Modules(tops=("odd",)), built, (release,)
        )
        document = parse_document("odd/recipe.yaml", recipe_text(drafted))
        assert document.data["versions"] == {"1.0": {"sha256": sha256}}
