"""The operator's commands: they join `placet` through entry points."""
