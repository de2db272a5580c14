"""Judgement: sealing, selection, verdicts, and the gate."""
