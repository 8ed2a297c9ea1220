"""Tables and the file formats in which they are written."""
