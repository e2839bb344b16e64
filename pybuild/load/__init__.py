"""Bytes to records: reads recipes, sites, configuration and the machine; changes nothing."""
