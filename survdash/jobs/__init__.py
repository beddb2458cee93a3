"""Long work outside the web process: a queue on disk, and the worker that empties it."""
