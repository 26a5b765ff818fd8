"""What the ledger reaches the world through."""
