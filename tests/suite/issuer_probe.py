"""Signs in at the sandbox's issuer and uses the tokens, with Python's own urllib, imaplib and
smtplib: clients nobody here wrote.

Reads one JSON line on standard input; prints one line a check; exits 1 at the first that fails.
"""

import base64
import hashlib
import html
import imaplib
import json
import re
import smtplib
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request

world = json.loads(sys.stdin.readline())
user, password = world["user"], world["password"]
trust = ssl.create_default_context(cafile=world["caFile"])
verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
back = "http://127.0.0.1:9/back"


def check(what, held, seen=""):
    print(("ok   " if held else "FAIL ") + what, seen, flush=True)
    if not held:
        sys.exit(1)


class Stop(urllib.request.HTTPRedirectHandler):
    """The redirect to loopback is where the browser's work ends."""

    def redirect_request(self, *_):
        return None


browser = urllib.request.build_opener(Stop, urllib.request.HTTPSHandler(context=trust))


def ask(address, fields=None):
    """Status, headers and body."""
    body = urllib.parse.urlencode(fields).encode() if fields is not None else None
    try:
        answer = browser.open(address, body)
    except urllib.error.HTTPError as error:
        answer = error
    return answer.status, answer.headers, answer.read().decode()


def form(page):
    """Where the first form of a page goes."""
    return world["base"] + html.unescape(re.search(r'<form method="post" action="([^"]+)"', page)[1])


metadata = json.loads(ask(world["base"] + "/.well-known/oauth-authorization-server")[2])
check("metadata", metadata["issuer"] == world["base"], metadata["token_endpoint"])
challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
question = metadata["authorization_endpoint"] + "?" + urllib.parse.urlencode({
    "response_type": "code", "client_id": world["clientId"], "redirect_uri": back,
    "scope": "openid email offline_access", "state": "x y&z", "code_challenge": challenge,
    "code_challenge_method": "S256", "login_hint": user})
status, _, page = ask(question)
check("the sign-in page knows the address", status == 200 and f'value="{user}"' in page)
status, _, page = ask(form(page), {"login": user, "password": "wrong"})
check("a wrong password is told", "Wrong address or password" in page)
status, _, page = ask(form(page), {"login": user, "password": password})
check("the consent page", "Allow access?" in page)
status, headers, _ = ask(form(page), {"decision": "allow"})
end = urllib.parse.urlparse(headers["location"])
answer = urllib.parse.parse_qs(end.query)
check("a code by redirect", status == 302 and headers["location"].startswith(back + "?"))
check("state and issuer", answer["state"] == ["x y&z"] and answer["iss"] == [world["base"]])
exchange = {"grant_type": "authorization_code", "client_id": world["clientId"],
            "redirect_uri": back, "code_verifier": verifier, "code": answer["code"][0]}
status, headers, body = ask(metadata["token_endpoint"], exchange)
tokens = json.loads(body)
check("tokens", status == 200 and headers["cache-control"] == "no-store", sorted(tokens))
claims = tokens["id_token"].split(".")[1]
claims = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
check("the ID token names the person", claims["email"] == user and claims["aud"] == world["clientId"])
refresh = {"grant_type": "refresh_token", "client_id": world["clientId"]}
status, _, body = ask(metadata["token_endpoint"], {**refresh, "refresh_token": tokens["refresh_token"]})
renewed = json.loads(body)
check("a refresh rotates", status == 200 and renewed["refresh_token"] != tokens["refresh_token"])
token = renewed["access_token"]


def xoauth2(token):
    return f"user={user}\x01auth=Bearer {token}\x01\x01".encode()


def oauthbearer(token):
    return f"n,a={user},\x01host=localhost\x01port=993\x01auth=Bearer {token}\x01\x01".encode()


for name, make, over in (("XOAUTH2", xoauth2, b""), ("OAUTHBEARER", oauthbearer, b"\x01")):
    session = imaplib.IMAP4_SSL("localhost", world["imaps"], ssl_context=trust)
    check(f"imap offers {name}", f"AUTH={name}" in session.capabilities)
    session.authenticate(name, lambda _: make(token))
    kind, _ = session.select("INBOX")
    check(f"imap {name}", kind == "OK")
    session.logout()
    session = imaplib.IMAP4_SSL("localhost", world["imaps"], ssl_context=trust)
    said = []
    try:
        session.authenticate(name, lambda why: said.append(why) or (over if why else make("wrong")))
        check(f"imap {name} with a wrong token", False)
    except imaplib.IMAP4.error as error:
        check(f"imap {name} with a wrong token", "AUTHENTICATIONFAILED" in str(error)
              and json.loads(said[-1])["scope"] == "mail", said[-1])

    smtp = smtplib.SMTP_SSL("localhost", world["smtps"], context=trust)
    smtp.ehlo()
    check(f"smtp offers {name}", name in smtp.esmtp_features["auth"].split())
    code, _ = smtp.auth(name, lambda challenge=None: make(token).decode())
    check(f"smtp {name}", code == 235)
    smtp.quit()
    smtp = smtplib.SMTP_SSL("localhost", world["smtps"], context=trust)
    smtp.ehlo()
    try:
        smtp.auth(name, lambda why=None: over.decode() if why else make("wrong").decode())
        check(f"smtp {name} with a wrong token", False)
    except smtplib.SMTPAuthenticationError as error:
        check(f"smtp {name} with a wrong token", error.smtp_code == 535, error.smtp_error)

status, _, body = ask(metadata["token_endpoint"], {**refresh, "refresh_token": tokens["refresh_token"]})
check("an old refresh token is caught", status == 400 and json.loads(body)["error"] == "invalid_grant")
status, _, _ = ask(metadata["token_endpoint"], {**refresh, "refresh_token": renewed["refresh_token"]})
check("and the grant is gone", status == 400)
print("issuer probe: all held")
