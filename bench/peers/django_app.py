"""django-oauth-toolkit in a Django project of one file: PostgreSQL, argon2 passwords; run by gunicorn."""

import os
from urllib.parse import unquote, urlsplit

import django
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher

env = os.environ
url = urlsplit(env["BENCH_DATABASE"])


class Hasher(Argon2PasswordHasher):
    """Django's, with the cost of everybody in the bench."""

    time_cost = int(env["BENCH_ITERATIONS"])
    memory_cost = int(env["BENCH_MEMORY_KIB"])
    parallelism = 1


settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    AUTHENTICATION_BACKENDS=["django.contrib.auth.backends.ModelBackend"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": url.hostname,
            "PORT": url.port,
            "NAME": url.path.lstrip("/"),
            "USER": unquote(url.username or ""),
            "PASSWORD": unquote(url.password or ""),
            "CONN_MAX_AGE": None,
        }
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"],
    MIDDLEWARE=[],
    OAUTH2_PROVIDER={
        "ROTATE_REFRESH_TOKEN": True,
        "SCOPES": {env["BENCH_SCOPE"]: "read", "introspection": "introspect"},
    },
    PASSWORD_HASHERS=["django_app.Hasher"],
    ROOT_URLCONF="django_app",
    SECRET_KEY="bench",
    USE_TZ=True,
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.urls import path  # noqa: E402
from oauth2_provider import views  # noqa: E402

urlpatterns = [
    path("o/token/", views.TokenView.as_view()),
    path("o/revoke_token/", views.RevokeTokenView.as_view()),
    path("o/introspect/", views.IntrospectTokenView.as_view()),
]
application = get_wsgi_application()


def set_up():
    """The tables, one client for each of its two grants, and one person."""
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from oauth2_provider.models import get_application_model

    call_command("migrate", verbosity=0)
    person = get_user_model().objects.create_user(env["BENCH_USERNAME"], password=env["BENCH_PASSWORD"])
    for client_id, grant in (
        (env["BENCH_CLIENT_ID"], "client-credentials"),
        (env["BENCH_CLIENT_ID"] + "-people", "password"),
    ):
        get_application_model().objects.create(
            client_id=client_id,
            client_secret=env["BENCH_CLIENT_SECRET"],
            hash_client_secret=False,
            client_type="confidential",
            authorization_grant_type=grant,
            user=person,
        )
