"""Out by table: DataFrames to files, small groups hidden."""
