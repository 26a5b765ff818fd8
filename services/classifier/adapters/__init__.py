"""What touches the outside: Presidio, worker processes, files."""
