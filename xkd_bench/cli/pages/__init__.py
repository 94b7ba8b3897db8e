"""What verbs write as HTML pages of one file each, with their templates."""
