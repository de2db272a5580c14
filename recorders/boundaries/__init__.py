"""Boundaries: the places where a service touches the world, each described once, with a world behind it."""
