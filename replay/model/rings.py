"""Which shared values of a tree lead to each other."""

from __future__ import annotations

from collections.abc import Collection, Mapping


def rings(edges: Mapping[int, Collection[int]]) -> list[list[int]]:
    """Nodes that lead to each other, in groups, each after those that it leads to: strongly connected components
    (Tarjan, "Depth-first search and linear graph algorithms", 1972), without recursion. What is no key is no node."""
    found: list[list[int]] = []
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    path: list[int] = []
    on_path: set[int] = set()
    for start in edges:
        if start in index:
            continue
        work = [(start, iter(edges[start]))]
        index[start] = low[start] = len(index)
        path.append(start)
        on_path.add(start)
        while work:
            node, left = work[-1]
            for other in left:
                if other not in edges:
                    continue
                if other not in index:
                    index[other] = low[other] = len(index)
                    path.append(other)
                    on_path.add(other)
                    work.append((other, iter(edges[other])))
                    break
                if other in on_path:
                    low[node] = min(low[node], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    at = path.index(node)
                    found.append(path[at:])
                    on_path.difference_update(path[at:])
                    del path[at:]
    return found
