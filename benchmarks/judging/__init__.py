"""What `benchmarks/truth.py` is made of: changes to real code, an oracle of its own, and what the product says.

| part | modules |
|---|---|
| the code that is changed, and its traffic | `subject`, `../subjects/` |
| the oracle, without the product | `oracle`, `driver`, `library_observer`, `service_observer`, `projection` |
| the product, by its command line and report | `product` |
| where versions are put and judged | `bench` |
| mutants | `places`, `mutants`, `mutation`, `busy` |
| harmless edits | `rewriting`, `refactorings`, `harmless`, `releases` |
| unchanged code | `unchanged` |

What the oracle cannot see: races between requests, statements that leave the rows as they are, what a service sends
to nobody, and private state. A mutant that only these would show counts as not observable.
"""
