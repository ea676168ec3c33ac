"""The collectors of facts about the network, one file a format."""
