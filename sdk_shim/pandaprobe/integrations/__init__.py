"""Callbacks for agent frameworks. Each imports its framework when it is imported, and says so if that is missing."""
