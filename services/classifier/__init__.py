"""The classifier: what in an action is sensitive, and where."""
