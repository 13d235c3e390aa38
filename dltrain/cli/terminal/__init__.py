"""The terminal itself: safe text, tables, bars and curves. The only place that imports rich."""
