"""A reader of a chat channel that shows each message once."""


class ChannelReader:
    def __init__(self, name, backlog=3):
        self.name = name
        self.backlog = backlog
        self.last_id = None
        self.mentions = 0

    def catch_up(self, messages):
        fresh = messages[-self.backlog :]
        if self.last_id is not None:
            fresh = [m for m in messages if m["id"] > self.last_id]
        if fresh:
            self.last_id = max(m["id"] for m in fresh)
        shown = []
        for message in fresh:
            if message["author"] == self.name:
                continue
            if f"@{self.name}" in message["text"]:
                self.mentions += 1
            shown.append(f"{message['author']}: {message['text']}")
        return shown
