"""What each kind of page shows; `templates/` say how it looks."""
