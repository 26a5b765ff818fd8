"""Texts inside texts: what an encoding, an escape or a look-alike hides, and where in the original it stands. Pure."""
