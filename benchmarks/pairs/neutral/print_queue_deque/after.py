"""Queue of print jobs in which users take turns."""

from collections import deque


class PrintQueue:
    def __init__(self, max_pages=200):
        self.max_pages = max_pages
        self._jobs = deque()

    def submit(self, user, title, pages):
        if not 1 <= pages <= self.max_pages:
            raise ValueError(f"{title}: {pages} pages cannot be printed")
        self._jobs.append({"user": user, "title": title, "pages": pages})
        return len(self._jobs)

    def next_job(self, last_user=None):
        if not self._jobs:
            return None
        for position, job in enumerate(self._jobs):
            if job["user"] != last_user:
                del self._jobs[position]
                return job
        return self._jobs.popleft()

    def waiting(self):
        return [job["title"] for job in self._jobs]
