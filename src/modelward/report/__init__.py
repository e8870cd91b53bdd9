"""Two datasets in, a report out: the face of the library."""
