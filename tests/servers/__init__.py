"""Real servers for tests: each is started once a session, on a free port, with its files in a temporary folder."""
