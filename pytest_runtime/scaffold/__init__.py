"""Scaffold: what a project needs to use this package, found out and written down."""
