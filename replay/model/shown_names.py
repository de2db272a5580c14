"""Attributes of libraries' classes that are private, and are what a caller reads by another name.

A recording holds attributes, and runs no property. Of an object of a library nothing but its public attributes would be
compared, and a response would be the same whatever is in it. Here stands which private attributes of which classes are
the value, and the name by which a caller reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ...recorders.model.value_tree import ClassName, DictNode, Tree

_OF_ANY: Final[Mapping[str, str]] = {"__pydantic_extra__": "model_extra"}
"""Of models of included packages: their classes have any name."""

_COOKIES: Final = {"_cookies": "cookies"}
_CONTENT: Final = {"_content": "content"}
_MESSAGE: Final = {"_headers": "items()", "_payload": "get_payload()"}
_SECTIONS: Final = {"_sections": "sections()", "_defaults": "defaults()"}
_SECRET: Final = {"_secret_value": "get_secret_value()"}
_URL: Final = {"_url": "url"}

_OF_CLASSES: Final[Mapping[ClassName, Mapping[str, str]]] = {
    "pydantic.types:SecretStr": _SECRET,
    "pydantic.types:SecretBytes": _SECRET,
    "httpx:URL": {"_uri_reference": "url"},
    "httpx:Headers": {"_list": "raw"},
    "httpx:QueryParams": {"_dict": "items()"},
    "httpx:ByteStream": {"_stream": "content"},
    "httpx:Request": _CONTENT,
    "httpx:Response": _CONTENT,
    "requests.models:Response": _CONTENT,
    "django.http.response:HttpResponse": {"_container": "content"},
    "django.http.response:JsonResponse": {"_container": "content"},
    "django.utils.datastructures:CaseInsensitiveMapping": {"_store": "items()"},
    "django.http.response:ResponseHeaders": {"_store": "items()"},
    "urllib.request:Request": {"_data": "data", "_full_url": "full_url"},
    "email.message:Message": _MESSAGE,
    "email.message:EmailMessage": _MESSAGE,
    "configparser:ConfigParser": _SECTIONS,
    "configparser:RawConfigParser": _SECTIONS,
    "requests.structures:CaseInsensitiveDict": {"_store": "items()"},
    "requests.cookies:RequestsCookieJar": _COOKIES,
    "http.cookiejar:CookieJar": _COOKIES,
}
_MODULES: Final[Mapping[str, Mapping[str, str]]] = {"pydantic.networks": _URL}


def shown_names(cls: ClassName) -> Mapping[str, str]:
    """Private name → the name by which a caller reads it, of the objects of a class."""
    return _OF_CLASSES.get(cls) or _MODULES.get(cls.partition(":")[0], _OF_ANY)


def is_nothing(name: str, value: Tree) -> bool:
    """Whether a private attribute holds nothing that a caller could read by its other name."""
    return name in _OF_ANY and (value is None or (isinstance(value, DictNode) and not value.keys))
