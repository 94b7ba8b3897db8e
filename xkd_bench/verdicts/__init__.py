"""Is B better than A, and did a change harm alignment? Verdicts from the committed tables of two records."""
