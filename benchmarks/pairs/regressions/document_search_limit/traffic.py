"""Fewer hits are given by default."""

KIND = "defaults"
FUNCTION = "DocumentIndex.search"

WORDS = ["Contract", "offer", "Minutes", "budget", "Travel", "policy", "Report", "team", "Berlin", "draft"]


def traffic(service, random):
    """Search among a dozen documents."""
    documents = []
    for number in range(random.randint(5, 15)):
        documents.append({"id": 100 + number, "title": " ".join(random.sample(WORDS, random.randint(2, 4)))})
    index = service.DocumentIndex(documents)
    query = " ".join(random.sample(WORDS, random.randint(1, 2)))
    if random.random() < 0.2:
        return index.search(query, limit=5)
    return index.search(query)


def witness(service):
    """Search for a word that every document has."""
    index = service.DocumentIndex([{"id": number, "title": "Contract"} for number in range(30)])
    return index.search("contract")
