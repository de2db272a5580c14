"""The world of a replay: answers from the recording, and values of the recording, built again."""
