"""A prefix as it will be: files in a stage, in a temporary prefix and in the real one, seen as one tree."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field

_MOST_LINKS = 40  # as the kernel: path_resolution(7)


@dataclass(frozen=True, slots=True)
class Tree:
    """Maps final paths to the files that will stand there.

    Paths outside the prefix are taken from the machine as they are.
    A tree is a view of one moment: what was looked up once is remembered, because the loader's rules lead
    through the same folders thousands of times and every look costs a parallel file system a call.

    Attributes:
        prefix: the final prefix; it need not exist.
        layers: folders laid over each other, first one on top: stages, then the real prefix if it exists.
        removed: paths relative to the prefix that the last layer still has and will lose.
        root: the prefix with its symbolic links followed.
    """

    prefix: str
    layers: tuple[str, ...]
    removed: frozenset[str] = frozenset()
    root: str = field(init=False)
    _links: dict[str, str | None] = field(init=False, repr=False, compare=False, default_factory=dict)
    _spots: dict[str, str | None] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "root", os.path.realpath(self.prefix))

    def final(self, relative: str) -> str:
        """Return the final path of a path relative to the prefix."""
        return os.path.join(self.prefix, relative)

    def shown(self, path: str) -> str:
        """Return a final path as messages show it: links followed, relative to the prefix if inside."""
        path = self.real(path) or path
        for top in (self.prefix, self.root):
            if path.startswith(top + "/"):
                return path[len(top) + 1 :]
        return path

    def real(self, path: str) -> str | None:
        """Return a final path with all links followed through the layers, None where nothing is there."""
        todo = path.split("/")[::-1]
        at = "/"
        links = 0
        while todo:
            name = todo.pop()
            if name in {"", "."}:
                continue
            here = os.path.dirname(at) if name == ".." else os.path.join(at, name)
            target = self._link(here)
            if target is None:
                if not self._there(here):
                    return None
                at = here
                continue
            links += 1
            if links > _MOST_LINKS:
                return None
            at = "/" if target.startswith("/") else at
            todo.extend(target.split("/")[::-1])
        return at

    def disk(self, path: str) -> str | None:
        """Return where the bytes of a final path are now, None where nothing is there."""
        real = self.real(path)
        return None if real is None else self._spot(real)

    def names(self, folder: str) -> tuple[str, ...]:
        """Return what a folder will hold, sorted.

        Args:
            folder: relative to the prefix, ``""`` for the prefix itself.
        """
        found: set[str] = set()
        for number, layer in enumerate(self.layers):
            try:
                inside = os.listdir(os.path.join(layer, folder))
            except (FileNotFoundError, NotADirectoryError):
                continue
            last = number == len(self.layers) - 1
            found.update(name for name in inside if not (last and os.path.join(folder, name) in self.removed))
        return tuple(sorted(found))

    def site_packages(self) -> tuple[str, ...]:
        """Return the folders, relative to the prefix, where its Pythons look for modules."""
        return tuple(
            f"{top}/{python}/site-packages"
            for top in ("lib", "lib64")
            if self._link(os.path.join(self.root, top)) is None  # lib64 is often a link to lib
            for python in self.names(top)
            if python.startswith("python") and "site-packages" in self.names(f"{top}/{python}")
        )

    def files(self) -> Iterator[str]:
        """Yield every file that the prefix will have, relative to it, links left out, in no order."""
        seen: set[str] = set()
        for number, layer in enumerate(self.layers):
            gone = self.removed if number == len(self.layers) - 1 else frozenset()
            for folder, _, names in os.walk(layer):
                for name in names:
                    path = os.path.join(folder, name)
                    relative = path[len(layer.rstrip("/")) + 1 :]
                    if relative in seen or relative in gone:
                        continue
                    seen.add(relative)
                    if not os.path.islink(path):
                        yield relative

    def _link(self, path: str) -> str | None:
        if path not in self._links:
            spot = self._spot(path)
            is_link = spot is not None and os.path.islink(spot)
            self._links[path] = os.readlink(spot) if spot is not None and is_link else None
        return self._links[path]

    def _there(self, path: str) -> bool:
        """Answer yes for the prefix and the folders above it even where they do not exist yet."""
        return self._spot(path) is not None or (self.root + "/").startswith(path.rstrip("/") + "/")

    def _spot(self, path: str) -> str | None:
        """Return where the last component of ``path`` is on disk; links in it are not followed."""
        if path not in self._spots:
            self._spots[path] = self._look(path)
        return self._spots[path]

    def _look(self, path: str) -> str | None:
        if not path.startswith(self.root + "/"):
            return path if os.path.lexists(path) else None
        relative = path[len(self.root) + 1 :]
        for number, layer in enumerate(self.layers):
            if number == len(self.layers) - 1 and relative in self.removed:
                continue
            spot = os.path.join(layer, relative)
            if os.path.lexists(spot):
                return spot
        return None
