"""What a run found, as lines and tables: printed by the command line, shown by a notebook. Nothing here prints."""
