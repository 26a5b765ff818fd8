"""The services. They never import each other; what they share is `placet` and `services.chassis`."""
