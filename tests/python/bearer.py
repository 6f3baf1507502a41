# Logs in by an access token with imaplib and smtplib, by both mechanisms; prints for each what the
# server said, and the challenge it sent before a refusal.
# usage: bearer.py IMAPS SMTPS CA ADDRESS, the token on standard input
import base64, imaplib, json, smtplib, ssl, sys

imaps, smtps, ca, address = sys.argv[1:]
token = sys.stdin.read().strip()
tls = ssl.create_default_context(cafile=ca)
initial = {
    "XOAUTH2": f"user={address}\1auth=Bearer {token}\1\1",
    "OAUTHBEARER": f"n,a={address},\1host=localhost\1port={imaps}\1auth=Bearer {token}\1\1",
}
report = {}


def imap(mechanism):
    challenges = []

    def answer(challenge):
        if challenges or challenge:
            challenges.append(challenge.decode())
            return b"\1" if mechanism == "OAUTHBEARER" else b""
        challenges.append("")
        return initial[mechanism].encode()

    with imaplib.IMAP4_SSL("localhost", int(imaps), ssl_context=tls) as server:
        try:
            server.authenticate(mechanism, answer)
            said = server.select("INBOX")[0]
        except imaplib.IMAP4.error as error:
            said = str(error)
    return {"said": said, "challenge": "".join(challenges)}


def smtp(mechanism):
    with smtplib.SMTP_SSL("localhost", int(smtps), context=tls) as server:
        server.ehlo()
        first = base64.b64encode(initial[mechanism].encode()).decode()
        code, text = server.docmd("AUTH", f"{mechanism} {first}")
        challenge = ""
        if code == 334:
            challenge = base64.b64decode(text).decode()
            code, text = server.docmd(base64.b64encode(b"\1").decode() if mechanism == "OAUTHBEARER" else "")
    return {"said": f"{code} {text.decode()}", "challenge": challenge}


for mechanism in initial:
    report["imap " + mechanism] = imap(mechanism)
    report["smtp " + mechanism] = smtp(mechanism)
print(json.dumps(report))
