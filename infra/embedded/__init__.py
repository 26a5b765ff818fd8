"""Real Kafka and real PostgreSQL without Docker, without Java on the machine, without root."""
