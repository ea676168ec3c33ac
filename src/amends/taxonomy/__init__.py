"""The vocabulary of data elements, and the small reference tables that rooms share.

``elements`` holds one ``Element`` a code; ``reference`` reads the shipped tables.
"""
