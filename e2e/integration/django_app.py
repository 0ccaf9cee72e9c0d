"""A Django application with the code of docs/integration.md. Registers a second factor, logs in and prints the results."""

import json
import os
import subprocess
import urllib.request

import django
from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.test import Client
from django.urls import path

SERVER, TENANT, KEY = (os.environ[name] for name in ("SERVER", "TENANT", "KEY"))
with open(os.environ["SNIPPET"]) as file:
    exec(compile(file.read(), "docs/integration.md", "exec"))

authenticator = subprocess.Popen(
    ["node", "authenticator-process.mjs", os.environ["ORIGIN"]],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
)


def sign(operation, options):
    """Returns the response of the software authenticator."""
    authenticator.stdin.write(json.dumps({operation: options}) + "\n")
    authenticator.stdin.flush()
    return json.loads(authenticator.stdout.readline())


def call(endpoint, body):
    headers = {"apiKey": KEY, "Content-Type": "application/json"}
    request = urllib.request.Request(f"{SERVER}/{TENANT}/{endpoint}", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def login_options(request):
    request.session["user"] = "grace"
    return JsonResponse(call("mfa/login/initialize", {"user_id": "grace"}))


def login_verify(request):
    token = call("mfa/login/finalize", json.loads(request.body))["token"]
    claims = verify(token, "mfa", request.session["user"])
    request.session.cycle_key()
    return JsonResponse({"signed_in": claims["sub"], "token": token})


def check(request):
    """Verifies a token that the page sends."""
    body = json.loads(request.body)
    verify(body["token"], "mfa", body["user"])
    return HttpResponse(status=204)


urlpatterns = [path("options", login_options), path("verify", login_verify), path("check", check)]
settings.configure(
    ALLOWED_HOSTS=["testserver"],
    CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="secret of the test",
    SESSION_ENGINE="django.contrib.sessions.backends.cache",
)
django.setup()

options = call("mfa/registration/initialize", {"user_id": "grace", "username": "Grace"})
registration = call("mfa/registration/finalize", sign("create", options))["token"]

client = Client()
options = client.post("/options").json()
before = client.cookies["sessionid"].value
result = client.post("/verify", sign("get", options), content_type="application/json").json()
token = result["token"]


def status_of(token, user):
    return client.post("/check", {"token": token, "user": user}, content_type="application/json").status_code


assert status_of(token, "grace") == 204
print(json.dumps({
    "signed_in": result["signed_in"],
    "new_session": client.cookies["sessionid"].value != before,
    "registration_token": status_of(registration, "grace"),
    "token_of_another_user": status_of(token, "ada"),
    "damaged_token": status_of(token[:-4] + "AAAA", "grace"),
}))
authenticator.stdin.close()
