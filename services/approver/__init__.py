"""Holds reviews, settles actions: `settle` judges, `desk` carries."""
