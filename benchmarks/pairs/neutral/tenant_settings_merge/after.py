"""Resolves the settings of a user from defaults, tenant and own choices."""

DEFAULTS = {"theme": "light", "page_size": 25, "digest": "weekly", "beta": False}


def resolve_settings(tenant, user, locked=()):
    from_tenant = {key: value for key, value in tenant.items() if value is not None}
    from_user = {key: value for key, value in user.items() if value is not None and key not in locked}
    return {**DEFAULTS, **from_tenant, **from_user}
