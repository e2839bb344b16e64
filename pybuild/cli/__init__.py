"""The only folder that prints."""
