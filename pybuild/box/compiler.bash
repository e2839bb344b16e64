#!/bin/bash
# A compiler of the box: it says what the suite's would say, and is this machine's own.
for argument; do
    if [ "$argument" = --version ]; then
        echo "@BANNER@"
        exit 0
    fi
done
exec @COMPILER@ "$@"
