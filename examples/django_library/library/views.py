"""The pages."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from . import lending
from .forms import BookForm
from .models import Book, Fine, Loan

BOOKS_A_PAGE = 4
REMEMBERED = 3


class MemberRequest(HttpRequest):
    user: User


@require_GET
def catalogue(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "").strip()
    page = Paginator(lending.find_books(text), BOOKS_A_PAGE).get_page(request.GET.get("page"))
    seen = Book.objects.in_bulk(request.session.get("seen", []))
    return render(request, "library/catalogue.html", {"page": page, "text": text, "seen": list(seen.values())})


@require_GET
def book(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(lending.find_books(""), pk=pk)
    seen = [pk, *(other for other in request.session.get("seen", []) if other != pk)]
    request.session["seen"] = seen[:REMEMBERED]
    return render(request, "library/book.html", {"book": found})


@login_required
@require_GET
def loans(request: MemberRequest) -> HttpResponse:
    own = Loan.objects.out().filter(member=request.user).select_related("book")
    fines = Fine.objects.filter(loan__member=request.user, paid=False).select_related("loan__book")
    context = {"loans": own, "fines": fines, "total": sum(fine.amount for fine in fines)}
    return render(request, "library/loans.html", context)


@login_required
@require_POST
def borrow(request: MemberRequest, pk: int) -> HttpResponse:
    wanted = get_object_or_404(Book, pk=pk)
    try:
        loan = lending.borrow(request.user, wanted, timezone.localdate())
    except lending.Refused as refused:
        messages.error(request, str(refused))
        return redirect("book", pk=pk)
    messages.success(request, f"{wanted.title} is due on {loan.due_on:%d %B %Y}.")
    return redirect("loans")


@login_required
@require_POST
def give_back(request: MemberRequest, pk: int) -> HttpResponse:
    loan = get_object_or_404(Loan, pk=pk, member=request.user)
    try:
        fine = lending.give_back(loan, timezone.localdate())
    except lending.Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.info(request, "Thank you." if fine is None else f"Thank you. The fine is {fine.amount} euros.")
    return redirect("loans")


@login_required
@require_POST
def renew(request: MemberRequest, pk: int) -> HttpResponse:
    loan = get_object_or_404(Loan, pk=pk, member=request.user, returned_on=None)
    try:
        lending.renew(loan, timezone.localdate())
    except lending.Refused as refused:
        messages.error(request, str(refused))
    return redirect("loans")


@login_required
@permission_required("library.add_book", raise_exception=True)
def add_book(request: HttpRequest) -> HttpResponse:
    form = BookForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return redirect("book", pk=form.save().pk)
    return render(request, "library/add_book.html", {"form": form}, status=400 if form.errors else 200)


@login_required
@permission_required("library.view_loan", raise_exception=True)
@require_GET
def overdue(request: HttpRequest) -> JsonResponse:
    late = Loan.objects.overdue(timezone.localdate()).select_related("book", "member")
    rows = []
    for loan in late:
        rows.append({"member": loan.member.username, "book": loan.book.title, "due": loan.due_on.isoformat()})
    return JsonResponse({"overdue": rows})
