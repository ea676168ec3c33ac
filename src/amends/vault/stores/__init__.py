"""The company's own data where it lies: databases and files, each read, shadowed and swapped in its own way.

``base.py`` holds the interface and the shapes; each sibling is one kind of store.
"""
