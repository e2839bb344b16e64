#!/bin/bash
# An MPI compiler wrapper of the box, for machines that have mpicc instead of Cray's cc.
for argument; do
    case $argument in
        -show | --showme)
            echo "@COMPILER@ @INCLUDE@ @LINK@"
            exit 0
            ;;
        --version | -dump* | -print-*) exec @COMPILER@ "$@" ;;
        -c | -S | -E | -M | -MM) exec @COMPILER@ "$@" @INCLUDE@ ;;
    esac
done
exec @COMPILER@ "$@" @INCLUDE@ @LINK@
