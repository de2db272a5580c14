"""Tests of the room `replay/locate`."""
