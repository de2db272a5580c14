"""How one session protects what it records: its redaction, and the key that keeps what is redacted."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ..errors import KeyProblem
from ..options import RecordOptions
from .encryption import WrappedKey, new_session_key, wrap
from .redact import Redactor
from .secret_parts import Locker


def redaction_of(options: RecordOptions, drawn: bytes = b"") -> tuple[Redactor, Sequence[WrappedKey]]:
    """The redaction of one session, and its key for each recipient; `drawn` is what the key is made of, if it is known.

    The key is forgotten when the process ends: pseudonyms of two sessions cannot be matched, and none can be tried out
    by anyone but a recipient. Recording goes on, and says so, where no key can be used.
    """
    redact = options.redact
    key = new_session_key(redact.names, redact.keep, drawn=drawn)
    redactor = Redactor(key.pseudonym_key, names=redact.names, keep=redact.keep)
    if not options.recipients or redact.drop:
        return redactor, ()
    try:
        wrapped = wrap(key, options.recipients)
        redactor.locker = Locker(key)
    except (KeyProblem, ImportError) as error:
        sys.stderr.write(f"pytest-runtime: secrets are redacted and not kept: {error}\n")
        return redactor, ()
    return redactor, wrapped
