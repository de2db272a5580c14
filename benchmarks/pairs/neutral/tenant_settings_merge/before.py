"""Resolves the settings of a user from defaults, tenant and own choices."""

DEFAULTS = {"theme": "light", "page_size": 25, "digest": "weekly", "beta": False}


def resolve_settings(tenant, user, locked=()):
    settings = DEFAULTS.copy()
    for key in tenant:
        if tenant[key] is not None:
            settings[key] = tenant[key]
    for key, value in user.items():
        if key in locked:
            continue
        if value is not None:
            settings[key] = value
    return settings
