"""From records to a plan, as a value: no disk, no process, no clock."""
