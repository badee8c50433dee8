"""A log that an outsider can verify: RFC 6962 tree, C2SP notes, checkpoints, tiles, proofs, policies, witnesses.

Pure: bytes in, bytes or an error out. Only `witness` talks to a network, and only when it is called. What is
signed and hashed here is said by the standards that each module names; nothing in it is of our own making.
"""
