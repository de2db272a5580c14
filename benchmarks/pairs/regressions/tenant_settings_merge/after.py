"""Settings of a tenant: the defaults with the tenant's own values laid over them."""

import copy

DEFAULTS = {
    "locale": "en",
    "mail": {"sender": "no-reply@example.com", "footer": True},
    "limits": {"users": 25, "storage": {"soft": 50, "hard": 100}},
    "proxy": None,
}


def overlay(base, own):
    merged = copy.deepcopy(base)
    for key, value in own.items():
        if isinstance(value, dict):
            merged[key] = overlay(merged.get(key, {}), value)
        else:
            merged[key] = copy.deepcopy(value)
    return merged


def tenant_settings(own, plan_limits=None):
    settings = overlay(DEFAULTS, own)
    if plan_limits:
        settings["limits"] = overlay(settings["limits"], plan_limits)
    return settings
