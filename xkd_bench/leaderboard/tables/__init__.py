"""From records to what stands in tables, and in the pictures above and below them."""
