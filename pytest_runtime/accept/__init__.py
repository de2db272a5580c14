"""What reviewers accepted, as it stands in a project's repository."""
