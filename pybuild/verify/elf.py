"""What an ELF file says about itself, read without running it.

Sources: elf(5); the System V ABI, "Dynamic Section"; the LSB core specification, "Symbol Versioning".
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from pybuild.errors import VerificationError

if TYPE_CHECKING:
    from elftools.elf.elffile import ELFFile

Kind = Literal["shared", "executable", "relocatable", "static", "other"]

_MAGIC = b"\x7fELF"
_WEAK = 2  # VER_FLG_WEAK: the loader only notes that such a version is missing
_PIE = 0x08000000  # DF_1_PIE


@dataclass(frozen=True, slots=True, kw_only=True)
class ElfFacts:
    """What one ELF file says about itself.

    Attributes:
        kind: ``shared`` object, dynamically linked ``executable``, ``relocatable`` object, ``static`` for
            a program without a loader, ``other`` for core files and the like.
        bits: 32 or 64.
        machine: ``x64``, ``AArch64``: pyelftools' names.
        interpreter: the loader that an executable asks for.
        runpath, rpath: entries of DT_RUNPATH and DT_RPATH as written, empty where there is no such tag.
        version_needs: (library, version) pairs without which the loader refuses the file.
        version_definitions: symbol versions that the file offers.
    """

    kind: Kind
    bits: int
    machine: str
    needed: tuple[str, ...] = ()
    soname: str | None = None
    runpath: tuple[str, ...] = ()
    rpath: tuple[str, ...] = ()
    interpreter: str | None = None
    version_needs: tuple[tuple[str, str], ...] = ()
    version_definitions: frozenset[str] = frozenset()


def is_elf(path: str) -> bool:
    """Return whether a file begins with the four bytes of an ELF file.

    Raises:
        OSError: the file cannot be read.
    """
    with open(path, "rb") as file:
        return file.read(4) == _MAGIC


def read_elf(path: str) -> ElfFacts | None:
    """Return what an ELF file says about itself, None where the file is not ELF.

    Raises:
        OSError: the file cannot be read.
        VerificationError: it begins like an ELF file and is damaged.
    """
    with open(path, "rb") as file:
        if file.read(4) != _MAGIC:
            return None
        try:
            return _read(file)
        except _damage() as error:
            raise _damaged(path, error) from None


def defines(path: str, symbol: str) -> bool:
    """Return whether an ELF file holds the function ``symbol`` itself, exported or not.

    Raises:
        OSError: the file cannot be read.
        VerificationError: it is not an ELF file, or a damaged one.
    """
    with open(path, "rb") as file:
        try:
            elf = _opened(file)
            exported = _exports(elf, symbol)
            return _holds(elf, symbol) if exported is None else exported or _holds(elf, symbol, "SHT_SYMTAB")
        except _damage() as error:
            raise _damaged(path, error) from None


def _opened(file: BinaryIO) -> ELFFile:
    # A tenth of an installation that needs no link check would go into importing this.
    from elftools.elf.elffile import ELFFile

    return ELFFile(file)


def _damage() -> tuple[type[Exception], ...]:
    """Return what pyelftools meets damaged files with: not with its own error alone."""
    from elftools.common.exceptions import ELFError

    return (ELFError, ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError,
            struct.error)  # fmt: skip


def _damaged(path: str, error: Exception) -> VerificationError:
    return VerificationError(f"{path}: is a damaged ELF file ({type(error).__name__}: {error})")


def _read(file: BinaryIO) -> ElfFacts:
    elf = _opened(file)
    dynamic: Any = next(elf.iter_segments("PT_DYNAMIC"), None)
    tags = list(dynamic.iter_tags()) if dynamic is not None else []
    loader: Any = next(elf.iter_segments("PT_INTERP"), None)
    interpreter = None if loader is None else loader.get_interp_name()
    soname = next((tag.soname for tag in tags if tag.entry.d_tag == "DT_SONAME"), None)
    return ElfFacts(
        kind=_kind(elf, tags, interpreter, soname),
        bits=elf.elfclass,
        machine=elf.get_machine_arch(),
        needed=tuple(tag.needed for tag in tags if tag.entry.d_tag == "DT_NEEDED"),
        soname=soname,
        runpath=_entries(tags, "DT_RUNPATH", "runpath"),
        rpath=_entries(tags, "DT_RPATH", "rpath"),
        interpreter=interpreter,
        version_needs=_version_needs(elf),
        version_definitions=_version_definitions(elf),
    )


def _kind(elf: Any, tags: list[Any], interpreter: str | None, soname: str | None) -> Kind:
    kind = elf["e_type"]
    if kind == "ET_REL":
        return "relocatable"
    if kind not in {"ET_DYN", "ET_EXEC"}:
        return "other"
    if not tags:
        return "static"
    pie = any(tag.entry.d_tag == "DT_FLAGS_1" and tag.entry.d_val & _PIE for tag in tags)
    if kind == "ET_DYN" and not pie and (interpreter is None or soname is not None):
        # libc.so.6 is a library with an interpreter; a program from before DF_1_PIE has no soname.
        return "shared"
    return "executable" if interpreter is not None else "static"


def _entries(tags: list[Any], name: str, attribute: str) -> tuple[str, ...]:
    values = [getattr(tag, attribute) for tag in tags if tag.entry.d_tag == name]
    return tuple(entry for value in values for entry in value.split(":"))


def _version_needs(elf: Any) -> tuple[tuple[str, str], ...]:
    return tuple(
        (library.name, version.name)
        for section in elf.iter_sections("SHT_GNU_verneed")
        for library, versions in section.iter_versions()
        for version in versions
        if not version["vna_flags"] & _WEAK
    )


def _version_definitions(elf: Any) -> frozenset[str]:
    return frozenset(
        next(names).name
        for section in elf.iter_sections("SHT_GNU_verdef")
        for _, names in section.iter_versions()
    )


def _exports(elf: Any, symbol: str) -> bool | None:
    """Answer from the hash table, which costs the same for ten symbols and ten thousand; None without one."""
    for kind in ("SHT_GNU_HASH", "SHT_HASH"):
        for section in elf.iter_sections(kind):
            entry = section.get_symbol(symbol)
            return entry is not None and entry["st_shndx"] != "SHN_UNDEF"
    return None


def _holds(elf: Any, symbol: str, *kinds: str) -> bool:
    """Answer from symbol tables, which a file that was not stripped has thousands of entries in.

    Their entries are read as plain numbers: building an object for each costs most of a link check.
    """
    wanted = symbol.encode() + b"\0"
    order = "<" if elf.little_endian else ">"
    # st_name first, st_shndx where elf(5) puts it.
    form, name, section_index = ("IBBHQQ", 0, 3) if elf.elfclass == 64 else ("IIIBBH", 0, 5)
    for kind in kinds or ("SHT_DYNSYM", "SHT_SYMTAB"):
        for section in elf.iter_sections(kind):
            offsets = _offsets(section.stringtable.data(), wanted)
            if offsets and any(
                entry[name] in offsets and entry[section_index] != 0  # SHN_UNDEF
                for entry in struct.iter_unpack(order + form, section.data())
            ):
                return True
    return False


def _offsets(strings: bytes, wanted: bytes) -> set[int]:
    """Return every place of a string table where a name may begin that is ``wanted``; tails are shared."""
    found: set[int] = set()
    at = strings.find(wanted)
    while at >= 0:
        found.add(at)
        at = strings.find(wanted, at + 1)
    return found
