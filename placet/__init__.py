"""Placet: a gate at the moment of execution.

An agent proposes an action, a policy or a named human assents, an executor runs exactly that, once,
and anyone can check afterwards that this is what happened.
"""
