"""Pseudonyms: what stands in a recording where a secret stood.

A pseudonym is a keyed function of the secret alone, so equal secrets have equal pseudonyms within one key. It has the
secret's type, its length (in characters and in UTF-8 bytes) and, position by position, its character classes: a digit
for a digit, an upper for an upper, a lower for a lower, the rest as it was. On top of that it keeps what code parses:

| text                            | kept as well                                                            |
|---------------------------------|-------------------------------------------------------------------------|
| hexadecimal, 8 or more          | letters stay within a-f                                                 |
| UUID, with and without dashes   | version and variant; both spellings get the same digits                 |
| card number                     | first digit, Luhn validity; the same digits whatever the separators      |
| IBAN                            | country, and valid check digits; the same account whatever the groups   |
| number                          | sign, exponent, no new leading zero, no new trailing zero of a fraction |
| e-mail address                  | top-level domain                                                        |
| JWT                             | the `eyJ` each part begins with                                         |
| binary                          | the pseudonym of its hexadecimal text                                   |

Case commutes: the pseudonym of `secret.lower()` is `pseudonym.lower()`, so that code which folds case still compares
equal. Punctuation is kept, except in texts that are mostly punctuation, which would otherwise survive.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Container
from typing import Final, NamedTuple

_LOWER: Final = "abcdefghijklmnopqrstuvwxyz"
_DIGITS: Final = "0123456789"
_ATTEMPTS: Final = 16

_WIDE_TABLES: Final = (
    # (last code point, digits, lower, upper, other letters): one row per length in UTF-8, Latin-1 by itself.
    (0xFF, "", "àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþ", "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞ", "àáâãäåæç"),
    (
        0x7FF,
        "".join(map(chr, range(0x660, 0x66A))),
        "".join(map(chr, range(0x430, 0x450))),
        "".join(map(chr, range(0x410, 0x430))),
        "".join(map(chr, range(0x5D0, 0x5EB))),
    ),
    (
        0xFFFF,
        "".join(map(chr, range(0xFF10, 0xFF1A))),
        "".join(map(chr, range(0xFF41, 0xFF5B))),
        "".join(map(chr, range(0xFF21, 0xFF3B))),
        "".join(map(chr, range(0x4E00, 0x4F00))),
    ),
    (0x10FFFF, "", "", "", "".join(map(chr, range(0x20000, 0x20100)))),
)


def _wide_alphabet(char: str) -> str:
    """The characters that may stand for a non-ASCII one; empty when it is kept."""
    if not (char.isalpha() or char.isdecimal()):
        return ""
    _, digits, lower, upper, other = next(row for row in _WIDE_TABLES if ord(char) <= row[0])
    if char.isdecimal():
        return digits or other
    if char.islower():
        return lower or other
    if char.isupper():
        return upper or other
    return other


class _Alphabets(dict[str, str]):
    """The alphabet of each character; empty for one that is kept."""

    def __missing__(self, char: str) -> str:
        return _wide_alphabet(char) if char > "\x7f" else ""


def _alphabets(letters: str, symbols: tuple[str, ...] = ()) -> _Alphabets:
    groups = [(_DIGITS, _DIGITS), (_LOWER, letters), (_LOWER.upper(), letters.upper())]
    return _Alphabets(
        {char: target for source, target in groups for char in source} | {c: s for s in symbols for c in s}
    )


_PLAIN: Final = _alphabets(_LOWER)
_HEX: Final = _alphabets("abcdef")
# Two groups, so that a replaced character is percent-encoded exactly when the original is.
_SPARSE: Final = _alphabets(_LOWER, ("!$*@^|#%?+:,", "-._~"))

_NUMBER_RE: Final = re.compile(r"[+-]?(?P<whole>\d+)(?:\.(?P<fraction>\d+))?(?P<exponent>[eE][+-]?\d+)?", re.ASCII)
HEX_RE: Final = re.compile(r"[0-9a-fA-F]{8,}")
_UUID_RE: Final = re.compile(r"(?i)[0-9a-f]{12}[1-8][0-9a-f]{3}[89ab][0-9a-f]{15}")
DASHED_RE: Final = re.compile(r"(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_EMAIL_RE: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^\W\d_]{2,24}")
_JWT_RE: Final = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*", re.ASCII)
_CARD_RE: Final = re.compile(r"\d(?:[ -]?\d){12,18}", re.ASCII)
_ISSUER_RE: Final = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"  # Mastercard
    r"|3[47]\d{13}|3(?:0[0-59]|[689]\d)\d{11,16}"  # American Express, Diners Club
    r"|(?:6011|64[4-9]\d|65\d\d|62\d\d|35(?:2[89]|[3-8]\d))\d{12,15}"  # Discover, UnionPay, JCB
    r"|(?:5018|5020|5038|5893|6304|6759|676[1-3])\d{9,15}"  # Maestro
)
_WRITTEN_BASE64_RE: Final = re.compile(r"[\w+/-]{16,}={0,2}", re.ASCII)
_BASE64_LAST: Final = {2: "AQgw", 3: "AEIMQUYcgkosw048"}
"""Last characters of unpadded base64 by its length modulo 4 (RFC 4648, section 3.5: pad bits are zero)."""
_LUHN_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def _luhn_sum(digits: str) -> int:
    """The sum of ISO/IEC 7812-1 annex B, modulo 10; 0 for a valid number."""
    plain = sum(map(int, digits[-1::-2]))
    return (plain + sum(_LUHN_DOUBLED[int(d)] for d in digits[-2::-2])) % 10


def is_card_number(text: str) -> bool:
    """Whether the text is 13 to 19 digits, with single spaces or dashes, of a known issuer and valid by Luhn."""
    if not 13 <= len(text) <= 37 or not _CARD_RE.fullmatch(text):
        return False
    digits = re.sub("[ -]", "", text)
    return _ISSUER_RE.fullmatch(digits) is not None and _luhn_sum(digits) == 0


_IBAN_TEXT_RE: Final = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", re.ASCII)


def _iban_rest(compact: str) -> int:
    """ISO 7064 MOD 97-10: the remainder of an account number; 1 for a valid one."""
    return int("".join(str(int(char, 36)) for char in compact[4:] + compact[:4])) % 97


def is_iban(text: str) -> bool:
    """Whether the text is an IBAN (ISO 13616), in groups of four or without, with valid check digits."""
    compact = text.replace(" ", "")
    return _IBAN_TEXT_RE.fullmatch(compact) is not None and _iban_rest(compact) == 1


def _correct_iban(_original: str, candidate: str) -> str:
    """The candidate with the check digits that make it valid."""
    compact = candidate.replace(" ", "")
    return f"{candidate[:2]}{98 - _iban_rest(compact[:2] + '00' + compact[4:]):02}{candidate[4:]}"


class _Form(NamedTuple):
    """How a text is replaced: what the key sees, the alphabets, the positions kept, and a last correction."""

    canonical: str
    alphabets: _Alphabets = _PLAIN
    fixed: Container[int] = ()
    correct: Callable[[str, str], str] | None = None


def _correct_card(_original: str, candidate: str) -> str:
    """The candidate with the last digit that makes it valid."""
    digits = re.sub("[ -]", "", candidate)
    last = (int(digits[-1]) - _luhn_sum(digits)) % 10
    return candidate[:-1] + str(last)


def _correct_number(original: str, candidate: str) -> str:
    """The candidate without a leading or trailing zero that the original does not have, and within 64 bits."""
    match = _NUMBER_RE.fullmatch(original)
    assert match is not None, "only numbers get this form"
    chars = list(candidate)
    first = match.start("whole")
    if original[first] == "0":
        chars[first] = "0"
    elif chars[first] == "0" or (len(match["whole"]) == 19 and chars[first] == "9"):
        chars[first] = "8" if original[first] != "8" else "7"
    last = match.end("fraction") - 1
    if match["fraction"] and original[last] != "0" and chars[last] == "0":
        chars[last] = "5"
    return "".join(chars)


def _is_base64(text: str) -> bool:
    """Whether the text is what base64 writes for some bytes, its last character carrying fewer than six bits."""
    bare = text.rstrip("=")
    spare = _BASE64_LAST.get(len(bare) % 4)
    if spare is None or not _WRITTEN_BASE64_RE.fullmatch(text) or bare[-1] not in spare:
        return False
    return any(map(str.islower, bare)) and any(map(str.isupper, bare))


def _correct_base64(original: str, candidate: str) -> str:
    """The candidate with a last character that base64 can write, so that decoding and encoding it gives it again."""
    last = len(original.rstrip("=")) - 1
    same_class = [char for char in _BASE64_LAST[(last + 1) % 4] if _class(char) == _class(original[last])]
    chosen = same_class[ord(candidate[last]) % len(same_class)]
    return candidate[:last] + chosen + candidate[last + 1 :]


def _class(char: str) -> tuple[bool, bool, bool]:
    return char.isupper(), char.islower(), char.isdigit()


def _is_float_text(text: str) -> bool:
    """Whether the text is what `repr` writes for a finite float."""
    match = _NUMBER_RE.fullmatch(text) if len(text) <= 32 else None
    return match is not None and (match["fraction"] or match["exponent"]) is not None and repr(float(text)) == text


def _uuid_form(text: str) -> _Form | None:
    digits = text.replace("-", "") if DASHED_RE.fullmatch(text) else text
    if not _UUID_RE.fullmatch(digits):
        return _Form(digits, _HEX) if digits is not text else None
    return _Form(digits, _HEX, (12, 16) if digits is text else (14, 19))


def _number_form(text: str, match: re.Match[str]) -> _Form:
    exponent = match.start("exponent")
    return _Form(text, _PLAIN, range(exponent, len(text)) if exponent >= 0 else (), _correct_number)


def _form_of(text: str) -> _Form:
    """The first row of the table at the top that the text fits."""
    if is_card_number(text):
        return _Form(re.sub("[ -]", "", text), _PLAIN, (0,), _correct_card)
    if is_iban(text):
        return _Form(text.replace(" ", ""), _PLAIN, (0, 1), _correct_iban)
    if number := _NUMBER_RE.fullmatch(text):
        return _number_form(text, number)
    if len(text) in (32, 36) and (form := _uuid_form(text)):
        return form
    if HEX_RE.fullmatch(text):
        return _Form(text, _HEX)
    if _EMAIL_RE.fullmatch(text):
        return _Form(text, _PLAIN, range(text.rindex("."), len(text)))
    if _JWT_RE.fullmatch(text):
        starts = (0, *(match.end() for match in re.finditer(r"\.(?=eyJ)", text)))
        return _Form(text, _PLAIN, frozenset(at + offset for at in starts for offset in range(3)))
    if _is_base64(text):
        return _Form(text, _PLAIN, (), _correct_base64)
    sparse = 2 * sum(map(str.isalnum, text)) < len(text)
    return _Form(text, _SPARSE if sparse else _PLAIN)


class Pseudonyms:
    """The pseudonyms of one key. Every method is a pure function of its argument and the key, and never raises."""

    def __init__(self, key: bytes) -> None:
        # blake2b takes at most 64 bytes of key.
        self._key = key if len(key) <= 64 else hashlib.blake2b(key).digest()

    def text(self, text: str) -> str:
        """Other text of the same length and classes; the same text when no position has an alternative."""
        form = _form_of(text)
        floating = form.correct is _correct_number and _is_float_text(text)
        candidate = text
        for attempt in range(_ATTEMPTS):
            candidate = self._candidate(text, form, attempt)
            if candidate == text and not any(form.alphabets[char] for char in text):
                break  # nothing has an alternative: no need to try again
            if candidate != text and (not floating or _is_float_text(candidate)):
                break
        return candidate

    def integer(self, value: int) -> int:
        """Another integer with the same sign and number of digits; agrees with `text(str(value))`."""
        return int(self.text(str(value)))

    def floating(self, value: float) -> float:
        """Another float whose shortest text has the same layout; infinities and NaN are kept."""
        text = repr(value)
        return float(self.text(text)) if _is_float_text(text) else value

    def binary(self, data: bytes) -> bytes:
        """Other bytes; agrees with `text` on the hexadecimal spelling."""
        if len(data) < 4:  # too short to be taken for hexadecimal text
            return bytes(byte ^ mask for byte, mask in zip(data, self._stream(data.hex(), len(data), 0), strict=True))
        return bytes.fromhex(self.text(data.hex()))

    def _candidate(self, text: str, form: _Form, attempt: int) -> str:
        stream = iter(self._stream(form.canonical, len(text), attempt))
        alphabets, fixed = form.alphabets, form.fixed
        chars = []
        for position, char in enumerate(text):
            if alphabet := alphabets[char]:
                index = next(stream)
                if position not in fixed:
                    char = alphabet[index % len(alphabet)]
            chars.append(char)
        candidate = "".join(chars)
        return form.correct(text, candidate) if form.correct else candidate

    def _stream(self, canonical: str, size: int, attempt: int) -> bytes:
        """`size` bytes that only the key and the text, in lower case, determine."""
        data = canonical.lower().encode("utf-8", "surrogatepass")
        seed = hashlib.blake2b(data, key=self._key, salt=attempt.to_bytes(2, "big")).digest()
        return hashlib.shake_256(seed).digest(size)
