"""The network of the demonstration case, before and after the fixes.

In goes the estate of the logs; out come what a company has of its network at two dates: scans, configurations of
routers and firewalls, host firewalls, lists of assets, services, accounts, grants and stores, findings of a secret
scanner, and what people say they fixed. Which ways are open, and which fixes are real, is the truth beside them.
"""
