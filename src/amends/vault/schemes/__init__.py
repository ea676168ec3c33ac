"""How values become tokens: AES-SIV, FF1, AES-GCM. ``ciphers.py`` holds the interface; the siblings here are alike."""
