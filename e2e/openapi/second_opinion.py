"""Verifies registrations and assertions with ML-DSA, which the software authenticator created, with py_webauthn.

Reads the output of the example `responses` of the crate doorward-authenticator.
"""
import copy
import json
import sys

import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import InvalidAuthenticationResponse


def verify_assertion(case, response, registered):
    return webauthn.verify_authentication_response(
        credential=response,
        expected_challenge=base64url_to_bytes(case["assertion"]["challenge"]),
        expected_rp_id=case["rp_id"],
        expected_origin=case["origin"],
        credential_public_key=registered.credential_public_key,
        credential_current_sign_count=registered.sign_count,
        require_user_verification=True,
    )


def check(case):
    registered = webauthn.verify_registration_response(
        credential=case["registration"]["response"],
        expected_challenge=base64url_to_bytes(case["registration"]["challenge"]),
        expected_rp_id=case["rp_id"],
        expected_origin=case["origin"],
        require_user_verification=True,
        supported_pub_key_algs=[COSEAlgorithmIdentifier(case["algorithm"])],
    )
    assertion = case["assertion"]["response"]
    verify_assertion(case, assertion, registered)
    changed = copy.deepcopy(assertion)
    signature = bytearray(base64url_to_bytes(changed["response"]["signature"]))
    signature[len(signature) // 2] ^= 1
    changed["response"]["signature"] = bytes_to_base64url(bytes(signature))
    try:
        verify_assertion(case, changed, registered)
    except InvalidAuthenticationResponse:
        return registered.fmt
    raise SystemExit(f"algorithm {case['algorithm']}: py_webauthn accepts a changed signature")


cases = [json.loads(line) for line in sys.stdin]
checked = {(case["algorithm"], check(case)) for case in cases}
if len(checked) != 6:
    raise SystemExit(f"expected three algorithms with two formats, got {sorted(checked)}")
print(f"py_webauthn accepts the ML-DSA registrations and assertions: {sorted(checked)}")
