"""Pictures as the geometry of an SVG, which `templates/*.svg.j2` draw; nothing here reads a record's tables."""
