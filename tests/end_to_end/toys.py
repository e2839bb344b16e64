"""Small real packages: an MPI library in forty lines, extensions that use it, and the recipes for both."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import subprocess
import tarfile
import textwrap
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_LIBRARY = r"""
#include <stdlib.h>
#include <string.h>
static int number(const char *name, int other) { const char *s = getenv(name); return s ? atoi(s) : other; }
int MPI_Init(int *argc, char ***argv) { return 0; }
int MPI_Comm_rank(int comm, int *rank) { *rank = number("TOY_RANK", 0); return 0; }
int MPI_Comm_size(int comm, int *size) { *size = number("TOY_SIZE", 1); return 0; }
int MPI_Get_library_version(char *text, int *length)
{ strcpy(text, "NAME of the tests"); *length = strlen(text); return 0; }
"""

HEADER = """
int MPI_Init(int *, char ***);
int MPI_Comm_rank(int, int *);
int MPI_Comm_size(int, int *);
int MPI_Get_library_version(char *, int *);
"""

_MPICC = """\
#!/bin/sh
root=$(cd "$(dirname "$0")/.." && pwd) || exit
exec cc -I"$root/include" "$@" -L"$root/lib" -Wl,-rpath,"$root/lib" -l:libmpi.so.12
"""

_MPIEXEC = """\
#!/bin/sh
# mpiexec -n SIZE PROGRAM...
[ "$1" = --version ] && { echo "toy mpiexec 1.0"; exit; }
size=$2; shift 2
where=$(mktemp -d) || exit
trap 'rm -rf "$where"' EXIT
rank=0 children=
while [ $rank -lt $size ]; do
  JOB "$@" & children="$children $!"
  rank=$((rank + 1))
done
code=0
for child in $children; do wait $child || code=1; done
exit $code
"""

JOB = 'TOY_RANK=$rank TOY_SIZE=$size TOY_JOB="$where"'
"""What a rank is told by a launcher that belongs to the library."""

_EXTENSION = """
#include <Python.h>
#include <mpi.h>
static PyObject *ranks(PyObject *self, PyObject *none)
{
    int rank, size, length;
    char text[256];
    MPI_Init(NULL, NULL);
    MPI_Comm_rank(0, &rank);
    MPI_Comm_size(0, &size);
    MPI_Get_library_version(text, &length);
    return Py_BuildValue("iis", rank, size, text);
}
static PyMethodDef methods[] = {{"ranks", ranks, METH_NOARGS, ""}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_core", NULL, -1, methods};
PyMODINIT_FUNC PyInit__core(void) { return PyModule_Create(&module); }
"""

_PYPROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
"""

SETUP = """
from setuptools import Extension, setup
setup(name="NAME", version="VERSION", packages=["NAME"],
      ext_modules=[Extension("NAME._core", ["core.c"])])
"""

RANKS = """\
import os, time
from pathlib import Path
from pybuild_ranks import end, report_of
from NAME import _core
rank, size, library = _core.ranks()
job = Path(os.environ.get("TOY_JOB", "/nowhere"))
if size > 1:
    (job / ("rank-%d" % rank)).write_text("")
    deadline = time.monotonic() + 120
    while len(list(job.glob("rank-*"))) < size and time.monotonic() < deadline:
        time.sleep(0.005)
seen = sorted(int(path.name[5:]) for path in job.glob("rank-*")) if size > 1 else [0]
end(rank, report_of(seen, library, {"size": size}))
"""

RECIPE = """\
name: {name}
about: {{summary: a toy, homepage: "https://example.org", license: MIT}}
source: {{pypi: {name}}}
versions:
{versions}
requirements:
  virtual: [{virtual}]
  build: [setuptools]
build:
  system: python
  env: {{CC: "{cc}", LDSHARED: "{ld}"}}
tests:
  - imports: [{name}]
{tests}"""

SITE = """\
name: {name}
summary: the machine that runs the tests
keep_env: [TMPDIR]
path: [{path}]
virtuals:
  compiler:
    - name: system
      where: shell
      programs: {{cc: [{cc}]}}
  mpi:
    - name: {mpi}
      where: recipe
      recipe: {mpi}
launcher:
  ranks: ["${{{{ mpi.mpiexec }}}}", "-n", "${{{{ ranks }}}}"]
verify: ranked
{more}"""


@dataclass(frozen=True)
class File:
    """A file that the index serves."""

    name: str
    body: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


def sdist(name: str, version: str, files: Mapping[str, str] | None = None) -> File:
    """Return the source archive of a toy extension, or of other files; equal input gives equal bytes."""
    content = {
        "pyproject.toml": _PYPROJECT,
        "setup.py": SETUP.replace("NAME", name).replace("VERSION", version),
        "core.c": _EXTENSION,
        f"{name}/__init__.py": f'version = "{version}"\nfrom {name} import _core\n',
        "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
    } | dict(files or {})
    members = [(tarfile.TarInfo(f"{name}-{version}/{path}"), text.encode()) for path, text in content.items()]
    return File(f"{name}-{version}.tar.gz", tarball(members))


def tarball(members: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    """Return a compressed archive of exactly these members, hostile ones included."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for member, data in members:
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return gzip.compress(raw.getvalue(), mtime=0)


def wheel(
    name: str,
    version: str,
    files: Mapping[str, str | bytes] | None = None,
    *,
    metadata: str = "",
    tag: str = "py3-none-any",
) -> File:
    """Return a wheel; files below ``<name>-<version>.data/data/bin`` are programs.

    Args:
        files: else a module that tells its version.
        metadata: more lines for METADATA: ``Requires-Dist: other``.
        tag: of the file's name.
    """
    files = files or {f"{name}/__init__.py": f'version = "{version}"\n'}
    info = f"{name}-{version}.dist-info"
    content: dict[str, bytes] = {k: v.encode() if isinstance(v, str) else v for k, v in files.items()}
    content[f"{info}/METADATA"] = (
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{metadata}".encode()
    )
    content[f"{info}/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: toys\nRoot-Is-Purelib: true\nTag: {tag}\n".encode()
    )
    rows = [f"{path},sha256={_digest(data)},{len(data)}" for path, data in content.items()]
    content[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""]).encode()
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in content.items():
            member = zipfile.ZipInfo(path)
            member.external_attr = (0o100755 if "/bin/" in path else 0o100644) << 16
            archive.writestr(member, data)
    return File(f"{name}-{version}-{tag}.whl", raw.getvalue())


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def mpi_wheel(name: str, work: Path, *, job: str = JOB) -> File:
    """Compile a toy MPI and return it as a wheel.

    Args:
        job: variables that its launcher gives to each rank; without them each rank is alone.
    """
    work.mkdir(parents=True)
    (work / "mpi.c").write_text(_LIBRARY.replace("NAME", name))
    library = work / "libmpi.so.12"
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-w", "-Wl,-soname,libmpi.so.12", "-o", library, work / "mpi.c"],
        check=True,
    )
    data = f"{name}-1.0.data/data"
    files: dict[str, str | bytes] = {
        f"{data}/lib/libmpi.so.12": library.read_bytes(),
        f"{data}/include/mpi.h": HEADER,
        f"{data}/bin/mpicc": _MPICC,
        f"{data}/bin/mpiexec": _MPIEXEC.replace("JOB", job),
    }
    return wheel(name, "1.0", files)


def mpi_recipe(file: File) -> str:
    """Return the recipe of a toy MPI."""
    name = file.name.split("-", maxsplit=1)[0]
    return textwrap.dedent(f"""\
        name: {name}
        about: {{summary: a toy MPI, homepage: "https://example.org", license: MIT}}
        source: {{pypi: {name}}}
        versions:
          "1.0": {{wheels: {{{file.name}: {file.sha256}}}}}
        build: {{system: wheel}}
        provides:
          mpi:
            name: {name}
            cc: "${{{{ prefix }}}}/bin/mpicc"
            mpiexec: "${{{{ prefix }}}}/bin/mpiexec"
            shared: "-shared"
            soname: libmpi
            library: "${{{{ prefix }}}}/lib/libmpi.so.12"
        tests:
          - command: [mpiexec, --version]
        """)


def pure_recipe(*files: File) -> str:
    """Return the recipe of a package that is a wheel, newest version last."""
    name = files[0].name.split("-")[0]
    rows = "".join(f'  "{f.name.split("-")[1]}": {{wheels: {{{f.name}: {f.sha256}}}}}\n' for f in files)
    return (
        f'name: {name}\nabout: {{summary: a toy, homepage: "https://example.org", license: MIT}}\n'
        f"source: {{pypi: {name}}}\nversions:\n{rows}"
        f"build: {{system: wheel}}\ntests:\n  - imports: [{name}]\n"
    )


def extension_recipe(
    *files: File,
    virtual: str = "compiler, mpi",
    cc: str = "${{ mpi.cc }}",
    ld: str = "${{ mpi.cc }} ${{ mpi.shared }}",
    ranked: bool = True,
) -> str:
    """Return the recipe of a toy extension.

    Args:
        virtual: what it asks the site for.
        cc, ld: what compiles and links it.
        ranked: whether its checks ask for the MPI that it links, and for two ranks.
    """
    name = files[0].name.split("-")[0]
    versions = "\n".join(
        f'  "{f.name[len(name) + 1 : -len(".tar.gz")]}": {{python: ">=3.8", sha256: {f.sha256}}}'
        for f in files
    )
    checks = f"  - links: {{module: {name}._core, to: mpi}}\n  - {{ranks: 2, python: ranks.py}}\n"
    return RECIPE.format(
        name=name, versions=versions, virtual=virtual, cc=cc, ld=ld, tests=checks if ranked else ""
    )


def site(name: str = "toy", *, mpi: str = "toympi", path: str = "/usr/local/bin, /usr/bin, /bin",
         cc: str = "gcc, cc", more: str = "") -> str:  # fmt: skip
    """Return a site file."""
    return SITE.format(name=name, mpi=mpi, path=path, cc=cc, more=more)
