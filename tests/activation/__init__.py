"""What a prefix needs to run, evaluated by real shells and real module tools."""
