"""Effects on the target conda prefix: lock, transaction, history, records."""
