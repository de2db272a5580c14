"""Fills the placeholders of mail templates."""

import re

PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")


class TemplateError(ValueError):
    pass


def render(template, context, strict=True):
    missing = []

    def fill(match):
        name = match.group(1)
        value = context.get(name)
        if value is None:
            missing.append(name)
            return ""
        return str(value)

    text = PLACEHOLDER.sub(fill, template)
    if missing and strict:
        raise TemplateError(f"no value for {', '.join(missing)}")
    return text
