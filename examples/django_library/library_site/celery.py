"""The Celery application: messages lie in a folder, so that no broker has to run."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "library_site.settings")

app = Celery("library_site")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
