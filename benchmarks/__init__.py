"""What `make bench` runs: side by side, in one run, ratios first."""
