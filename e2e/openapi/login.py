"""Registers and logs in with the client that openapi-python-client generates. Prints the token of each ceremony."""

import json
import os
import subprocess
import sys
from uuid import UUID

from doorward_public_api_client import AuthenticatedClient
from doorward_public_api_client.api.credentials import get_credentials
from doorward_public_api_client.api.mfa import (
    post_mfa_login_finalize,
    post_mfa_login_initialize,
    post_mfa_registration_finalize,
    post_mfa_registration_initialize,
)
from doorward_public_api_client.api.passkeys import (
    post_login_finalize,
    post_login_initialize,
    post_registration_finalize,
    post_registration_initialize,
)
from doorward_public_api_client.api.transactions import post_transaction_finalize, post_transaction_initialize
from doorward_public_api_client.models import (
    AuthenticationResponse,
    ErrorBody,
    MfaLoginInitRequest,
    RegistrationInitRequest,
    RegistrationResponse,
    TransactionInitRequest,
)

TENANT = UUID(os.environ["TENANT"])
client = AuthenticatedClient(
    base_url=os.environ["URL"], token=os.environ["API_KEY"], prefix="", auth_header_name="apiKey"
)
authenticator = subprocess.Popen(
    ["node", "authenticator-process.mjs", os.environ["ORIGIN"]],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
)


def sign(operation, options):
    """Returns the response of the software authenticator."""
    authenticator.stdin.write(json.dumps({operation: options.to_dict()}) + "\n")
    authenticator.stdin.flush()
    return json.loads(authenticator.stdout.readline())


def call(operation, **arguments):
    """Calls an operation of the generated client; exits if the server refuses it."""
    result = operation.sync(TENANT, client=client, **arguments)
    if isinstance(result, ErrorBody):
        sys.exit(f"{operation.__name__}: {result.status} {result.code}: {result.details}")
    return result


def register(initialize, finalize, user):
    options = call(initialize, body=RegistrationInitRequest(user_id=user, username=f"{user}@example.com"))
    return call(finalize, body=RegistrationResponse.from_dict(sign("create", options)))


def confirm(finalize, options):
    return call(finalize, body=AuthenticationResponse.from_dict(sign("get", options)))


register(post_mfa_registration_initialize, post_mfa_registration_finalize, "ada")
mfa = confirm(post_mfa_login_finalize, call(post_mfa_login_initialize, body=MfaLoginInitRequest(user_id="ada")))
register(post_registration_initialize, post_registration_finalize, "grace")
login = confirm(post_login_finalize, call(post_login_initialize))
payment = TransactionInitRequest(user_id="grace", transaction_id="payment-7", transaction_data={"amount": "12.50"})
transaction = confirm(post_transaction_finalize, call(post_transaction_initialize, body=payment))
credentials = call(get_credentials, user_id="grace")

# The client returns a refusal as an object. The server refuses this request, because a second factor is not a passkey.
refused = post_transaction_initialize.sync(
    TENANT, client=client, body=TransactionInitRequest(user_id="ada", transaction_id="8", transaction_data=[1])
)
authenticator.stdin.close()
print(json.dumps({
    "mfa": mfa.token,
    "login": login.token,
    "transaction": transaction.token,
    "credentials": [item.to_dict() for item in credentials],
    "refused": refused.code,
}))
