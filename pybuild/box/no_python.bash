#!/bin/bash
# Stands where a Python module has its interpreter and this machine has none of that version.
if [ "$*" = --version ]; then
    echo "Python @PYTHON@ (box)"
    exit 0
fi
echo "@SENTENCE@" >&2
exit 1
