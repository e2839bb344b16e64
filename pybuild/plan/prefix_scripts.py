"""The scripts that a prefix has, so that every shell, conda and ``pybuild env run`` make it run alike.

``etc/pybuild/environment.bash`` knows what has to be done and does it (:mod:`pybuild.plan.prefix_program`).
The others are a few lines in the language of their shell that start it. Those in ``etc/conda`` are what
``conda activate`` and ``source activate`` source: whatever lies in ``etc/conda/activate.d`` of the prefix,
after conda has set its own variables, and ``deactivate.d`` before it takes them back (conda's documentation,
"Managing environments", "Saving environment variables"; tried with conda 26.7).
"""

from __future__ import annotations

from collections.abc import Iterator

from pybuild.errors import ExitCode
from pybuild.model.modules import ModuleStep
from pybuild.plan.prefix_program import PROGRAM
from pybuild.plan.running import Part, Running, Setting, module_checks, names_in
from pybuild.plan.shells import Csh, Fish, Posix

HOME = "etc/pybuild"
PROGRAM_FILE = f"{HOME}/environment.bash"
CONDA = ("etc/conda/activate.d", "etc/conda/deactivate.d")
LANGUAGES = ("sh", "csh", "fish")
NAMES = (
    PROGRAM_FILE,
    *(f"{HOME}/activate.{language}" for language in LANGUAGES),
    *(f"{folder}/pybuild.{language}" for folder in CONDA for language in LANGUAGES),
)
"""Paths of all scripts below the prefix."""

_HEAD = "made by pybuild, and made again whenever it changes the packages of this prefix"
_BASH = Posix()


def prefix_scripts(running: Running, *, refusal: str = "") -> dict[str, str]:
    """Return the text of each script by its path below the prefix.

    Args:
        running: its ``prefix`` is the path at which the prefix will be used.
        refusal: why nobody can run all that is in this prefix, ``""`` where one can.
    """
    texts = {PROGRAM_FILE: _program(running, refusal)}
    program = f"{running.prefix}/{PROGRAM_FILE}"
    for language in LANGUAGES:
        texts[f"{HOME}/activate.{language}"] = starter(program, language, "activate", "own")
        for folder in CONDA:
            action = folder.removeprefix("etc/conda/").removesuffix(".d")
            texts[f"{folder}/pybuild.{language}"] = starter(program, language, action, "conda")
    return texts


def starter(program: str, language: str, action: str, mode: str) -> str:
    """Return the script of one shell that lets the program act and evaluates what it prints.

    Args:
        language: ``sh`` (bash, zsh, dash), ``csh`` (tcsh as well) or ``fish``.
        mode: ``own``, or ``conda`` where conda itself sees to PATH and its own variables.
    """
    gone = f"pybuild: {program} is gone; there is nothing to activate"
    words = f"{action} {language} {mode}"
    if language == "csh":
        said = "" if mode == "conda" else gone
        return f"# {_HEAD}\n{csh_starter(program, '$__PYBUILD_START', words, said)}"
    quote = Fish().quote if language == "fish" else _BASH.quote
    name = quote(program)
    if language == "fish":
        lines = [f"if test -r {name}", f"    /bin/bash -p {name} {words} | source"]
    else:
        lines = [f"if [ -r {name} ]; then", f'    \\eval "$(/bin/bash -p {name} {words} || echo false)"']
    if mode != "conda":
        lines += ["else", f"    printf '%s\\n' {quote(gone)} >&2", "    false"]
    return "\n".join([f"# {_HEAD}", *lines, "end" if language == "fish" else "fi", ""])


def csh_starter(start: str, program: str, words: str, lost: str) -> str:
    """Return the lines of csh that start a program and evaluate what it prints.

    All that looks and decides is POSIX: csh can neither hand a path with a quote in it to a command in
    backquotes, nor keep the exit code of what stands in its own ``if``.

    Args:
        start: a path that the words of POSIX in ``program`` may use as ``$__PYBUILD_START``.
        program: words of POSIX that stand between double quotes and name the program.
        words: what the program is called with.
        lost: what is said where there is no such file; then the last command fails. ``""`` says nothing.
    """
    if "\n" in start:
        return "# csh cannot name a path with a line break in it\n"
    clean = "unsetenv __PYBUILD_START __PYBUILD_STARTS"
    fail = f"printf '%s\\n' {_BASH.quote(lost)} >&2; echo '{clean} ; false'" if lost else f"echo '{clean}'"
    line = f'if test -r "{program}"; then /bin/bash -p "{program}" {words} || echo "{clean} ; false"'
    return "\n".join(
        [
            f"setenv __PYBUILD_START {Csh().quote(start)}",
            f"setenv __PYBUILD_STARTS {Csh().quote(f'{line}; else {fail}; fi')}",
            'eval "`/usr/bin/printenv __PYBUILD_STARTS | /bin/sh`"',
            "",
        ]
    )


def _program(running: Running, refusal: str) -> str:
    return "\n".join(
        [
            f"# {_HEAD}",
            "# environment.bash activate|deactivate sh|csh|fish own|conda: prints statements for that shell",
            "# environment.bash run sh own COMMAND...: becomes the command, in the environment of the prefix",
            *_data(running, refusal),
            PROGRAM,
        ]
    )


def _data(running: Running, refusal: str) -> Iterator[str]:
    quote = _BASH.quote
    yield f"__pb_prefix={quote(running.prefix)}"
    yield f"__pb_refusal={quote(refusal)}"
    yield f"__pb_code={ExitCode.MODULES.value}"
    yield f"__pb_modules={'x' if running.folders or running.steps else ''}"
    yield _array("__pb_init", running.init)
    yield _array("__pb_tool_env", [word for pair in running.tool for word in pair])
    yield _array("__pb_baseline", running.baseline)
    folders = [_call("use", folder.rstrip("/")) for folder in reversed(running.folders)]
    yield _function("operations", [*folders, *map(_step, running.steps)])
    yield _function("settings", map(_setting, running.settings))
    checks = [
        _call("is_loaded" if wanted else "is_gone", *words) for wanted, *words in module_checks(running)
    ]
    for name, user in names_in(running).items():
        checks.append(_call("is_set", name, f"{name} is not set, from which {user} is made"))
    yield _function("checks", checks)


def _step(step: ModuleStep) -> str:
    operation = step.operation
    more = {"swap": (operation.old,), "choose": step.members}.get(operation.kind, ())
    return _call(operation.kind, operation.module.rstrip("/"), *more)


def _setting(setting: Setting) -> str:
    value = "".join(map(_part, setting.value)) or "''"
    if setting.kind == "unset":
        return f"unset {setting.name}"
    if setting.kind == "prepend":
        return f"__pb_front {setting.name} {value}"
    return f"export {setting.name}={value}"


def _part(part: Part) -> str:
    return f'"${{{part.name}-}}"' if part.name else _BASH.quote(part.text)


def _array(name: str, words: object) -> str:
    assert isinstance(words, (tuple, list))
    return f"{name}=({' '.join(map(_BASH.quote, words))})"


def _call(name: str, *words: str) -> str:
    return " ".join([f"__pb_{name}", *map(_BASH.quote, words)])


def _function(name: str, lines: object) -> str:
    body = [f"  {line}" for line in [":", *lines]]  # type: ignore[misc]
    return "\n".join([f"__pb_{name}() {{", *body, "}"])
