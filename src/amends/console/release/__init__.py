"""Release: letter proofs as pictures, the seal, two different people, and sending as work in the background.

``pages`` declares the views; ``proofs`` sets a text for a specimen and reads it back; ``png`` draws its pages;
``steps`` says where a seal stands; ``jobs`` sends.
"""
