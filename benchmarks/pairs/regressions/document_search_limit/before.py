"""Searches the titles of a small document store."""


class DocumentIndex:
    def __init__(self, documents):
        self._documents = list(documents)

    def search(self, query, limit=25, offset=0):
        words = query.lower().split()
        hits = []
        for document in self._documents:
            title = document["title"].lower()
            score = sum(title.count(word) for word in words)
            if score:
                hits.append((-score, document["id"]))
        hits.sort()
        page = [number for _, number in hits[offset : offset + limit]]
        return {"total": len(hits), "ids": page, "more": offset + len(page) < len(hits)}

    def titles(self, ids):
        wanted = set(ids)
        return [document["title"] for document in self._documents if document["id"] in wanted]
