"""Effects that end with a package in a channel: fetch, unpack, run, assemble."""
