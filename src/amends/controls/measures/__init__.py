"""What is measured, one file a subject: each reads the tables of the case and returns findings with their measures.

``base.py`` holds the shapes, ``order.py`` the list.
"""
