"""An h5py that is not the site's own is refused by name: negative controls for every level."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.h5py.conftest import VERSION, Cluster, extension, packages

pytestmark = pytest.mark.timeout(2400)

SCRIPT = "share/pybuild/h5py/one_file.py"


def test_wheel_of_the_index(cluster: Cluster, spoilable: Path) -> None:
    """What ``pip install h5py`` puts in its place is serial and brings its own HDF5: both are said."""
    pip = (spoilable / "bin/python", "-m", "pip", "install", "--quiet", "--no-deps", "--force-reinstall")
    done = cluster.run(*pip, "--only-binary=h5py", f"h5py=={VERSION}")
    assert done.returncode == 0, done.stderr
    said = _refused(cluster, spoilable)
    assert re.search(
        r"h5py/defs\S+: is linked to libhdf5-[0-9a-f]{8}\.so\S*, a copy that a wheel brought", said
    )
    assert re.search(r"h5py/h5p\.\S+: is not linked to libmpich", said)


def test_build_without_mpi(cluster: Cluster, serial: Path, spoilable: Path) -> None:
    """An h5py built without MPI in place of ours is refused for both libraries."""
    shutil.rmtree(packages(spoilable) / "h5py")
    shutil.copytree(packages(serial) / "h5py", packages(spoilable) / "h5py", symlinks=True)
    said = _refused(cluster, spoilable)
    assert re.search(r"h5py/h5p\.\S+: is not linked to libmpich", said)
    wanted = cluster.machine.parallel / "lib/libhdf5.so"
    assert re.search(rf"h5py/defs\S+: is linked to \S*libhdf5_serial\S*, expected .*{wanted}", said)


def test_two_libraries_of_hdf5(cluster: Cluster, spoilable: Path) -> None:
    """Another extension of the prefix that links another HDF5 is found, and both files are named."""
    _other_user(cluster, packages(spoilable) / "tables.so")
    said = _refused(cluster, spoilable)
    assert "the prefix must have one HDF5 library" in said
    assert "libhdf5_serial" in said
    assert "site-packages/tables.so" in said


def test_extension_without_its_library_is_no_extension(cluster: Cluster, spoilable: Path) -> None:
    """An h5py whose part with MPI-IO is missing is refused by that part's name."""
    extension(spoilable, "h5p").unlink()
    assert "h5py.h5p: no extension module found" in _refused(cluster, spoilable)


def test_ranks_with_a_serial_h5py(cluster: Cluster, parallel: Path, serial: Path, tmp_path: Path) -> None:
    """The ranks say themselves that their h5py has no MPI, and end the job."""
    (tmp_path / "h5py").symlink_to(packages(serial) / "h5py")
    ran = _ranks(cluster, parallel, PYTHONPATH=str(tmp_path))
    assert ran.returncode != 0
    assert "h5py was built without MPI, so ranks cannot write one file together" in ran.stderr


def test_ranks_that_are_alone(cluster: Cluster, parallel: Path) -> None:
    """Two processes without the launcher are not two ranks."""
    ran = cluster.run(parallel / "bin/python", parallel / SCRIPT, PYBUILD_RANKS="2")
    assert ran.returncode == 1
    assert "one_file: rank 0: sees 1 rank(s), the launcher was asked for 2" in ran.stderr


def test_ranks_that_write_something_else(cluster: Cluster, parallel: Path, tmp_path: Path) -> None:
    """The numbers are really compared: where rank 1 writes others, the job fails and says which."""
    (tmp_path / "sitecustomize.py").write_text(
        "import os\n"
        "from h5py._hl.dataset import Dataset\n"
        "write = Dataset.__setitem__\n"
        "def wrong(self, place, value):\n"
        "    write(self, place, [v + 1 for v in value] if os.environ['PMI_RANK'] == '1' else value)\n"
        "Dataset.__setitem__ = wrong\n"
    )
    ran = _ranks(cluster, parallel, PYTHONPATH=str(tmp_path))
    assert ran.returncode != 0
    assert "one_file: rank 0: reads other numbers than rank 1 wrote" in ran.stderr


def test_ranks_leave_nothing_behind(cluster: Cluster, parallel: Path, tmp_path: Path) -> None:
    """The file is written to the folder for temporary files, not into the prefix, and is gone afterwards."""
    ran = _ranks(cluster, parallel, TMPDIR=str(tmp_path), SCRATCH="/proc/nowhere")
    assert ran.returncode == 0, ran.stderr
    assert list(tmp_path.iterdir()) == []
    assert list(parallel.glob("pybuild-one_file-*")) == []


def _refused(cluster: Cluster, prefix: Path) -> str:
    """Return what ``pybuild verify`` says; it must refuse."""
    done = cluster.pybuild("verify", "h5py", "--prefix", str(prefix), "--sites", str(cluster.folder))
    assert done.returncode == 11, done.stdout + done.stderr
    return done.stderr


def _ranks(cluster: Cluster, prefix: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    launcher = (cluster.machine.mpiexec, "-n", "2")
    # Ranks of a job begin in the prefix, as those of a check do.
    argv = (
        "sh",
        "-c",
        'cd "$0" && exec "$@"',
        str(prefix),
        *launcher,
        prefix / "bin/python",
        prefix / SCRIPT,
    )
    return cluster.run(*argv, PYBUILD_RANKS="2", **environ)


def _other_user(cluster: Cluster, target: Path) -> None:
    source = target.parent / "tables.c"
    source.write_text("int H5open(void);\nint probe(void) { return H5open(); }\n")
    lib = cluster.machine.serial / "lib"
    argv = ["cc", "-shared", "-fPIC", "-o", target, source, f"-L{lib}", f"-Wl,-rpath,{lib}", "-lhdf5"]
    subprocess.run(argv, check=True)
    source.unlink()
