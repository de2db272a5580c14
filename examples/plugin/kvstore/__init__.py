"""A small key-value store: a server, and the client that services use."""
