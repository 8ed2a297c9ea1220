"""The nouns: what every other room talks about. Values only: no clock, net, disk or database."""
