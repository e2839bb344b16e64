"""The same few statements in the language of each shell, everything quoted by that shell's own rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pybuild.errors import PlanError
from pybuild.plan.running import Part

_NO_TOOL = (
    "pybuild: this shell has no module command; start a login shell, or read the init file of the site first"
)
_SAY = f"printf '%s\\n' {_NO_TOOL!r} >&2"


class Shell(Protocol):
    """A shell's language; each method returns one line."""

    def quote(self, text: str) -> str:
        """Return a word that the shell reads as ``text``."""

    def lines(self, name: str, value: Sequence[Part] | None, *, prepend: bool) -> list[str]:
        """Return the lines that set a variable, put a value in front of it, or remove it (None)."""

    def begin(self, script: str, init: Sequence[str]) -> list[str]:
        """Return lines that keep the script for :meth:`operate`, and say where there is no ``module``."""

    def operate(self, words: Sequence[str]) -> str:
        """Return the line that runs the script with these words and evaluates what it prints."""

    def end(self) -> str:
        """Return the line that forgets the script."""

    def comment(self, text: str) -> str:
        """Return a line that does nothing."""


class Posix:
    """bash, zsh, dash and whatever else reads what POSIX says."""

    def quote(self, text: str) -> str:
        """Return a word in single quotes; always, because zsh also expands ``=name``."""
        return "'" + _demand_text(text).replace("'", "'\\''") + "'"

    def lines(self, name: str, value: Sequence[Part] | None, *, prepend: bool) -> list[str]:
        """Return the line for one variable."""
        if value is None:
            return [f"unset {name}"]
        words = "".join(f'"${{{p.name}-}}"' if p.name else self.quote(p.text) for p in value) or "''"
        return [f"export {name}={words}" + (f'"${{{name}:+:${{{name}}}}}"' if prepend else "")]

    def begin(self, script: str, init: Sequence[str]) -> list[str]:
        """Return the beginning; bash may read the site's init files, which are written for it."""
        read = " && ".join(f". {self.quote(file)}" for file in init)
        known = "command -v module >/dev/null 2>&1"
        first = [f'[ -z "${{BASH_VERSION-}}" ] || {known} || {{ {read}; }}'] if init else []
        return [*first, f"__pybuild={self.quote(script)}", f"{known} || {{ __pybuild=:; {_SAY}; }}"]

    def operate(self, words: Sequence[str]) -> str:
        """Return a line with ``eval``."""
        return f'eval "$(/bin/sh -c "$__pybuild" pybuild {" ".join(map(self.quote, words))})"'

    def end(self) -> str:
        """Return the line."""
        return "unset __pybuild"

    def comment(self, text: str) -> str:
        """Return a comment."""
        return f"# {' '.join(text.split())}"


class Csh:
    """csh and tcsh. Every line ends in a semicolon: ``eval "`...`"`` makes one line of them all."""

    def quote(self, text: str) -> str:
        """Return a word in single quotes, where csh still sees ``!``.

        Raises:
            PlanError: the text has a line break, which no word of csh can hold through ``eval``.
        """
        if "\n" in _demand_text(text):
            raise PlanError(
                f"csh cannot set a value with a line break in it: {text!r}", hint="use another shell"
            )
        return "'" + text.replace("'", "'\\''").replace("!", "\\!") + "'"

    def lines(self, name: str, value: Sequence[Part] | None, *, prepend: bool) -> list[str]:
        """Return the lines for one variable; csh stops at variables that are not set, so they are copied."""
        if value is None:
            return [f"unsetenv {name} ;"]
        found: list[str] = []
        used: list[str] = []
        words = ""
        for part in value:
            if part.name:
                copy = f"__pybuild_{len(used)}"
                used.append(copy)
                found += [
                    f"set {copy} = '' ;",
                    f"if ( $?{part.name} ) eval 'set {copy} = \"${part.name}:q\"' ;",
                ]
                words += f'"${copy}:q"'
            else:
                words += self.quote(part.text)
        if prepend:
            used.append("__pybuild_rest")
            found += [
                f"if ( ! $?{name} ) setenv {name} '' ;",
                f"set __pybuild_rest = ':'\"${name}:q\" ;",
                "if ( \"$__pybuild_rest:q\" == ':' ) set __pybuild_rest = '' ;",
            ]
            words += '"$__pybuild_rest:q"'
        return [*found, f"setenv {name} {words or self.quote('')} ;", *(f"unset {copy} ;" for copy in used)]

    def begin(self, script: str, init: Sequence[str]) -> list[str]:
        """Return the beginning; init files are bash's."""
        no_module = 'if ( "`alias module`" == "" )'
        return [
            f"set __pybuild = {self.quote(script)} ;",
            f"{no_module} set __pybuild = : ;",
            f"{no_module} /bin/sh -c {self.quote(_SAY)} ;",
        ]

    def operate(self, words: Sequence[str]) -> str:
        """Return a line with ``eval``."""
        quoted = " ".join(map(self.quote, words))
        return f"set noglob ; eval `/bin/sh -c $__pybuild:q pybuild {quoted}` ; unset noglob ;"

    def end(self) -> str:
        """Return the line."""
        return "unset __pybuild ;"

    def comment(self, text: str) -> str:
        """Return a command that does nothing: a comment would swallow what ``eval`` puts behind it."""
        return f": {self.quote(' '.join(text.split()))} ;"


class Fish:
    """fish, from 3.0 on."""

    def quote(self, text: str) -> str:
        """Return a word in single quotes."""
        return "'" + _demand_text(text).replace("\\", "\\\\").replace("'", "\\'") + "'"

    def lines(self, name: str, value: Sequence[Part] | None, *, prepend: bool) -> list[str]:
        """Return the lines for one variable."""
        if value is None:
            return [f"set -e {name}"]
        words = "".join(f'"${p.name}"' if p.name else self.quote(p.text) for p in value) or "''"
        if not prepend:
            return [f"set -gx {name} {words}"]
        return [f'test -n "${name}"; and set -gx {name} {words}:"${name}"; or set -gx {name} {words}']

    def begin(self, script: str, init: Sequence[str]) -> list[str]:
        """Return the beginning; init files are bash's."""
        missing = f"set -g __pybuild :; /bin/sh -c {self.quote(_SAY)}"
        return [f"set -g __pybuild {self.quote(script)}", f"type -q module; or begin; {missing}; end"]

    def operate(self, words: Sequence[str]) -> str:
        """Return a line with ``source``."""
        return f"/bin/sh -c $__pybuild pybuild {' '.join(map(self.quote, words))} | source"

    def end(self) -> str:
        """Return the line."""
        return "set -e __pybuild"

    def comment(self, text: str) -> str:
        """Return a comment."""
        return f"# {' '.join(text.split())}"


SHELLS: dict[str, Shell] = {
    "bash": Posix(), "zsh": Posix(), "sh": Posix(), "csh": Csh(), "tcsh": Csh(), "fish": Fish(),
}  # fmt: skip


def _demand_text(text: str) -> str:
    if "\0" in text:
        raise PlanError(f"no shell can hold a NUL character: {text!r}")
    return text
