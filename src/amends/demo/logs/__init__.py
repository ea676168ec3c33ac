"""The logs of the demonstration case: what every host wrote while somebody went through it.

In goes a seed and how many rows each stolen exhibit holds; out come raw logs in the formats of their vendors,
a folder a host, the lists the company keeps of its hosts and stores, and the truth line by line.

Terms: the *estate* is the hosts with their addresses, zones and clocks; the *story* is what the intruder did; a
*scene* writes an act (a login, a connection, a query) into the log of every host that would see it, the
intruder's and everybody else's alike; the *shelf* keeps the files and counts their lines.
"""
