"""The ledger: every decision, explained, in a tree that nobody can rewrite unseen."""
