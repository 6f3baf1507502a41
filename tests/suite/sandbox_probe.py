"""Drives the sandbox with Python's own imaplib and smtplib: clients nobody here wrote.

Reads the JSON line of `sandbox` on standard input; prints one line a check; exits 1 at the first
that fails.
"""

import email
import imaplib
import json
import smtplib
import socket
import ssl
import sys
import time

world = json.loads(sys.stdin.readline())
user, password = world["users"][0]["user"], world["users"][0]["password"]
trust = ssl.create_default_context(cafile=world["caFile"])


def check(what, held, seen=""):
    print(("ok   " if held else "FAIL ") + what, seen, flush=True)
    if not held:
        sys.exit(1)


def imap():
    session = imaplib.IMAP4_SSL("127.0.0.1", world["imaps"], ssl_context=trust)
    session.login(user, password)
    return session


session = imap()
check("login over TLS", session.state == "AUTH")
kind, lines = session.list()
names = [line.decode() for line in lines]
check("list", kind == "OK" and any("Kunden" in name for name in names), len(names))
check("names in modified UTF-7", any("M&APw-ller" in name for name in names))
check("special use", any("\\Sent" in name for name in names))
kind, count = session.select("INBOX")
check("select", kind == "OK" and int(count[0]) > 0, count)
kind, found = session.uid("SEARCH", None, "ALL")
uids = found[0].split()
check("uid search", kind == "OK" and len(uids) == int(count[0]))
kind, fetched = session.uid(
    "FETCH", uids[-1].decode(), "(FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])")
head, body = fetched[0]
check("fetch", kind == "OK" and f"RFC822.SIZE {len(body)}".encode() in head, len(body))
parsed = email.message_from_bytes(body)
check("an independent parser reads it", parsed["Message-ID"] and not parsed.defects, parsed["Message-ID"])
kind, part = session.uid("FETCH", uids[-1].decode(), "(BODY.PEEK[TEXT]<0.20>)")
check("partial text", part[0][1] == body.split(b"\r\n\r\n", 1)[1][:20])
kind, part = session.uid("FETCH", uids[-1].decode(), "(BODY.PEEK[HEADER])")
check("header", part[0][1] == body.split(b"\r\n\r\n", 1)[0] + b"\r\n\r\n")
kind, found = session.uid("SEARCH", None, "HEADER", "Message-ID", parsed["Message-ID"])
check("search by Message-ID", found[0].split() == [uids[-1]])
kind, answer = session.uid("STORE", uids[-1].decode(), "+FLAGS", "(\\Flagged)")
check("store", kind == "OK" and b"\\Flagged" in answer[0], answer)
kind, answer = session.append("Sent", "\\Seen", imaplib.Time2Internaldate(time.time()), b"Subject: hi\r\n\r\nhi\r\n")
check("append", kind == "OK" and b"APPENDUID" in answer[0], answer)
kind, answer = session.uid("FETCH", "1:*", "(UID FLAGS) (CHANGEDSINCE 1)")
check("changed since", kind == "OK" and b"MODSEQ" in answer[0], len(answer))
kind, answer = session.status("INBOX", "(MESSAGES UIDNEXT UIDVALIDITY UNSEEN HIGHESTMODSEQ)")
check("status", kind == "OK" and b"HIGHESTMODSEQ" in answer[0], answer)

plain = imaplib.IMAP4("127.0.0.1", world["imap"])
try:
    plain.login(user, password)
    check("login in the clear is refused", False)
except imaplib.IMAP4.error as error:
    check("login in the clear is refused", "PRIVACYREQUIRED" in str(error))
plain.starttls(trust)
plain.login(user, password)
check("login after STARTTLS", plain.state == "AUTH")
plain.logout()

try:
    imap_wrong = imaplib.IMAP4_SSL("127.0.0.1", world["imaps"], ssl_context=trust)
    imap_wrong.login(user, "wrong")
    check("a wrong password is refused", False)
except imaplib.IMAP4.error as error:
    check("a wrong password is refused", "AUTHENTICATIONFAILED" in str(error))

raw = trust.wrap_socket(socket.create_connection(("127.0.0.1", world["imaps"])), server_hostname="127.0.0.1")
lines = raw.makefile("rb")
lines.readline()


def say(line):
    raw.sendall(line + b"\r\n")


def until(start):
    seen = []
    while True:
        line = lines.readline()
        seen.append(line)
        if not line or line.startswith(start):
            return seen


say(b'a1 LOGIN "%s" "%s"' % (user.encode(), password.encode()))
until(b"a1 OK")
say(b'a2 LIST "" "*" RETURN (SPECIAL-USE STATUS (MESSAGES UIDNEXT UIDVALIDITY))')
seen = until(b"a2 ")
check("list with status", seen[-1].startswith(b"a2 OK") and any(b"* STATUS" in line for line in seen))
say(b"a3 SELECT INBOX (CONDSTORE)")
until(b"a3 OK")
say(b"a4 IDLE")
until(b"+ ")


def submit(mail, to):
    began = time.monotonic()
    with smtplib.SMTP_SSL("127.0.0.1", world["smtps"], context=trust) as client:
        client.login(user, password)
        client.sendmail(user, to, mail)
    return began


message = b"From: %s\r\nTo: %s\r\nSubject: push\r\nMessage-ID: <push@test>\r\n\r\n.dot\r\n" % (user.encode(), user.encode())
submit(message, [user])
raw.settimeout(5)
seen = until(b"* 0 RECENT")
check("idle pushes a delivery", any(b"EXISTS" in line for line in seen), seen)
say(b"DONE")
check("idle ends", until(b"a4 ")[-1].startswith(b"a4 OK"))
session.select("INBOX")
kind, found = session.uid("SEARCH", None, "HEADER", "Message-ID", "<push@test>")
kind, fetched = session.uid("FETCH", found[0].split()[-1].decode(), "(BODY.PEEK[])")
check("dots are unstuffed", fetched[0][1].endswith(b"\r\n\r\n.dot\r\n"), fetched[0][1][-20:])
check("trace headers", fetched[0][1].startswith(b"Return-Path: <" + user.encode()))

with smtplib.SMTP("127.0.0.1", world["submission"]) as client:
    client.ehlo()
    check("size is offered", client.has_extn("size") and client.has_extn("pipelining"))
    client.starttls(context=trust)
    client.login(user, password)
    refused = client.sendmail(user, ["reject@far.test", "tempfail@far.test", "full@far.test", "answer@far.test", "nobody@example.test"], message)
    codes = {name: code for name, (code, _) in refused.items()}
    check("rules", codes == {"reject@far.test": 550, "tempfail@far.test": 451, "full@far.test": 552, "nobody@example.test": 550}, codes)
session.noop()
kind, found = session.uid("SEARCH", None, "HEADER", "In-Reply-To", "<push@test>")
check("the automatic answer threads", len(found[0].split()) == 1)
kind, copied = session.uid("COPY", found[0].decode(), "Archive")
check("copy", kind == "OK" and session.response("COPYUID")[1][0] is not None)
session.uid("STORE", found[0].decode(), "+FLAGS", "(\\Deleted)")
kind, gone = session.expunge()
check("expunge", kind == "OK" and len(gone) == 1, gone)
session.close()
session.logout()
print("sandbox probe: all held")
