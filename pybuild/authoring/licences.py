"""From what a package says about its licence to an SPDX expression."""

from __future__ import annotations

import re
from collections.abc import Iterable

UNKNOWN = "LicenseRef-unknown"

# Classifiers that leave the version open (BSD, Apache) are guesses; those with a name of their own are not.
_CLASSIFIERS = {
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "ISC License (ISCL)": "ISC",
    "zlib/libpng License": "Zlib",
    "The Unlicense (Unlicense)": "Unlicense",
    "Boost Software License 1.0 (BSL-1.0)": "BSL-1.0",
    "Python Software Foundation License": "PSF-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "GNU General Public License (GPL)": "GPL-2.0-or-later",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "GNU Lesser General Public License v2 (LGPLv2)": "LGPL-2.0-only",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.0-or-later",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    "GNU Library or Lesser General Public License (LGPL)": "LGPL-2.1-or-later",
    "CEA CNRS Inria Logiciel Libre License, version 2.1 (CeCILL-2.1)": "CECILL-2.1",
}
_OPEN = {"BSD License", "Apache Software License", "GNU General Public License (GPL)",
         "GNU Library or Lesser General Public License (LGPL)"}  # fmt: skip
# Free text of the License field, brought to lower case without "the", "license" and punctuation.
_WORDS = {
    "mit": "MIT", "bsd": "BSD-3-Clause", "new bsd": "BSD-3-Clause", "bsd3": "BSD-3-Clause",
    "bsd 3 clause": "BSD-3-Clause", "3 clause bsd": "BSD-3-Clause", "bsd 2 clause": "BSD-2-Clause",
    "simplified bsd": "BSD-2-Clause", "apache": "Apache-2.0", "apache 2": "Apache-2.0",
    "apache 2 0": "Apache-2.0", "apache software": "Apache-2.0",
    "gpl": "GPL-2.0-or-later", "gpl2": "GPL-2.0-only", "gplv2": "GPL-2.0-only",
    "gpl3": "GPL-3.0-only", "gplv3": "GPL-3.0-only", "gpl 3": "GPL-3.0-only", "gplv3+": "GPL-3.0-or-later",
    "gplv2+": "GPL-2.0-or-later", "lgpl": "LGPL-2.1-or-later", "lgplv3": "LGPL-3.0-only",
    "lgplv3+": "LGPL-3.0-or-later", "lgplv2 1": "LGPL-2.1-only", "mpl 2 0": "MPL-2.0", "psf": "PSF-2.0",
    "isc": "ISC", "zlib": "Zlib", "unlicense": "Unlicense", "public domain": "LicenseRef-public-domain",
}  # fmt: skip
_NAMED = {"mit", "isc", "zlib", "unlicense", "mpl 2 0"}


def spdx(expression: str, text: str, classifiers: Iterable[str]) -> tuple[str, str]:
    """Return an SPDX expression, and what it was guessed from, ``""`` where the package says it itself.

    Args:
        expression: of the metadata's License-Expression.
        text: of its License, which is free text.
        classifiers: all of them.
    """
    if proper := _proper(expression):
        return proper, ""
    words = " ".join(re.sub(r"[^a-z0-9+]+", " ", text.lower()).split())
    if len(text) < 60 and (proper := _proper(text)):
        return proper, ""
    names = [row.rpartition(" :: ")[2] for row in classifiers if row.startswith("License ::")]
    found = [name for name in names if name in _CLASSIFIERS]
    short = " ".join(word for word in words.split() if word not in ("the", "license", "licence", "version"))
    if len(words) > 200 and (name := from_text(text)):
        return name, ""
    if len(found) == 1 and (found[0] not in _OPEN or short not in _WORDS):
        said = "" if found[0] not in _OPEN else f'the classifier "{found[0]}"'
        return _CLASSIFIERS[found[0]], said
    if short in _WORDS:
        return _WORDS[short], "" if short in _NAMED else f'"{" ".join(text.split())}"'
    if found:
        return " OR ".join(dict.fromkeys(_CLASSIFIERS[name] for name in found)), "several classifiers"
    said = " ".join(text.split())[:60]
    return UNKNOWN, f'"{said}"' if said else ""


def _proper(text: str) -> str:
    """Return an SPDX expression in its proper spelling, ``""`` where the text is none."""
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    try:
        return str(canonicalize_license_expression(text)) if text else ""
    except InvalidLicenseExpression:
        return ""


def from_text(text: str) -> str:
    """Return the SPDX name of a licence's own text, ``""`` where it is none of the usual ones."""
    words = " ".join(text.split()).lower()[:20_000]
    version = re.search(r"gnu (lesser |library )?general public license,? version (\d(\.\d)?)", words)
    if "apache license version 2.0" in words or "apache license, version 2.0" in words:
        return "Apache-2.0"
    if version:
        number = version[2] if "." in version[2] else f"{version[2]}.0"
        return f"{'LGPL' if version[1] else 'GPL'}-{number}-or-later"
    if "redistribution and use in source and binary forms" in words:
        return (
            "BSD-3-Clause"
            if re.search(r"neither the names? of|may not be used to endorse", words)
            else "BSD-2-Clause"
        )
    if "permission is hereby granted, free of charge" in words:
        return "MIT"
    return "MPL-2.0" if "mozilla public license version 2.0" in words else ""
