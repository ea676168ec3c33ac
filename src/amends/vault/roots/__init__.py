"""Where the root of a vault's keys is kept: a file, a passphrase, or a key service.

``base.py`` holds the interface; each sibling is one kind of root; ``opening.py`` finds the one a keyring names.
"""
