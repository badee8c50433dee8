"""What a name says of its value: which names make it a secret, and whether a text can be the secret they tell of."""
