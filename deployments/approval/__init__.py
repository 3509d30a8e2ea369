"""An approver's side of a gate."""
