from django.urls import path

from . import views

urlpatterns = [
    path("", views.catalogue, name="catalogue"),
    path("books/add/", views.add_book, name="add_book"),
    path("books/<int:pk>/", views.book, name="book"),
    path("books/<int:pk>/borrow/", views.borrow, name="borrow"),
    path("loans/", views.loans, name="loans"),
    path("loans/overdue.json", views.overdue, name="overdue"),
    path("loans/<int:pk>/return/", views.give_back, name="give_back"),
    path("loans/<int:pk>/renew/", views.renew, name="renew"),
]
