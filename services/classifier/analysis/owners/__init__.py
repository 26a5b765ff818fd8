"""What the owner of an installation looks for besides: recognizers, dictionaries, markings, and the form they take."""
