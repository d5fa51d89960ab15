"""A Django project with django-oauth-toolkit, run by a Python that has both: `python django_site.py DATABASE`.

It makes its tables, a client, people with Django's own passwords, and answers on a port that it prints.
"""

import sys
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
from django.conf import settings

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[1]}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"],
    OAUTH2_PROVIDER={"SCOPES": {"read": "", "write": ""}},
    ROOT_URLCONF="__main__",
    SECRET_KEY="of this project alone",
    USE_TZ=True,
)
django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.urls import path  # noqa: E402
from oauth2_provider import views  # noqa: E402
from oauth2_provider.models import get_application_model  # noqa: E402

urlpatterns = [path("o/token/", views.TokenView.as_view())]


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        """Nobody reads it."""


def set_up():
    call_command("migrate", verbosity=0)
    people = get_user_model().objects
    people.create_user("ann", "ann@example.com", "the password of ann", first_name="Ann")
    people.create_user("bob", "bob@example.com", "the password of bob", is_active=False)
    get_application_model().objects.create(
        client_id="mobile",
        client_secret="the secret of mobile",
        client_type="confidential",
        authorization_grant_type="password",
        name="Mobile app",
    )


if __name__ == "__main__":
    set_up()
    server = make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet)
    print(server.server_port, flush=True)  # noqa: T201 - for the test that started it
    server.serve_forever()
