"""What the desk reaches outside itself: its database role, and the identity provider."""
