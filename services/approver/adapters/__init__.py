"""What reaches outside: PostgreSQL, the broker's stored messages, the file of people."""
