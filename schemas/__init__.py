"""The contract as files, generated from the library by `python -m schemas.generate`."""
