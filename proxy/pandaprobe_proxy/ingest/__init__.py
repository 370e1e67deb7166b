"""What others post to us: the PandaProbe SDK's wire, as values."""
