"""What runs Placet: embedded parts, supervisor, topics, roles and the operator's commands."""
