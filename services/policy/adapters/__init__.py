"""What the policy service touches: a folder of files."""
