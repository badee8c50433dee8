"""Secrets that people tell each other in sentences: passwords, PINs, one-time codes, seed phrases."""
