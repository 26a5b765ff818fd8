"""Agents and executors that run."""
