"""The comment on a pull request: one for each baseline, kept up to date.

https://docs.github.com/rest/issues/comments
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from ..recorders.errors import RuntimeBaselineError

PAGES = 30
"""Pages of a hundred comments that are looked through for ours."""

SECONDS = 20.0
"""For one request: a check may not hang on a comment."""


class CommentRefused(RuntimeBaselineError):
    """The comment could not be written."""


class Comments:
    """The comments of one pull request, through GitHub's REST interface."""

    def __init__(self, environ: Mapping[str, str], number: int, token: str) -> None:
        api = environ.get("GITHUB_API_URL", "https://api.github.com").rstrip("/")
        self._repository = f"{api}/repos/{environ.get('GITHUB_REPOSITORY', '')}/issues"
        self._number = number
        self._token = token

    def keep(self, marker: str, body: str) -> str:
        """Write our comment, or write it anew; `marker`, a line that only ours has, stands in front. Returns its
        address. Raises `CommentRefused`."""
        data = {"body": f"{marker}\n{body}"}
        known = next(self._ours(marker), None)
        if known is None:
            answer = self._ask("POST", f"{self._repository}/{self._number}/comments", data)
        else:
            answer = self._ask("PATCH", f"{self._repository}/comments/{known}", data)
        return str(answer.get("html_url", "")) if isinstance(answer, dict) else ""

    def _ours(self, marker: str) -> Iterator[int]:
        for page in range(1, PAGES + 1):
            listed = self._ask("GET", f"{self._repository}/{self._number}/comments?per_page=100&page={page}")
            if not isinstance(listed, list) or not listed:
                return
            for comment in listed:
                # Anybody may write the marker: only a bot's comment is ours.
                is_bot = isinstance(comment, dict) and (comment.get("user") or {}).get("type") == "Bot"
                if is_bot and str(comment.get("body", "")).startswith(marker):
                    yield int(comment["id"])

    def _ask(self, method: str, url: str, data: Mapping[str, str] | None = None) -> Any:
        request = urllib.request.Request(
            url,
            method=method,
            data=msgspec.json.encode(data) if data is not None else None,
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/json",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:
                return msgspec.json.decode(answer.read())
        except urllib.error.HTTPError as error:
            raise CommentRefused(_refused(error)) from error
        except (OSError, ValueError) as error:
            raise CommentRefused(f"the comment could not be written: {error}") from error


def _refused(error: urllib.error.HTTPError) -> str:
    if error.code in (401, 403, 404):
        return (
            f"GitHub refused the comment ({error.code}): give the job the permission pull-requests: write, or set "
            "comment: false. On pull requests from forks the token may only read"
        )
    return f"GitHub did not take the comment: {error.code} {error.reason}"
