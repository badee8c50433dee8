"""Secrets that stand inside texts, by how they are written there: configuration, code, markup, tables, encodings."""
