"""What happens below a stack's root: releases, the link to the one in service, modes, holders, pruning."""
