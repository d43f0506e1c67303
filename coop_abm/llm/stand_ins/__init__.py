"""Who the stand-in plays, a file for each dialect."""
