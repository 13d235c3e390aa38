"""Tables of runs and results for the terminal."""
