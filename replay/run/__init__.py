"""The run: a project and options come in; verdicts, and one result, go out."""
