"""The one exception of this package."""


class WireError(ValueError):
    """These bytes cannot be what they claim to be, or a bound was passed."""
