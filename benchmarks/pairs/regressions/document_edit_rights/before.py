"""Who may edit a shared document."""

from collections import namedtuple

User = namedtuple("User", "id workspace admin", defaults=(False,))
Document = namedtuple("Document", "owner workspace locked editors", defaults=(False, ()))


def can_edit(user, document):
    if user.workspace != document.workspace:
        return user.id in document.editors and not document.locked
    if (user.admin or user.id == document.owner) and not document.locked:
        return True
    return user.id in document.editors and not document.locked


def editable(user, documents):
    return [title for title, document in documents.items() if can_edit(user, document)]
