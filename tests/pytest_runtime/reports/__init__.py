"""Tests of the forms that a report is written in."""
