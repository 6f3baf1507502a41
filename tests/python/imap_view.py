#!/usr/bin/env python3
"""What an independent client sees: imap_view.py PORT CA USER [MAILBOX] < PASSWORD -> JSON list.

Without MAILBOX: one object a message of every selectable mailbox (mailbox, uid, flags,
internalDate, size, messageId, sha256). With MAILBOX: the mail facts of each message in it.
Standard library only; never shares code with the product.
"""
import base64
import email
import email.policy
import hashlib
import imaplib
import json
import re
import ssl
import sys
import time

from mail_facts import facts

LIST = re.compile(rb'\((?P<flags>[^)]*)\) (?:"(?:\\.|[^"])*"|NIL) (?P<name>.*)$')
# servers send the items in any order they like
UID = re.compile(rb"\bUID (\d+)")
FLAGS = re.compile(rb"\bFLAGS \(([^)]*)\)")
DATE = re.compile(rb'\bINTERNALDATE "([^"]*)"')
SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
BATCH = 500


def decoded(name):
    """Modified UTF-7 (RFC 3501 5.1.3) to text."""

    def run(match):
        inside = match.group(1)
        if not inside:
            return "&"
        padded = inside.replace(",", "/") + "=" * (-len(inside) % 4)
        return base64.b64decode(padded).decode("utf-16-be")

    return re.sub(r"&([^-]*)-", run, name)


def quoted(name):
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def checked(answer):
    kind, data = answer
    if kind != "OK":
        raise SystemExit(f"server said {kind} {data}")
    return data


def mailboxes(imap):
    for line in checked(imap.list()):
        match = LIST.match(line)
        if match is None or rb"\noselect" in match["flags"].lower():
            continue
        name = match["name"].decode()
        if name.startswith('"'):
            name = re.sub(r"\\(.)", r"\1", name[1:-1])
        yield name


def messages(imap, name):
    """(uid, flags, internal date, size, bytes) of every message."""
    checked(imap.select(quoted(name), readonly=True))
    uids = checked(imap.uid("search", None, "ALL"))[0].split()
    for start in range(0, len(uids), BATCH):
        wanted = b",".join(uids[start : start + BATCH]).decode()
        answer = checked(
            imap.uid("fetch", wanted, "(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])")
        )
        for part in answer:
            if not isinstance(part, tuple):
                continue
            uid, flags, date, size = (
                item.search(part[0]).group(1) for item in (UID, FLAGS, DATE, SIZE)
            )
            date = imaplib.Internaldate2tuple(b'INTERNALDATE "' + date + b'"')
            yield (
                int(uid),
                sorted(flags.decode().split()),
                int(time.mktime(date)),
                int(size),
                part[1],
            )


def main():
    port, ca, user = sys.argv[1:4]
    password = sys.stdin.read()
    context = ssl.create_default_context(cafile=ca)
    imap = imaplib.IMAP4_SSL("localhost", int(port), ssl_context=context)
    imap.login(user, password)
    out = []
    if len(sys.argv) > 4:
        for uid, flags, date, _, raw in messages(imap, sys.argv[4]):
            out.append({"uid": uid, "flags": flags, "internalDate": date, **facts(raw)})
    else:
        for name in mailboxes(imap):
            for uid, flags, date, size, raw in messages(imap, name):
                head = email.message_from_bytes(raw, policy=email.policy.compat32)
                out.append(
                    {
                        "mailbox": decoded(name),
                        "uid": uid,
                        "flags": flags,
                        "internalDate": date,
                        "size": size,
                        "messageId": str(head["message-id"] or "").strip().strip("<>"),
                        "sha256": hashlib.sha256(raw).hexdigest(),
                    }
                )
    imap.logout()
    json.dump(out, sys.stdout)


if __name__ == "__main__":
    main()
