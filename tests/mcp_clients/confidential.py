"""Authlib, as an application that proves by a signature who it is: `confidential.py RS256|ES256|EdDSA`.

Environment: MEM0_TEST_URL (of the endpoint), MEM0_TEST_PERSON (who agrees; an authorization URL is to be appended),
MEM0_TEST_NOW (the installation's time).
"""

import os
import sys
import types
import urllib.parse

import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT, assertion
from joserfc.jwk import ECKey, OKPKey, RSAKey

KEYS = {
    "RS256": lambda: RSAKey.generate_key(2048, auto_kid=True),
    "ES256": lambda: ECKey.generate_key("P-256", auto_kid=True),
    "EdDSA": lambda: OKPKey.generate_key("Ed25519", auto_kid=True),
}
REDIRECT = "http://127.0.0.1:33418/callback"


def main(algorithm: str) -> None:
    endpoint, person = os.environ["MEM0_TEST_URL"], os.environ["MEM0_TEST_PERSON"]
    assertion.time = types.SimpleNamespace(time=lambda: int(os.environ["MEM0_TEST_NOW"]))
    key = KEYS[algorithm]()
    issuer = requests.get(urllib.parse.urljoin(endpoint, "/.well-known/oauth-protected-resource/mcp")).json()
    server = requests.get(issuer["authorization_servers"][0] + "/.well-known/oauth-authorization-server").json()
    assert "private_key_jwt" in server["token_endpoint_auth_methods_supported"], server
    assert algorithm in server["token_endpoint_auth_signing_alg_values_supported"], server

    registered = requests.post(
        server["registration_endpoint"],
        json={
            "client_name": "Authlib",
            "redirect_uris": [REDIRECT],
            "token_endpoint_auth_method": "private_key_jwt",
            "token_endpoint_auth_signing_alg": algorithm,
            "jwks": {"keys": [key.as_dict(private=False)]},
        },
    )
    assert registered.status_code == 201, registered.text

    def session(key) -> OAuth2Session:
        session = OAuth2Session(
            registered.json()["client_id"],
            key,
            token_endpoint_auth_method="private_key_jwt",
            revocation_endpoint_auth_method="private_key_jwt",
            redirect_uri=REDIRECT,
            code_challenge_method="S256",
        )
        session.register_client_auth_method(PrivateKeyJWT(server["token_endpoint"], alg=algorithm))
        return session

    ours = session(key)
    verifier = "v" * 64
    address, state = ours.create_authorization_url(
        server["authorization_endpoint"], code_verifier=verifier, resource=endpoint
    )
    answer = requests.get(person + urllib.parse.quote(address, safe="")).text
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(answer).query)
    assert query["state"] == [state], query

    # Somebody who found the code and knows the verifier, but has another key.
    exchange = {"code": query["code"][0], "code_verifier": verifier}
    try:
        session(KEYS[algorithm]()).fetch_token(server["token_endpoint"], **exchange)
    except Exception as refused:
        assert "invalid_client" in str(refused), refused
    else:
        raise AssertionError("a stranger's key was accepted")

    token = ours.fetch_token(server["token_endpoint"], **exchange)
    listed = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    assert ours.post(endpoint, json=listed).json()["result"]["tools"]
    renewed = ours.refresh_token(server["token_endpoint"], refresh_token=token["refresh_token"])
    assert renewed["access_token"] != token["access_token"]
    told = ours.introspect_token(server["introspection_endpoint"], token=renewed["access_token"])
    assert told.status_code == 200 and told.json()["active"] is True, told.text
    ended = ours.revoke_token(server["revocation_endpoint"], token=renewed["refresh_token"])
    assert ended.status_code == 200, ended.text
    assert ours.post(endpoint, json=listed).status_code == 401


main(sys.argv[1])
