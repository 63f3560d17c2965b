"""Just enough of Django to migrate; the database is the one that DATABASE_URL names."""

import os
from urllib.parse import parse_qs, unquote, urlsplit

url = urlsplit(os.environ.get("DATABASE_URL", "postgresql://localhost/shop"))
options = parse_qs(url.query)
SECRET_KEY = "not a secret"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "shop"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
DATABASES = {"default": {
    "ENGINE": "django.db.backends.postgresql", "NAME": url.path.lstrip("/"), "USER": unquote(url.username or ""),
    "PASSWORD": unquote(url.password or ""), "HOST": url.hostname or options.get("host", [""])[0],
    "PORT": url.port or options.get("port", [""])[0],
}}
