"""Plain text packing lists with aligned columns."""

import unicodedata


def display_width(text):
    width = 0
    for char in text:
        if unicodedata.combining(char):
            continue
        width += 2 if unicodedata.east_asian_width(char) in "WF" else 1
    return width


def pad(text, width):
    return text + " " * (width - display_width(text))


def packing_list(lines):
    if not lines:
        return "nothing to pack"
    column = max(display_width(name) for name, _ in lines)
    rows = [f"{pad(name, column)}  {quantity:>4}" for name, quantity in lines]
    rows.append("-" * (column + 6))
    rows.append(f"{pad('Total', column)}  {sum(q for _, q in lines):>4}")
    return "\n".join(rows)
