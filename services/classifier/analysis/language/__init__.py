"""What running text says: people, where they live, organisations, illnesses; and which scripts nobody here reads."""
