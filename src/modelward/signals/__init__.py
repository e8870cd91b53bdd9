"""'This changed from A to B, because': the rows by which lower domains tell higher ones."""
