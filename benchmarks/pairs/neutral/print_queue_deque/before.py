"""Queue of print jobs in which users take turns."""


class PrintQueue:
    def __init__(self, max_pages=200):
        self.max_pages = max_pages
        self._jobs = []

    def submit(self, user, title, pages):
        if pages < 1 or pages > self.max_pages:
            raise ValueError(f"{title}: {pages} pages cannot be printed")
        self._jobs.append({"user": user, "title": title, "pages": pages})
        return len(self._jobs)

    def next_job(self, last_user=None):
        if len(self._jobs) == 0:
            return None
        for i in range(len(self._jobs)):
            if self._jobs[i]["user"] != last_user:
                return self._jobs.pop(i)
        return self._jobs.pop(0)

    def waiting(self):
        return [job["title"] for job in self._jobs]
