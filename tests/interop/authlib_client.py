"""Authlib and pyseto against a running passport."""

import html
import json
import os
import re
import sys
from urllib.parse import urljoin, urlsplit

import pyseto
import requests
from authlib.integrations.requests_client import OAuth2Session

GIVEN = json.loads(os.environ["NSK_INTEROP"])
REDIRECTS_MAX = 12
# The passport listens on loopback without TLS here.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"


def sign_in(url):
    """A browser without scripts; answers the address that the client is sent to."""
    browser = requests.Session()
    response = browser.get(url, allow_redirects=False)
    for _ in range(REDIRECTS_MAX):
        location = response.headers.get("location")
        if location:
            url = urljoin(response.url, location)
            if url.startswith(GIVEN["redirect_uri"]):
                return url
            response = browser.get(url, allow_redirects=False)
            continue
        assert response.status_code == 200, (response.status_code, response.text[:400])
        form = next(
            (a, f)
            for a, f in re.findall(r"<form([^>]*)>(.*?)</form>", response.text, re.S)
            if 'type="password"' in f
        )
        fields = {}
        for tag in re.findall(r"<input[^>]*>", form[1]):
            name = re.search(r'name="([^"]*)"', tag)
            value = re.search(r'value="([^"]*)"', tag)
            if name:
                fields[name[1]] = html.unescape(value[1]) if value else ""
        fields.update(login=GIVEN["upn"], password=GIVEN["password"])
        action = re.search(r'action="([^"]*)"', form[0])
        target = urljoin(response.url, html.unescape(action[1])) if action else response.url
        parts = urlsplit(response.url)
        response = browser.post(
            target,
            data=fields,
            headers={"Origin": f"{parts.scheme}://{parts.netloc}"},
            allow_redirects=False,
        )
    raise AssertionError("too many redirects")


def done(what):
    print(f"authlib: {what}")


def main():
    metadata = requests.get(GIVEN["issuer"].rstrip("/") + "/.well-known/openid-configuration").json()
    client = GIVEN["confidential"]
    session = OAuth2Session(
        client["id"],
        client["secret"],
        scope="openid profile exam",
        redirect_uri=GIVEN["redirect_uri"],
        code_challenge_method="S256",
        token_endpoint_auth_method="client_secret_basic",
    )
    verifier = "a" * 20 + "-._~" + "B" * 30
    url, state = session.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier, nonce="n-0S6_WzA2Mj"
    )
    token = session.fetch_token(
        metadata["token_endpoint"],
        authorization_response=sign_in(url),
        state=state,
        code_verifier=verifier,
    )
    user = session.get(metadata["userinfo_endpoint"]).json()
    assert user["sub"] == GIVEN["uid"], user
    done("code, PKCE, user info")

    old = token["refresh_token"]
    token = session.refresh_token(metadata["token_endpoint"], refresh_token=old)
    assert token["refresh_token"] != old
    seen = session.introspect_token(
        metadata["introspection_endpoint"], token=token["access_token"], token_type_hint="access_token"
    ).json()
    assert seen["active"] is True and seen["sub"] == GIVEN["uid"], seen
    done("refresh and introspection")

    exchanged = requests.post(
        metadata["token_endpoint"],
        auth=(client["id"], client["secret"]),
        data={
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": token["access_token"],
            "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "audience": GIVEN["spn"],
            "requested_token_type": "urn:nsk:token-type:paseto",
        },
    ).json()
    paseto = exchanged["access_token"]
    assert paseto.startswith("v4.public."), exchanged
    key = pyseto.Key.from_paserk(GIVEN["paserk"])
    assertion = f"nsk1|svc|{GIVEN['issuer']}".encode()
    payload = json.loads(pyseto.decode(key, paseto, implicit_assertion=assertion).payload)
    assert payload["aud"] == GIVEN["spn"] and payload["sub"] == GIVEN["uid"], payload
    for wrong in (b"", f"nsk1|mak|{GIVEN['issuer']}".encode()):
        try:
            pyseto.decode(key, paseto, implicit_assertion=wrong)
        except pyseto.VerifyError:
            continue
        raise AssertionError("a token of one class verified as another")
    done("token exchange; pyseto verifies the PASETO token, and only as what it is")

    session.revoke_token(
        metadata["revocation_endpoint"], token=token["access_token"], token_type_hint="access_token"
    )
    seen = session.introspect_token(
        metadata["introspection_endpoint"], token=token["access_token"]
    ).json()
    assert seen["active"] is False, seen
    done("revocation")


if __name__ == "__main__":
    sys.exit(main())
