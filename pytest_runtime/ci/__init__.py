"""What runs inside a CI system: events, history, outputs, comments. It holds no rule of what passes."""
