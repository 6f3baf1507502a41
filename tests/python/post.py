# One form posted over verified TLS; prints {"status": N, "body": ...}.
# usage: post.py CA URL, the form as a JSON object on standard input
import json, ssl, sys, urllib.error, urllib.parse, urllib.request

ca, url = sys.argv[1:]
form = urllib.parse.urlencode(json.load(sys.stdin)).encode()
try:
    answer = urllib.request.urlopen(url, form, timeout=30, context=ssl.create_default_context(cafile=ca))
except urllib.error.HTTPError as error:
    answer = error
text = answer.read().decode("utf-8", "replace")
try:
    body = json.loads(text)
except ValueError:
    body = text
print(json.dumps({"status": answer.status, "body": body}))
