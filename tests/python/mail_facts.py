#!/usr/bin/env python3
"""What Python's email package reads in a message: mail_facts.py < MESSAGE -> JSON object.

Standard library only; the witness for what chapar sends.
"""
import email
import email.policy
import email.utils
import hashlib
import json
import re
import sys


def addresses(message, name):
    return [a for _, a in email.utils.getaddresses([str(v) for v in message.get_all(name, [])])]


def lines(part):
    """Its text with LF: the canonical form has CRLF, however it is encoded."""
    return None if part is None else part.get_content().replace("\r\n", "\n")


def facts(raw):
    message = email.message_from_bytes(raw, policy=email.policy.default)
    text = message.get_body(("plain",))
    html = message.get_body(("html",))
    defects = [str(d) for part in message.walk() for d in part.defects]
    return {
        "from": addresses(message, "from"),
        "to": addresses(message, "to"),
        "cc": addresses(message, "cc"),
        "bcc": addresses(message, "bcc"),
        "subject": None if message["subject"] is None else str(message["subject"]),
        "fromHeader": str(message["from"]),
        "date": None if message["date"] is None else message["date"].datetime.timestamp(),
        "messageId": str(message["message-id"] or "").strip(),
        "inReplyTo": str(message["in-reply-to"] or "").strip(),
        "references": str(message["references"] or "").split(),
        "text": lines(text),
        "html": lines(html),
        "attachments": [
            {
                "name": part.get_filename(),
                "type": part.get_content_type(),
                "sha256": hashlib.sha256(part.get_payload(decode=True) or b"").hexdigest(),
            }
            for part in message.iter_attachments()
        ],
        "headers": [name for name, _ in message.items()],
        "rawLines": max((len(line) for line in raw.split(b"\r\n")), default=0),
        "bareLf": len(re.findall(rb"(?<!\r)\n", raw)),
        "defects": defects,
    }


if __name__ == "__main__":
    json.dump(facts(sys.stdin.buffer.read()), sys.stdout)
