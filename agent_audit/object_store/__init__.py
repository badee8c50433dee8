"""Stores of objects: opened, listed, read and put to. Needs the extra `objects`, but for the credentials."""
