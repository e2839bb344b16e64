"""The real program against small real packages: a toy MPI, toy extensions, an index and a channel on disk."""
