"""What is staged, judged before it is committed."""
