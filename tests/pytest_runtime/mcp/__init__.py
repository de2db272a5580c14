"""The server for coding assistants, asked by the official client."""
