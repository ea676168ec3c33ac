"""Sigma rules: compiled once, evaluated by columns."""
