"""One module per table: its columns with their meaning, its builder and its disclosure class."""
