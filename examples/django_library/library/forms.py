from __future__ import annotations

from typing import ClassVar

from django import forms

from .models import Book


class BookForm(forms.ModelForm):
    class Meta:
        model = Book
        fields: ClassVar = ["title", "author", "isbn", "price", "copies"]

    def clean_isbn(self) -> str:
        isbn: str = self.cleaned_data["isbn"].replace("-", "")
        digits = [int(digit) for digit in isbn if digit.isdigit()]
        if len(digits) != 13 or sum(digits[::2] + [3 * digit for digit in digits[1::2]]) % 10:
            raise forms.ValidationError("This is no ISBN.")
        return isbn
