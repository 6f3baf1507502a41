# The person with a plain HTTP client in place of a browser: follows the address of a sign-in through
# password, second factor and consent up to the page where it ends.
# usage: person.py PERSON.json ADDRESS; PERSON.json: {login, password, ca, says, report}. What was met is
# written to `report`. says: "yes", "no" (cancel), "unticked", "stop" (the last redirect is not followed: its
# address is written as `final`, as a person would copy it).
import html, http.cookiejar, json, os, re, ssl, sys, urllib.parse, urllib.request

SECOND_FACTOR, STEPS = "123456", 10
person = json.load(open(sys.argv[1]))
report = {"pages": []}


class Redirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, request, body, code, message, headers, url):
        if person["says"] == "stop" and url.startswith("http://"):
            report["final"] = url
            return None
        return super().redirect_request(request, body, code, message, headers, url)


class Browser:
    def __init__(self):
        tls = ssl.create_default_context(cafile=person["ca"])
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=tls), cookies, Redirects())

    def open(self, url, form=None):
        body = None if form is None else urllib.parse.urlencode(form).encode()
        try:
            answer = self.opener.open(url, body, timeout=30)
        except urllib.error.HTTPError as error:
            if "final" in report:
                return None, None
            answer = error
        return answer.geturl(), answer.read().decode("utf-8", "replace")


def fields(page):
    found = {}
    for tag in re.findall(r"<input[^>]*>", page):
        at = dict((name, html.unescape(a or b)) for name, a, b in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s>]+))', tag))
        if "name" in at:
            found[at["name"]] = at.get("value", "")
    return found


def act(browser, url, page):
    no = re.search(r'id=no href="([^"]+)"', page)
    if person["says"] == "no" and no:
        return browser.open(urllib.parse.urljoin(url, html.unescape(no[1])))
    form = re.search(r'<form[^>]*action="([^"]+)"', page)
    if not form:
        return None
    filled = fields(page)
    if "password" in filled:
        filled.update(login=person["login"], password=person["password"])
    if "code" in filled:
        filled["code"] = SECOND_FACTOR
    # Google's boxes, one a scope: the rig asks for one
    if person["says"] == "unticked":
        filled.pop("scope", None)
    # oidc-provider's own page confirms a device code by a button
    if "user_code" in filled:
        filled["confirm"] = "yes"
    return browser.open(urllib.parse.urljoin(url, html.unescape(form[1])), filled)


def follow():
    browser = Browser()
    url, page = browser.open(sys.argv[2])
    for _ in range(STEPS):
        if url is None:
            return
        title = re.search(r"<title>([^<]*)", page)
        report["pages"].append(html.unescape(title[1]).strip() if title else "")
        report.update(landed=url.split("?")[0], text=page)
        if not url.startswith("https://") or "id=error" in page:
            return
        met = act(browser, url, page)
        if met is None:
            return
        url, page = met


try:
    follow()
except Exception as error:
    report["error"] = repr(error)
with open(person["report"] + ".part", "w") as out:
    json.dump(report, out)
os.rename(person["report"] + ".part", person["report"])
