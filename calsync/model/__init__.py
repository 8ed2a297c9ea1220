"""The data types that all other packages use: values only, without clock, network, disk or database."""
